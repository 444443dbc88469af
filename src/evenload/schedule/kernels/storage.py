"""Sessions that give back: the best power within a battery's band, and the exact value of the dual for one of them.

A level change x of a slot is a power x where it charges and ``round_trip * x`` where it gives back. The band couples
the slots. ``best`` solves without the band between two known levels, pins the level where it leaves the band most, and
goes on with both parts, which is exact for separable convex costs (van der Klauw, Gerards, Hurink 2017). ``least``
carries the cost of every level forward as a convex piecewise linear function (the cost of a slot is merged in by
slope), which is exact for linear costs.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray

_NEWTON_MAX: Final = 80
_CLOSE: Final = 1e-6
_ROUNDING: Final = 1e-9
_NOWHERE: Final = -1


class Slots(NamedTuple):
    """What one kW more costs in each slot of one session, in price per kW of power, and how far power may go.

    Charging: ``buy + rise * power``, giving back: ``sell + rise * power``; both plus ``max(0, over + steep * power)``
    and ``min(0, under + steep * power)``, the kinks of the circuit it hangs on. Power is counted from ``fixed``, which
    a slot has in any case: above 0 it gives nothing back, below 0 it does not charge. A step may be several slots:
    the pieces of its price, of which those that are used are used from the first on.
    """

    buy: FloatArray
    sell: FloatArray
    rise: FloatArray
    over: FloatArray
    under: FloatArray
    cap: FloatArray
    back: FloatArray
    fixed: FloatArray
    last: IntArray  # the last slot of the same step: of a step in pieces they follow each other


class Band(NamedTuple):
    """What a battery may do: round trip, how far its level may go from that at plug-in, what it is to end at."""

    round_trip: float
    down: float
    up: float
    need: float


@njit(cache=True, nogil=True)
def _answer(price: float, level: float, rise: float, over: float, under: float, steep: float) -> tuple[float, float]:
    """Power at which a kW costs ``price`` in one slot, whatever its sign, and how fast it rises with the price."""
    power = (price - level) / rise
    if over + steep * power > 0.0:
        return (price - level - over) / (rise + steep), 1.0 / (rise + steep)
    if under + steep * power < 0.0:
        return (price - level - under) / (rise + steep), 1.0 / (rise + steep)
    return power, 1.0 / rise


@njit(cache=True, nogil=True)
def _change(slots: Slots, band: Band, steep: float, k: int, marginal: float) -> tuple[float, float]:
    """Level change of slot k at a price of stored energy, and its slope."""
    if slots.cap[k] > 0.0:
        power, slope = _answer(marginal, slots.buy[k], slots.rise[k], slots.over[k], slots.under[k], steep)
        if power > 0.0:
            return (power, slope) if power < slots.cap[k] else (slots.cap[k], 0.0)
    if slots.back[k] <= 0.0:
        return 0.0, 0.0
    trip = band.round_trip
    power, slope = _answer(marginal / trip, slots.sell[k], slots.rise[k], slots.over[k], slots.under[k], steep)
    if power >= 0.0:
        return 0.0, 0.0
    if power <= -slots.back[k]:
        return -slots.back[k] / trip, 0.0
    return power / trip, slope / (trip * trip)


@njit(cache=True, nogil=True)
def _stored(power: float, round_trip: float) -> float:
    """Level change of a power."""
    return power if power >= 0.0 else power / round_trip


@njit(cache=True, nogil=True)
def _price_between(
    slots: Slots, band: Band, steep: float, first: int, last: int, change: float, guess: float, refusal: float
) -> float:
    """The price of stored energy at which slots ``first:last`` change the level by ``change`` together."""
    low, high, wanted = np.inf, -np.inf, change
    for k in range(first, last):
        wanted -= _stored(slots.fixed[k], band.round_trip)
        reach = (slots.rise[k] + steep) * (slots.cap[k] + slots.back[k])
        reach += max(slots.over[k], 0.0) + max(-slots.under[k], 0.0)
        low = min(low, min(slots.buy[k], slots.sell[k] * band.round_trip) - reach)
        high = max(high, max(slots.buy[k], slots.sell[k] * band.round_trip) + reach)
    high = min(high, refusal)
    low = min(low, high)
    marginal: float = min(max(guess, low), high)
    for _ in range(_NEWTON_MAX):
        total, slope = 0.0, 0.0
        for k in range(first, last):
            x, rises = _change(slots, band, steep, k, marginal)
            total, slope = total + x, slope + rises
        gap = wanted - total
        if abs(gap) <= 1e-10 * (1.0 + abs(wanted)):
            break
        low, high = (marginal, high) if gap > 0.0 else (low, marginal)
        if high - low <= 1e-14 * (abs(high) + abs(low)):
            break
        following = marginal + gap / slope if slope > 0.0 else 0.5 * (low + high)
        marginal = following if low < following < high else 0.5 * (low + high)
    return marginal


@njit(cache=True, nogil=True)
def _end(slots: Slots, band: Band, steep: float, first: int, last: int, start: float, marginal: float) -> float:
    """The level at the end of slots ``first:last`` at a price of stored energy."""
    level = start
    for k in range(first, last):
        level += _change(slots, band, steep, k, marginal)[0] + _stored(slots.fixed[k], band.round_trip)
    return level


@njit(cache=True, nogil=True)
def best(slots: Slots, band: Band, steep: float, refusal: float, guess: float, power: FloatArray) -> float:
    """Write the best power of every slot; returns what one more kW at the end is worth.

    The level ends at the need, or below it, but not below 0, where a kW costs more than ``refusal``. Giving back must
    not earn more than charging costs in a slot: callers decide which of the two it does.
    """
    n = power.size
    first, last = np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int64)
    begin, end = np.empty(n + 1), np.empty(n + 1)
    change = np.empty(n)
    first[0], last[0], begin[0], end[0] = 0, n, 0.0, band.need
    parts, at_end = 1, guess
    tolerance = 1e-9 * (1.0 + band.need)
    while parts > 0:
        parts -= 1
        a, b, start, target = first[parts], last[parts], begin[parts], end[parts]
        marginal = _price_between(slots, band, steep, a, b, target - start, guess, refusal if b == n else np.inf)
        refused = b == n and marginal >= refusal - _CLOSE * abs(refusal)
        if refused and _end(slots, band, steep, a, b, start, marginal) < 0.0:
            marginal = _price_between(slots, band, steep, a, b, -start, guess, np.inf)  # nobody leaves with less
        level, worst, split, pinned = start, tolerance, _NOWHERE, 0.0
        for k in range(a, b):
            change[k] = _change(slots, band, steep, k, marginal)[0]
            level += change[k] + _stored(slots.fixed[k], band.round_trip)
            outside = max(level - band.up, -band.down - level)
            if outside > worst:
                worst, split = outside, k
                pinned = band.up if level > band.up else -band.down
        if split != _NOWHERE:
            split = slots.last[split]
        if split == _NOWHERE or split == b - 1:  # nothing left to pin inside
            if b == n:
                at_end = marginal
            continue
        first[parts], last[parts], begin[parts], end[parts] = a, split + 1, start, pinned
        first[parts + 1], last[parts + 1], begin[parts + 1], end[parts + 1] = split + 1, b, pinned, target
        parts += 2
    level = 0.0
    for k in range(n):
        fixed = _stored(slots.fixed[k], band.round_trip)
        most = band.need if k == n - 1 else band.up
        x = min(max(level + fixed + change[k], -band.down), most) - level - fixed  # to the last digit
        x = 0.0 if x * change[k] <= 0.0 else min(max(x, -slots.back[k] / band.round_trip), slots.cap[k])
        power[k] = slots.fixed[k] + (x if x > 0.0 else band.round_trip * x)
        level += fixed + x
    return at_end


@njit(cache=True, nogil=True)
def least(
    buy: FloatArray, sell: FloatArray, cap: FloatArray, back: FloatArray, band: Band, refusal: float, room: FloatArray
) -> float:
    """Least cost of one session at linear prices, refusal of what it lacks included: a lower bound for any plan of it.

    Where giving back earns more than charging costs, the straight line between the ends stands for "one or the other".
    ``room`` (2, 2 * slots) is space to work in.
    """
    slope, length = room[0], room[1]
    count, low, cost, width = 0, 0.0, 0.0, 0.0
    for k in range(buy.size):
        down = back[k] / band.round_trip
        earned = band.round_trip * sell[k]
        low, cost, width = low - down, cost - earned * down, width + down + cap[k]
        if buy[k] >= earned:
            count = _merge(slope, length, count, earned, down)
            count = _merge(slope, length, count, buy[k], cap[k])
        elif down + cap[k] > 0.0:
            line = (buy[k] * cap[k] + earned * down) / (cap[k] + down)
            count = _merge(slope, length, count, line, cap[k] + down)
        gone = 0
        while low < -band.down and gone < count:
            cut = min(-band.down - low, length[gone])
            low, cost, width = low + cut, cost + cut * slope[gone], width - cut
            length[gone] -= cut
            gone += length[gone] <= 0.0
            if cut <= 0.0:
                break
        if gone > 0:
            for j in range(gone, count):
                slope[j - gone], length[j - gone] = slope[j], length[j]
            count -= gone
        while count > 0 and low + width > band.up:
            cut = min(low + width - band.up, length[count - 1])
            width -= cut
            length[count - 1] -= cut
            if length[count - 1] > 0.0:
                break
            count -= 1
    level = low
    for j in range(count):
        if level >= band.need or (slope[j] >= refusal and level >= -_ROUNDING * (1.0 + band.need)):
            break
        step = min(length[j], (band.need if slope[j] < refusal else 0.0) - level)
        cost += step * slope[j]
        level += step
    return cost + refusal * max(band.need - level, 0.0)


@njit(cache=True, nogil=True)
def _merge(slope: FloatArray, length: FloatArray, count: int, new_slope: float, new_length: float) -> int:
    """Insert a piece in order of slope; returns how many there are."""
    if new_length <= 0.0:
        return count
    at = count
    while at > 0 and slope[at - 1] > new_slope:
        slope[at], length[at] = slope[at - 1], length[at - 1]
        at -= 1
    slope[at], length[at] = new_slope, new_length
    return count + 1
