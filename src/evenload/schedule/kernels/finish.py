"""From where sweeps end to a plan inside every limit, and better: clip, top up, polish. ``kernels.network`` has words.

Heads may be those of limits alone or of peaks as well: ``net`` is the caller's choice. Smoothing has no head.
"""

from typing import Final

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.kernels.market import market, response
from evenload.schedule.kernels.network import (
    NONE,
    SMALL,
    SMOOTHING,
    Fleet,
    Network,
    Prices,
    Stores,
    give,
    loose,
    make_flows,
    path_tolls,
    room_down,
    room_up,
)
from evenload.schedule.kernels.optimum import take
from evenload.schedule.kernels.storage import Band, Slots, best

_FLIPS_MAX: Final = 16


@njit(cache=True, nogil=True)
def place_stores(fleet: Fleet, stores: Stores, net: Network, wish_kw: FloatArray) -> None:
    """Move those that give back, one by one, as near to the powers wished for (K,) as limits and all others allow."""
    work = np.empty((10, net.flow_kw.shape[1]))
    for i in range(fleet.slots.size):
        n, b, battery = fleet.slots[i], fleet.begin[i], fleet.battery[i]
        if battery == NONE or n == 0:
            continue
        slots = Slots(
            work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], work[5, :n], work[6, :n], work[8, :n]
        )  # fmt: skip
        trip = stores.round_trip[battery]
        _rooms_of_store(fleet, stores, net, i, slots, slots.cap, slots.back)
        for k in range(n):
            wish = wish_kw[b + k] - slots.fixed[k]
            if wish >= 0.0:  # half the square of how far the level change is from the wish
                slots.buy[k], slots.sell[k], slots.rise[k] = -wish, -wish / trip, 1.0
            else:
                slots.buy[k], slots.sell[k], slots.rise[k] = -wish / trip, -wish / trip**2, 1.0 / trip**2
        band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
        best(slots, band, 0.0, 1e30, 0.0, work[7, :n])
        take(fleet, net, i, work[7, :n])


@njit(cache=True, nogil=True)
def clip(fleet: Fleet, net: Network, stores_placed: bool) -> None:
    """Scale powers of charging down, nodes from below, until no flow exceeds what head its node has; flows anew.

    With ``stores_placed`` flows are those of stores, which keep their powers.
    """
    nodes, steps = net.flow_kw.shape
    placed = net.flow_kw.copy() if stores_placed else np.zeros((1, 1))
    net.flow_kw[:] = 0.0
    for i in range(fleet.slots.size):
        if fleet.battery[i] != NONE:
            continue
        power = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + fleet.slots[i]]
        got = power.sum()
        if got > fleet.need[i]:  # by rounding of the market
            power *= fleet.need[i] / got
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
    make_flows(fleet, net)


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
def top_up(fleet: Fleet, net: Network, prices: Prices, lack: FloatArray) -> None:
    """Give those that only charge what they lack in the cheapest room, tolls counted; ``lack`` is kept true."""
    if not (lack > 0.0).any():
        return
    tolls = path_tolls(net, np.inf)
    paid = np.empty(tolls.shape[1])
    for i in range(fleet.slots.size):
        if lack[i] > 0.0 and fleet.battery[i] == NONE:
            t0, n = fleet.first_step[i], fleet.slots[i]
            for k in range(n):
                paid[k] = tolls[fleet.leaf[i], t0 + k] + prices.buy[fleet.tariff[i], t0 + k]
            for _ in range(n):
                if lack[i] <= SMALL:
                    break
                k = int(np.argmin(paid[:n]))  # one or two are enough as a rule: no need to sort them
                paid[k] = np.inf
                given = min(room_up(fleet, net, i, t0 + k), lack[i])
                if given > 0.0:
                    give(fleet, net, i, t0 + k, given)
                    lack[i] -= given


