"""What happens to a planning problem as time goes on: sessions come and go, drivers opt out, limits change.

Each change gives a new problem, which ``optimum.solve`` plans from the solution of the last one.
"""

from dataclasses import fields, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import CircuitError, ColumnsError, InputError, did_you_mean
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries, Devices

_OF_SESSIONS: Final = (
    "session_id", "node", "first_step", "declared_slots", "energy_kwh", "power_kw_max", "opted_out", "minimum_kwh",
)  # fmt: skip
_OPTIONAL: Final = ("batteries", "devices", "tariffs", "minimum_kwh")


def take(problem: Problem, chosen: IntArray | BoolArray) -> Problem:
    """The problem of some of its sessions, by index or mask."""
    rows = np.arange(problem.sessions)[chosen]
    lengths = np.diff(problem.offset)[rows]
    offset = np.concatenate([[0], np.cumsum(lengths)])
    tariffs, batteries, devices = problem.tariffs, problem.batteries, problem.devices
    columns: dict[str, Any] = {name: each[rows] for name, each in _columns(problem)}
    return replace(
        problem,
        **columns,
        offset=offset,
        cap_kw=problem.cap_kw[problem.slots_of(rows)[0]],
        batteries=batteries and replace(batteries, **{name: each[rows] for name, each in _columns(batteries)}),
        devices=devices and replace(devices, **{name: each[rows] for name, each in _columns(devices)}),
        tariffs=tariffs and replace(tariffs, of_session=tariffs.of_session[rows]),
        across=problem.across and problem.across.take(rows, problem.sessions),
    )


def arrived(problem: Problem, others: Problem) -> Problem:
    """The problem with the sessions of ``others`` added at the end; horizon, tree, tariffs and limits across
    the tree are those of ``problem``.

    Raises ``InputError`` for a session that is already there, and ``ColumnsError`` unless both have the same parts.
    """
    twice = np.isin(others.session_id, problem.session_id)
    if twice.any():
        raise InputError(f"session {str(others.session_id[twice][0])!r} is already in the problem")
    unlike = [name for name in _OPTIONAL if (getattr(problem, name) is None) != (getattr(others, name) is None)]
    if unlike or problem.horizon != others.horizon:
        what = f"one of them has no {unlike[0]}" if unlike else "their horizons differ"
        raise ColumnsError(f"sessions of one problem cannot join another: {what}")
    tariffs, batteries, devices = problem.tariffs, problem.batteries, problem.devices
    columns: dict[str, Any] = _joined(problem, others)
    if tariffs is not None and others.tariffs is not None:
        tariffs = replace(tariffs, of_session=np.concatenate([tariffs.of_session, others.tariffs.of_session]))
    return replace(
        problem,
        **columns,
        offset=np.concatenate([problem.offset, problem.offset[-1] + others.offset[1:]]),
        cap_kw=np.concatenate([problem.cap_kw, others.cap_kw]),
        batteries=batteries and replace(batteries, **_joined(batteries, others.batteries)),
        devices=devices and replace(devices, **_joined(devices, others.devices)),
        tariffs=tariffs,
        across=_members_joined(problem, others),
    )


def departed(problem: Problem, session_id: str) -> Problem:
    """The problem without one session."""
    gone = _index(problem, session_id)
    return take(problem, np.arange(problem.sessions) != gone)


def opted_out(problem: Problem, session_id: str) -> Problem:
    """The problem with one driver opted out: charged at once at full power."""
    out = problem.opted_out.copy()
    out[_index(problem, session_id)] = True
    return replace(problem, opted_out=out)


def limited(problem: Problem, node: str, limit_kw: FloatArray | float) -> Problem:
    """The problem with another limit at one circuit, kW, one for all steps or one a step."""
    if node not in problem.tree.index:
        raise CircuitError(f"node {node!r} is not in the grid.{did_you_mean(node, problem.tree.index)}")
    if not (np.asarray(limit_kw) >= 0).all():
        raise InputError(f"a limit must be 0 kW or more, not {np.min(limit_kw):g}")
    limit = np.broadcast_to(problem.limit_kw, problem.base_load_kw.shape).copy()
    limit[problem.tree.index[node]] = limit_kw
    return replace(problem, limit_kw=limit)


def _index(problem: Problem, session_id: str) -> int:
    found = np.flatnonzero(problem.session_id == session_id)
    if not found.size:
        raise InputError(f"session {session_id!r} is not in the problem")
    return int(found[0])


def _columns(part: Problem | Batteries | Devices) -> list[tuple[str, NDArray[Any]]]:
    """Columns of one value a session, by name, as far as there are any."""
    names = _OF_SESSIONS if isinstance(part, Problem) else tuple(column.name for column in fields(part))
    return [(name, values) for name in names if (values := getattr(part, name)) is not None]


def _members_joined(problem: Problem, others: Problem) -> Across | None:
    """The limits across the tree of ``problem``, of which the others are members as their own problem says."""
    across, theirs = problem.across, others.across
    if theirs is None or not theirs.limit.size:
        return across
    if across is None or not np.array_equal(across.name, theirs.name):
        raise ColumnsError("sessions of one problem cannot join another: their limits across the tree differ")
    return replace(
        across,
        limit=np.concatenate([across.limit, theirs.limit]),
        session=np.concatenate([across.session, problem.sessions + theirs.session]),
        weight=np.concatenate([across.weight, theirs.weight]),
    )


def _joined(part: Problem | Batteries | Devices, others: object) -> dict[str, NDArray[Any]]:
    """Columns of both, one after the other."""
    return {name: np.concatenate([values, getattr(others, name)]) for name, values in _columns(part)}
