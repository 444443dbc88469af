"""From where sweeps end to a plan inside every limit: place, clip, top up. ``kernels.network`` has the words.

Heads may be those of limits alone or of peaks as well: ``net`` is the caller's choice. Smoothing has no head.
"""

import numpy as np
from numba import njit

from evenload.base.units import FloatArray
from evenload.schedule.kernels.network import (
    NONE,
    SMALL,
    Fleet,
    Groups,
    Network,
    Prices,
    Stores,
    give,
    give_across,
    is_member,
    make_flows,
    path_tolls,
    room_across,
    room_down,
    room_up,
)
from evenload.schedule.kernels.optimum import take, take_across
from evenload.schedule.kernels.storage import Band, Slots, best


@njit(cache=True, nogil=True)
def place_stores(fleet: Fleet, stores: Stores, net: Network, groups: Groups, wish_kw: FloatArray) -> None:
    """Move those that give back, one by one, as near to the powers wished for (K,) as limits and all others allow."""
    work, own = np.empty((10, net.flow_kw.shape[1])), np.arange(net.flow_kw.shape[1])
    for i in range(fleet.slots.size):
        n, b, battery = fleet.slots[i], fleet.begin[i], fleet.battery[i]
        if battery == NONE or n == 0:
            continue
        slots = Slots(
            work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], work[5, :n], work[6, :n], work[8, :n],
            own[:n],
        )  # fmt: skip
        trip = stores.round_trip[battery]
        rooms_of_store(fleet, stores, net, groups, i, slots, slots.cap, slots.back)
        for k in range(n):
            wish = wish_kw[b + k] - slots.fixed[k]
            if wish >= 0.0:  # half the square of how far the level change is from the wish
                slots.buy[k], slots.sell[k], slots.rise[k] = -wish, -wish / trip, 1.0
            else:
                slots.buy[k], slots.sell[k], slots.rise[k] = -wish / trip, -wish / trip**2, 1.0 / trip**2
        band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
        best(slots, band, 0.0, 1e30, 0.0, work[7, :n])
        if is_member(groups, i):
            take_across(fleet, net, groups, i, work[7, :n])
        else:
            take(fleet, net, i, work[7, :n])


@njit(cache=True, nogil=True)
def clip(fleet: Fleet, net: Network, groups: Groups, stores_placed: bool) -> None:
    """Scale powers of charging down, nodes from below, until no flow exceeds what head its node has; flows anew.

    With ``stores_placed`` flows are those of stores, which keep their powers.
    """
    nodes, steps = groups.circuits, net.flow_kw.shape[1]
    placed = net.flow_kw.copy() if stores_placed else np.zeros((1, 1))
    net.flow_kw[:] = 0.0
    for i in range(fleet.slots.size):
        if fleet.battery[i] != NONE:
            continue
        power = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + fleet.slots[i]]
        got = power.sum()
        if got > fleet.need[i]:  # by rounding of the market
            power *= fleet.need[i] / got
    if net.parent.size > nodes:
        _clip_across(fleet, net, groups, placed, stores_placed)
    for i in range(fleet.slots.size):
        if fleet.battery[i] != NONE:
            continue
        power = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + fleet.slots[i]]
        for k in range(fleet.slots[i]):
            net.flow_kw[fleet.leaf[i], fleet.first_step[i] + k] += power[k]
    share = np.ones((nodes, steps))
    for n in range(nodes - 1, -1, -1):
        for t in range(steps):
            head = net.head_kw[n, t]
            if stores_placed:
                head = max(head - placed[n, t], 0.0)
            if net.flow_kw[n, t] > head:
                share[n, t] = head / net.flow_kw[n, t]
                net.flow_kw[n, t] = head
            if net.parent[n] != NONE:
                net.flow_kw[net.parent[n], t] += net.flow_kw[n, t]
    for n in range(1, nodes):
        for t in range(steps):
            share[n, t] *= share[net.parent[n], t]
    for i in range(fleet.slots.size):
        if fleet.battery[i] == NONE:
            for k in range(fleet.slots[i]):
                fleet.power_kw[fleet.begin[i] + k] *= share[fleet.leaf[i], fleet.first_step[i] + k]
    make_flows(fleet, net, groups)


