"""Loops of the optimiser: sweeps of an augmented Lagrangian over all sessions, and its dual value.

``kernels.network`` has the words; ``schedule.optimum`` explains the method and gives sources.
"""

from typing import Final

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.market import cheapest, market, response
from evenload.schedule.kernels.network import (
    ACROSS,
    LIMIT,
    NONE,
    SMALL,
    SMOOTHING,
    Fleet,
    Groups,
    Network,
    Peaks,
    Prices,
    Stores,
    is_member,
)
from evenload.schedule.kernels.pieces import Pieces, charge_pieces, find_kinks, pieces_for, store_pieces, used
from evenload.schedule.kernels.storage import Band, Slots, best, least

_NEAR: Final = 100.0
"""Prices of a session are looked at first within this many times the smoothing of its marginal price."""


@njit(cache=True, nogil=True)
def sweep(fleet: Fleet, stores: Stores, net: Network, groups: Groups, prices: Prices, first: int, last: int) -> None:
    """Sessions ``first:last`` once, in order, takes its best power against everybody else's (block coordinate descent).

    One more kW in step t costs ``price + smoothing * power / power_kw_max + sum over path of max(0, toll + stiffness *
    (flow - head))``. The kink of that sum at the lowest limit is exact; circuits above are taken as straight lines
    through where they are now, which the next sweep corrects. Where several parts of a fleet answer at once, each
    counts its changes as those of all, so that together they do not overshoot. What would cost more than ``refusal``
    is left unserved.
    """
    steps = prices.buy.shape[1]
    work, own, pieces = np.empty((9, steps)), np.arange(steps), pieces_for(groups, first, last, steps)
    for i in range(first, last):
        if fleet.slots[i] == 0:
            continue
        if is_member(groups, i):
            if fleet.battery[i] == NONE:
                _charge_across(fleet, net, groups, prices, i, work, pieces)
            else:
                _store_across(fleet, stores, net, groups, prices, i, work, pieces)
        elif fleet.battery[i] == NONE:
            _charge(fleet, net, prices, i, work)
        else:
            _store(fleet, stores, net, prices, i, work, own)


@njit(cache=True, nogil=True)
def _charge(fleet: Fleet, net: Network, prices: Prices, i: int, work: FloatArray) -> None:
    """The best power of a session that only charges."""
    t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
    level, rise, over, best_kw = work[0, :n], work[1, :n], work[2, :n], work[3, :n]
    cap, power, price = fleet.cap_kw[b : b + n], fleet.power_kw[b : b + n], prices.buy[fleet.tariff[i]]
    kink, smooth = _kink(net, fleet.leaf[i]), prices.smoothing / max(fleet.power_kw_max[i], SMALL)
    steep = net.stiffness[kink]
    for k in range(n):
        level[k], rise[k], over[k] = price[t0 + k], smooth, -np.inf
    outside(net, fleet.leaf[i], kink, t0, power, level, rise)
    slope = steep * net.crowd[kink]
    if steep > 0.0:
        toll, flow, head = net.toll[kink], net.flow_kw[net.flow_row[kink]], net.head_kw[kink]
        for k in range(n):
            over[k] = toll[t0 + k] + steep * (flow[t0 + k] - head[t0 + k]) - slope * power[k]
    marginal = market(level, rise, over, cap, fleet.need[i], fleet.marginal[i], slope, prices.refusal)
    fleet.marginal[i] = marginal
    for k in range(n):
        best_kw[k] = response(marginal, level[k], rise[k], over[k], cap[k], slope)
    take(fleet, net, i, best_kw)


