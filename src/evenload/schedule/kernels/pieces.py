"""What power costs one session in a step, as straight pieces: members of limits across have more than one kink.

A step whose price bends or jumps is split at these points into slots of their own, each with a straight price. Prices
only rise with power, so the pieces of a step are used one after another, and whoever solves slots solves pieces.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.network import LIMIT, SMOOTHING, Fleet, Groups, Network
from evenload.schedule.kernels.storage import Slots


class Kinks(NamedTuple):
    """What tolls cost one session, kink by kink: ``weight * min(max(value + steep * power, low), high)`` per kW."""

    value: FloatArray  # (M, T) by step of the session
    high: FloatArray  # (M, T)
    low: FloatArray  # (M,)
    steep: FloatArray  # (M,)
    weight: FloatArray  # (M,)


class Points(NamedTuple):
    """Where the price of one step changes: how far from its start, how much its rise grows there, and the price."""

    where: FloatArray
    bend: FloatArray
    jump: FloatArray


class Pieces(NamedTuple):
    """Pieces of all steps in order; in each ``price + rise * power``, power counted from where the piece begins."""

    slots: Slots  # what solvers get: of charging, ``buy``, ``rise`` and ``cap``; no kinks are left
    price: FloatArray
    power: FloatArray
    step: IntArray  # which step of the session
    points: Points
    kinks: Kinks


@njit(cache=True, nogil=True)
def pieces_for(groups: Groups, first: int, last: int, steps: int) -> Pieces:
    """Space for any one of sessions ``first:last``."""
    most = 0
    for i in range(first, last):
        most = max(most, groups.begin[i + 1] - groups.begin[i])
    points = 2 * most + 4
    count = 2 * steps * (points + 1) if most > 0 else 0
    kinks = most + 2 if most > 0 else 0
    slots = Slots(
        np.empty(count), np.empty(count), np.empty(count), np.full(count, -np.inf), np.full(count, np.inf),
        np.empty(count), np.empty(count), np.zeros(count), np.empty(count, dtype=np.int64),
    )  # fmt: skip
    return Pieces(
        slots, np.empty(count), np.empty(count), np.empty(count, dtype=np.int64),
        Points(np.empty(points), np.empty(points), np.empty(points)),
        Kinks(
            np.empty((kinks, steps)), np.empty((kinks, steps)), np.empty(kinks), np.empty(kinks), np.empty(kinks)
        ),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def used(slots: Slots, count: int) -> Slots:
    """The first of them."""
    return Slots(
        slots.buy[:count], slots.sell[:count], slots.rise[:count], slots.over[:count], slots.under[:count],
        slots.cap[:count], slots.back[:count], slots.fixed[:count], slots.last[:count],
    )  # fmt: skip


@njit(cache=True, nogil=True)
def charging(pieces: Pieces, first: int, last: int, round_trip: float) -> None:
    """Pieces ``first:last`` are of charging."""
    for p in range(first, last):
        pieces.slots.buy[p], pieces.slots.sell[p] = pieces.price[p], pieces.price[p] / round_trip
        pieces.slots.back[p] = 0.0


@njit(cache=True, nogil=True)
def giving(pieces: Pieces, first: int, last: int, round_trip: float) -> None:
    """Pieces ``first:last`` are of giving back."""
    for p in range(first, last):
        pieces.slots.buy[p], pieces.slots.sell[p] = pieces.price[p] * round_trip, pieces.price[p]
        pieces.slots.back[p], pieces.slots.cap[p] = pieces.slots.cap[p], 0.0


@njit(cache=True, nogil=True)
def split(
    pieces: Pieces, count: int, k: int, price: float, rise: float, floor: float, length: float, points: int, way: float
) -> int:
    """Write the pieces of step k, ``length`` long, charging (``way`` 1) or giving back (-1); returns how many there
    are.

    ``price`` and ``rise`` are those at the start, ``floor`` the least that ``rise`` comes to.
    """
    where, bend, jump = pieces.points.where, pieces.points.bend, pieces.points.jump
    for a in range(1, points):
        b = a
        while b > 0 and where[b - 1] > where[b]:
            where[b - 1], where[b] = where[b], where[b - 1]
            bend[b - 1], bend[b] = bend[b], bend[b - 1]
            jump[b - 1], jump[b] = jump[b], jump[b - 1]
            b -= 1
    at, begun = 0.0, count
    for p in range(points + 1):
        end = min(where[p], length) if p < points else length
        if end > at or (p == points and count == begun):
            pieces.price[count], pieces.slots.rise[count] = price, max(rise, floor)
            pieces.slots.cap[count], pieces.step[count] = end - at, k
            price += way * rise * (end - at)
            at, count = end, count + 1
        if p < points:
            rise += bend[p]
            price += way * jump[p]
    return count


@njit(cache=True, nogil=True)
def find_kinks(fleet: Fleet, net: Network, groups: Groups, i: int, kink: int, found: Kinks) -> int:
    """Write what tolls of circuit ``kink`` and of limits across cost session i; returns how many kinks there are."""
    t0, n, count = fleet.first_step[i], fleet.slots[i], 0
    power = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + n]
    stiff = net.stiffness[kink]
    if stiff > 0.0 and net.kind[kink] != SMOOTHING:
        toll, flow, head = net.toll[kink], net.flow_kw[net.flow_row[kink]], net.head_kw[kink]
        steep = stiff * net.crowd[kink]
        for k in range(n):
            found.value[0, k] = toll[t0 + k] + stiff * (flow[t0 + k] - head[t0 + k]) - steep * power[k]
        found.high[0, :n], found.low[0], found.steep[0], found.weight[0] = np.inf, 0.0, steep, 1.0
        count = 1
        if net.kind[kink] == LIMIT and net.gives_back[kink]:
            low = net.low_kw[kink]
            for k in range(n):
                found.value[1, k] = toll[t0 + k] + stiff * (flow[t0 + k] - low[t0 + k]) - steep * power[k]
            found.high[1, :n], found.low[1], found.steep[1], found.weight[1] = 0.0, -np.inf, steep, 1.0
            count = 2
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        stiff = net.stiffness[node]
        if stiff > 0.0:
            toll, flow, head = net.toll[node], net.flow_kw[net.flow_row[node]], net.head_kw[node]
            most, steep = groups.toll_most[node - groups.circuits], stiff * net.crowd[node] * weight
            for k in range(n):
                found.value[count, k] = toll[t0 + k] + stiff * (flow[t0 + k] - head[t0 + k]) - steep * power[k]
                found.high[count, k] = most[t0 + k]
            found.low[count], found.steep[count], found.weight[count] = 0.0, steep, weight
            count += 1
    return count


@njit(cache=True, nogil=True)
def _bends(kinks: Kinks, count: int, k: int, length: float, way: float, points: Points) -> tuple[int, float, float]:
    """Note where kinks bend in step k within ``length``: how many points there are, and price and rise at no power."""
    found, price, rise = 0, 0.0, 0.0
    for m in range(count):
        value, steep, weight = kinks.value[m, k], kinks.steep[m], kinks.weight[m]
        low, high = kinks.low[m], kinks.high[m, k]
        near, far = (low, high) if way > 0.0 else (high, low)
        price += weight * min(max(value, low), high)
        ends = way * (far - value)
        begins = way * (near - value)
        reach = steep * length
        if ends <= 0.0 or begins >= reach:
            continue
        if begins <= 0.0:
            rise += weight * steep
        else:
            points.where[found], points.bend[found], points.jump[found] = begins / steep, weight * steep, 0.0
            found += 1
        if ends < reach:
            points.where[found], points.bend[found], points.jump[found] = ends / steep, -weight * steep, 0.0
            found += 1
    return found, price, rise


@njit(cache=True, nogil=True)
def charge_pieces(pieces: Pieces, kinks: int, level: FloatArray, rise: FloatArray, cap: FloatArray) -> int:
    """Pieces of a session that only charges, one more kW costing ``level + rise * power`` and tolls; how many."""
    count = 0
    for k in range(cap.size):
        points, toll, slope = _bends(pieces.kinks, kinks, k, cap[k], 1.0, pieces.points)
        if points > 0:
            count = split(pieces, count, k, level[k] + toll, rise[k] + slope, rise[k], cap[k], points, 1.0)
        else:
            pieces.price[count], pieces.slots.rise[count] = level[k] + toll, rise[k] + slope
            pieces.slots.cap[count], pieces.step[count] = cap[k], k
            count += 1
    return count


@njit(cache=True, nogil=True)
def store_pieces(
    pieces: Pieces,
    kinks: int,
    buy: FloatArray,
    sell: FloatArray,
    rise: FloatArray,
    cap: FloatArray,
    back: FloatArray,
    trip: float,
) -> int:
    """Pieces of a session that gives back as well; how many."""
    count, slots = 0, pieces.slots
    for k in range(cap.size):
        begun = count
        points, toll, slope = _bends(pieces.kinks, kinks, k, back[k], -1.0, pieces.points)
        if buy[k] + toll < trip * (sell[k] + toll):  # one or the other: the line between stands for both
            price = ((buy[k] + toll) * cap[k] + (sell[k] + toll) * back[k]) / (cap[k] + back[k] / trip + 1e-300)
            count = split(pieces, count, k, price, rise[k] + slope, rise[k], cap[k], 0, 1.0)
            slots.buy[begun], slots.sell[begun], slots.back[begun] = price, price / trip, back[k]
        else:
            count = split(pieces, count, k, sell[k] + toll, rise[k] + slope, rise[k], back[k], points, -1.0)
            giving(pieces, begun, count, trip)
            middle = count
            points, toll, slope = _bends(pieces.kinks, kinks, k, cap[k], 1.0, pieces.points)
            count = split(pieces, count, k, buy[k] + toll, rise[k] + slope, rise[k], cap[k], points, 1.0)
            charging(pieces, middle, count, trip)
        slots.last[begun:count], slots.fixed[begun:count] = count - 1, 0.0
    return count


@njit(cache=True, nogil=True)
def over_points(
    fleet: Fleet, net: Network, groups: Groups, i: int, k: int, start: float, pieces: Pieces, way: float
) -> tuple[int, float]:
    """Note where session i, from power ``start`` in its step k on, crosses limits across that may be exceeded: how many
    points there are, and what a kW costs there before the first.
    """
    t, power = fleet.first_step[i] + k, fleet.power_kw[fleet.begin[i] + k]
    points, price = 0, 0.0
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        most = weight * groups.toll_most[node - groups.circuits, t]
        if most == np.inf or most == 0.0:
            continue
        limit = power + (net.head_kw[node, t] - net.flow_kw[node, t]) / weight  # power at which it is reached
        if way * (limit - start) > 0.0 and limit * way < np.inf:
            where, bend, jump = pieces.points.where, pieces.points.bend, pieces.points.jump
            where[points], bend[points], jump[points] = way * (limit - start), 0.0, most
            points += 1
        if limit < start or (limit == start and way > 0.0):
            price += most
    return points, price
