"""Largest flows from sessions through slots and circuits of each step to the grid, or to other sessions.

Who wants something takes room where there is some. Where a circuit is full, others below it move to other steps,
however long the chain, or give something up. Nodes of the flow are sessions and *cells*, a circuit in one step;
shortest paths are found for all who want something at once and used up, then longer ones (Dinic 1970). When none is
left the flow is the largest possible, and what is within reach of wants that are left ends at the smallest cut.
Sessions with a battery that gives back neither move nor look for room here: with them nothing is proved.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.kernels.network import NONE, Fleet, Network

_DEAD: Final = -2

Marks = NDArray[np.int32]


class Search(NamedTuple):
    """What a search works on. Session i is node i, circuit n in step t is node ``S + n * T + t``."""

    below_at: IntArray  # (N+1,) where the children of each circuit begin in ``below``
    below: IntArray
    direct: IntArray  # (N,) how many sessions hang at the circuit itself: the first rows of those below it
    far: Marks  # (S + N * T,) how many arcs from the nearest want; -1 = not reached
    arc: Marks  # (S + N * T,) which arc of a node is next
    queue: Marks
    path: Marks
    least_kw: float  # room, power and wishes up to this are rounding


class Ends(NamedTuple):
    """Where flows begin and may end, in kW summed over slots. Paths stay inside one group, if there are any."""

    want: FloatArray  # (S,) brought up to date
    spare: FloatArray  # (S,) brought up to date
    to_grid: bool  # whether room at the root may be used
    group: IntArray  # (S + N * T,) -1 = stay out; or of no size


@njit(cache=True, nogil=True)
def make_search(fleet: Fleet, net: Network, least_kw: float) -> Search:
    """Room to search in, with the tree's children listed."""
    circuits = net.parent.size
    below_at, direct = np.zeros(circuits + 1, dtype=np.int64), np.zeros(circuits, dtype=np.int64)
    for above in net.parent:
        if above != NONE:
            below_at[above + 1] += 1
    below_at = np.cumsum(below_at)
    below, free = np.empty(max(circuits - 1, 0), dtype=np.int64), below_at.copy()
    for n in range(circuits):
        if net.parent[n] != NONE:
            below[free[net.parent[n]]] = n
            free[net.parent[n]] += 1
    for leaf in fleet.leaf:
        direct[leaf] += 1
    nodes = fleet.leaf.size + net.toll.size
    marks = np.empty((4, nodes), dtype=np.int32)
    marks[0] = NONE
    return Search(below_at, below, direct, marks[0], marks[1], marks[2], marks[3], least_kw)


@njit(cache=True, nogil=True)
def push(fleet: Fleet, net: Network, search: Search, ends: Ends, phases_max: int) -> bool:
    """Move all that can be moved to who wants it; False where it was cut short. Afterwards ``search.far`` is 0 or more
    for what is within reach of wants that are left.
    """
    for _ in range(phases_max):
        if not _reach(fleet, net, search, ends):
            return True
        search.arc[:] = 0
        for i in range(ends.want.size):
            while ends.want[i] > search.least_kw and search.far[i] == 0:
                length = _walk(fleet, net, search, ends, i)
                if length == 0:
                    break
                _move(fleet, net, search, ends, length)
    return False


@njit(cache=True, nogil=True)
def _reach(fleet: Fleet, net: Network, search: Search, ends: Ends) -> bool:
    """Mark how far each node is from the nearest want; stops, and returns True, where a flow may end."""
    far, queue, sessions = search.far, search.queue, ends.want.size
    far[:] = NONE
    held, at, found = 0, 0, False
    for i in range(sessions):
        if ends.want[i] > search.least_kw and (ends.group.size == 0 or ends.group[i] != NONE):
            far[i] = 0
            queue[held] = i
            held += 1
    goal = far.size
    while at < held and far[queue[at]] < goal:
        before = held
        held = _spread(fleet, net, search, ends, queue[at], held)
        for k in range(before, held):
            node = queue[k]
            if node < sessions:
                found = ends.spare[node] > search.least_kw
            else:
                found = ends.to_grid and _root_room(net, node - sessions) > search.least_kw
            if found:
                goal = min(goal, far[node])
        at += 1
    return goal < far.size


