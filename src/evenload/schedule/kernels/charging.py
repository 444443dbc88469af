"""Receding-horizon charging on a tree of circuits, and filling a window by rank: loops of ``valley`` and ``price``.

Words: an *amount* is kW summed over slots (energy over step length); *total* is all load through a node, base and
cars; *room* is limit minus total at the tightest circuit of a path; *share* is the marginal cost one kW adds at a node.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray

TINY_KW: Final = 1e-9
"""Smaller powers and amounts are rounding, not wishes."""

_PER_STEP: Final = 1e6
"""Slack is compared in millionths of a step, so that rounding cannot decide who is more urgent."""


class Cars(NamedTuple):
    """Sessions sorted by node, so that cars of one transformer lie together in memory; shapes (S,) but for ``place``.

    The last four change as time goes on.
    """

    first_step: IntArray
    slots: IntArray  # slots of the real window
    slots_planned: IntArray  # slots to plan on
    begin: IntArray  # where the real window begins in arrays of slots
    place: IntArray  # (S+1,) where the plan begins in the array of planned power
    node: IntArray
    power_kw_max: FloatArray
    opted_out: BoolArray
    left_kw: FloatArray  # amount still wanted
    water_kw: FloatArray  # last water level, where the search begins
    stale: BoolArray  # to be planned anew in any case
    short: BoolArray  # the plan found less room than the need


class Circuits(NamedTuple):
    """The tree. ``total_kw`` (N, T) is base load at first and is written to; ``limit_kw`` is (N, T) or (N, 1)."""

    parent: IntArray
    share: FloatArray
    limit_kw: FloatArray
    total_kw: FloatArray


class Costs(NamedTuple):
    """What adds to marginal cost besides load, in circuits' sizes: price of a step (T,), and waiting one step more."""

    price: FloatArray
    waiting: float


class Slots(NamedTuple):
    """Power of all slots: highest and resulting (K,), planned (declared windows); the last two are written to."""

    cap_kw: FloatArray
    power_kw: FloatArray
    plan_kw: FloatArray


@njit(cache=True, nogil=True)
def fill_cheapest(
    first_step: IntArray,
    offset: IntArray,
    slots_planned: IntArray,
    cap_kw: FloatArray,
    power_kw_max: FloatArray,
    amount_kw: FloatArray,
    rank: IntArray,
) -> FloatArray:
    """Fill each session's planned slots by ``rank[step]`` until its amount is met; kW of the real slots (K,)."""
    power = np.zeros(cap_kw.size)
    for i in range(first_step.size):
        begin, slots = offset[i], offset[i + 1] - offset[i]
        ranks = rank[first_step[i] : first_step[i] + slots_planned[i]]
        low, high = -1, rank.size - 1  # the last rank that is needed lies in (low, high]
        while high - low > 1:
            middle = (low + high) // 2
            held = 0.0
            for k in range(ranks.size):
                if ranks[k] <= middle:
                    held += power_kw_max[i] if k > 0 else cap_kw[begin]
            low, high = (low, middle) if held >= amount_kw[i] else (middle, high)
        left = amount_kw[i]
        for k in range(ranks.size):
            if ranks[k] < high:
                left -= power_kw_max[i] if k > 0 else cap_kw[begin]
        for k in range(min(slots, ranks.size)):
            if ranks[k] < high:
                power[begin + k] = cap_kw[begin + k]
            elif ranks[k] == high:
                power[begin + k] = min(max(left, 0.0), cap_kw[begin + k])
    return power


@njit(cache=True, nogil=True)
def water_level(level_kw: FloatArray, cap_kw: FloatArray, amount_kw: float, guess_kw: float) -> float:
    """The water level w at which ``sum(clip(w - level, 0, cap))`` is the amount, which must not exceed the caps' sum.

    Newton's method on a piecewise linear function, kept inside a bracket: exact once the set of partly filled slots is.
    """
    low, high = level_kw[0], level_kw[0] + cap_kw[0]
    for k in range(level_kw.size):
        low, high = min(low, level_kw[k]), max(high, level_kw[k] + cap_kw[k])
    water: float = min(max(guess_kw, low), high)
    for _ in range(200):
        filled, partly = 0.0, 0
        for k in range(level_kw.size):
            depth = water - level_kw[k]
            if depth >= cap_kw[k]:
                filled += cap_kw[k]
            elif depth > 0.0:
                filled += depth
                partly += 1
        gap = amount_kw - filled
        if abs(gap) <= 1e-13 * amount_kw + 4e-16 * partly * abs(water):
            break
        low, high = (water, high) if gap > 0.0 else (low, water)
        following = water + gap / partly if partly > 0 else low
        if not low < following < high:
            following = 0.5 * (low + high)
        if following in (low, high):
            break
        water = following
    return water


@njit(cache=True, nogil=True)
def _pour(level_kw: FloatArray, cap_kw: FloatArray, water_kw: float, into_kw: FloatArray) -> None:
    for k in range(level_kw.size):
        into_kw[k] += min(max(water_kw - level_kw[k], 0.0), cap_kw[k])


