"""Fallbacks: what every device may draw when nobody can reach it, so that all of them together still fit (R147)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.grid.shares import fair_shares_kw
from evenload.service.live_rows import DeviceRow


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A circuit that base load and fallbacks together may exceed: by how much (kW)."""

    node: str
    kw_over: float


@dataclass(frozen=True, slots=True)
class Allotment:
    """The fallback (kW) of every device, and where even those do not fit."""

    fallback_kw: Mapping[str, float]
    shortfalls: tuple[Shortfall, ...]


def allot(tree: CircuitTree, base_kw_high: FloatArray, devices: Sequence[DeviceRow]) -> Allotment:
    """Fallbacks for devices whose site is in the tree, beside a base load (nodes,) that is seldom exceeded.

    Devices with a fallback of their own keep it. The others get the least they can charge at while there is room on
    their way, higher priorities and those that need least first; what is left is shared out fairly among those. Who got
    nothing does not charge without its line. What is told as short is what the devices' own fallbacks and base load
    take beyond a limit.
    """
    known = [one for one in devices if one.site_id in tree.index and one.retired_at is None]
    node = tree.find([one.site_id for one in known]) if known else np.zeros(0, dtype=np.int64)
    chosen = np.array([np.nan if one.fallback_kw is None else one.fallback_kw for one in known])
    asking = np.isnan(chosen)
    chosen = np.nan_to_num(chosen)
    room = _room(tree, base_kw_high, node, chosen)
    for at in sorted(np.flatnonzero(asking).tolist(), key=lambda at: (-known[at].priority, known[at].power_kw_min, at)):
        way, least_kw = list(tree.path(int(node[at]))), known[at].power_kw_min
        asking[at] = least_kw <= known[at].power_kw_max and bool((room[way] >= least_kw).all())
        if asking[at]:
            chosen[at] = least_kw
            room[way] -= least_kw
    more = np.array([one.power_kw_max for one in known]) - chosen
    if asking.any():
        chosen[asking] += fair_shares_kw(tree, np.maximum(room, 0.0), node[asking], more[asking])
        chosen[asking] = np.floor(chosen[asking] * 100 + 1e-6) / 100
    over = -_room(tree, base_kw_high, node, chosen)
    names = [one.node for one in tree.circuits]
    short_of = tuple(Shortfall(names[n], float(over[n])) for n in np.flatnonzero(over > 1e-6).tolist())
    return Allotment({one.device_id: float(kw) for one, kw in zip(known, chosen, strict=True)}, short_of)


def _room(tree: CircuitTree, base_kw: FloatArray, node: IntArray, power_kw: FloatArray) -> FloatArray:
    """What is left of every limit (nodes,)."""
    direct = np.bincount(node, weights=power_kw, minlength=len(tree)).astype(np.float64)
    limit_kw = np.where(np.isfinite(tree.limit_kw), tree.limit_kw, inf)
    return np.asarray(limit_kw - base_kw - tree.sum_up(direct[:, None])[:, 0])