@njit(cache=True, nogil=True)
def _root_room(net: Network, cell: int) -> float:
    """Room at the root, which is the first circuit; none at other cells."""
    if cell >= net.toll.shape[1]:
        return 0.0
    room: float = net.head_kw[0, cell] - net.flow_kw[0, cell]
    return room


@njit(cache=True, nogil=True)
def _spread(fleet: Fleet, net: Network, search: Search, ends: Ends, node: int, held: int) -> int:
    """Mark all that a node leads to and put it into the queue, which holds so many; returns how many it holds then."""
    far, queue, least = search.far, search.queue, search.least_kw
    sessions, steps = fleet.leaf.size, net.toll.shape[1]
    group = ends.group[node] if ends.group.size else 0
    before = held
    if node < sessions:
        cell = sessions + fleet.leaf[node] * steps + fleet.first_step[node]
        for k in range(fleet.slots[node]):
            slot = fleet.begin[node] + k
            if far[cell + k] == NONE and fleet.cap_kw[slot] - fleet.power_kw[slot] > least:
                queue[held] = cell + k
                held += 1
    else:
        n = (node - sessions) // steps
        t = node - sessions - n * steps
        above = sessions + net.parent[n] * steps + t
        if net.parent[n] != NONE and far[above] == NONE and net.head_kw[n, t] - net.flow_kw[n, t] > least:
            queue[held] = above
            held += 1
        for at in range(search.below_at[n], search.below_at[n + 1]):
            child = search.below[at]
            low = net.low_kw[child, t] if net.gives_back[child] else 0.0
            if far[sessions + child * steps + t] == NONE and net.flow_kw[child, t] - low > least:
                queue[held] = sessions + child * steps + t
                held += 1
        for i in range(net.first_row[n], net.first_row[n] + search.direct[n]):
            k = t - fleet.first_step[i]
            if k < 0:  # who hangs here comes in order of the first step
                break
            moves = far[i] == NONE and k < fleet.slots[i] and fleet.battery[i] == NONE
            if moves and fleet.power_kw[fleet.begin[i] + k] > least:
                queue[held] = i
                held += 1
    kept = before
    for at in range(before, held):
        there = queue[at]
        if ends.group.size == 0 or ends.group[there] == group:
            far[there] = far[node] + 1
            queue[kept] = there
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _walk(fleet: Fleet, net: Network, search: Search, ends: Ends, start: int) -> int:
    """Write a shortest path from ``start`` to where a flow may end; returns how many nodes it has, 0 = none is left."""
    path, sessions = search.path, ends.want.size
    path[0] = start
    length, node = 1, start
    while True:
        there = _next(fleet, net, search, ends, node)
        if there == NONE:
            search.far[node] = _DEAD
            if length == 1:
                return 0
            length -= 1
            node = path[length - 1]
            search.arc[node] += 1
            continue
        path[length] = there
        length, node = length + 1, there
        left = ends.spare[node] if node < sessions else 0.0
        if node >= sessions and ends.to_grid:
            left = _root_room(net, node - sessions)
        if left > search.least_kw:
            return length