@njit(cache=True, nogil=True)
def polish(fleet: Fleet, stores: Stores, net: Network, prices: Prices, shaped: BoolArray) -> None:
    """Every session once moves its energy to the cheapest room there is; cost can only fall, limits always hold.

    ``shaped`` (N,): whether a smoothed circuit is at or above the node: there it is water-filling, else a ladder.
    """
    work = np.empty((11, prices.buy.shape[1]))
    order = np.empty_like(prices.buy, dtype=np.int64)
    for tariff in range(prices.buy.shape[0]):
        order[tariff] = np.argsort(prices.buy[tariff], kind="mergesort")
    for i in range(fleet.slots.size):
        if fleet.slots[i] == 0:
            continue
        if fleet.battery[i] != NONE:
            _polish_store(fleet, stores, net, prices, i, work)
        elif shaped[fleet.leaf[i]]:
            _polish_shaped(fleet, net, prices, i, work)
        else:
            _polish_ladder(fleet, net, order[fleet.tariff[i]], i, work[0])


@njit(cache=True, nogil=True)
def _polish_ladder(fleet: Fleet, net: Network, order: IntArray, i: int, room: FloatArray) -> None:
    """Cheapest steps first, the earlier of equals: ``order`` (T,) has them so."""
    t0, n = fleet.first_step[i], fleet.slots[i]
    left = 0.0
    for k in range(n):
        loose_kw = loose(fleet, net, i, t0 + k)
        left += loose_kw
        room[k] = loose_kw + max(room_up(fleet, net, i, t0 + k), 0.0)
    for t in order:
        k = t - t0
        if k < 0 or k >= n:
            continue
        given = min(room[k], left)
        left -= given
        change = given - loose(fleet, net, i, t0 + k)
        if change != 0.0:
            give(fleet, net, i, t0 + k, change)


@njit(cache=True, nogil=True)
def _add_smoothing(fleet: Fleet, net: Network, i: int, level: FloatArray, rise: FloatArray) -> None:
    """Add what smoothed circuits above session i cost at no power of its own, and per kW."""
    t0, b = fleet.first_step[i], fleet.begin[i]
    node = fleet.leaf[i]
    while node != NONE:
        if net.kind[node] == SMOOTHING:
            steep = net.stiffness[node]
            for k in range(level.size):
                flow = net.flow_kw[node, t0 + k] - fleet.power_kw[b + k]
                level[k] += steep * (flow - net.head_kw[node, t0 + k])
                rise[k] += steep
        node = net.parent[node]


@njit(cache=True, nogil=True)
def _polish_shaped(fleet: Fleet, net: Network, prices: Prices, i: int, work: FloatArray) -> None:
    """Water-filling inside the rooms there are; energy is kept to the last digit."""
    t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
    level, rise, room, over, new_kw = work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n]
    price = prices.buy[fleet.tariff[i]]
    fixed = work[5, :n]
    left = 0.0
    for k in range(n):
        loose_kw = loose(fleet, net, i, t0 + k)
        fixed[k] = fleet.power_kw[b + k] - loose_kw
        left += loose_kw
        room[k] = loose_kw + max(room_up(fleet, net, i, t0 + k), 0.0)
        level[k], rise[k], over[k] = price[t0 + k], 0.0, -np.inf
    if left <= 0.0:
        return
    _add_smoothing(fleet, net, i, level, rise)
    for k in range(n):
        level[k] += rise[k] * fixed[k]
    marginal = market(level, rise, over, room, left, fleet.marginal[i], 0.0, np.inf)
    for k in range(n):
        new_kw[k] = response(marginal, level[k], rise[k], -np.inf, room[k], 0.0)
        left -= new_kw[k]
    for k in range(n):  # what the market's tolerance left over
        more = min(max(left, -new_kw[k]), room[k] - new_kw[k])
        new_kw[k] += more + fixed[k]
        left -= more
    take(fleet, net, i, new_kw)


