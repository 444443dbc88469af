"""Passes over devices that take only some levels, one device after another at its best against all others."""

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.device_answers import Choice, Offer, Pack, ceiling, drawn, level_for, whole_level
from evenload.schedule.kernels.device_commands import few_commands
from evenload.schedule.kernels.device_offers import Scene, Told, answer, cost_at, offered, put, relied_on, rooms
from evenload.schedule.kernels.device_trades import Search, trade
from evenload.schedule.kernels.network import SMALL, Fleet, Groups, Network, room_up
from evenload.schedule.kernels.optimum import take_across

__all__ = ["Scene", "Search", "Told", "at_once", "place", "settle", "trade"]


@njit(cache=True, nogil=True)
def place(scene: Scene, told: Told, turn: IntArray) -> None:
    """Devices in order of ``turn`` each take their best levels at what prices and tolls ask.

    Limits are never exceeded by devices; crowding out the others costs what tolls and stiffness say.
    """
    own, refusal = scene.own, scene.prices.refusal
    work = np.empty((9, scene.prices.buy.shape[1]))
    for d in turn:
        i = told.row[d]
        n, b = own.slots[i], own.begin[i]
        offer = Offer(work[0, :n], work[1, :n], work[2, :n])
        offered(scene, told, d, work)
        answer(own, told, d, offer, refusal, told.told_kw[b : b + n], work[5, :n], work[6, :n], work[7, :n])
        put(scene, i, work[5, :n], work[8, :n])


@njit(cache=True, nogil=True)
def settle(scene: Scene, told: Told, turn: IntArray) -> int:
    """Devices in order of ``turn`` each change to better levels if there are any in the room all others leave; returns
    how many did. Cost can only fall, energy that is not served counted first, but for powers that a battery does not
    take; limits always hold, but who gives back on the strength of such a power has to be placed anew.
    """
    fleet, net, prices = scene.fleet, scene.net, scene.prices
    work = np.empty((9, prices.buy.shape[1]))
    changed = 0
    for d in turn:
        i = told.row[d]
        n, b = fleet.slots[i], fleet.begin[i]
        must = _too_fast(fleet, told, d)
        if relied_on(fleet, net, i) and not must:
            continue
        power, found, levels = fleet.power_kw[b : b + n], work[5, :n], work[6, :n]
        offer = Offer(work[0, :n], work[1, :n], work[2, :n])
        offered(scene, told, d, work)
        answer(fleet, told, d, offer, prices.refusal, levels, found, work[7, :n], work[8, :n])
        before, after = cost_at(scene, i, power, work), cost_at(scene, i, found, work)
        if must or after < before - 1e-9 * (1.0 + abs(before)):
            changed += 1
            told.quiet[told.near_first[d] : told.near_last[d]] = False
            told.told_kw[b : b + n] = levels
            put(scene, i, found, work[8, :n])
    return changed


@njit(cache=True, nogil=True)
def _too_fast(fleet: Fleet, told: Told, d: int) -> bool:
    """Whether the battery of device d does not take the powers it has."""
    i = told.row[d]
    pack, level = Pack(fleet.need[i], told.knee[d], told.full[d], fleet.power_kw_max[i]), 0.0
    for k in range(fleet.slots[i]):
        power = fleet.power_kw[fleet.begin[i] + k]
        if power > ceiling(pack, level) + SMALL:
            return True
        level += power
    return False


@njit(cache=True, nogil=True)
def at_once(
    fleet: Fleet,
    normal: Network,
    emergency: Network,
    groups: Groups,
    told: Told,
    minimum: FloatArray,
    turn: IntArray,
    first_kw: FloatArray,
) -> None:
    """Devices in order of ``turn`` get their minimum (D,) as soon as they can, in the highest levels there is room for.

    Writes the powers it takes into ``fleet`` and the part that is minimum into ``first_kw`` (K,). Beyond the normal
    limits and those across there is room for the minimum alone, so a level that brings more than it has to fit inside.
    ``emergency`` has the flows of ``normal``. A device
    that cannot be told often goes on until its need is met.
    """
    work = np.empty((6, normal.flow_kw.shape[1]))
    for d in turn:
        i, left = told.row[d], minimum[d]
        n, b = fleet.slots[i], fleet.begin[i]
        pack = Pack(fleet.need[i], told.knee[d], told.full[d], fleet.power_kw_max[i])
        choice = Choice(told.least_kw[d], told.step_kw[d], told.most_kw[d])
        if left <= SMALL or n == 0 or choice.most <= SMALL:
            continue
        offer = Offer(work[0, :n], work[1, :n], work[2, :n])
        rooms(fleet, normal, groups, i, choice.most, offer)
        power, levels, best_kw = work[3, :n], work[4, :n], work[5, :n]
        power[:] = 0.0
        seldom = told.commands[d] >= 0 or told.dwell[d] > 1
        if seldom:
            for k in range(n):
                offer.paid[k] = k
            few_commands(offer, pack, choice.most, told.dwell[d], told.commands[d], 1e6, best_kw)
            for k in range(n):
                levels[k] = choice.most if best_kw[k] > SMALL else 0.0
            drawn(levels, offer.share, pack, power)
            for k in range(n):
                if power[k] > offer.room[k] + SMALL:
                    power[:] = 0.0
        level = 0.0
        for k in range(n):
            if not seldom and left > SMALL and offer.share[k] > SMALL:
                room = max(room_up(fleet, emergency, i, fleet.first_step[i] + k), 0.0)
                power[k] = _quickest(offer.room[k], room, offer.share[k], choice, pack, level, left)
            if power[k] > SMALL:
                first_kw[b + k] = min(power[k], max(left, 0.0))
                told.told_kw[b + k] = level_for(choice, power[k] / offer.share[k])
                if seldom or power[k] >= ceiling(pack, level) - SMALL:
                    told.told_kw[b + k] = choice.most
            level += power[k]
            left -= power[k]
        take_across(fleet, normal, groups, i, power)


@njit(cache=True, nogil=True)
def _quickest(
    normal: float, emergency: float, share: float, choice: Choice, pack: Pack, level: float, left: float
) -> float:
    """The most a device can take at once: what is not minimum inside the normal room, all inside the emergency one."""
    most = min(ceiling(pack, level), pack.need - level)
    power = min(whole_level(choice, emergency / share) * share, most)
    if power > left:
        power = min(level_for(choice, left / share) * share, most)
    if power > left + SMALL and power > normal + SMALL:
        power = min(whole_level(choice, min(left, emergency) / share) * share, most)
    return power if power <= max(normal, emergency) + SMALL else 0.0