@njit(cache=True, nogil=True)
def _charge_across(
    fleet: Fleet, net: Network, groups: Groups, prices: Prices, i: int, work: FloatArray, pieces: Pieces
) -> None:
    """The best power of a session that only charges and is in limits across: their kinks are exact as well."""
    t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
    level, rise, best_kw = work[0, :n], work[1, :n], work[2, :n]
    price, kink = prices.buy[fleet.tariff[i]], _kink(net, fleet.leaf[i])
    smooth = prices.smoothing / max(fleet.power_kw_max[i], SMALL)
    for k in range(n):
        level[k], rise[k] = price[t0 + k], smooth
    outside(net, fleet.leaf[i], kink, t0, fleet.power_kw[b : b + n], level, rise)
    kinks = find_kinks(fleet, net, groups, i, kink, pieces.kinks)
    count = charge_pieces(pieces, kinks, level, rise, fleet.cap_kw[b : b + n])
    each, slots = pieces.price[:count], used(pieces.slots, count)
    marginal = market(each, slots.rise, slots.over, slots.cap, fleet.need[i], fleet.marginal[i], 0.0, prices.refusal)
    fleet.marginal[i] = marginal
    best_kw[:] = 0.0
    for p in range(count):
        best_kw[pieces.step[p]] += response(marginal, each[p], slots.rise[p], -np.inf, slots.cap[p], 0.0)
    take_across(fleet, net, groups, i, best_kw)


@njit(cache=True, nogil=True)
def _store_across(
    fleet: Fleet,
    stores: Stores,
    net: Network,
    groups: Groups,
    prices: Prices,
    i: int,
    work: FloatArray,
    pieces: Pieces,
) -> None:
    """The best power of a session that gives back as well and is in limits across."""
    t0, b, n, battery = fleet.first_step[i], fleet.begin[i], fleet.slots[i], fleet.battery[i]
    level, rise, buy, sell, back = work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n]
    kink, trip, cap = _kink(net, fleet.leaf[i]), stores.round_trip[battery], fleet.cap_kw[b : b + n]
    level[:], rise[:] = 0.0, prices.smoothing / max(fleet.power_kw_max[i], SMALL)
    outside(net, fleet.leaf[i], kink, t0, fleet.power_kw[b : b + n], level, rise)
    for k in range(n):
        buy[k] = prices.buy[fleet.tariff[i], t0 + k] + level[k]
        sell[k] = prices.sell[fleet.tariff[i], t0 + k] - stores.wear[battery] + level[k]
        back[k] = stores.back_kw_max[battery] * cap[k] / max(fleet.power_kw_max[i], SMALL)
    kinks = find_kinks(fleet, net, groups, i, kink, pieces.kinks)
    count = store_pieces(pieces, kinks, buy, sell, rise, cap, back, trip)
    band, power = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i]), pieces.power[:count]
    fleet.marginal[i] = best(used(pieces.slots, count), band, 0.0, prices.refusal, fleet.marginal[i], power)
    level[:] = 0.0
    for p in range(count):
        level[pieces.step[p]] += power[p]
    take_across(fleet, net, groups, i, level)