@njit(cache=True, nogil=True)
def _polish_store(fleet: Fleet, stores: Stores, net: Network, prices: Prices, i: int, work: FloatArray) -> None:
    """The best power of a session that gives back inside the rooms there are; what it lacks is looked for again.

    Where giving back earns more than charging costs a slot does one of the two: what it does now, or, tried one slot
    after another, the other if that is better.
    """
    n, b, battery = fleet.slots[i], fleet.begin[i], fleet.battery[i]
    slots = Slots(
        work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], work[5, :n], work[6, :n], work[8, :n]
    )  # fmt: skip
    trip, refusal = stores.round_trip[battery], prices.refusal
    most, fewest, found = work[9, :n], work[10, :n], work[7, :n]
    band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
    _rooms_of_store(fleet, stores, net, i, slots, most, fewest)
    _prices_of_store(fleet, stores, net, prices, i, slots, found)
    power = fleet.power_kw[b : b + n].copy()
    least = _cost_of(power, slots, refusal, band)
    sides = np.where(power < 0.0, -1, 1)
    flips = 0
    for k in range(-1, n):
        if k >= 0:
            if slots.fixed[k] != 0.0 or slots.buy[k] >= trip * slots.sell[k] or flips == _FLIPS_MAX:
                continue
            sides[k], flips = -sides[k], flips + 1
        for j in range(n):
            free = slots.fixed[j] != 0.0 or slots.buy[j] >= trip * slots.sell[j]
            slots.cap[j] = most[j] if free or sides[j] > 0 else 0.0
            slots.back[j] = fewest[j] if free or sides[j] < 0 else 0.0
        best(slots, band, 0.0, refusal, fleet.marginal[i], found)
        cost = _cost_of(found, slots, refusal, band)
        if cost < least:
            least, power[:] = cost, found
        elif k >= 0:
            sides[k] = -sides[k]
    take(fleet, net, i, power)


@njit(cache=True, nogil=True)
def _rooms_of_store(
    fleet: Fleet, stores: Stores, net: Network, i: int, slots: Slots, most: FloatArray, fewest: FloatArray
) -> None:
    """How far each slot of a session that gives back may go up and down from ``fixed``, which others rely on."""
    t0, b, battery = fleet.first_step[i], fleet.begin[i], fleet.battery[i]
    for k in range(most.size):
        t, now = t0 + k, fleet.power_kw[b + k]
        slots.over[k], slots.under[k] = -np.inf, np.inf
        back = stores.back_kw_max[battery] * fleet.cap_kw[b + k] / max(fleet.power_kw_max[i], SMALL)
        highest = now + max(room_up(fleet, net, i, t), 0.0)
        lowest = max(now - max(room_down(net, fleet.leaf[i], t), 0.0), -back)
        slots.fixed[k] = lowest if lowest > 0.0 else min(highest, 0.0)
        most[k] = max(highest, 0.0) - max(slots.fixed[k], 0.0)
        fewest[k] = min(slots.fixed[k], 0.0) - min(lowest, 0.0)


@njit(cache=True, nogil=True)
def _prices_of_store(
    fleet: Fleet, stores: Stores, net: Network, prices: Prices, i: int, slots: Slots, extra: FloatArray
) -> None:
    """What power costs a session that gives back in each slot, counted from ``fixed``."""
    t0, battery = fleet.first_step[i], fleet.battery[i]
    buy, sell = prices.buy[fleet.tariff[i]], prices.sell[fleet.tariff[i]]
    extra[:] = 0.0
    slots.rise[:] = 0.1 * prices.smoothing / max(fleet.power_kw_max[i], SMALL)
    _add_smoothing(fleet, net, i, extra, slots.rise)
    for k in range(extra.size):
        slots.buy[k] = buy[t0 + k] + extra[k] + slots.rise[k] * slots.fixed[k]
        slots.sell[k] = sell[t0 + k] - stores.wear[battery] + extra[k] + slots.rise[k] * slots.fixed[k]


@njit(cache=True, nogil=True)
def _cost_of(power: FloatArray, slots: Slots, refusal: float, band: Band) -> float:
    """What powers cost one session, refusal of what it lacks included; infinite outside its band or above its need."""
    cost, level, slack = 0.0, 0.0, 1e-8 * (1.0 + band.need)
    for k in range(power.size):
        each, rise = power[k], slots.rise[k]
        price = (slots.buy[k] if each > 0.0 else slots.sell[k]) - rise * slots.fixed[k]
        cost += each * price + 0.5 * rise * each * each
        level += each if each > 0.0 else each / band.round_trip
        if level > band.up + slack or level < -band.down - slack:
            return np.inf
    return cost + refusal * max(band.need - level, 0.0) if level <= band.need + slack else np.inf
