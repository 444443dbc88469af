"""Devices that are in each other's way, placed anew together. ``kernels.device_offers`` has what each is offered."""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.device_answers import Offer, cost_of
from evenload.schedule.kernels.device_offers import Scene, Told, alone, answer, cost_at, offered, put, relied_on
from evenload.schedule.kernels.network import SMALL

_GROUP: Final = 6
_GROUPS_MORE: Final = 4


class Search(NamedTuple):
    """Who looks for others: who pays by a share of ``regret`` more than it had to at prices and tolls ``path`` (N, T),
    or, in a soft scene, lacks energy. ``groups`` of several are tried, more by who lacks energy.
    """

    path: FloatArray
    regret: float
    groups: int


class Space(NamedTuple):
    """Devices of a group with their powers before and after, their new levels, and space to work in."""

    device: IntArray
    before: FloatArray
    after: FloatArray
    levels: FloatArray
    work: FloatArray


@njit(cache=True, nogil=True)
def trade(scene: Scene, search: Search, told: Told, turn: IntArray) -> int:
    """Devices that others keep from what they would like are placed anew together with one of those near them, or a
    few, themselves first, if all of these together are better off; returns how often that was so.
    """
    own, steps = scene.own, scene.prices.buy.shape[1]
    space = Space(
        np.empty(_GROUP, dtype=np.int64),
        np.empty((_GROUP, steps)),
        np.empty((_GROUP, steps)),
        np.empty((_GROUP, steps)),
        np.empty((9, steps)),
    )
    changed = 0
    for d in turn:
        if told.quiet[d] or not _wants_more(scene, search, told, d, space.work):
            continue
        i = told.row[d]
        b, n, near = own.begin[i], own.slots[i], told.near_last[d] - told.near_first[d]
        lacks = own.power_kw[b : b + n].sum() < own.need[i] * (1.0 - 1e-6)
        told.quiet[d] = True
        for attempt in range(near + (_GROUPS_MORE * search.groups if lacks else search.groups)):
            count = _group_of(scene, told, d, attempt, space.device)
            if count > 1 and _anew(scene, told, count, space):
                changed += 1
                if attempt < near:
                    break
    return changed


@njit(cache=True, nogil=True)
def _wants_more(scene: Scene, search: Search, told: Told, d: int, work: FloatArray) -> bool:
    """Whether device d looks for others."""
    own, prices, i = scene.own, scene.prices, told.row[d]
    n, b, t0 = own.slots[i], own.begin[i], own.first_step[i]
    power, need = own.power_kw[b : b + n], own.need[i]
    if n == 0 or need <= SMALL or told.most_kw[d] <= SMALL:
        return False
    offer = Offer(work[0, :n], work[1, :n], work[2, :n])
    lack = need - power.sum()
    if lack > 1e-6 * need:
        alone(scene, i, told.most_kw[d], offer)
        answer(own, told, d, offer, prices.refusal, work[3, :n], work[4, :n], work[5, :n], work[6, :n])
        return bool(need - work[4, :n].sum() < lack - 1e-6 * need)
    if scene.soft:
        return False
    for k in range(n):
        offer.share[k] = own.cap_kw[b + k] / max(own.power_kw_max[i], SMALL)
        offer.room[k] = told.most_kw[d] * offer.share[k]
        offer.paid[k] = prices.buy[own.tariff[i], t0 + k] + search.path[own.leaf[i], t0 + k]
    for j in range(scene.groups.begin[i], scene.groups.begin[i + 1]):
        for k in range(n):
            offer.paid[k] += scene.groups.weight[j] * search.path[scene.groups.node[j], t0 + k]
    now = cost_of(power, offer.paid, need, prices.refusal)
    answer(own, told, d, offer, prices.refusal, work[3, :n], work[4, :n], work[5, :n], work[6, :n])
    return bool(now - cost_of(work[4, :n], offer.paid, need, prices.refusal) > search.regret * abs(now))


@njit(cache=True, nogil=True)
def _group_of(scene: Scene, told: Told, d: int, attempt: int, device: IntArray) -> int:
    """Write device d and others near it that are there at the same time; returns how many they are.

    The first attempts take each other one in turn, further ones some of them in an order scattered over all.
    """
    own, i, first, near = scene.own, told.row[d], told.near_first[d], told.near_last[d] - told.near_first[d]
    if not scene.soft and relied_on(scene.fleet, scene.net, i):
        return 0
    device[0] = d
    count = 1
    wanted = 2 if attempt < near else 3 + attempt % (_GROUP - 2)
    stride = 1 + (attempt * 7) % max(near - 1, 1)
    for turn in range(1 if attempt < near else near):
        e = first + (attempt + turn * stride) % near
        j = told.row[e]
        apart = own.first_step[j] >= own.first_step[i] + own.slots[i]
        apart = apart or own.first_step[i] >= own.first_step[j] + own.slots[j]
        if apart or own.need[j] <= SMALL or (not scene.soft and relied_on(scene.fleet, scene.net, j)):
            continue
        known = False
        for m in range(count):
            known = known or device[m] == e
        if not known:
            device[count] = e
            count += 1
        if count == wanted:
            break
    return count


@njit(cache=True, nogil=True)
def _clear(scene: Scene, told: Told, count: int, space: Space) -> None:
    """Take a group out."""
    for m in range(count):
        i = told.row[space.device[m]]
        n = scene.own.slots[i]
        space.work[8, :n] = 0.0
        put(scene, i, space.work[8, :n], space.work[7, :n])


@njit(cache=True, nogil=True)
def _anew(scene: Scene, told: Told, count: int, space: Space) -> bool:
    """Take a group out and put each back at its best, in order; if that costs more than before, as they were."""
    own, work, refusal, before, after = scene.own, space.work, scene.prices.refusal, 0.0, 0.0
    for m in range(count):
        i = told.row[space.device[m]]
        space.before[m, : own.slots[i]] = own.power_kw[own.begin[i] : own.begin[i] + own.slots[i]]
    _clear(scene, told, count, space)
    for m in range(count):
        i = told.row[space.device[m]]
        n = own.slots[i]
        offered(scene, told, space.device[m], work)
        before += cost_at(scene, i, space.before[m, :n], work)
        put(scene, i, space.before[m, :n], work[7, :n])
    _clear(scene, told, count, space)
    for m in range(count):
        d = space.device[m]
        i = told.row[d]
        n = own.slots[i]
        offered(scene, told, d, work)
        offer = Offer(work[0, :n], work[1, :n], work[2, :n])
        answer(own, told, d, offer, refusal, space.levels[m, :n], space.after[m, :n], work[5, :n], work[6, :n])
        after += cost_at(scene, i, space.after[m, :n], work)
        put(scene, i, space.after[m, :n], work[7, :n])
    better = after < before - 1e-6 * abs(before)
    for m in range(count):
        i = told.row[space.device[m]]
        n, b = own.slots[i], own.begin[i]
        if better:
            told.quiet[told.near_first[space.device[m]] : told.near_last[space.device[m]]] = False
            told.told_kw[b : b + n] = space.levels[m, :n]
        else:
            put(scene, i, space.before[m, :n], work[7, :n])
    return bool(better)
