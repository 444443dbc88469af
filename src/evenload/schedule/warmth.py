"""What one run of the optimiser leaves for the next: tolls, prices and powers, carried over to a similar problem."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.plan import Plan
from evenload.schedule.problem import Problem


@dataclass(frozen=True, slots=True)
class Warmth:
    """Tolls of all nodes and steps of a run, how far stiffness was softened, each session's marginal price (S,) and
    planned power (K,), what was set aside not counted.
    """

    toll: FloatArray
    softened: float
    marginal: FloatArray
    power_kw: FloatArray


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
    return Warmth(toll, warmth.softened, marginal, _powers(problem, plan, warmth.power_kw, same, shift))


def find(wanted: TextArray, known: TextArray) -> IntArray:
    """Where each of ``wanted`` is among ``known``, -1 where it is not; fast where most have kept their place."""
    found = np.full(wanted.size, -1)
    both = min(wanted.size, known.size)
    stays = np.asarray(wanted[:both] == known[:both])
    found[:both][stays] = np.flatnonzero(stays)
    moved = np.flatnonzero(found < 0)
    if moved.size and known.size:
        rest = np.setdiff1d(np.arange(known.size), np.flatnonzero(stays), assume_unique=True)
        place = dict(zip(known[rest].tolist(), rest.tolist(), strict=True))
        found[moved] = [place.get(name, -1) for name in wanted[moved].tolist()]
    return found


def _powers(problem: Problem, plan: Plan, power_kw: FloatArray, same: IntArray, shift: int) -> FloatArray:
    """The earlier powers of the slots of ``problem``, 0 where there were none."""
    if same.size == plan.session_id.size and (same == np.arange(same.size)).all() and shift == 0:
        alike = np.array_equal(problem.offset, plan.offset) and np.array_equal(problem.first_step, plan.first_step)
        if alike:
            return power_kw
    lengths = np.diff(problem.offset)
    before = np.repeat(same, lengths)
    if not plan.session_id.size or not before.size:
        return np.zeros(before.size)
    slot = np.repeat(plan.offset[same] - plan.first_step[same] + shift, lengths) + problem.slot_steps()
    there = (before >= 0) & (slot >= plan.offset[before]) & (slot < plan.offset[before + 1])
    return np.where(there, power_kw[np.where(there, slot, 0)] if power_kw.size else 0.0, 0.0)
