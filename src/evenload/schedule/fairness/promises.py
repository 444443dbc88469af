"""Promises that an exchange of energy between sessions may break: tapers, circuits, limits across the tree."""

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.audit import TOLERANCE_KW
from evenload.schedule.blocks import blocks
from evenload.schedule.breaches import car_excess
from evenload.schedule.fairness.across import below_circuits, left_kw, under_limits
from evenload.schedule.problem import Problem


def broken_slots(problem: Problem, rest: Problem, power_kw: FloatArray, given_kw: FloatArray) -> BoolArray:
    """Slots (K,) that take part in breaking a promise, with powers of the ``rest`` and what was given before (K,).

    All of a session above its taper; those at or below a circuit that is exceeded; those of members in steps in which a
    limit across the tree is.
    """
    broken = below_circuits(rest, left_kw(rest, power_kw) < -TOLERANCE_KW)
    total = power_kw + given_kw
    return broken | _above_taper(problem, total) | at_limits(problem, total, -TOLERANCE_KW)


def may_break(problem: Problem) -> BoolArray:
    """Slots (K,) of all sessions that have a taper or are in a limit across the tree that must hold."""
    sessions = np.zeros(problem.sessions, dtype=np.bool_)
    if problem.batteries is not None:
        sessions |= np.isfinite(problem.batteries.full_kwh)
    sessions[under_limits(problem)] = True
    return np.asarray(sessions[problem.slot_sessions()])


def _above_taper(problem: Problem, power_kw: FloatArray) -> BoolArray:
    broken = np.zeros(power_kw.size, dtype=np.bool_)
    if problem.batteries is not None and np.isfinite(problem.batteries.full_kwh).any():
        for block in blocks(problem, power_kw):
            too_full = np.zeros(problem.sessions, dtype=np.bool_)
            too_full[block.session[car_excess(problem, power_kw, block).taper_kw > TOLERANCE_KW]] = True
            broken[block.slots] = too_full[block.session]
    return broken


def at_limits(problem: Problem, power_kw: FloatArray, room_kw: float) -> BoolArray:
    """Slots (K,) of members in steps in which a limit across the tree that must hold leaves less than ``room_kw``."""
    found, across = np.zeros(power_kw.size, dtype=np.bool_), problem.across
    if across is None:
        return found
    slot, row = problem.slots_of(across.session)
    cell = across.limit[row] * problem.horizon.steps + problem.slot_steps()[slot]
    full = (across.head_kw() - problem.across_kw(power_kw) < room_kw) & np.isinf(across.over_per_kwh)
    found[slot[full.ravel()[cell]]] = True
    return found