@njit(cache=True, nogil=True)
def _add(circuits: Circuits, node: int, step: int, power_kw: FloatArray, sign: float) -> None:
    """Add ``sign * power`` to every node from ``node`` to the root, from ``step`` on."""
    while node >= 0:
        row = circuits.total_kw[node, step : step + power_kw.size]
        for k in range(power_kw.size):
            row[k] += sign * power_kw[k]
        node = circuits.parent[node]


@njit(cache=True, nogil=True)
def _add_now(circuits: Circuits, node: int, step: int, power_kw: float) -> None:
    while node >= 0:
        circuits.total_kw[node, step] += power_kw
        node = circuits.parent[node]


@njit(cache=True, nogil=True)
def _room_now(circuits: Circuits, node: int, step: int) -> float:
    room = np.inf
    column = step if circuits.limit_kw.shape[1] > 1 else 0
    while node >= 0:
        room = min(room, circuits.limit_kw[node, column] - circuits.total_kw[node, step])
        node = circuits.parent[node]
    return room


@njit(cache=True, nogil=True)
def _look_up(circuits: Circuits, node: int, step: int, level_kw: FloatArray, room_kw: FloatArray) -> None:
    """Fill in levels and room along a path from ``step`` on; ``level_kw`` comes in as the rest of marginal cost."""
    slope = 0.0
    room_kw[:] = np.inf
    while node >= 0:
        total = circuits.total_kw[node, step : step + level_kw.size]
        share, limit = circuits.share[node], circuits.limit_kw[node, 0]
        if share > 0.0:
            slope += share
            for k in range(level_kw.size):
                level_kw[k] += share * total[k]
        if circuits.limit_kw.shape[1] > 1:
            limits = circuits.limit_kw[node, step : step + level_kw.size]
            for k in range(level_kw.size):
                room_kw[k] = min(room_kw[k], limits[k] - total[k])
        elif limit < np.inf:
            for k in range(level_kw.size):
                room_kw[k] = min(room_kw[k], limit - total[k])
        node = circuits.parent[node]
    for k in range(level_kw.size):
        level_kw[k] /= slope


@njit(cache=True, nogil=True)
def _plan_car(cars: Cars, circuits: Circuits, slots: Slots, costs: Costs, i: int, t: int, scratch: FloatArray) -> None:
    """Lay what car i still wants where its path is emptiest; what finds no room goes on top, as evenly as can be.

    The excess is never carried out. It makes its steps costly for the other cars, which move away if they can.
    """
    k = t - cars.first_step[i]
    n = max(cars.slots_planned[i] - k, 1)  # 1: overdue, which means now
    plan = slots.plan_kw[cars.place[i] + k : cars.place[i] + k + n]
    _add(circuits, cars.node[i], t, plan, -1.0)
    level, room, free, above = scratch[0, :n], scratch[1, :n], scratch[2, :n], scratch[3, :n]
    for j in range(n):
        level[j] = costs.price[t + j] + costs.waiting * j
    _look_up(circuits, cars.node[i], t, level, room)
    inside, outside = 0.0, 0.0
    for j in range(n):
        cap = cars.power_kw_max[i] if j > 0 else slots.cap_kw[cars.begin[i] + k]
        free[j] = min(max(room[j], 0.0), cap)
        above[j] = cap - free[j]
        inside += free[j]
        outside += above[j]
    amount = cars.left_kw[i]
    cars.short[i] = amount > inside + TINY_KW
    if cars.short[i]:
        plan[:] = free
        room[:] = np.maximum(-room, 0.0)
        rest = min(amount - inside, outside)
        if rest > 0.0:
            _pour(room, above, water_level(room, above, rest, 0.0), plan)
    else:
        plan[:] = 0.0
        cars.water_kw[i] = water_level(level, free, min(amount, inside), cars.water_kw[i])
        _pour(level, free, cars.water_kw[i], plan)
    _add(circuits, cars.node[i], t, plan, 1.0)


@njit(cache=True, nogil=True)
def _admit(cars: Cars, circuits: Circuits, slots: Slots, i: int) -> None:
    """A car arrives. Opted out, it is from now on known to draw full power until its need is met."""
    if not cars.opted_out[i]:
        return
    plan = slots.plan_kw[cars.place[i] : cars.place[i + 1]]
    rest = cars.left_kw[i]
    for k in range(cars.slots_planned[i]):
        plan[k] = min(rest, cars.power_kw_max[i] if k > 0 else slots.cap_kw[cars.begin[i]])
        rest -= plan[k]
    _add(circuits, cars.node[i], cars.first_step[i], plan, 1.0)


@njit(cache=True, nogil=True)
def _retire(cars: Cars, circuits: Circuits, slots: Slots, i: int, t: int) -> None:
    """A car has gone or is full: what was still planned for it is free again."""
    rest = slots.plan_kw[cars.place[i] + t - cars.first_step[i] : cars.place[i + 1]]
    _add(circuits, cars.node[i], t, rest, -1.0)


