"""The best one device can do at a price of each slot, when it takes only so many levels and only so many commands.

Words: *level* is what a device is told, *share* the part of a slot it is plugged in, so that a slot has level times
share at the most; *need* and *amount* are kW summed over slots. The last slot in which it draws anything may have less
than its level: the device stops when the need is met. ``evenload.schedule.devices.rounding`` explains the method.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.network import SMALL

NOWHERE: Final = -1


class Choice(NamedTuple):
    """What a device can be told: 0, or from ``least`` to ``most`` by ``step`` (0 = any level between)."""

    least: float
    step: float
    most: float


class Offer(NamedTuple):
    """One session's slots: what a kW costs, what there is room for, and what share of each the car is plugged in."""

    paid: FloatArray
    room: FloatArray
    share: FloatArray


class Pack(NamedTuple):
    """A battery: its need, and where charging power begins to fall (``knee``) and ends; inf where it does not."""

    need: float
    knee: float
    full: float
    power_kw_max: float


@njit(cache=True, nogil=True)
def ceiling(pack: Pack, level: float) -> float:
    """Highest power a battery takes at a level."""
    if level <= pack.knee or pack.full == np.inf:
        return pack.power_kw_max
    return pack.power_kw_max * max(pack.full - level, 0.0) / (pack.full - pack.knee)


@njit(cache=True, nogil=True)
def whole_level(choice: Choice, power_kw: float) -> float:
    """The highest level that is not above a power; 0 where none is."""
    if power_kw < choice.least - SMALL or power_kw <= SMALL:
        return 0.0
    if power_kw >= choice.most - SMALL:
        return choice.most
    if choice.step <= 0.0:
        return max(power_kw, choice.least)
    return choice.least + float(np.floor((power_kw - choice.least) / choice.step + SMALL)) * choice.step


@njit(cache=True, nogil=True)
def level_for(choice: Choice, power_kw: float) -> float:
    """The lowest level that brings a power or more; the highest there is where none does."""
    if power_kw <= choice.least:
        return choice.least
    if choice.step <= 0.0:
        return min(power_kw, choice.most)
    whole = float(np.ceil((power_kw - choice.least) / choice.step - SMALL))
    return min(choice.least + whole * choice.step, choice.most)


@njit(cache=True, nogil=True)
def drawn(told_kw: FloatArray, share: FloatArray, pack: Pack, power: FloatArray) -> float:
    """Write what a device draws that is told these levels; returns what it lacks of the need at the end."""
    level = 0.0
    for k in range(told_kw.size):
        each = min(told_kw[k] * share[k], ceiling(pack, level), pack.need - level)
        power[k] = each if each > SMALL else 0.0
        level += power[k]
    return pack.need - level


@njit(cache=True, nogil=True)
def cost_of(power: FloatArray, paid: FloatArray, need: float, refusal: float) -> float:
    """What powers cost, refusal of what is lacking included."""
    cost, got = 0.0, 0.0
    for k in range(power.size):
        cost += power[k] * paid[k]
        got += power[k]
    lack = need - got
    return cost + refusal * lack if lack > SMALL * (1.0 + need) else cost


