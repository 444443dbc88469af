"""What ``schedule.minimum`` computes, said plainly: all are raised equally until a want is met or a circuit full.

Loads are summed from scratch whenever they are asked for; nothing is known of the order of the tree.
"""

from collections.abc import Mapping

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.solver.minimum import Minimum

_TINY = 1e-9


def give_minimum(problem: Problem) -> Minimum:
    """Like ``minimum.give_minimum``: step after step, one priority after another, the water rises."""
    hours, power = problem.horizon.hours_per_step, np.zeros(problem.cap_kw.size)
    lacking = dict.fromkeys(range(problem.sessions), 0.0)
    if problem.minimum_kwh is not None:
        lacking = {i: float(min(problem.minimum_kwh[i], problem.energy_kwh[i])) for i in lacking}
    for t in range(problem.horizon.steps):
        here = [i for i in lacking if _slot(problem, i, t) is not None and lacking[i] > _TINY * hours]
        given: dict[int, float] = {}
        for priority in sorted({_priority(problem, i) for i in here}, reverse=True):
            equals = [i for i in here if _priority(problem, i) == priority]
            want = {i: min(_highest_kw(problem, i, t, power), lacking[i] / hours) for i in equals}
            given |= fair_shares(want, _room(problem, t, given), _paths(problem))
        for i, kw in given.items():
            power[_slot(problem, i, t)] = kw
            lacking[i] -= kw * hours
    return Minimum(power, np.array([left if left > _TINY * hours else 0.0 for left in lacking.values()]))


def fair_shares(
    want_kw: Mapping[int, float], room_kw: Mapping[int, float], paths: Mapping[int, tuple[int, ...]]
) -> dict[int, float]:
    """Max-min fair share of each session: raise all, freeze who has what it wants or hangs on a full circuit."""
    share, rising = dict.fromkeys(want_kw, 0.0), set(want_kw)
    while rising:
        left = {n: kw - sum(share[i] for i in share if n in paths[i]) for n, kw in room_kw.items()}
        counts = {n: sum(n in paths[i] for i in rising) for n in room_kw}
        rise = min(want_kw[i] - share[i] for i in rising)
        rise = max(min([rise, *(left[n] / counts[n] for n in room_kw if counts[n])]), 0.0)
        for i in rising:
            share[i] += rise
        full = {n for n in room_kw if counts[n] and left[n] - rise * counts[n] <= _TINY}
        rising = {i for i in rising if want_kw[i] - share[i] > _TINY and not full & set(paths[i])}
    return share


def _slot(problem: Problem, i: int, step: int) -> int | None:
    slot = int(problem.offset[i] + step - problem.first_step[i])
    return slot if problem.offset[i] <= slot < problem.offset[i + 1] else None


def _priority(problem: Problem, i: int) -> int:
    return 0 if problem.devices is None else int(problem.devices.priority[i])


def _paths(problem: Problem) -> dict[int, tuple[int, ...]]:
    return {i: problem.tree.path(int(problem.node[i])) for i in range(problem.sessions)}


def _highest_kw(problem: Problem, i: int, step: int, power: FloatArray) -> float:
    """Cap of the slot, or what the taper leaves at the level the battery has at the start of the step."""
    slot = _slot(problem, i, step)
    highest = 0.0 if slot is None else float(problem.cap_kw[slot])
    if problem.batteries is None:
        return highest
    level = problem.delivered_kwh(power)
    return min(highest, float(problem.batteries.taper(problem.power_kw_max, level)[i]))


def _room(problem: Problem, t: int, given_kw: Mapping[int, float]) -> dict[int, float]:
    """What base load and those served before leave of the limit of each circuit."""
    given_limit = problem.limit_kw if problem.emergency_limit_kw is None else problem.emergency_limit_kw
    limit = np.broadcast_to(given_limit, problem.base_load_kw.shape)
    room: dict[int, float] = {}
    for n in range(len(problem.tree)):
        below = sum(kw for i, kw in given_kw.items() if n in problem.tree.path(int(problem.node[i])))
        room[n] = max(max(float(limit[n, t] - problem.base_load_kw[n, t]), 0.0) - below, 0.0)
    return room
