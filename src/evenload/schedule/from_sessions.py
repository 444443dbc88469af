"""A planning problem of declared sessions: cut to the horizon, hung on the tree, needs brought to the connector."""

from dataclasses import dataclass, replace

import numpy as np

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import FloatArray, IntArray, wall_kwh
from evenload.domain.circuit import CircuitTree
from evenload.domain.session import Sessions
from evenload.schedule.batteries import Taper, batteries_of
from evenload.schedule.devices.parts import devices_of
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Devices
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


def problem_from(  # noqa: PLR0913 - one parameter a part of the problem
    sessions: Sessions,
    tree: CircuitTree,
    horizon: Horizon,
    base_load_kw: FloatArray,
    limit_kw: FloatArray,
    price_per_kwh: FloatArray,
    minute_of_day: IntArray,
    *,
    wear_per_kwh: float = 0.0,
    taper: Taper | None = None,
    with_room: bool = False,
) -> Problem:
    """The problem of charging ``sessions`` between plug-in and declared departure, cut to the horizon as ``clip`` does.

    ``base_load_kw`` (nodes, steps) is the load through each node, ``limit_kw`` (nodes, steps) or (nodes, 1) its limit;
    ``price_per_kwh`` and ``minute_of_day`` have one value a step. What the sessions say beyond charging (a minimum,
    batteries, devices) comes along; limits, tariffs and terms beyond these are for the caller to add. Raises
    ``InputError``, naming session and column, for what cannot be, and ``CircuitError`` for a node that is not in the
    tree. ``with_room``: batteries are part of it wherever they are known. Source: DESIGN section 5.
    """
    planned = clip(sessions, horizon).sessions
    windows = Windows.between(horizon, planned.plugged_at, planned.departs_at)
    whole = np.floor(horizon.position(planned.departs_at)).astype(np.int64) - windows.first_step
    return Problem(
        horizon=horizon,
        session_id=planned.session_id,
        node=nodes_of(planned, tree),
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
        minimum_kwh=_minimum_kwh(planned),
        batteries=batteries_of(planned, wear_per_kwh, taper, with_room),
        devices=_devices(planned, horizon.step_minutes),
    )


def nodes_of(sessions: Sessions, tree: CircuitTree) -> IntArray:
    """Index of each session's circuit, shape (S,); ``CircuitError``, naming the session, for one not in the tree."""
    found = np.array([tree.index.get(name, -1) for name in sessions.node.tolist()], dtype=np.int64)
    unknown = np.flatnonzero(found < 0)
    if unknown.size:
        session, name = str(sessions.session_id[unknown[0]]), str(sessions.node[unknown[0]])
        raise CircuitError(
            f"session {session!r} is at node {name!r}, which is not in the grid.{did_you_mean(name, tree.index)}"
        )
    return found


def _minimum_kwh(sessions: Sessions) -> FloatArray | None:
    """Minimum at the connector, shape (S,); None where nobody has one."""
    minimum_kwh = sessions.energy_kwh_minimum
    above = np.flatnonzero(minimum_kwh > sessions.energy_kwh)
    if above.size:
        first = int(above[0])
        raise InputError(
            f"session {str(sessions.session_id[first])!r}, energy_kwh_minimum = {minimum_kwh[first]}: is more than "
            f"energy_kwh {sessions.energy_kwh[first]}, of which it is a part; lower the one or raise the other"
        )
    return wall_kwh(minimum_kwh, sessions.efficiency) if minimum_kwh.any() else None


def _devices(sessions: Sessions, step_minutes: int) -> Devices | None:
    """What devices can be told; None where every one is as by default."""
    dwell = np.maximum(np.ceil(sessions.dwell_minutes / step_minutes).astype(np.int64), 1)
    some, budget = (dwell > 1).any(), (sessions.commands_max >= 0).any()
    return devices_of(sessions, dwell if some else None, sessions.commands_max if budget else None)
