"""Arrays of the optimiser, and what all its loops do with them: rooms, flows, tolls.

Words: *need* and *amount* are kW summed over slots (energy over step length); *level* is what a battery holds above
plug-in in the same unit; *flow* is what sessions send through a node, kW; *head* is the most and *low* the least that
base load leaves of a node's limits; *toll* is the current price of a node and step, per kW of one step, negative where
a flow is too low; *stiffness* is how fast a toll moves with flow. Sessions are sorted so that those below a node are
the contiguous rows ``first_row[n]:last_row[n]``. ``schedule.optimum`` explains the method and gives sources.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray

SMALL: Final = 1e-9
"""Flows and rooms below this (kW) are rounding."""

NONE: Final = -1

LIMIT: Final = 0
PEAK: Final = 1
SMOOTHING: Final = 2
ACROSS: Final = 3
"""Kinds of nodes: a limit has tolls, a peak's head moves too, smoothing costs stiffness / 2 * (flow - head) ** 2. A
limit across the tree hangs nowhere, its members are named by sessions; ``Groups`` has its members."""


class Fleet(NamedTuple):
    """Sessions in order of the tree; session i owns slots ``begin[i] : begin[i] + slots[i]``."""

    first_step: IntArray  # (S,)
    begin: IntArray  # (S,)
    slots: IntArray  # (S,)
    leaf: IntArray  # (S,)
    tariff: IntArray  # (S,)
    battery: IntArray  # (S,) row of Stores, -1 = charging only
    cap_kw: FloatArray  # (K,)
    power_kw_max: FloatArray  # (S,)
    need: FloatArray  # (S,)
    power_kw: FloatArray  # (K,) written to
    marginal: FloatArray  # (S,) price of one more kW of each session, written to


class Stores(NamedTuple):
    """Batteries that give back."""

    back_kw_max: FloatArray  # (B,)
    round_trip: FloatArray  # (B,)
    down: FloatArray  # (B,) how far the level may fall below that at plug-in
    up: FloatArray  # (B,) how far it may rise
    wear: FloatArray  # (B,) price per kW of one step given back


class Prices(NamedTuple):
    """Per kW of one step."""

    buy: FloatArray  # (M, T)
    sell: FloatArray  # (M, T)
    refusal: float  # what one kW unserved costs
    smoothing: float  # what full power costs more than none


class Network(NamedTuple):
    """Circuits, parents before children, then limits across; ``low_kw`` has no rows where nobody gives back.

    ``flow_row`` says in which row of ``flow_kw`` a node's flow is: its own, or one that a part of the fleet works on.
    """

    parent: IntArray  # (N,)
    flow_row: IntArray  # (N,)
    kind: IntArray  # (N,)
    crowd: IntArray  # (N,) how many parts of the fleet answer to its flow at once
    first_row: IntArray  # (N,)
    last_row: IntArray  # (N,)
    gives_back: BoolArray  # (N,) whether anybody below does
    head_kw: FloatArray  # (N, T) 0 or more, inf = unlimited; of smoothing: minus base load
    low_kw: FloatArray  # (N, T) 0 or less, or (0, T)
    flow_kw: FloatArray  # (N or more, T) written to
    toll: FloatArray  # (N, T)
    stiffness: FloatArray  # (N,) 0 = unlimited


class Groups(NamedTuple):
    """Limits across the tree, which are the last nodes, and their members: session i is in limits
    ``node[begin[i] : begin[i + 1]]``.
    """

    circuits: int  # how many nodes are of the tree
    begin: IntArray  # (S+1,)
    node: IntArray  # (J,)
    weight: FloatArray  # (J,) kW through the limit per kW
    toll_most: FloatArray  # (N - circuits, T) price of going above it, inf = it must not


class Peaks(NamedTuple):
    """Nodes of kind ``PEAK``: what their highest load costs."""

    node: IntArray  # (P,)
    base_kw: FloatArray  # (P, T)
    floor_kw: FloatArray  # (P,) no plan's peak is lower, or lower ones cost no less
    price: FloatArray  # (P,) per kW
    without: FloatArray  # (P,) what base load alone pays


@njit(cache=True, nogil=True)
def is_member(groups: Groups, i: int) -> bool:
    """Whether session i is in a limit across."""
    return bool(groups.begin[i] < groups.begin[i + 1])


@njit(cache=True, nogil=True)
def room_up(fleet: Fleet, net: Network, i: int, t: int) -> float:
    """How much more session i could take in step t: its own cap and every head above it, not those across."""
    slot = fleet.begin[i] + t - fleet.first_step[i]
    room: float = fleet.cap_kw[slot] - fleet.power_kw[slot]
    node = fleet.leaf[i]
    while node != NONE:
        if net.kind[node] != SMOOTHING:
            room = min(room, net.head_kw[node, t] - net.flow_kw[node, t])
        node = net.parent[node]
    return room


@njit(cache=True, nogil=True)
def room_across(net: Network, groups: Groups, i: int, t: int) -> float:
    """How much more session i could take in step t by the limits across that must hold."""
    room = np.inf
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node = groups.node[j]
        if groups.toll_most[node - groups.circuits, t] == np.inf:
            room = min(room, (net.head_kw[node, t] - net.flow_kw[node, t]) / groups.weight[j])
    return room


@njit(cache=True, nogil=True)
def room_down(net: Network, leaf: int, t: int) -> float:
    """How much less a session below ``leaf`` could send through the circuits above it in step t."""
    room = np.inf
    node = leaf
    while node != NONE:
        if net.kind[node] == LIMIT and net.gives_back[node]:
            room = min(room, net.flow_kw[node, t] - net.low_kw[node, t])
        node = net.parent[node]
    return room


@njit(cache=True, nogil=True)
def loose(fleet: Fleet, net: Network, i: int, t: int) -> float:
    """How much session i could do without in step t: its power, as far as nobody gives back on the strength of it."""
    power: float = fleet.power_kw[fleet.begin[i] + t - fleet.first_step[i]]
    if power > 0.0 and net.low_kw.shape[0] > 0:
        return min(power, max(room_down(net, fleet.leaf[i], t), 0.0))
    return power


@njit(cache=True, nogil=True)
def give(fleet: Fleet, net: Network, i: int, t: int, power_kw: float) -> None:
    """Add power to session i in step t and to every flow above it, not to those across."""
    fleet.power_kw[fleet.begin[i] + t - fleet.first_step[i]] += power_kw
    node = fleet.leaf[i]
    while node != NONE:
        net.flow_kw[node, t] += power_kw
        node = net.parent[node]


@njit(cache=True, nogil=True)
def give_across(net: Network, groups: Groups, i: int, t: int, power_kw: float) -> None:
    """Add power of session i in step t to the flows of limits across that it is in; ``give`` does the rest."""
    for j in range(groups.begin[i], groups.begin[i + 1]):
        net.flow_kw[groups.node[j], t] += groups.weight[j] * power_kw


@njit(cache=True, nogil=True)
def make_flows(fleet: Fleet, net: Network, groups: Groups) -> None:
    """Flows anew from the powers of all sessions."""
    net.flow_kw[:] = 0.0
    for i in range(fleet.slots.size):
        for k in range(fleet.slots[i]):
            net.flow_kw[fleet.leaf[i], fleet.first_step[i] + k] += fleet.power_kw[fleet.begin[i] + k]
    flows_across(fleet, net, groups)
    for n in range(groups.circuits - 1, 0, -1):
        net.flow_kw[net.parent[n]] += net.flow_kw[n]


@njit(cache=True, nogil=True)
def flows_across(fleet: Fleet, net: Network, groups: Groups) -> None:
    """Add the powers of all sessions to the flows of limits across."""
    for i in range(fleet.slots.size):
        for j in range(groups.begin[i], groups.begin[i + 1]):
            flow, weight = net.flow_kw[groups.node[j]], groups.weight[j]
            for k in range(fleet.slots[i]):
                flow[fleet.first_step[i] + k] += weight * fleet.power_kw[fleet.begin[i] + k]


@njit(cache=True, nogil=True)
def carry_over(
    begins: IntArray, offset: IntArray, same: IntArray, before: IntArray, power_kw: FloatArray, carried: FloatArray
) -> None:
    """Write powers of an earlier plan into other windows; session i was ``same[i]`` (-1 = none) with slots from
    ``before[same[i]]``, of which its first slot now was number ``begins[i]``.
    """
    for i in range(same.size):
        if same[i] >= 0:
            first, last = before[same[i]], before[same[i] + 1]
            for k in range(offset[i + 1] - offset[i]):
                slot = first + begins[i] + k
                if first <= slot < last:
                    carried[offset[i] + k] = power_kw[slot]


@njit(cache=True, nogil=True)
def path_tolls(net: Network, blocked: float) -> FloatArray:
    """All tolls from each node to the root, shape (N, T); where nothing at all can pass, ``blocked`` at the least.

    A toll on no head costs the dual nothing, so it may be as high as anybody would have to be kept out with. Where
    somebody below gives back, others may take it: nothing is blocked there.
    """
    paid = np.empty_like(net.toll)
    for n in range(net.parent.size):
        above = net.parent[n]
        for t in range(net.toll.shape[1]):
            own = net.toll[n, t]
            if net.kind[n] == SMOOTHING:
                own = net.stiffness[n] * (net.flow_kw[n, t] - net.head_kw[n, t])
            paid[n, t] = own + (paid[above, t] if above != NONE else 0.0)
            if net.kind[n] == LIMIT and net.head_kw[n, t] <= SMALL and not net.gives_back[n]:
                paid[n, t] = max(paid[n, t], blocked)
    return paid


@njit(cache=True, nogil=True)
def raise_tolls(net: Network, groups: Groups, peaks: Peaks) -> None:
    """One step of the method of multipliers: tolls move by stiffness times what a flow is outside its bounds."""
    for p in range(peaks.node.size):
        _set_peak(net, peaks, p)
    for n in range(net.parent.size):
        steep = net.stiffness[n]
        if steep > 0.0 and net.kind[n] != SMOOTHING:
            two_sided = net.gives_back[n] and net.kind[n] == LIMIT
            for t in range(net.toll.shape[1]):
                toll = net.toll[n, t] + steep * (net.flow_kw[n, t] - net.head_kw[n, t])
                if toll < 0.0 and two_sided:
                    toll = min(0.0, net.toll[n, t] + steep * (net.flow_kw[n, t] - net.low_kw[n, t]))
                    net.toll[n, t] = toll
                else:
                    net.toll[n, t] = max(0.0, toll)
    for n in range(groups.circuits, net.parent.size):
        for t in range(net.toll.shape[1]):
            net.toll[n, t] = min(net.toll[n, t], groups.toll_most[n - groups.circuits, t])


@njit(cache=True, nogil=True)
def tolls_ahead(net: Network, groups: Groups, before: FloatArray, length: float, ahead: FloatArray) -> None:
    """Write where tolls come to that go on, ``length`` times as far, as they have since ``before``."""
    for n in range(net.parent.size):
        two_sided = net.gives_back[n] and net.kind[n] == LIMIT
        for t in range(net.toll.shape[1]):
            toll = net.toll[n, t] + length * (net.toll[n, t] - before[n, t])
            if toll < 0.0 and not (two_sided and net.low_kw[n, t] > -np.inf):
                toll = 0.0
            if n >= groups.circuits:
                toll = min(toll, groups.toll_most[n - groups.circuits, t])
            ahead[n, t] = toll


@njit(cache=True, nogil=True)
def _set_peak(net: Network, peaks: Peaks, p: int) -> None:
    """Move a peak to where its tolls after this step would add up to its price (Newton from below, which ends)."""
    n, steep = peaks.node[p], net.stiffness[peaks.node[p]]
    peak = peaks.floor_kw[p]
    for _ in range(net.toll.shape[1] + 1):
        total, active = 0.0, 0
        for t in range(net.toll.shape[1]):
            toll = net.toll[n, t] + steep * (net.flow_kw[n, t] + peaks.base_kw[p, t] - peak)
            if toll > 0.0:
                total, active = total + toll, active + 1
        if active == 0 or total <= peaks.price[p] * (1.0 + 1e-12):
            break
        peak += (total - peaks.price[p]) / (steep * active)
    net.head_kw[n] = peak - peaks.base_kw[p]


@njit(cache=True, nogil=True)
def network_value(net: Network, groups: Groups, peaks: Peaks) -> float:
    """What tolls are worth at the nodes themselves: the dual's part that no session sees.

    Tolls of a peak are first scaled down to its price if they are above it.
    """
    total = 0.0
    for p in range(peaks.node.size):
        toll = net.toll[peaks.node[p]]
        excess = toll.sum() / peaks.price[p]
        if excess > 1.0:
            toll /= excess
        total += (toll * peaks.base_kw[p]).sum() + (peaks.price[p] - toll.sum()) * peaks.floor_kw[p] - peaks.without[p]
    for n in range(net.parent.size):
        for t in range(net.toll.shape[1]):
            toll, head = net.toll[n, t], net.head_kw[n, t]
            if net.kind[n] == LIMIT:
                if toll > 0.0 and head > SMALL:
                    total -= toll * head
                elif toll < 0.0:
                    total -= toll * net.low_kw[n, t]
            elif net.kind[n] == SMOOTHING:  # the price at this flow, less what base load pays by itself
                total -= 0.5 * net.stiffness[n] * net.flow_kw[n, t] ** 2
            elif net.kind[n] == ACROSS:
                if toll > 0.0:
                    total -= toll * head
                if head < 0.0:  # what base pays by itself
                    total += groups.toll_most[n - groups.circuits, t] * head
    return total
