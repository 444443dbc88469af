"""A planning problem of declared sessions: cut to the horizon, hung on the tree, needs brought to the connector."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import FloatArray, IntArray, wall_kwh
from evenload.domain.circuit import CircuitTree
from evenload.domain.session import DEFAULTS, Sessions
from evenload.schedule.problem import Problem
from evenload.schedule.windows import Windows


@dataclass(frozen=True, slots=True)
class Clipped:
    """Sessions as far as they lie inside a horizon; how many lie wholly ``outside``, and how many were ``cut``."""

    sessions: Sessions
    outside: int
    cut: int


def clip(sessions: Sessions, horizon: Horizon) -> Clipped:
    """Cut sessions to a horizon. A session that is cut keeps its whole need, to be met in the part that is left."""
    start, end = to_datetime64(horizon.start), to_datetime64(horizon.end)
    inside = sessions.take((sessions.departs_at > start) & (sessions.plugged_at < end))
    cut = (inside.plugged_at < start) | (inside.departs_at > end)
    return Clipped(
        replace(
            inside,
            plugged_at=np.maximum(inside.plugged_at, start),
            departs_at=np.minimum(inside.departs_at, end),
        ),
        len(sessions) - len(inside),
        int(cut.sum()),
    )


def problem_from(
    sessions: Sessions,
    tree: CircuitTree,
    horizon: Horizon,
    base_load_kw: FloatArray,
    limit_kw: FloatArray,
    price_per_kwh: FloatArray,
    minute_of_day: IntArray,
) -> Problem:
    """The problem of charging ``sessions`` between plug-in and declared departure, cut to the horizon as ``clip`` does.

    ``base_load_kw`` (nodes, steps) is the load through each node, ``limit_kw`` (nodes, steps) or (nodes, 1) its limit;
    ``price_per_kwh`` and ``minute_of_day`` have one value a step. Raises ``InputError``, naming column and session, for
    what is not planned yet, and ``CircuitError`` for a node that is not in the tree. Source: DESIGN section 5.
    """
    planned = clip(sessions, horizon).sessions
    _refuse_what_is_not_planned_yet(planned)
    windows = Windows.between(horizon, planned.plugged_at, planned.departs_at)
    whole = np.floor(horizon.position(planned.departs_at)).astype(np.int64) - windows.first_step
    return Problem(
        horizon=horizon,
        session_id=planned.session_id,
        node=_nodes(planned, tree),
        first_step=windows.first_step,
        offset=windows.offset,
        cap_kw=np.repeat(planned.power_kw_max, np.diff(windows.offset)) * windows.coverage,
        declared_slots=np.maximum(whole, 1),
        energy_kwh=wall_kwh(planned.energy_kwh, planned.efficiency),
        power_kw_max=planned.power_kw_max,
        opted_out=np.zeros(len(planned), dtype=np.bool_),
        tree=tree,
        base_load_kw=base_load_kw,
        limit_kw=limit_kw,
        price_per_kwh=price_per_kwh,
        minute_of_day=minute_of_day,
    )


_NOT_PLANNED_YET: Final = {
    "discharge_kw_max": "power back to the grid is not planned yet",
    "control": "only continuous power is planned yet",
    "power_kw_min": "a lowest power is not planned yet",
    "energy_kwh_minimum": "a minimum before the rest of the need is not planned yet",
}


def _refuse_what_is_not_planned_yet(sessions: Sessions) -> None:
    for column, why in _NOT_PLANNED_YET.items():
        values, default = sessions.columns()[column], DEFAULTS[column]
        asking = np.flatnonzero(values != default)
        if asking.size:
            first = int(asking[0])
            others = f" ({asking.size:,} sessions ask for it)" if asking.size > 1 else ""
            raise InputError(
                f"session {str(sessions.session_id[first])!r}, {column} = {values[first]}: {why}; "
                f"use {default} or leave the cell blank{others}"
            )


def _nodes(sessions: Sessions, tree: CircuitTree) -> IntArray:
    """Index of each session's circuit, shape (sessions,)."""
    found = np.array([tree.index.get(name, -1) for name in sessions.node.tolist()], dtype=np.int64)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        session, name = str(sessions.session_id[unknown[0]]), str(sessions.node[unknown[0]])
        raise CircuitError(
            f"session {session!r} is at node {name!r}, which is not in the grid.{did_you_mean(name, tree.index)}"
        )
    return found
