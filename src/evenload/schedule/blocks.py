"""Sessions of a problem some at a time, with the levels of their batteries: passes over millions stay in the cache."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem

_SLOTS: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Block:
    """m consecutive sessions of a problem with their k slots.

    ``ceiling_kw`` is what a car can draw at most in a slot: its cap, or less where the battery tapers at the level it
    has when the slot starts. Levels are kWh of charging since plug-in, as in ``Batteries``.
    """

    sessions: slice
    slots: slice
    begin: IntArray  # (m,) first slot of each session, counted in the block
    session: IntArray  # (k,) session of each slot, counted in the problem
    step: IntArray  # (k,)
    power_kw: FloatArray  # (k,) 0 where it was not a number
    cap_kw: FloatArray  # (k,)
    ceiling_kw: FloatArray  # (k,)
    before_kwh: FloatArray  # (k,) level when the slot starts
    level_kwh: FloatArray  # (k,) level when it ends
    final_kwh: FloatArray  # (m,)


def blocks(problem: Problem, power_kw: FloatArray) -> Iterator[Block]:
    """All sessions of a problem in order, with powers (K,)."""
    offset, first = problem.offset, 0
    while first < problem.sessions:
        last = int(np.searchsorted(offset, offset[first] + _SLOTS, side="right")) - 1
        last = min(max(last, first + 1), problem.sessions)
        yield _block(problem, power_kw, slice(first, last))
        first = last


def _block(problem: Problem, power_kw: FloatArray, sessions: slice) -> Block:
    begin = problem.offset[sessions.start : sessions.stop + 1]
    slots, begin = slice(int(begin[0]), int(begin[-1])), begin - begin[0]
    lengths = np.diff(begin)
    session = np.repeat(np.arange(sessions.start, sessions.stop), lengths)
    step = np.arange(begin[-1]) + np.repeat(problem.first_step[sessions] - begin[:-1], lengths)
    kw, cap_kw = np.nan_to_num(power_kw[slots]), problem.cap_kw[slots]
    running = np.zeros(kw.size + 1)
    np.cumsum(_stored_kw(problem, kw, session) * problem.horizon.hours_per_step, out=running[1:])
    at_plug_in = np.repeat(running[begin[:-1]], lengths)
    before_kwh = running[:-1] - at_plug_in
    return Block(
        sessions, slots, begin[:-1], session, step, kw, cap_kw, _ceiling_kw(problem, session, cap_kw, before_kwh),
        before_kwh, running[1:] - at_plug_in, np.diff(running[begin]),
    )  # fmt: skip


def _stored_kw(problem: Problem, power_kw: FloatArray, session: IntArray) -> FloatArray:
    """Power as it moves the battery's level."""
    if problem.batteries is None or not (power_kw < 0).any():
        return power_kw
    return np.where(power_kw < 0, power_kw / problem.batteries.round_trip[session], power_kw)


def _ceiling_kw(problem: Problem, session: IntArray, cap_kw: FloatArray, before_kwh: FloatArray) -> FloatArray:
    batteries = problem.batteries
    if batteries is None or np.isinf(batteries.knee_kwh[session]).all():
        return cap_kw
    return np.minimum(cap_kw, batteries.taper(problem.power_kw_max[session], before_kwh, session))
