"""What holds along the path from a node up to the grid: which circuit on it weighs most, and sums."""

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree


def heaviest(tree: CircuitTree, weight: FloatArray) -> tuple[IntArray, FloatArray]:
    """The circuit on each node's path that weighs most in a step, the lowest of equals, and its weight.

    ``weight`` and both results have shape (N, T).
    """
    best = np.array(weight)
    chosen = np.repeat(np.arange(len(tree), dtype=np.int32)[:, None], weight.shape[1], axis=1)
    for nodes, parents in _downwards(tree):
        heavier = best[parents] > best[nodes]
        best[nodes] = np.where(heavier, best[parents], best[nodes])
        chosen[nodes] = np.where(heavier, chosen[parents], chosen[nodes])
    return np.asarray(chosen), best


def sum_down(tree: CircuitTree, value: FloatArray) -> FloatArray:
    """Sum of a value over each node's path, shape (N, T)."""
    total = np.array(value)
    for nodes, parents in _downwards(tree):
        total[nodes] += total[parents]
    return total


def _downwards(tree: CircuitTree) -> list[tuple[IntArray, IntArray]]:
    """Nodes of each depth below the top, with their parents."""
    depth = tree.depths()
    levels = [np.flatnonzero(depth == d) for d in range(1, int(depth.max()) + 1)]
    return [(nodes, tree.parent[nodes]) for nodes in levels]