@njit(cache=True, nogil=True)
def _by_urgency(cars: Cars, chosen: IntArray, t: int) -> IntArray:
    """Cars by slack (declared time left less time needed at full power), least first; equal ones in their order."""
    key = np.empty(chosen.size, dtype=np.int64)
    for j in range(chosen.size):
        i = chosen[j]
        slack = cars.first_step[i] + cars.slots_planned[i] - t - cars.left_kw[i] / cars.power_kw_max[i]
        key[j] = np.int64(np.round(slack * _PER_STEP))
    return chosen[np.argsort(key, kind="mergesort")]


@njit(cache=True, nogil=True)
def _contested(cars: Cars, circuits: Circuits, slots: Slots, active: IntArray, t: int, found: IntArray) -> int:
    """Carry out what fits as planned; returns how many cars (now in ``found``) wait for room or lack some."""
    for i in active:
        slot, place = cars.begin[i] + t - cars.first_step[i], cars.place[i] + t - cars.first_step[i]
        wish = cars.left_kw[i] if cars.opted_out[i] else slots.plan_kw[place]
        slots.power_kw[slot] = min(wish, slots.cap_kw[slot])
        if slots.power_kw[slot] != slots.plan_kw[place]:
            _add_now(circuits, cars.node[i], t, slots.power_kw[slot] - slots.plan_kw[place])
    count = 0
    for i in active:
        if not cars.opted_out[i] and (cars.short[i] or _room_now(circuits, cars.node[i], t) < -TINY_KW):
            found[count] = i
            count += 1
    return count


@njit(cache=True, nogil=True)
def _share_out(cars: Cars, circuits: Circuits, slots: Slots, waiting: IntArray, t: int) -> None:
    """Give the room of this step to waiting cars, most urgent first: first what was planned, then more to the short."""
    order = _by_urgency(cars, waiting, t)
    wish = np.empty(order.size)
    for j in range(order.size):
        i = order[j]
        slot = cars.begin[i] + t - cars.first_step[i]
        wish[j] = slots.power_kw[slot]
        _add_now(circuits, cars.node[i], t, -wish[j])
        slots.power_kw[slot] = 0.0
    for more in (False, True):
        for j in range(order.size):
            i = order[j]
            slot = cars.begin[i] + t - cars.first_step[i]
            if more:
                wish[j] = min(slots.cap_kw[slot], cars.left_kw[i]) - slots.power_kw[slot] if cars.short[i] else 0.0
            given = min(wish[j], max(_room_now(circuits, cars.node[i], t), 0.0))
            if given > 0.0:
                slots.power_kw[slot] += given
                _add_now(circuits, cars.node[i], t, given)


@njit(cache=True, nogil=True)
def _carry_out(cars: Cars, circuits: Circuits, slots: Slots, active: IntArray, t: int, found: IntArray) -> None:
    """Power of step t, within every limit but for cars that have opted out."""
    count = _contested(cars, circuits, slots, active, t, found)
    if count > 0:
        _share_out(cars, circuits, slots, found[:count], t)
    for i in active:
        k = t - cars.first_step[i]
        given = slots.power_kw[cars.begin[i] + k]
        cars.stale[i] = abs(given - slots.plan_kw[cars.place[i] + k]) > TINY_KW
        slots.plan_kw[cars.place[i] + k] = given
        cars.left_kw[i] -= given


@njit(cache=True, nogil=True)
def valley(cars: Cars, circuits: Circuits, slots: Slots, costs: Costs, arriving: IntArray, tick_steps: int) -> None:
    """Receding-horizon valley filling on a tree; fills in ``slots.power_kw``. ``schedule.valley`` explains the method.

    ``arriving`` (S,) are the cars by first step, then by index; all are planned anew every ``tick_steps`` steps,
    in between only who has just come or did not get what was planned.
    """
    steps = circuits.total_kw.shape[1]
    active, following = np.empty(arriving.size, dtype=np.int64), np.empty(arriving.size, dtype=np.int64)
    found, scratch = np.empty(arriving.size, dtype=np.int64), np.empty((4, steps))
    count, arrived = 0, 0
    for t in range(steps):
        present, j = 0, 0
        while True:  # merge who stays with who arrives, in order of index
            comes = arrived < arriving.size and cars.first_step[arriving[arrived]] == t
            if j < count and not (comes and arriving[arrived] < active[j]):
                i, j = active[j], j + 1
                if t - cars.first_step[i] >= cars.slots[i] or cars.left_kw[i] <= TINY_KW:
                    _retire(cars, circuits, slots, i, t)
                    continue
            elif comes:
                i, arrived = arriving[arrived], arrived + 1
                if cars.left_kw[i] <= TINY_KW:
                    continue
                _admit(cars, circuits, slots, i)
            else:
                break
            following[present] = i
            present += 1
        active, following, count = following, active, present
        for i in active[:count]:
            if not cars.opted_out[i] and (cars.stale[i] or t % tick_steps == 0):
                _plan_car(cars, circuits, slots, costs, i, t, scratch)
        _carry_out(cars, circuits, slots, active[:count], t, found)
