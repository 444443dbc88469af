"""Making room by exchanges where limits cut across the tree: a session gets what it lacks when others can move.

The network is a flow from sessions through their slots and the circuits of each step to the grid. A session that lacks
something looks for an augmenting path (breadth first, Edmonds and Karp 1972): take a slot whose circuit is full, move
another session below that circuit to another slot, and so on until a slot with room is found. When no path is left,
nothing more can be served by anyone: the unserved energy is the least possible, and the search has proved it. Sessions
that give back neither move nor look for room here: with them the search proves nothing, and the dual has to.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.kernels.network import (
    NONE,
    SMALL,
    Fleet,
    Groups,
    Network,
    give,
    give_across,
    is_member,
    loose,
    room_across,
)

_TOO_LITTLE: Final = 1e-5


class Search(NamedTuple):
    """States of one search: a full circuit in a step, who wants in, who came before; a hash table finds them again."""

    node: IntArray
    step: IntArray
    before: IntArray
    mover: IntArray
    table: IntArray
    held: IntArray  # (2,) how many; and whether a limit across has stood in the way


@njit(cache=True, nogil=True)
def exchange(fleet: Fleet, net: Network, groups: Groups, lack: FloatArray, scarce: BoolArray, states_max: int) -> bool:
    """Serve what is lacking by exchanges, ``lack`` brought up to date; False where a search was cut short.

    ``scarce`` (N, T) is set where a circuit stands between somebody's need and the grid: the smallest cut.
    """
    states_max = min(states_max, net.toll.size + 1)  # never full when every state is known
    size = 4
    while size < 4 * states_max:
        size *= 2
    search = Search(
        np.empty(states_max, dtype=np.int64), np.empty(states_max, dtype=np.int64),
        np.empty(states_max, dtype=np.int64), np.empty(states_max, dtype=np.int64),
        np.full(size, NONE, dtype=np.int64), np.zeros(2, dtype=np.int64),
    )  # fmt: skip
    complete = True
    for i in range(lack.size):
        if lack[i] > SMALL and fleet.battery[i] != NONE:
            for k in range(fleet.slots[i]):
                t = fleet.first_step[i] + k
                node = _full_circuit(fleet, net, i, t)
                if node != NONE and fleet.cap_kw[fleet.begin[i] + k] - fleet.power_kw[fleet.begin[i] + k] > SMALL:
                    scarce[node, t] = True
            continue
        while lack[i] > SMALL and not _shut_in(fleet, net, groups, i, scarce):
            found, mover, step = _look(fleet, net, groups, search, i)
            if found == -2:
                complete = complete and search.held[0] < states_max
                _mark(search, scarce)
                break
            given = _along(fleet, net, groups, search, found, mover, step, lack[i], False)
            if given <= 0.1 * SMALL:
                break
            if groups.node.size > 0 and given <= _TOO_LITTLE * lack[i]:  # nearly full limits across: it would take ages
                search.held[1] = 1
                break
            _along(fleet, net, groups, search, found, mover, step, given, True)
            lack[i] -= given
        if lack[i] > SMALL and _mark_across(fleet, net, groups, i, scarce):
            search.held[1] = 1
    for n in range(1, net.parent.size):  # only the uppermost: what is below a full circuit is not what stops the flow
        above = net.parent[n]
        while above != NONE:
            for t in range(scarce.shape[1]):
                scarce[n, t] = scarce[n, t] and not scarce[above, t]
            above = net.parent[above]
    return complete and search.held[1] == 0


@njit(cache=True, nogil=True)
def _shut_in(fleet: Fleet, net: Network, groups: Groups, i: int, scarce: BoolArray) -> bool:
    """Whether all session i could ask for is known to lead nowhere: what once did always will."""
    for k in range(fleet.slots[i]):
        slot, t = fleet.begin[i] + k, fleet.first_step[i] + k
        if fleet.cap_kw[slot] - fleet.power_kw[slot] > SMALL:
            node = _full_circuit(fleet, net, i, t)
            if not _barred(net, groups, i, t) and (
                node == NONE or (net.head_kw[node, t] > SMALL and not scarce[node, t])
            ):
                return False
    return True


@njit(cache=True, nogil=True)
def _mark(search: Search, scarce: BoolArray) -> None:
    """Every state of a search that found nothing stands between a need and the grid."""
    for at in range(search.held[0]):
        scarce[search.node[at], search.step[at]] = True


@njit(cache=True, nogil=True)
def _barred(net: Network, groups: Groups, i: int, t: int) -> bool:
    """Whether a limit across leaves session i nothing in step t."""
    return is_member(groups, i) and room_across(net, groups, i, t) <= SMALL


@njit(cache=True, nogil=True)
def _mark_across(fleet: Fleet, net: Network, groups: Groups, i: int, scarce: BoolArray) -> bool:
    """Limits across that stand between session i and steps it has power left in; whether there are any."""
    found = False
    for j in range(groups.begin[i], groups.begin[i + 1]):
        node = groups.node[j]
        for k in range(fleet.slots[i]):
            t = fleet.first_step[i] + k
            full = net.head_kw[node, t] - net.flow_kw[node, t] <= SMALL
            if full and groups.toll_most[node - groups.circuits, t] == np.inf and _cap_left(fleet, i, t) > SMALL:
                scarce[node, t] = found = True
    return found


@njit(cache=True, nogil=True)
def _full_circuit(fleet: Fleet, net: Network, i: int, t: int) -> int:
    """Lowest circuit above session i without room in step t, or -1."""
    node: int = fleet.leaf[i]
    while node != NONE:
        if net.head_kw[node, t] - net.flow_kw[node, t] <= SMALL:
            return node
        node = net.parent[node]
    return NONE


@njit(cache=True, nogil=True)
def _note(net: Network, search: Search, node: int, step: int, before: int, mover: int) -> None:
    """Add a state unless it is known or there is no space."""
    steps, mask = net.toll.shape[1], search.table.size - 1
    place = ((node * steps + step) * 2654435761) & mask
    while search.table[place] != NONE:
        known = search.table[place]
        if search.node[known] == node and search.step[known] == step:
            return
        place = (place + 1) & mask
    at = search.held[0]
    if at < search.node.size:
        search.table[place] = at
        search.node[at], search.step[at], search.before[at], search.mover[at] = node, step, before, mover
        search.held[0] = at + 1


@njit(cache=True, nogil=True)
def _offer(fleet: Fleet, net: Network, groups: Groups, search: Search, i: int, before: int, skip: int) -> int:
    """Session i looks at its slots: the step of one with room, else -1 with the full circuits noted."""
    for k in range(fleet.slots[i]):
        t: int = fleet.first_step[i] + k
        slot = fleet.begin[i] + k
        if t == skip or fleet.cap_kw[slot] - fleet.power_kw[slot] <= SMALL:
            continue
        if _barred(net, groups, i, t):
            search.held[1] = 1
            continue
        node = _full_circuit(fleet, net, i, t)
        if node == NONE:
            return t
        if net.head_kw[node, t] > SMALL:
            _note(net, search, node, t, before, i)
    return NONE


@njit(cache=True, nogil=True)
def _look(fleet: Fleet, net: Network, groups: Groups, search: Search, wanting: int) -> tuple[int, int, int]:
    """Breadth first: (state whose circuit the last mover leaves, last mover, step it moves to); -2 = no path.

    State -1: the wanting session itself has a slot with room.
    """
    _forget(net, search)
    t = _offer(fleet, net, groups, search, wanting, NONE, NONE)
    if t != NONE:
        return NONE, wanting, t
    at = 0
    while at < search.held[0]:
        node, step = search.node[at], search.step[at]
        for j in range(net.first_row[node], net.last_row[node]):
            k = step - fleet.first_step[j]
            if fleet.battery[j] == NONE and 0 <= k < fleet.slots[j] and loose(fleet, net, j, step) > SMALL:
                t = _offer(fleet, net, groups, search, j, at, step)
                if t != NONE:
                    return at, j, t
        at += 1
    return -2, NONE, NONE


@njit(cache=True, nogil=True)
def _forget(net: Network, search: Search) -> None:
    """Empty the table by the states it holds, which are few beside its size."""
    steps, mask = net.toll.shape[1], search.table.size - 1
    for at in range(search.held[0]):
        place = ((search.node[at] * steps + search.step[at]) * 2654435761) & mask
        while search.table[place] != NONE:
            search.table[place] = NONE
            place = (place + 1) & mask
    search.held[0] = 0


@njit(cache=True, nogil=True)
def _along(
    fleet: Fleet,
    net: Network,
    groups: Groups,
    search: Search,
    state: int,
    mover: int,
    step: int,
    wanted: float,
    move: bool,
) -> float:
    """How much of ``wanted`` can move along the chain that ends in ``state``; with ``move`` it is moved."""
    links = 1  # any two of a chain may be in the same limit across
    at = state
    while at != NONE:
        at, links = search.before[at], links + 1
    if move:
        give(fleet, net, mover, step, wanted)
        give_across(net, groups, mover, step, wanted)
    amount = min(wanted, _cap_left(fleet, mover, step))
    if is_member(groups, mover):
        amount = min(amount, room_across(net, groups, mover, step) / links)
    node = fleet.leaf[mover]
    while node != NONE and not move:
        amount = min(amount, net.head_kw[node, step] - net.flow_kw[node, step])
        node = net.parent[node]
    while state != NONE:
        left, enters = search.step[state], search.mover[state]
        if move:
            give(fleet, net, mover, left, -wanted)
            give(fleet, net, enters, left, wanted)
            give_across(net, groups, mover, left, -wanted)
            give_across(net, groups, enters, left, wanted)
        else:
            amount = min(amount, loose(fleet, net, mover, left))
            amount = min(amount, _cap_left(fleet, enters, left))
            if is_member(groups, enters):
                amount = min(amount, room_across(net, groups, enters, left) / links)
            node = fleet.leaf[enters]
            while node != search.node[state]:
                amount = min(amount, net.head_kw[node, left] - net.flow_kw[node, left])
                node = net.parent[node]
        mover, state = enters, search.before[state]
    return amount


@njit(cache=True, nogil=True)
def _cap_left(fleet: Fleet, i: int, t: int) -> float:
    slot = fleet.begin[i] + t - fleet.first_step[i]
    left: float = fleet.cap_kw[slot] - fleet.power_kw[slot]
    return left