@njit(cache=True, nogil=True)
def _store(fleet: Fleet, stores: Stores, net: Network, prices: Prices, i: int, work: FloatArray, own: IntArray) -> None:
    """The best power of a session that gives back as well."""
    t0, b, n, battery = fleet.first_step[i], fleet.begin[i], fleet.slots[i], fleet.battery[i]
    cap, power = fleet.cap_kw[b : b + n], fleet.power_kw[b : b + n]
    slots = Slots(
        work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], cap, work[5, :n], work[8, :n], own[:n]
    )
    best_kw, extra = work[6, :n], work[7, :n]
    slots.fixed[:] = 0.0
    kink, trip = _kink(net, fleet.leaf[i]), stores.round_trip[battery]
    steep, smooth = net.stiffness[kink], prices.smoothing / max(fleet.power_kw_max[i], SMALL)
    slope = steep * net.crowd[kink]
    buy, sell = prices.buy[fleet.tariff[i]], prices.sell[fleet.tariff[i]]
    extra[:] = 0.0
    slots.rise[:] = smooth
    outside(net, fleet.leaf[i], kink, t0, power, extra, slots.rise)
    toll, flow, head = net.toll[kink], net.flow_kw[net.flow_row[kink]], net.head_kw[kink]
    for k in range(n):
        t = t0 + k
        slots.buy[k], slots.sell[k] = buy[t] + extra[k], sell[t] - stores.wear[battery] + extra[k]
        slots.over[k], slots.under[k] = -np.inf, np.inf
        if steep > 0.0:
            slots.over[k] = toll[t] + steep * (flow[t] - head[t]) - slope * power[k]
            if net.kind[kink] == LIMIT:
                slots.under[k] = toll[t] + steep * (flow[t] - net.low_kw[kink, t]) - slope * power[k]
        slots.back[k] = stores.back_kw_max[battery] * cap[k] / max(fleet.power_kw_max[i], SMALL)
        toll_now = max(0.0, slots.over[k]) + min(0.0, slots.under[k])
        if slots.buy[k] + toll_now < trip * (
            slots.sell[k] + toll_now
        ):  # one or the other: the line between stands for both
            line = (slots.buy[k] * cap[k] + slots.sell[k] * slots.back[k]) / (cap[k] + slots.back[k] / trip + 1e-300)
            slots.buy[k], slots.sell[k] = line, line / trip
    band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
    fleet.marginal[i] = best(slots, band, slope, prices.refusal, fleet.marginal[i], best_kw)
    take(fleet, net, i, best_kw)


@njit(cache=True, nogil=True)
def take(fleet: Fleet, net: Network, i: int, new_kw: FloatArray) -> None:
    """Session i changes to new powers, and every flow above it with it; ``new_kw`` becomes what has changed."""
    t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
    power = fleet.power_kw[b : b + n]
    for k in range(n):
        new_kw[k] -= power[k]
    node = fleet.leaf[i]
    while node != NONE:
        flow, crowd = net.flow_kw[net.flow_row[node], t0 : t0 + n], net.crowd[node]
        for k in range(n):
            flow[k] += crowd * new_kw[k]
        node = net.parent[node]
    for k in range(n):
        power[k] += new_kw[k]


@njit(cache=True, nogil=True)
def take_across(fleet: Fleet, net: Network, groups: Groups, i: int, new_kw: FloatArray) -> None:
    """As ``take``, of a session in limits across."""
    take(fleet, net, i, new_kw)
    t0, n = fleet.first_step[i], fleet.slots[i]
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node = groups.node[j]
        flow, share = net.flow_kw[net.flow_row[node], t0 : t0 + n], net.crowd[node] * groups.weight[j]
        for k in range(n):
            flow[k] += share * new_kw[k]


@njit(cache=True, nogil=True)
def _kink(net: Network, leaf: int) -> int:
    """The lowest node on the way up that has tolls, or the root."""
    node: int = leaf
    while net.parent[node] != NONE and (net.stiffness[node] == 0.0 or net.kind[node] == SMOOTHING):
        node = net.parent[node]
    return node


@njit(cache=True, nogil=True)
def outside(
    net: Network, leaf: int, kink: int, t0: int, power: FloatArray, level: FloatArray, rise: FloatArray
) -> None:
    """Add the tolls from ``leaf`` up, but for ``kink``, to ``level`` (at no power) and ``rise`` (per kW), as lines."""
    node = leaf
    while node != NONE:
        steep = net.stiffness[node]
        if steep > 0.0 and node != kink:
            toll, flow, head = net.toll[node], net.flow_kw[net.flow_row[node]], net.head_kw[node]
            smooths = net.kind[node] == SMOOTHING
            slope = steep * net.crowd[node]
            two_sided = net.gives_back[node] and net.kind[node] == LIMIT
            for k in range(power.size):
                now = toll[t0 + k] + steep * (flow[t0 + k] - head[t0 + k])
                if two_sided and now < 0.0:
                    now = min(0.0, toll[t0 + k] + steep * (flow[t0 + k] - net.low_kw[node, t0 + k]))
                    if now < 0.0:
                        level[k] += now - slope * power[k]
                        rise[k] += slope
                elif smooths or now > 0.0:
                    level[k] += now - slope * power[k]
                    rise[k] += slope
        node = net.parent[node]