@njit(cache=True, nogil=True)
def _clip_across(fleet: Fleet, net: Network, groups: Groups, placed: FloatArray, stores_placed: bool) -> None:
    """Scale powers of charging down until no limit across that must hold is exceeded."""
    share = np.ones((net.parent.size - groups.circuits, net.flow_kw.shape[1]))
    for i in range(fleet.slots.size):
        if fleet.battery[i] == NONE:
            for j in range(groups.begin[i], groups.begin[i + 1]):
                for k in range(fleet.slots[i]):
                    more = groups.weight[j] * fleet.power_kw[fleet.begin[i] + k]
                    net.flow_kw[groups.node[j], fleet.first_step[i] + k] += more
    for n in range(groups.circuits, net.parent.size):
        for t in range(share.shape[1]):
            head = net.head_kw[n, t]
            if stores_placed:
                head = max(head - placed[n, t], 0.0)
            if net.flow_kw[n, t] > head and groups.toll_most[n - groups.circuits, t] == np.inf:
                share[n - groups.circuits, t] = head / net.flow_kw[n, t]
    for i in range(fleet.slots.size):
        if fleet.battery[i] == NONE:
            for k in range(fleet.slots[i]):
                least = 1.0
                for j in range(groups.begin[i], groups.begin[i + 1]):
                    least = min(least, share[groups.node[j] - groups.circuits, fleet.first_step[i] + k])
                fleet.power_kw[fleet.begin[i] + k] *= least


@njit(cache=True, nogil=True)
def lacking(fleet: Fleet, stores: Stores) -> FloatArray:
    """What each session still lacks of its need, 0 within rounding."""
    lack = np.zeros(fleet.slots.size)
    for i in range(fleet.slots.size):
        got = 0.0
        for k in range(fleet.slots[i]):
            power = fleet.power_kw[fleet.begin[i] + k]
            got += power if power > 0.0 or fleet.battery[i] == NONE else power / stores.round_trip[fleet.battery[i]]
        short = fleet.need[i] - got
        lack[i] = short if short > SMALL * (1.0 + fleet.need[i]) else 0.0
    return lack


@njit(cache=True, nogil=True)
def top_up(fleet: Fleet, net: Network, groups: Groups, prices: Prices, lack: FloatArray) -> None:
    """Give those that only charge what they lack in the cheapest room, tolls counted; ``lack`` is kept true."""
    if not (lack > 0.0).any():
        return
    tolls = path_tolls(net, np.inf)
    paid = np.empty(tolls.shape[1])
    for i in range(fleet.slots.size):
        if lack[i] > 0.0 and fleet.battery[i] == NONE:
            t0, n, member = fleet.first_step[i], fleet.slots[i], is_member(groups, i)
            for k in range(n):
                paid[k] = tolls[fleet.leaf[i], t0 + k] + prices.buy[fleet.tariff[i], t0 + k]
            for j in range(groups.begin[i], groups.begin[i + 1]):
                for k in range(n):
                    paid[k] += groups.weight[j] * tolls[groups.node[j], t0 + k]
            for _ in range(n):
                if lack[i] <= SMALL:
                    break
                k = int(np.argmin(paid[:n]))  # one or two are enough as a rule: no need to sort them
                paid[k] = np.inf
                given = min(room_up(fleet, net, i, t0 + k), lack[i])
                if member:
                    given = min(given, room_across(net, groups, i, t0 + k))
                if given > 0.0:
                    give(fleet, net, i, t0 + k, given)
                    if member:
                        give_across(net, groups, i, t0 + k, given)
                    lack[i] -= given


@njit(cache=True, nogil=True)
def rooms_of_store(
    fleet: Fleet,
    stores: Stores,
    net: Network,
    groups: Groups,
    i: int,
    slots: Slots,
    most: FloatArray,
    fewest: FloatArray,
) -> None:
    """How far each slot of a session that gives back may go up and down from ``fixed``, which others rely on."""
    t0, b, battery = fleet.first_step[i], fleet.begin[i], fleet.battery[i]
    for k in range(most.size):
        t, now = t0 + k, fleet.power_kw[b + k]
        slots.over[k], slots.under[k] = -np.inf, np.inf
        back = stores.back_kw_max[battery] * fleet.cap_kw[b + k] / max(fleet.power_kw_max[i], SMALL)
        more = room_up(fleet, net, i, t)
        if is_member(groups, i):
            more = min(more, room_across(net, groups, i, t))
        highest = now + max(more, 0.0)
        lowest = max(now - max(room_down(net, fleet.leaf[i], t), 0.0), -back)
        slots.fixed[k] = lowest if lowest > 0.0 else min(highest, 0.0)
        most[k] = max(highest, 0.0) - max(slots.fixed[k], 0.0)
        fewest[k] = min(slots.fixed[k], 0.0) - min(lowest, 0.0)
