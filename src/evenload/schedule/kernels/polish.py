"""From a plan inside every limit to a better one: each session in turn moves its energy to the cheapest room there is.

Rooms are those of the limits in ``net``; cost only falls. Where going above a limit across has a price, a step is as
many rooms as it has prices. ``kernels.network`` has the words.
"""

from typing import Final

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.kernels.finish import rooms_of_store
from evenload.schedule.kernels.market import market, response
from evenload.schedule.kernels.network import (
    NONE,
    SMALL,
    SMOOTHING,
    Fleet,
    Groups,
    Network,
    Prices,
    Stores,
    give,
    is_member,
    loose,
    room_across,
    room_up,
)
from evenload.schedule.kernels.optimum import take, take_across
from evenload.schedule.kernels.pieces import Pieces, charging, giving, over_points, pieces_for, split, used
from evenload.schedule.kernels.storage import Band, Slots, best

_FLIPS_MAX: Final = 16


@njit(cache=True, nogil=True)
def polish(fleet: Fleet, stores: Stores, net: Network, groups: Groups, prices: Prices, shaped: BoolArray) -> None:
    """Every session once moves its energy to the cheapest room there is; cost can only fall, limits always hold.

    ``shaped`` (N,): whether a smoothed circuit is at or above the node: there it is water-filling, else a ladder.
    """
    work = np.empty((11, prices.buy.shape[1]))
    own = np.arange(prices.buy.shape[1])
    pieces = pieces_for(groups, 0, fleet.slots.size, own.size)
    order = np.empty_like(prices.buy, dtype=np.int64)
    for tariff in range(prices.buy.shape[0]):
        order[tariff] = np.argsort(prices.buy[tariff], kind="mergesort")
    for i in range(fleet.slots.size):
        if fleet.slots[i] == 0:
            continue
        if is_member(groups, i):
            if fleet.battery[i] != NONE:
                _polish_store_across(fleet, stores, net, groups, prices, i, work, own, pieces)
            else:
                _polish_across(fleet, net, groups, prices, i, work, pieces)
        elif fleet.battery[i] != NONE:
            _polish_store(fleet, stores, net, groups, prices, i, work, own)
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
def _polish_store(
    fleet: Fleet, stores: Stores, net: Network, groups: Groups, prices: Prices, i: int, work: FloatArray, own: IntArray
) -> None:
    """The best power of a session that gives back inside the rooms there are; what it lacks is looked for again."""
    n, b, battery = fleet.slots[i], fleet.begin[i], fleet.battery[i]
    slots = Slots(
        work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], work[5, :n], work[6, :n], work[8, :n],
        own[:n],
    )  # fmt: skip
    trip = stores.round_trip[battery]
    most, fewest, found = work[9, :n], work[10, :n], work[7, :n]
    band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
    rooms_of_store(fleet, stores, net, groups, i, slots, most, fewest)
    _prices_of_store(fleet, stores, net, prices, i, slots, found)
    power = fleet.power_kw[b : b + n].copy()
    free, sides = np.empty(n, dtype=np.bool_), np.where(power < 0.0, -1, 1)
    for k in range(n):
        free[k] = slots.fixed[k] != 0.0 or slots.buy[k] >= trip * slots.sell[k]
    _try_sides(slots, band, prices.refusal, fleet.marginal[i], most, fewest, own, free, sides, power, found)
    take(fleet, net, i, power)


