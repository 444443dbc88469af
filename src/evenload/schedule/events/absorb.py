"""Energy beyond needs, where an event asks for it and batteries have room: given last, so that nobody goes without.

A plan that heeds events has already moved needs into their windows. What is added here stands on top of it, in slots of
those windows only, up to the power asked for and what circuits and other events leave. Source: DESIGN section 5.
"""

from dataclasses import dataclass, replace

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.events.heed import Heeded
from evenload.schedule.events.members import Asked
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries
from evenload.schedule.solver.optimum import Settings, solve

_LEAST_KWH = 1e-6


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Power beyond needs (K,), kW, and the problem with it among the needs: what a plan with it is audited by."""

    extra_kw: FloatArray
    problem: Problem


def absorb(heeded: Heeded, power_kw: FloatArray, settings: Settings | None = None) -> Absorbed:
    """What cars can take beyond their needs in events that ask for more, on top of the powers (K,) of a plan.

    As much as there is room for, at least cost among such. A battery takes no more than its room at the highest level
    of the plan and not beyond the knee of its taper; one whose size or state is not known takes nothing.
    """
    slots, room_kwh = _asked_for_more(heeded), np.zeros(heeded.problem.sessions)
    if slots.size:
        room_kwh = room_above(heeded.problem, power_kw)
    cap_kw = np.zeros(power_kw.size)
    rising = slots[power_kw[slots] >= 0.0]
    cap_kw[rising] = np.maximum(heeded.problem.cap_kw[rising] - power_kw[rising], 0.0)
    room_kwh = np.minimum(room_kwh, heeded.problem.delivered_kwh(cap_kw))
    if not (room_kwh > _LEAST_KWH).any():
        return Absorbed(np.zeros(power_kw.size), heeded.problem)
    extra_kw = solve(_left(heeded, power_kw, cap_kw, room_kwh), settings).plan.power_kw
    return Absorbed(extra_kw, _with_needs(heeded.problem, extra_kw))


def room_above(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """Room of each battery above the highest level of a plan, kWh of charging, shape (S,); 0 where it is not known."""
    if problem.batteries is None:
        return np.zeros(problem.sessions)
    highest = np.zeros(problem.sessions)
    np.maximum.at(highest, problem.slot_sessions(), problem.level_kwh(power_kw))
    most = np.minimum(problem.batteries.up_kwh, problem.batteries.knee_kwh)
    return np.where(np.isfinite(problem.batteries.up_kwh), np.maximum(most - highest, 0.0), 0.0)


def unknown_room(heeded: Heeded) -> int:
    """Sessions asked for more whose battery's room is not known: they take no more than they need."""
    asked = np.zeros(heeded.problem.sessions, dtype=np.bool_)
    for one in _for_more(heeded):
        for piece in one.pieces:
            asked[piece.session] = True
    batteries = heeded.problem.batteries
    return int(asked.sum() if batteries is None else (asked & ~np.isfinite(batteries.up_kwh)).sum())


def _for_more(heeded: Heeded) -> list[Asked]:
    return [one for one in heeded.asked if one.event.kind.asks_for_more]


def _asked_for_more(heeded: Heeded) -> IntArray:
    found = [one.slots(heeded.problem) for one in _for_more(heeded)]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found]))


def _left(heeded: Heeded, power_kw: FloatArray, cap_kw: FloatArray, room_kwh: FloatArray) -> Problem:
    """The problem of the extra energy alone: what the plan leaves of limits and of what events ask for."""
    problem = heeded.problem
    return replace(
        problem,
        cap_kw=cap_kw,
        energy_kwh=room_kwh,
        opted_out=np.zeros_like(problem.opted_out),
        base_load_kw=problem.base_load_kw + problem.ev_load_kw(power_kw),
        minimum_kwh=None,
        emergency_limit_kw=None,
        batteries=None,
        tariffs=heeded.plain.tariffs,
        across=None
        if problem.across is None
        else _left_of_limits(problem, problem.across, power_kw, heeded.first_limit),
    )


def _left_of_limits(problem: Problem, across: Across, power_kw: FloatArray, first_limit: int) -> Across:
    """What powers leave of limits across the tree; those of events, the rows from ``first_limit`` on, must hold now."""
    left_kw = np.maximum(across.limit_kw - problem.across_kw(power_kw), 0.0)
    over = across.over_per_kwh.copy()
    over[first_limit:] = np.inf
    return replace(across, limit_kw=left_kw, over_per_kwh=over)


def _with_needs(problem: Problem, extra_kw: FloatArray) -> Problem:
    """The problem whose needs have the extra energy in them."""
    need_kwh = problem.energy_kwh + problem.delivered_kwh(extra_kw)
    batteries: Batteries | None = problem.batteries
    if batteries is not None:
        batteries = replace(batteries, up_kwh=np.maximum(batteries.up_kwh, need_kwh))
    return replace(problem, energy_kwh=need_kwh, batteries=batteries)
