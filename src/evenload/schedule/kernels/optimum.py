"""Loops of the optimiser: sweeps of an augmented Lagrangian, its dual value, and the exact finish inside the limits.

Words: *need* and *amount* are kW summed over slots (energy over step length); *flow* is what sessions send through a
node, kW; *head* is what base load leaves of a node's limit; *toll* is the current price of a node and step, per kW of
one step; *stiffness* is how fast a toll rises with flow above head. Sessions are sorted so that those below a node are
the contiguous rows ``first_row[n]:last_row[n]``. ``schedule.optimum`` explains the method and gives sources.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import FloatArray, IntArray

SMALL: Final = 1e-9
"""Flows and rooms below this (kW) are rounding."""

_NEWTON_MAX: Final = 60
_NONE: Final = -1


class Fleet(NamedTuple):
    """Sessions in order of the tree; session i owns slots ``begin[i] : begin[i] + slots[i]``."""

    first_step: IntArray  # (S,)
    begin: IntArray  # (S,)
    slots: IntArray  # (S,)
    leaf: IntArray  # (S,)
    cap_kw: FloatArray  # (K,)
    power_kw_max: FloatArray  # (S,)
    need: FloatArray  # (S,)
    power_kw: FloatArray  # (K,) written to
    marginal: FloatArray  # (S,) price of one more kW of each session, written to


class Network(NamedTuple):
    """Circuits, parents before children."""

    parent: IntArray  # (N,)
    first_row: IntArray  # (N,)
    last_row: IntArray  # (N,)
    head_kw: FloatArray  # (N, T) 0 or more, inf = unlimited
    flow_kw: FloatArray  # (N, T) written to
    toll: FloatArray  # (N, T)
    stiffness: FloatArray  # (N,) 0 = unlimited


@njit(cache=True, nogil=True)
def sweep(fleet: Fleet, net: Network, price: FloatArray, refusal: float, smoothing: float) -> None:
    """Every session once, in order, takes its best power against everybody else's (block coordinate descent).

    One more kW in step t costs ``price + smoothing * power / power_kw_max + sum over path of max(0, toll + stiffness *
    (flow - head))``. The kink of that sum at the leaf is exact; circuits above it are taken as straight lines through
    where they are now, which the next sweep corrects. What would cost more than ``refusal`` is left unserved.
    """
    level, rise, over, best = np.empty((4, price.size))
    for i in range(fleet.slots.size):
        t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
        cap, power = fleet.cap_kw[b : b + n], fleet.power_kw[b : b + n]
        leaf = fleet.leaf[i]
        steep, smooth = net.stiffness[leaf], smoothing / fleet.power_kw_max[i]
        for k in range(n):
            level[k], rise[k], over[k] = price[t0 + k], smooth, -np.inf
        _outside(net, net.parent[leaf], t0, power, level, rise)
        if steep > 0.0:
            toll, flow, head = net.toll[leaf], net.flow_kw[leaf], net.head_kw[leaf]
            for k in range(n):
                over[k] = toll[t0 + k] + steep * (flow[t0 + k] - power[k] - head[t0 + k])
        marginal = _market(level[:n], rise, over, cap, fleet.need[i], fleet.marginal[i], steep, refusal)
        fleet.marginal[i] = marginal
        for k in range(n):
            best[k] = _response(marginal, level[k], rise[k], over[k], cap[k], steep) - power[k]
        node = leaf
        while node != _NONE:
            flow = net.flow_kw[node, t0 : t0 + n]
            for k in range(n):
                flow[k] += best[k]
            node = net.parent[node]
        for k in range(n):
            power[k] += best[k]


@njit(cache=True, nogil=True)
def _outside(net: Network, node: int, t0: int, power: FloatArray, level: FloatArray, rise: FloatArray) -> None:
    """Add the tolls of ``node`` and all above it to ``level`` (at no power) and ``rise`` (per kW), as lines."""
    while node != _NONE:
        steep = net.stiffness[node]
        if steep > 0.0:
            toll, flow, head = net.toll[node], net.flow_kw[node], net.head_kw[node]
            for k in range(power.size):
                now = toll[t0 + k] + steep * (flow[t0 + k] - head[t0 + k])
                if now > 0.0:
                    level[k] += now - steep * power[k]
                    rise[k] += steep
        node = net.parent[node]


@njit(cache=True, nogil=True)
def _response(marginal: float, level: float, rise: float, over: float, cap: float, steep: float) -> float:
    """Power at which ``level + rise * power + max(0, over + steep * power)`` is ``marginal``, within [0, cap]."""
    gain = marginal - level
    return min(max(min(gain / rise, (gain - over) / (rise + steep)), 0.0), cap)


@njit(cache=True, nogil=True)
def _market(
    level: FloatArray,
    rise: FloatArray,
    over: FloatArray,
    cap: FloatArray,
    need: float,
    guess: float,
    steep: float,
    refusal: float,
) -> float:
    """The marginal price at which the responses of all slots sum to the need; ``refusal`` where they cannot.

    Newton's method on a piecewise linear, increasing function, kept inside a bracket.
    """
    low, high = level[0], level[0]
    soft, hard = np.empty(level.size), np.empty(level.size)
    for k in range(level.size):
        low = min(low, level[k])
        high = max(high, level[k] + rise[k] * cap[k] + max(0.0, over[k] + steep * cap[k]))
        soft[k], hard[k] = 1.0 / rise[k], 1.0 / (rise[k] + steep)
    high = min(high, refusal)
    low = min(low, high)
    marginal: float = min(max(guess, low), high)
    for _ in range(_NEWTON_MAX):
        total, slope = 0.0, 0.0
        for k in range(level.size):
            gain = marginal - level[k]
            free, held = gain * soft[k], (gain - over[k]) * hard[k]
            power = min(free, held)
            total += min(max(power, 0.0), cap[k])
            if 0.0 < power < cap[k]:
                slope += soft[k] if free <= held else hard[k]
        gap = need - total
        if abs(gap) <= 1e-7 * need + 1e-12:
            break
        low, high = (marginal, high) if gap > 0.0 else (low, marginal)
        if high - low <= 1e-13 * (abs(high) + abs(low)):
            break
        following = marginal + gap / slope if slope > 0.0 else 0.5 * (low + high)
        marginal = following if low < following < high else 0.5 * (low + high)
    return marginal


@njit(cache=True, nogil=True)
def money(fleet: Fleet, price: FloatArray) -> float:
    """What the fleet's power costs at ``price`` per kW of one step."""
    total = 0.0
    for i in range(fleet.slots.size):
        for k in range(fleet.slots[i]):
            total += fleet.power_kw[fleet.begin[i] + k] * price[fleet.first_step[i] + k]
    return total


