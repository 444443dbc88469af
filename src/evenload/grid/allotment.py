"""Fallbacks allotted: what devices may draw that nobody can reach, so that all of them together fit every circuit.

This is what "safe charging on a lost link" means. Source: DESIGN section 5; requirement R147.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.grid.shares import fair_shares_kw

_PER_KW: Final = 100
"""Fallbacks are told in whole 10 W, rounded down."""


@dataclass(frozen=True, slots=True)
class FallbackClaims:
    """D devices that may lose their line."""

    node: IntArray  # (D,) index into the tree
    power_kw_min: FloatArray  # (D,) the least it can charge at
    power_kw_max: FloatArray  # (D,)
    own_kw: FloatArray  # (D,) a fallback of its own, which it keeps; NaN = to be allotted
    priority: IntArray  # (D,) higher first

    def __post_init__(self) -> None:
        for name in ("power_kw_min", "power_kw_max", "own_kw", "priority"):
            if getattr(self, name).shape != self.node.shape:
                raise ColumnsError(
                    f"FallbackClaims.{name} has shape {getattr(self, name).shape}, not {self.node.shape}"
                )


def allotted_kw(tree: CircuitTree, base_kw_high: FloatArray, claims: FallbackClaims) -> FloatArray:
    """The fallback of every device, kW, shape (D,), beside a base load (N,) through each node that is seldom exceeded.

    Devices with a fallback of their own keep it. The others get the least they can charge at while there is room on
    their way, higher priorities and those that need least first; what is left is shared out fairly among those. Who got
    nothing does not charge without its line.
    """
    asking = np.isnan(claims.own_kw)
    chosen = np.nan_to_num(claims.own_kw)
    room = room_kw(tree, base_kw_high, claims.node, chosen)
    possible = asking & (claims.power_kw_min <= claims.power_kw_max)
    asking = np.zeros_like(asking)
    for at in np.lexsort((claims.power_kw_min, -claims.priority)):
        way, least_kw = list(tree.path(int(claims.node[at]))), claims.power_kw_min[at]
        if possible[at] and (room[way] >= least_kw).all():
            asking[at], chosen[at] = True, least_kw
            room[way] -= least_kw
    if asking.any():
        more = (claims.power_kw_max - chosen)[asking]
        chosen[asking] += fair_shares_kw(tree, np.maximum(room, 0.0), claims.node[asking], more)
        chosen[asking] = np.floor(chosen[asking] * _PER_KW + 1e-6) / _PER_KW
    return chosen


def room_kw(tree: CircuitTree, base_kw: FloatArray, node: IntArray, power_kw: FloatArray) -> FloatArray:
    """What base load (N,) and devices at nodes (D,) leave of every limit, (N,): below 0 is what does not fit."""
    direct = np.bincount(node, weights=power_kw, minlength=len(tree)).astype(np.float64)
    limit_kw = np.where(np.isfinite(tree.limit_kw), tree.limit_kw, inf)
    return np.asarray(limit_kw - base_kw - tree.sum_up(direct[:, None])[:, 0])
