"""What sharing fairly needs besides flows: who hangs together, and the level all of a group come to."""

import numpy as np
from numba import njit

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.kernels.network import NONE, Fleet, Network


@njit(cache=True, nogil=True)
def common_levels(begin: IntArray, size: FloatArray, need: FloatArray, lack: FloatArray) -> FloatArray:
    """The level x of each group at which ``min(need, x * size)`` add up to what its members lack together.

    Members of group g are ``begin[g]:begin[g+1]``, by rising ``need / size``.
    """
    level = np.zeros(begin.size - 1)
    for g in range(level.size):
        rows = slice(begin[g], begin[g + 1])
        left, rising = lack[rows].sum(), size[rows].sum()
        for k in range(begin[g], begin[g + 1]):
            level[g] = left / max(rising, size[k])  # what is left of the sum may be rounding
            if level[g] * size[k] <= need[k]:
                break
            left -= need[k]
            rising -= size[k]
    return level


@njit(cache=True, nogil=True)
def connected(fleet: Fleet, net: Network, reached: BoolArray) -> IntArray:
    """Nodes of ``kernels.flow`` that are ``reached``, by what hangs together: a number each, -1 for the others."""
    sessions, steps = fleet.leaf.size, net.toll.shape[1]
    root = np.arange(reached.size)
    for i in range(sessions):
        if reached[i]:
            for k in range(fleet.slots[i]):
                cell = sessions + fleet.leaf[i] * steps + fleet.first_step[i] + k
                if reached[cell] and fleet.cap_kw[fleet.begin[i] + k] > 0.0:
                    _join(root, i, cell)
    for cell in range(steps, net.toll.size):
        above = net.parent[cell // steps]
        if above != NONE and reached[sessions + cell] and reached[sessions + above * steps + cell % steps]:
            _join(root, sessions + cell, sessions + above * steps + cell % steps)
    number = np.full(reached.size, NONE, dtype=np.int64)
    count = 0
    for node in range(reached.size):
        if reached[node]:
            top = _top(root, node)
            if number[top] == NONE:
                number[top] = count
                count += 1
            number[node] = number[top]
    return number


@njit(cache=True, nogil=True)
def _join(root: IntArray, one: int, other: int) -> None:
    a, b = _top(root, one), _top(root, other)
    root[max(a, b)] = min(a, b)


@njit(cache=True, nogil=True)
def _top(root: IntArray, node: int) -> int:
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node