@njit(cache=True, nogil=True)
def raise_tolls(net: Network) -> None:
    """One step of the method of multipliers: tolls move by stiffness times flow above head, never below 0."""
    for n in range(net.parent.size):
        if net.stiffness[n] > 0.0:
            for t in range(net.toll.shape[1]):
                net.toll[n, t] = max(0.0, net.toll[n, t] + net.stiffness[n] * (net.flow_kw[n, t] - net.head_kw[n, t]))


@njit(cache=True, nogil=True)
def dual_value(fleet: Fleet, net: Network, price: FloatArray, refusal: float) -> float:
    """Lagrangian dual at the current tolls: a lower bound on money plus ``refusal`` times what is unserved."""
    ladder = np.empty(price.size)
    path_price = _with_tolls(net, price, refusal)
    total = 0.0
    for i in range(fleet.slots.size):
        t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
        paid = ladder[:n]
        paid[:] = path_price[fleet.leaf[i], t0 : t0 + n]
        left, cost = fleet.need[i], 0.0
        for k in np.argsort(paid):
            if left <= 0.0 or paid[k] >= refusal:
                break
            given = min(left, fleet.cap_kw[b + k])
            cost += given * paid[k]
            left -= given
        total += cost + refusal * max(left, 0.0)
    for n in range(net.parent.size):
        for t in range(price.size):
            if net.toll[n, t] > 0.0 and net.head_kw[n, t] > SMALL:
                total -= net.toll[n, t] * net.head_kw[n, t]
    return total


@njit(cache=True, nogil=True)
def _with_tolls(net: Network, price: FloatArray, blocked: float) -> FloatArray:
    """Price plus all tolls from each node to the root, shape (N, T); where there is no head at all, ``blocked``.

    A toll on no head costs the dual nothing, so it may be as high as anybody would have to be kept out with.
    """
    paid = np.empty(net.toll.shape)
    for n in range(net.parent.size):
        above = net.parent[n]
        for t in range(price.size):
            paid[n, t] = net.toll[n, t] + (paid[above, t] if above != _NONE else price[t])
            if net.head_kw[n, t] <= SMALL:
                paid[n, t] = max(paid[n, t], blocked)
    return paid


