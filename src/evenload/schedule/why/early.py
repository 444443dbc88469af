"""Where a plan charges earlier than prices alone would have it, because drivers may leave before they said."""

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.schedule.paths import sum_down
from evenload.schedule.planner import Planned
from evenload.schedule.problem import Problem
from evenload.schedule.why.step_reasons import SHARE


def early_slots(planned: Planned) -> BoolArray | None:
    """Slots (K,) that draw though a later one is cheaper and has room, which the risk of early departures makes the
    dearer one; None for a plan without that risk, or without any such slot.

    Sessions whose price depends on what others take (own generation) are left out: there it cannot be told.
    """
    problem, risky = planned.problem, planned.heeded.plain
    slots, steps = problem.slot_sessions(), problem.slot_steps()
    price = problem.import_price()[problem.tariff_of_session()[slots], steps]
    with_risk = risky.import_price()[risky.tariff_of_session()[slots], steps]
    if not np.any(with_risk > price):
        return None
    alike = SHARE * max(float(price.max() - price.min()), 1e-6)
    kw, room = planned.power_kw, _has_room(planned)
    cheaper = _least_later(problem, price, room) < price - alike
    not_by_risk = _least_later(problem, with_risk, room) >= with_risk - alike
    early = (kw > SHARE * problem.cap_kw) & cheaper & not_by_risk
    if problem.across is not None:
        soft = np.flatnonzero(np.any(np.isfinite(problem.across.over_per_kwh), axis=1))
        early &= ~np.isin(slots, problem.across.session[np.isin(problem.across.limit, soft)])
    return early if early.any() else None


def _has_room(planned: Planned) -> BoolArray:
    """Slots (K,) below full power at circuits none of which is at its limit."""
    problem, kw = planned.problem, planned.power_kw
    at_limit = problem.base_load_kw + problem.ev_load_kw(kw) >= problem.limit_kw * (1 - SHARE)
    full = sum_down(problem.tree, np.asarray(at_limit, dtype=np.float64))
    here = full[problem.node[problem.slot_sessions()], problem.slot_steps()] > 0
    return np.asarray((kw < (1 - SHARE) * problem.cap_kw) & ~here)


def _least_later(problem: Problem, price: FloatArray, room: BoolArray) -> FloatArray:
    """Lowest price of the later slots of the same session that have room, (K,); ``inf`` where there is none.

    One running minimum from the last slot to the first: each session lies lower than all that come before it, by more
    than prices differ.
    """
    low, high = float(price.min()), float(price.max())
    apart = 2.0 * (high - low) + 1.0
    shift = apart * problem.slot_sessions()
    free = np.where(room, price - low, apart / 2) + shift
    running = np.minimum.accumulate(free[::-1])[::-1]
    later = np.append(running[1:], np.inf) - shift
    later[problem.offset[1:][np.diff(problem.offset) > 0] - 1] = np.inf
    return np.asarray(np.where(later < apart / 2 - 1e-9, later + low, np.inf))