@njit(cache=True, nogil=True)
def step_by_step(
    offer: Offer, pack: Pack, choice: Choice, refusal: float, told_kw: FloatArray, power: FloatArray
) -> float:
    """Levels of a device that may be told something new in every slot; returns their cost.

    Cheapest slots first at the highest level there is room for. Exact but for what a level is too coarse to hit: the
    last slot of all takes that up, and each slot is tried as the last. Near full, powers are those of the plan before.
    """
    n = power.size
    highest, roof, trial = np.empty(n), np.empty(n), np.empty(n)
    found_told, found = np.empty(n), np.empty(n)
    roof[:] = np.inf
    order = np.argsort(offer.paid, kind="mergesort")
    least = np.inf
    for _ in range(4):
        for k in range(n):
            top = min(offer.room[k], choice.most * offer.share[k])
            highest[k] = 0.0
            if offer.share[k] > SMALL and top > SMALL:
                highest[k] = offer.share[k] * whole_level(choice, top / offer.share[k])
                if roof[k] <= top and roof[k] > highest[k]:
                    highest[k] = roof[k]
            highest[k] = min(highest[k], roof[k])
        _ladder(offer, highest, roof, pack.need, choice, order, refusal, trial)
        for k in range(n):
            found_told[k] = 0.0
            if trial[k] > SMALL:
                held = trial[k] >= roof[k] - SMALL  # it is the battery that holds back
                found_told[k] = choice.most if held else level_for(choice, trial[k] / offer.share[k])
        drawn(found_told, offer.share, pack, found)
        fits = True
        for k in range(n):
            if found[k] > offer.room[k] + SMALL:
                fits = False
        cost = cost_of(found, offer.paid, pack.need, refusal) if fits else np.inf
        if cost < least:
            least = cost
            told_kw[:] = found_told
            power[:] = found
        if pack.need <= pack.knee:
            break
        level, as_planned = 0.0, True
        for k in range(n):
            now = min(ceiling(pack, level), choice.most * offer.share[k])
            as_planned = as_planned and trial[k] <= now + SMALL
            roof[k] = now if now < choice.most * offer.share[k] else np.inf
            level += found[k]
        if as_planned:
            break
    if least == np.inf:
        told_kw[:] = 0.0
        power[:] = 0.0
        least = refusal * pack.need
    return least


@njit(cache=True, nogil=True)
def _ladder(
    offer: Offer,
    highest: FloatArray,
    roof: FloatArray,
    need: float,
    choice: Choice,
    order: IntArray,
    refusal: float,
    power: FloatArray,
) -> None:
    """Powers of the least cost found over all slots tried as the last one."""
    n = power.size
    trial = np.empty(n)
    relaxed, left, last = 0.0, need, NOWHERE
    for k in order:  # what it would cost with any power
        top = min(offer.room[k], choice.most * offer.share[k], roof[k])
        if left <= SMALL or offer.paid[k] >= refusal:
            break
        if top > SMALL:
            relaxed += offer.paid[k] * min(top, left)
            left -= min(top, left)
            last = max(last, k)
    relaxed += refusal * left
    power[:] = 0.0
    least = refusal * need
    for turn in range(n):
        z = last - turn if turn <= last else turn
        top = min(offer.room[z], choice.most * offer.share[z], roof[z])
        if top <= SMALL or offer.paid[z] >= refusal:
            continue
        cost = _up_to(offer, highest, need, choice, order, refusal, z, top, trial)
        if cost < least - 1e-12 * abs(least):
            least = cost
            power[:] = trial
        if least <= relaxed + 1e-9 * (1.0 + abs(relaxed)):
            break


@njit(cache=True, nogil=True)
def _up_to(
    offer: Offer,
    highest: FloatArray,
    need: float,
    choice: Choice,
    order: IntArray,
    refusal: float,
    z: int,
    top: float,
    power: FloatArray,
) -> float:
    """Powers with slot z, which has up to ``top``, as the last; returns their cost."""
    power[:] = 0.0
    left = need
    for k in order:
        if left <= SMALL or offer.paid[k] >= refusal:
            break
        if k > z:
            continue
        if k == z:
            more = min(top - power[z], left)
            power[z] += more
            left -= more
            continue
        if highest[k] <= left:
            power[k] = highest[k]
            left -= highest[k]
            continue
        up = min(level_for(choice, left / offer.share[k]) * offer.share[k], highest[k])
        down = up - choice.step * offer.share[k] if choice.step > 0.0 else 0.0
        down = down if down >= choice.least * offer.share[k] - SMALL else 0.0
        over, rest = up - left, left - down
        up_cost = up * offer.paid[k] - over * offer.paid[z] if over <= power[z] else np.inf
        down_cost = down * offer.paid[k] + rest * offer.paid[z] if rest <= top - power[z] else np.inf
        if up_cost == np.inf and down_cost == np.inf:
            power[k] = down
            left = rest
            continue
        if up_cost <= down_cost:
            power[k] = up
            power[z] -= over
        else:
            power[k] = down
            power[z] += rest
        left = 0.0
    if left > SMALL * (1.0 + need):  # it does not end by being full: whole levels to the end
        power[z] = min(power[z], highest[z])
    return cost_of(power, offer.paid, need, refusal)