@njit(cache=True, nogil=True)
def _next(fleet: Fleet, net: Network, search: Search, ends: Ends, node: int) -> int:
    """Where the next arc of a node leads that has room and goes on by one, -1 = none is left."""
    far, arc, least = search.far, search.arc, search.least_kw
    sessions, steps, grouped = fleet.leaf.size, net.toll.shape[1], ends.group.size > 0
    following, group = far[node] + 1, ends.group[node] if ends.group.size else 0
    if node < sessions:
        cell = sessions + fleet.leaf[node] * steps + fleet.first_step[node]
        while arc[node] < fleet.slots[node]:
            slot = fleet.begin[node] + arc[node]
            there = cell + arc[node]
            allowed = far[there] == following and (not grouped or ends.group[there] == group)
            if allowed and fleet.cap_kw[slot] - fleet.power_kw[slot] > least:
                return int(there)
            arc[node] += 1
        return NONE
    n = (node - sessions) // steps
    t = node - sessions - n * steps
    first, children = search.below_at[n], search.below_at[n + 1] - search.below_at[n]
    while arc[node] <= children + search.direct[n]:
        a = arc[node] - 1
        there, room = NONE, 0.0
        if a < 0:
            if net.parent[n] != NONE:
                there, room = sessions + net.parent[n] * steps + t, net.head_kw[n, t] - net.flow_kw[n, t]
        elif a < children:
            child = search.below[first + a]
            low = net.low_kw[child, t] if net.gives_back[child] else 0.0
            there, room = sessions + child * steps + t, net.flow_kw[child, t] - low
        else:
            i = net.first_row[n] + a - children
            k = t - fleet.first_step[i]
            if k < 0:
                return NONE
            if k < fleet.slots[i] and fleet.battery[i] == NONE:
                there, room = i, fleet.power_kw[fleet.begin[i] + k]
        if room > least and far[there] == following and (not grouped or ends.group[there] == group):
            return int(there)
        arc[node] += 1
    return NONE


@njit(cache=True, nogil=True)
def _move(fleet: Fleet, net: Network, search: Search, ends: Ends, length: int) -> None:
    """Move as much as fits along the path that was found."""
    path, sessions = search.path, ends.want.size
    start, end = path[0], path[length - 1]
    amount = min(ends.want[start], ends.spare[end] if end < sessions else _root_room(net, end - sessions))
    for at in range(length - 1):
        amount = min(amount, _room(fleet, net, path[at], path[at + 1]))
    for at in range(length - 1):
        _use(fleet, net, path[at], path[at + 1], amount)
    ends.want[start] -= amount
    if end < sessions:
        ends.spare[end] -= amount
    else:
        net.flow_kw[0, end - sessions] += amount


@njit(cache=True, nogil=True)
def _room(fleet: Fleet, net: Network, node: int, there: int) -> float:
    """How much fits from one node to the next."""
    sessions, steps = fleet.leaf.size, net.toll.shape[1]
    room: float
    if node < sessions:
        slot = fleet.begin[node] + (there - sessions) % steps - fleet.first_step[node]
        room = fleet.cap_kw[slot] - fleet.power_kw[slot]
        return room
    n, t = (node - sessions) // steps, (node - sessions) % steps
    if there < sessions:
        room = fleet.power_kw[fleet.begin[there] + t - fleet.first_step[there]]
        return room
    other = (there - sessions) // steps
    if other == net.parent[n]:
        room = net.head_kw[n, t] - net.flow_kw[n, t]
        return room
    room = net.flow_kw[other, t] - (net.low_kw[other, t] if net.gives_back[other] else 0.0)
    return room


@njit(cache=True, nogil=True)
def _use(fleet: Fleet, net: Network, node: int, there: int, amount: float) -> None:
    """Send an amount from one node to the next."""
    sessions, steps = fleet.leaf.size, net.toll.shape[1]
    if node < sessions:
        fleet.power_kw[fleet.begin[node] + (there - sessions) % steps - fleet.first_step[node]] += amount
        return
    n, t = (node - sessions) // steps, (node - sessions) % steps
    if there < sessions:
        fleet.power_kw[fleet.begin[there] + t - fleet.first_step[there]] -= amount
        return
    other = (there - sessions) // steps
    if other == net.parent[n]:
        net.flow_kw[n, t] += amount
    else:
        net.flow_kw[other, t] -= amount