@njit(cache=True, nogil=True)
def clip(fleet: Fleet, net: Network) -> None:
    """Scale powers down, nodes from below, until no flow exceeds what head its node has; flows are made anew."""
    nodes, steps = net.flow_kw.shape
    net.flow_kw[:] = 0.0
    for i in range(fleet.slots.size):
        power = fleet.power_kw[fleet.begin[i] : fleet.begin[i] + fleet.slots[i]]
        got = power.sum()
        if got > fleet.need[i]:  # by rounding of the market
            power *= fleet.need[i] / got
        for k in range(fleet.slots[i]):
            net.flow_kw[fleet.leaf[i], fleet.first_step[i] + k] += power[k]
    share = np.ones((nodes, steps))
    for n in range(nodes - 1, -1, -1):
        for t in range(steps):
            if net.flow_kw[n, t] > net.head_kw[n, t]:
                share[n, t] = net.head_kw[n, t] / net.flow_kw[n, t]
                net.flow_kw[n, t] = net.head_kw[n, t]
            if net.parent[n] != _NONE:
                net.flow_kw[net.parent[n], t] += net.flow_kw[n, t]
    for n in range(1, nodes):
        for t in range(steps):
            share[n, t] *= share[net.parent[n], t]
    net.flow_kw[:] = 0.0
    for i in range(fleet.slots.size):
        for k in range(fleet.slots[i]):
            fleet.power_kw[fleet.begin[i] + k] *= share[fleet.leaf[i], fleet.first_step[i] + k]
            net.flow_kw[fleet.leaf[i], fleet.first_step[i] + k] += fleet.power_kw[fleet.begin[i] + k]
    for n in range(nodes - 1, 0, -1):
        for t in range(steps):
            net.flow_kw[net.parent[n], t] += net.flow_kw[n, t]


@njit(cache=True, nogil=True)
def _room(fleet: Fleet, net: Network, i: int, t: int) -> float:
    """How much more session i could take in step t: its own cap and every head above it."""
    slot = fleet.begin[i] + t - fleet.first_step[i]
    room: float = fleet.cap_kw[slot] - fleet.power_kw[slot]
    node = fleet.leaf[i]
    while node != _NONE:
        room = min(room, net.head_kw[node, t] - net.flow_kw[node, t])
        node = net.parent[node]
    return room


@njit(cache=True, nogil=True)
def _give(fleet: Fleet, net: Network, i: int, t: int, power_kw: float) -> None:
    """Add power to session i in step t and to every flow above it."""
    fleet.power_kw[fleet.begin[i] + t - fleet.first_step[i]] += power_kw
    node = fleet.leaf[i]
    while node != _NONE:
        net.flow_kw[node, t] += power_kw
        node = net.parent[node]


@njit(cache=True, nogil=True)
def lacking(fleet: Fleet) -> FloatArray:
    """What each session still lacks of its need, 0 within rounding."""
    lack = np.zeros(fleet.slots.size)
    for i in range(fleet.slots.size):
        got = 0.0
        for k in range(fleet.slots[i]):
            got += fleet.power_kw[fleet.begin[i] + k]
        short = fleet.need[i] - got
        lack[i] = short if short > SMALL * (1.0 + fleet.need[i]) else 0.0
    return lack


@njit(cache=True, nogil=True)
def top_up(fleet: Fleet, net: Network, price: FloatArray, lack: FloatArray) -> None:
    """Give whoever lacks something the cheapest room there is, tolls counted; ``lack`` (S,) is brought up to date."""
    paid = _with_tolls(net, price, np.inf)
    for i in range(fleet.slots.size):
        if lack[i] > 0.0:
            t0 = fleet.first_step[i]
            for k in np.argsort(paid[fleet.leaf[i], t0 : t0 + fleet.slots[i]]):
                given = min(_room(fleet, net, i, t0 + k), lack[i])
                if given > 0.0:
                    _give(fleet, net, i, t0 + k, given)
                    lack[i] -= given
                if lack[i] <= SMALL:
                    break


@njit(cache=True, nogil=True)
def polish(fleet: Fleet, net: Network, price: FloatArray) -> None:
    """Every session once moves its energy to the cheapest room there is; cost can only fall, limits always hold."""
    room = np.empty(price.size)
    for i in range(fleet.slots.size):
        t0, b, n = fleet.first_step[i], fleet.begin[i], fleet.slots[i]
        left = 0.0
        for k in range(n):
            left += fleet.power_kw[b + k]
            room[k] = fleet.power_kw[b + k] + max(_room(fleet, net, i, t0 + k), 0.0)
        for k in np.argsort(price[t0 : t0 + n]):
            given = min(room[k], left)
            left -= given
            if given != fleet.power_kw[b + k]:
                _give(fleet, net, i, t0 + k, given - fleet.power_kw[b + k])