@njit(cache=True, nogil=True)
def _try_sides(
    slots: Slots,
    band: Band,
    refusal: float,
    guess: float,
    most: FloatArray,
    fewest: FloatArray,
    step: IntArray,
    free: BoolArray,
    sides: IntArray,
    power: FloatArray,
    found: FloatArray,
) -> None:
    """Better ``power`` of slots in which a battery may go ``most`` up and ``fewest`` down.

    Where giving back earns more than charging costs a step is not ``free``: it does one of the two, what it does now,
    or, tried one step after another, the other if that is better. ``step`` says which each slot is of.
    """
    least = _cost_of(power, slots, refusal, band)
    flips = 0
    for k in range(-1, sides.size):
        if k >= 0:
            if free[k] or flips == _FLIPS_MAX:
                continue
            sides[k], flips = -sides[k], flips + 1
        for j in range(power.size):
            either = free[step[j]]
            slots.cap[j] = most[j] if either or sides[step[j]] > 0 else 0.0
            slots.back[j] = fewest[j] if either or sides[step[j]] < 0 else 0.0
        best(slots, band, 0.0, refusal, guess, found)
        cost = _cost_of(found, slots, refusal, band)
        if cost < least:
            least, power[:] = cost, found
        elif k >= 0:
            sides[k] = -sides[k]


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
    if level < -slack or level > band.need + slack:
        return np.inf
    return cost + refusal * max(band.need - level, 0.0)


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
def _polish_across(
    fleet: Fleet, net: Network, groups: Groups, prices: Prices, i: int, work: FloatArray, pieces: Pieces
) -> None:
    """A session in limits across: water-filling, or a ladder where no circuit is smoothed, in rooms that cost more
    above limits across.
    """
    t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
    level, rise, new_kw = work[0, :n], work[1, :n], work[2, :n]
    level[:], rise[:] = prices.buy[fleet.tariff[i], t0 : t0 + n], 0.0
    _add_smoothing(fleet, net, i, level, rise)
    left, count, slots = 0.0, 0, pieces.slots
    for k in range(n):
        loose_kw = loose(fleet, net, i, t0 + k)
        new_kw[k] = fleet.power_kw[b + k] - loose_kw
        left += loose_kw
        more = min(room_up(fleet, net, i, t0 + k), room_across(net, groups, i, t0 + k))
        room = loose_kw + max(more, 0.0)
        points, over = over_points(fleet, net, groups, i, k, new_kw[k], pieces, 1.0)
        price = level[k] + rise[k] * new_kw[k] + over
        count = split(pieces, count, k, price, rise[k], rise[k], room, points, 1.0)
    if left <= 0.0:
        return
    price, given = pieces.price[:count], pieces.power[:count]
    given[:] = 0.0
    if rise.max() > 0.0:
        slots = used(slots, count)
        marginal = market(price, slots.rise, slots.over, slots.cap, left, fleet.marginal[i], 0.0, np.inf)
        for p in range(count):
            given[p] = response(marginal, price[p], slots.rise[p], -np.inf, slots.cap[p], 0.0)
            left -= given[p]
        for p in range(count):  # what the market's tolerance left over
            more = min(max(left, -given[p]), slots.cap[p] - given[p])
            given[p] += more
            left -= more
    else:
        for p in np.argsort(price, kind="mergesort"):
            given[p] = min(left, slots.cap[p])
            left -= given[p]
    for p in range(count):
        new_kw[pieces.step[p]] += given[p]
    take_across(fleet, net, groups, i, new_kw)


@njit(cache=True, nogil=True)
def _polish_store_across(
    fleet: Fleet,
    stores: Stores,
    net: Network,
    groups: Groups,
    prices: Prices,
    i: int,
    work: FloatArray,
    own: IntArray,
    pieces: Pieces,
) -> None:
    """As ``_polish_store``, of a session in limits across: where they are exceeded it pays more."""
    n, b, battery = fleet.slots[i], fleet.begin[i], fleet.battery[i]
    real = Slots(
        work[0, :n], work[1, :n], work[2, :n], work[3, :n], work[4, :n], work[5, :n], work[6, :n], work[8, :n],
        own[:n],
    )  # fmt: skip
    trip, most, fewest, total = stores.round_trip[battery], work[9, :n], work[10, :n], work[7, :n]
    rooms_of_store(fleet, stores, net, groups, i, real, most, fewest)
    _prices_of_store(fleet, stores, net, prices, i, real, total)
    free, sides = np.empty(n, dtype=np.bool_), np.empty(n, dtype=np.int64)
    slots, power, count = pieces.slots, pieces.power, 0
    for k in range(n):
        now, fixed, rise, begun = fleet.power_kw[b + k], real.fixed[k], real.rise[k], count
        points, over = over_points(fleet, net, groups, i, k, min(fixed, 0.0), pieces, -1.0)
        count = split(pieces, count, k, real.sell[k] + over, rise, rise, fewest[k], points, -1.0)
        giving(pieces, begun, count, trip)
        earned, middle = pieces.price[begun], count
        points, over = over_points(fleet, net, groups, i, k, max(fixed, 0.0), pieces, 1.0)
        count = split(pieces, count, k, real.buy[k] + over, rise, rise, most[k], points, 1.0)
        charging(pieces, middle, count, trip)
        free[k] = fixed != 0.0 or pieces.price[middle] >= trip * earned
        sides[k] = -1 if now < 0.0 else 1
        slots.last[begun:count], slots.fixed[begun:count] = count - 1, 0.0
        slots.fixed[middle if fixed > 0.0 else begun] = fixed
        _spread(slots, power, begun, count, now)
    slots, power, found = used(slots, count), power[:count], np.empty(count)
    band = Band(trip, stores.down[battery], stores.up[battery], fleet.need[i])
    most, fewest = slots.cap.copy(), slots.back.copy()
    _try_sides(slots, band, prices.refusal, fleet.marginal[i], most, fewest, pieces.step, free, sides, power, found)
    total[:] = 0.0
    for p in range(count):
        total[pieces.step[p]] += power[p]
    take_across(fleet, net, groups, i, total)


@njit(cache=True, nogil=True)
def _spread(slots: Slots, power: FloatArray, first: int, last: int, kw: float) -> None:
    """Write how a step's power is made of pieces ``first:last``."""
    left = kw
    for p in range(first, last):
        left -= slots.fixed[p]
        power[p] = slots.fixed[p]
    for p in range(first, last):
        each = min(max(left, -slots.back[p]), slots.cap[p])
        power[p] += each
        left -= each