@njit(cache=True, nogil=True)
def sessions_value(
    fleet: Fleet, stores: Stores, groups: Groups, path: FloatArray, prices: Prices, first: int, last: int
) -> float:
    """What sessions ``first:last`` add to the dual, each at its best; ``path`` (N, T) are the tolls up to the root."""
    total = 0.0
    work = np.empty((4, path.shape[1]))
    room = np.empty((2, 2 * path.shape[1]))
    for i in range(first, last):
        t0, b, n, battery = fleet.first_step[i], fleet.begin[i], fleet.slots[i], fleet.battery[i]
        tolls, cap, paid = path[fleet.leaf[i], t0 : t0 + n], fleet.cap_kw[b : b + n], work[0, :n]
        buy = prices.buy[fleet.tariff[i]]
        for k in range(n):
            paid[k] = tolls[k]
        for j in range(groups.begin[i], groups.begin[i + 1]):
            for k in range(n):
                paid[k] += groups.weight[j] * path[groups.node[j], t0 + k]
        if battery == NONE:
            for k in range(n):
                paid[k] += buy[t0 + k]
            near = _NEAR * prices.smoothing
            total += cheapest(paid, cap, fleet.need[i], prices.refusal, fleet.marginal[i], near)
            continue
        earned, back = work[1, :n], work[2, :n]
        sell = prices.sell[fleet.tariff[i]]
        for k in range(n):
            earned[k] = sell[t0 + k] - stores.wear[battery] + paid[k]
            paid[k] += buy[t0 + k]
            back[k] = stores.back_kw_max[battery] * cap[k] / max(fleet.power_kw_max[i], SMALL)
        band = Band(stores.round_trip[battery], stores.down[battery], stores.up[battery], fleet.need[i])
        total += least(paid, earned, cap, back, band, prices.refusal, room)
    return total


@njit(cache=True, nogil=True)
def money(fleet: Fleet, stores: Stores, prices: Prices) -> float:
    """What the fleet's power costs, wear included."""
    total = 0.0
    for i in range(fleet.slots.size):
        for k in range(fleet.slots[i]):
            power, t = fleet.power_kw[fleet.begin[i] + k], fleet.first_step[i] + k
            if power >= 0.0:
                total += power * prices.buy[fleet.tariff[i], t]
            else:
                total += power * (prices.sell[fleet.tariff[i], t] - stores.wear[fleet.battery[i]])
    return total


@njit(cache=True, nogil=True)
def terms_cost(net: Network, groups: Groups, peaks: Peaks) -> float:
    """What current flows add to the objective at peaks, smoothed circuits and above limits across, beyond what base
    load does.
    """
    total = 0.0
    for p in range(peaks.node.size):
        load = (net.flow_kw[peaks.node[p]] + peaks.base_kw[p]).max()
        total += peaks.price[p] * max(load, peaks.floor_kw[p]) - peaks.without[p]
    for n in range(net.parent.size):
        if net.kind[n] == SMOOTHING:
            for t in range(net.flow_kw.shape[1]):
                flow = net.flow_kw[n, t]
                total += net.stiffness[n] * flow * (0.5 * flow - net.head_kw[n, t])
        elif net.kind[n] == ACROSS:
            for t in range(net.flow_kw.shape[1]):
                most, head = groups.toll_most[n - groups.circuits, t], net.head_kw[n, t]
                if most < np.inf and head < np.inf:
                    total += most * (max(net.flow_kw[n, t] - head, 0.0) - max(-head, 0.0))
    return total
