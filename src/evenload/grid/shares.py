"""Fair shares: what is left of circuits given out evenly to many, nobody above what it can use."""

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.circuit import CircuitTree

_NOTHING = 1e-9


def fair_shares_kw(tree: CircuitTree, room_kw: FloatArray, node: IntArray, most_kw: FloatArray) -> FloatArray:
    """Max-min fair shares (devices,) of ``room_kw`` (nodes,) for devices at nodes (devices,), each at most ``most_kw``.

    All rise together; who has what it can use, or meets a full circuit on its way up, stays where it is. No share can
    be made larger without making one smaller that is no larger (progressive filling: Bertsekas and Gallager, Data
    Networks, 1992, section 6.5.2). Room below 0 counts as none.
    """
    shares = np.zeros(node.shape[0])
    left = np.maximum(np.asarray(room_kw, dtype=np.float64), 0.0)
    nothing = _NOTHING * np.maximum(1.0, np.where(np.isfinite(left), left, 1.0))
    rising = most_kw > _NOTHING
    while rising.any():
        below = _count_below(tree, node[rising])
        busy = below > 0
        step = float(np.min(left[busy] / below[busy]))
        step = min(step, float((most_kw[rising] - shares[rising]).min()))
        shares[rising] += step
        left[busy] -= step * below[busy]
        full = _at_or_above(tree, left <= nothing)
        rising &= ~full[node] & (shares < most_kw - _NOTHING)
    return shares


def _count_below(tree: CircuitTree, node: IntArray) -> FloatArray:
    direct = np.bincount(node, minlength=len(tree)).astype(np.float64)
    return tree.sum_up(direct[:, None])[:, 0]


def _at_or_above(tree: CircuitTree, full: BoolArray) -> BoolArray:
    """Which nodes are full, or hang below one that is."""
    found = full.copy()
    for child in range(1, len(tree)):
        found[child] |= found[tree.parent[child]]
    return found
