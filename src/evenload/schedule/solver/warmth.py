"""What one run of the optimiser leaves for the next: tolls, prices and powers, carried over to a similar problem."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.plan import Plan
from evenload.schedule.problem import Problem

_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Warmth:
    """Tolls of all nodes and steps of a run, how far stiffness was softened, each session's marginal price (S,) and
    planned power (K,), what was set aside not counted; ``changed`` is the share of sessions that came or went since.
    """

    toll: FloatArray
    softened: float
    marginal: FloatArray
    power_kw: FloatArray
    changed: float = 0.0


def warmth_for(problem: Problem, nodes: int, plan: Plan, warmth: Warmth) -> Warmth | None:
    """An earlier run's warmth in the arrangement of ``problem``, whose run has so many ``nodes``; None if nothing fits.

    Sessions are found by their id, steps by their time: new sessions start from nothing, new steps without tolls.
    """
    earlier, horizon = plan.horizon, problem.horizon
    moved = (horizon.start - earlier.start).total_seconds() / (60 * horizon.step_minutes)
    if warmth.toll.shape[0] != nodes or earlier.step_minutes != horizon.step_minutes or moved != int(moved):
        return None
    shift = int(moved)
    same = find(problem.session_id, plan.session_id)
    if shift == 0 and earlier.steps == horizon.steps:
        toll = warmth.toll
    else:
        toll = np.zeros((nodes, horizon.steps))
        first, last = max(shift, 0), min(earlier.steps, shift + horizon.steps)
        if last > first:
            toll[:, first - shift : last - shift] = warmth.toll[:, first:last]
    middle = float(np.median(warmth.marginal)) if warmth.marginal.size else 0.0
    marginal = np.where(same >= 0, warmth.marginal[same], middle) if warmth.marginal.size else np.zeros(same.size)
    stayed = int((same >= 0).sum())
    changed = (same.size + plan.session_id.size - 2 * stayed) / max(same.size, 1)
    return Warmth(toll, warmth.softened, marginal, carried_kw(problem, plan, warmth.power_kw, same, shift), changed)


def find(wanted: TextArray, known: TextArray) -> IntArray:
    """Where each of ``wanted`` is among ``known``, -1 where it is not. Names are compared as numbers first: a million
    of them take a fraction of a second.
    """
    found = np.full(wanted.size, -1)
    if not wanted.size or not known.size:
        return found
    mine, theirs = _as_numbers(wanted), _as_numbers(known)
    order = np.argsort(theirs, kind="stable")
    place = np.minimum(np.searchsorted(theirs, mine, sorter=order), known.size - 1)
    candidate = order[place]
    same = (theirs[candidate] == mine) & np.asarray(known[candidate] == wanted)
    found[same] = candidate[same]
    return found


def _as_numbers(names: TextArray) -> NDArray[np.uint64]:
    """A number for each name, all but surely different for different names (a polynomial over its characters)."""
    letters = np.ascontiguousarray(names).view(np.uint32).reshape(names.size, -1)
    number, power = np.zeros(names.size, dtype=np.uint64), np.uint64(1)
    with np.errstate(over="ignore"):
        for column in letters.T:
            number += column * power
            power = power * _BASE
    return number


def carried_kw(problem: Problem, plan: Plan, power_kw: FloatArray, same: IntArray, shift: int = 0) -> FloatArray:
    """Powers of a plan's slots in the arrangement of ``problem``, 0 where there were none, shape (K,).

    ``same`` (S,) is which of the plan's sessions each is (-1 = none), ``shift`` how many steps the horizon moved on.
    """
    from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

    carried = np.zeros(problem.cap_kw.size)
    begins = problem.first_step + shift - plan.first_step[same] if plan.session_id.size else same
    kernels.carry_over(begins, problem.offset, same, plan.offset, power_kw, carried)
    return carried
