"""One session's best answer to what power costs it: exact water-filling over its slots, and the dual's cheapest ladder.

One more kW in slot k costs ``level + rise * power + max(0, over + steep * power)``.
"""

from typing import Final

import numpy as np
from numba import njit

from evenload.base.units import FloatArray

_NEWTON_MAX: Final = 60


@njit(cache=True, nogil=True)
def response(marginal: float, level: float, rise: float, over: float, cap: float, steep: float) -> float:
    """Power at which ``level + rise * power + max(0, over + steep * power)`` is ``marginal``, within [0, cap]."""
    gain = marginal - level
    return min(max(min(gain / rise, (gain - over) / (rise + steep)), 0.0), cap)


@njit(cache=True, nogil=True)
def market(
    level: FloatArray,
    rise: FloatArray,
    over: FloatArray,
    cap: FloatArray,
    need: float,
    guess: float,
    steep: float,
    refusal: float,
) -> float:
    """The marginal price at which the responses of all slots sum to the need; ``refusal`` where they cannot.

    Newton's method on a piecewise linear, increasing function, kept inside a bracket.
    """
    low, high = level[0], level[0]
    soft, hard = np.empty(level.size), np.empty(level.size)
    for k in range(level.size):
        low = min(low, level[k])
        high = max(high, level[k] + rise[k] * cap[k] + max(0.0, over[k] + steep * cap[k]))
        soft[k], hard[k] = 1.0 / rise[k], 1.0 / (rise[k] + steep)
    high = min(high, refusal)
    low = min(low, high)
    marginal: float = min(max(guess, low), high)
    for _ in range(_NEWTON_MAX):
        total, slope = 0.0, 0.0
        for k in range(level.size):
            gain = marginal - level[k]
            free, held = gain * soft[k], (gain - over[k]) * hard[k]
            power = min(free, held)
            total += min(max(power, 0.0), cap[k])
            if 0.0 < power < cap[k]:
                slope += soft[k] if free <= held else hard[k]
        gap = need - total
        if abs(gap) <= 1e-7 * need + 1e-12:
            break
        low, high = (marginal, high) if gap > 0.0 else (low, marginal)
        if high - low <= 1e-13 * (abs(high) + abs(low)):
            break
        following = marginal + gap / slope if slope > 0.0 else 0.5 * (low + high)
        marginal = following if low < following < high else 0.5 * (low + high)
    return marginal


@njit(cache=True, nogil=True)
def cheapest(paid: FloatArray, cap: FloatArray, need: float, refusal: float, guess: float, near: float) -> float:
    """What the need costs in the cheapest slots, refused where that is cheaper.

    Only prices within ``near`` of the guess of the dearest one paid are sorted, all of them where it was a bad guess.
    """
    left, cost, low, high = need, 0.0, guess - near, guess + near
    close = np.empty(paid.size, dtype=np.int64)
    count, held = 0, 0.0
    for k in range(paid.size):
        if paid[k] < low:
            left -= cap[k]
            cost += cap[k] * paid[k]
        elif paid[k] <= high:
            close[count] = k
            count, held = count + 1, held + cap[k]
    if left <= 0.0 or held < left or high >= refusal:
        left, cost, count = need, 0.0, paid.size
        for k in range(count):
            close[k] = k
    for k in close[:count][np.argsort(paid[close[:count]])]:
        if left <= 0.0 or paid[k] >= refusal:
            break
        given = min(left, cap[k])
        cost += given * paid[k]
        left -= given
    return cost + refusal * max(left, 0.0)
