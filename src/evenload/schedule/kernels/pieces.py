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


class Pieces(NamedTuple):
    """Pieces of all steps in order; in each ``price + rise * power``, power counted from where the piece begins.

    ``where``, ``bend`` and ``jump`` are the points of one step while it is split: how far from its start, by how much
    ``rise`` and the price grow there.
    """

    slots: Slots  # what solvers get: of charging, ``buy``, ``rise`` and ``cap``; no kinks are left
    price: FloatArray
    power: FloatArray
    step: IntArray  # which step of the session
    where: FloatArray
    bend: FloatArray
    jump: FloatArray


@njit(cache=True, nogil=True)
def pieces_for(groups: Groups, first: int, last: int, steps: int) -> Pieces:
    """Space for any one of sessions ``first:last``."""
    most = 0
    for i in range(first, last):
        most = max(most, groups.begin[i + 1] - groups.begin[i])
    points = 2 * most + 4
    count = 2 * steps * (points + 1) if most > 0 else 0
    slots = Slots(
        np.empty(count), np.empty(count), np.empty(count), np.full(count, -np.inf), np.full(count, np.inf),
        np.empty(count), np.empty(count), np.zeros(count), np.empty(count, dtype=np.int64),
    )  # fmt: skip
    step = np.empty(count, dtype=np.int64)
    return Pieces(
        slots, np.empty(count), np.empty(count), step, np.empty(points), np.empty(points), np.empty(points)
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
    for a in range(1, points):
        b = a
        while b > 0 and pieces.where[b - 1] > pieces.where[b]:
            for each in (pieces.where, pieces.bend, pieces.jump):
                each[b - 1], each[b] = each[b], each[b - 1]
            b -= 1
    at, begun = 0.0, count
    for p in range(points + 1):
        end = min(pieces.where[p], length) if p < points else length
        if end > at or (p == points and count == begun):
            pieces.price[count], pieces.slots.rise[count] = price, max(rise, floor)
            pieces.slots.cap[count], pieces.step[count] = end - at, k
            price += way * rise * (end - at)
            at, count = end, count + 1
        if p < points:
            rise += pieces.bend[p]
            price += way * pieces.jump[p]
    return count


@njit(cache=True, nogil=True)
def _bend(
    pieces: Pieces, points: int, value: float, steep: float, low: float, high: float, weight: float, way: float
) -> tuple[int, float, float]:
    """Note where ``weight * min(max(value + steep * power, low), high)`` bends: how many points there are then, and the
    price and rise at no power.
    """
    near, far = (low, high) if way > 0.0 else (high, low)
    begins, ends = way * (near - value) / steep, way * (far - value) / steep
    price = weight * min(max(value, low), high)
    if ends <= 0.0:
        return points, price, 0.0
    rise = weight * steep
    pieces.where[points], pieces.bend[points], pieces.jump[points] = ends, -rise, 0.0
    points += 1
    if begins <= 0.0:
        return points, price, rise
    pieces.where[points], pieces.bend[points], pieces.jump[points] = begins, rise, 0.0
    return points + 1, price, 0.0


@njit(cache=True, nogil=True)
def toll_points(
    fleet: Fleet, net: Network, groups: Groups, i: int, k: int, kink: int, pieces: Pieces, way: float
) -> tuple[int, float, float]:
    """Note where the tolls of circuit ``kink`` and of all limits across bend for session i in its step k: how many
    points there are, and price and rise at no power.
    """
    t, power = fleet.first_step[i] + k, fleet.power_kw[fleet.begin[i] + k]
    points, price, rise = 0, 0.0, 0.0
    if net.stiffness[kink] > 0.0 and net.kind[kink] != SMOOTHING:
        steep = net.stiffness[kink] * net.crowd[kink]
        flow = net.flow_kw[net.flow_row[kink], t]
        value = net.toll[kink, t] + net.stiffness[kink] * (flow - net.head_kw[kink, t]) - steep * power
        points, more, slope = _bend(pieces, points, value, steep, 0.0, np.inf, 1.0, way)
        price, rise = price + more, rise + slope
        if net.kind[kink] == LIMIT and net.gives_back[kink]:
            value = net.toll[kink, t] + net.stiffness[kink] * (flow - net.low_kw[kink, t]) - steep * power
            points, more, slope = _bend(pieces, points, value, steep, -np.inf, 0.0, 1.0, way)
            price, rise = price + more, rise + slope
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node, weight = groups.node[j], groups.weight[j]
        if net.stiffness[node] > 0.0:
            steep = net.stiffness[node] * net.crowd[node] * weight
            flow = net.flow_kw[net.flow_row[node], t]
            value = net.toll[node, t] + net.stiffness[node] * (flow - net.head_kw[node, t]) - steep * power
            most = groups.toll_most[node - groups.circuits, t]
            points, more, slope = _bend(pieces, points, value, steep, 0.0, most, weight, way)
            price, rise = price + more, rise + slope
    return points, price, rise


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
            pieces.where[points], pieces.bend[points], pieces.jump[points] = way * (limit - start), 0.0, most
            points += 1
        if limit < start or (limit == start and way > 0.0):
            price += most
    return points, price
