"""The best slots of a device that may be told something new only so often, or must stay a while at what it was told.

``kernels.device_answers`` has the words. Dynamic programming over slots, blocks begun and slots charged.
"""

from typing import Final

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.device_answers import Offer, Pack, ceiling
from evenload.schedule.kernels.network import SMALL

_OFF: Final = 0
_ON: Final = 1


@njit(cache=True, nogil=True)
def few_commands(
    offer: Offer, pack: Pack, level_kw: float, dwell: int, commands: int, refusal: float, power: FloatArray
) -> float:
    """Powers of the least cost of a device that is told one level or nothing; returns the cost.

    What it is told stands ``dwell`` slots at the least; ``commands`` below 0 are any number. The first slot, of which
    the car may have only a share, is tried both ways, so that slots charged say what the battery holds.
    """
    if offer.share[0] >= 1.0 - SMALL:
        return _blocks(offer, pack, level_kw, dwell, commands, refusal, False, 0, power)
    trial = np.empty(power.size)
    least = _blocks(offer, pack, level_kw, dwell, commands, refusal, False, 1, power)
    cost = _blocks(offer, pack, level_kw, dwell, commands, refusal, True, 0, trial)
    if cost < least:
        power[:] = trial
        least = cost
    return least


@njit(cache=True, nogil=True)
def _charged(pack: Pack, level_kw: float, first: float, most: int) -> FloatArray:
    """What a battery holds after 0, 1, 2 ... slots up to the need; the first brings no more than ``first``."""
    held = np.zeros(most + 1)
    count = 0
    while count < most and held[count] < pack.need - SMALL * (1.0 + pack.need):
        each = min(level_kw, ceiling(pack, held[count]))
        if count == 0:
            each = min(each, first)
        if each <= SMALL:
            break
        held[count + 1] = min(held[count] + each, pack.need)
        count += 1
    return held[: count + 1]


@njit(cache=True, nogil=True)
def _run(
    offer: Offer, held: FloatArray, level_kw: float, k: int, j: int, dwell: int, refusal: float
) -> tuple[int, float]:
    """How many slots from k on are charged before the device may stop, and their cost; none where one has no room.

    What a slot brings less than counted, because the car is there for a share of it, is lacking at the end.
    """
    cost, length = 0.0, 0
    while length < dwell and k + length < offer.paid.size and j + length < held.size - 1:
        counted = held[j + length + 1] - held[j + length]
        each = min(counted, level_kw * offer.share[k + length])
        if each > offer.room[k + length] + SMALL or each <= SMALL:
            return 0, np.inf
        cost += each * offer.paid[k + length] + refusal * (counted - each)
        length += 1
    return length, cost


@njit(cache=True, nogil=True)
def _blocks(
    offer: Offer,
    pack: Pack,
    level_kw: float,
    dwell: int,
    commands: int,
    refusal: float,
    at_once: bool,
    first_free: int,
    power: FloatArray,
) -> float:
    """``few_commands`` with the first slot charged (``at_once``), or nothing before slot ``first_free``."""
    n = power.size
    held = _charged(pack, level_kw, level_kw * offer.share[0] if at_once else np.inf, n)
    count = held.size - 1
    counted = commands >= 0
    blocks = min((commands + 1) // 2, (n + 1) // 2) if counted else 1
    value = np.full((2, n + 1, blocks + 1, count + 1), np.inf)  # least cost of being there, free to change
    came = np.zeros((2, n + 1, blocks + 1, count + 1), dtype=np.int64)  # slot before it, one up; below 0: by a change
    value[_OFF, 0, 0, 0] = 0.0
    for k in range(n):
        for b in range(blocks + 1):
            for j in range(min(k, count) + 1):
                now = value[_OFF, k, b, j]
                if now < np.inf:
                    if now < value[_OFF, k + 1, b, j] and not (at_once and k == 0):
                        value[_OFF, k + 1, b, j], came[_OFF, k + 1, b, j] = now, k + 1
                    after = b + counted
                    if after <= blocks and k >= first_free and j < count:
                        length, cost = _run(offer, held, level_kw, k, j, dwell, refusal)
                        if length > 0 and now + cost < value[_ON, k + length, after, j + length]:
                            value[_ON, k + length, after, j + length] = now + cost
                            came[_ON, k + length, after, j + length] = -(k + 1)
                now = value[_ON, k, b, j]
                if now < np.inf and j < count:
                    length, cost = _run(offer, held, level_kw, k, j, 1, refusal)
                    if length > 0 and now + cost < value[_ON, k + 1, b, j + 1]:
                        value[_ON, k + 1, b, j + 1], came[_ON, k + 1, b, j + 1] = now + cost, k + 1
                    off_until = min(k + dwell, n)
                    if (not counted or 2 * b <= commands) and now < value[_OFF, off_until, b, j]:
                        value[_OFF, off_until, b, j], came[_OFF, off_until, b, j] = now, -(k + 1)
    return _best_end(value, came, held, offer, level_kw, counted, refusal * pack.need, refusal, power)


@njit(cache=True, nogil=True)
def _best_end(
    value: FloatArray,
    came: IntArray,
    held: FloatArray,
    offer: Offer,
    level_kw: float,
    counted: bool,
    nothing: float,
    refusal: float,
    power: FloatArray,
) -> float:
    """Write the powers of the best way through; returns their cost, which is ``nothing`` where none is better."""
    n, count = power.size, held.size - 1
    need = nothing / refusal
    least, k, b, j, on = nothing, 0, 0, 0, _OFF
    for end in range(n + 1):  # it stops by itself when it is full, without a command
        for block in range(value.shape[2]):
            cost = value[_ON, end, block, count] + refusal * (need - held[count])
            if cost < least:
                least, k, b, j, on = cost, end, block, count, _ON
    for state in (_OFF, _ON):
        for block in range(value.shape[2]):
            for charged in range(count + 1):
                cost = value[state, n, block, charged] + refusal * (need - held[charged])
                if cost < least:
                    least, k, b, j, on = cost, n, block, charged, state
    power[:] = 0.0
    while k > 0:
        before = came[on, k, b, j]
        changed, since = before < 0, abs(before) - 1
        if on == _ON:
            for s in range(k - 1, since - 1, -1):
                power[s] = min(held[j] - held[j - 1], level_kw * offer.share[s])
                j -= 1
            if changed:
                b -= counted
        k = since
        if changed:
            on = 1 - on
    return least
