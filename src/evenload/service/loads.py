"""Take loads metered at circuits, and say which of them cannot be what was metered.

Loads are telemetry: they are not in the audit log. What is found wrong is kept among the decisions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from math import isfinite
from typing import Final

from evenload.base.errors import LoadError, did_you_mean
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.domain.station_readings import Quality
from evenload.service.access_rows import Role
from evenload.service.live_rows import DecisionRow, LoadRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

TIMES_LIMIT_MAX: Final = 20.0
"""More than so many times the limit of a circuit is no load but watts that were told as kilowatts (1000 times)."""
FROZEN_VALUES: Final = 8
"""So many values in a row that are the same to the last digit, and not 0, are a meter that hangs."""
_AHEAD_MAX: Final = timedelta(minutes=5)


class LoadFault(StrEnum):
    """What is wrong with loads."""

    METER_FROZEN = "meter_frozen"


@dataclass(frozen=True, slots=True)
class LoadFlag:
    """Loads that were kept as estimated, and why."""

    node: str
    fault: LoadFault
    since: datetime
    why: str


def loads(scope: Scope, store: Store, window: Interval, nodes: Iterable[str] | None = None) -> Sequence[LoadRow]:
    """Loads that begin in a window, by node and instant."""
    with store.reading() as unit:
        return unit.loads.within(scope.tenant, window, nodes)


def latest_loads(
    scope: Scope, store: Store, after: tuple[str, str] = ("", ""), count: int | None = None
) -> Sequence[LoadRow]:
    """The latest of each node and kind, by both; at most ``count`` that follow a node and kind."""
    with store.reading() as unit:
        return unit.loads.latest(scope.tenant, after=after, count=count)


def put_loads(scope: Scope, store: Store, rows: Sequence[LoadRow], now: datetime) -> Sequence[LoadFlag]:
    """Add loads, or replace those of the same node, instant and kind; what was found odd about them.

    ``LoadError``, and nothing is kept, where one cannot be: an unknown node, a time to come, or watts for kilowatts.
    """
    scope.require(Role.OPERATOR)
    kept = sorted(
        (replace(row, tenant=scope.tenant) for row in rows), key=lambda row: (row.node, str(row.kind), row.at)
    )
    with store.writing() as unit:
        grid = {one.node: one for one in _grid(unit, scope.tenant, kept)}
        for row in kept:
            _check(row, grid, now)
        flags: list[LoadFlag] = []
        for _, group in groupby(kept, key=lambda row: (row.node, row.kind)):
            flags += _put(unit, list(group), now)
    return flags


def _grid(unit: Unit, tenant: str, rows: Sequence[LoadRow]) -> Sequence[Circuit]:
    """The circuits of the rows; the whole grid where one of them has no limit of its own."""
    found = [unit.circuits.find(tenant, node) for node in {row.node for row in rows}]
    known = [one for one in found if one is not None]
    whole = len(known) < len(found) or not all(isfinite(one.limit_kw) for one in known)
    return unit.circuits.of(tenant) if whole else known


def _check(row: LoadRow, grid: Mapping[str, Circuit], now: datetime) -> None:
    if row.node not in grid:
        raise LoadError(f"node {row.node!r} is not in the grid.{did_you_mean(row.node, grid)}")
    if row.at > now + _AHEAD_MAX:
        raise LoadError(f"the load of {row.node} at {row.at.isoformat()} is of a time to come: is the clock right?")
    above = _limiting(row.node, grid)
    if above and abs(row.load_kw) > TIMES_LIMIT_MAX * above.limit_kw > 0:
        raise LoadError(
            f"the load of {row.node} at {row.at.isoformat()} is {row.load_kw:g} kW, more than {TIMES_LIMIT_MAX:g} "
            f"times the limit of {above.node} ({above.limit_kw:g} kW): is it in watts?"
        )


def _limiting(node: str, grid: Mapping[str, Circuit]) -> Circuit | None:
    """The circuit itself, or the nearest above it that has a limit."""
    one = grid.get(node)
    while one is not None and not isfinite(one.limit_kw):
        one = grid.get(one.parent)
    return one


def _put(unit: Unit, rows: list[LoadRow], now: datetime) -> list[LoadFlag]:
    """Keep the rows of one node and kind, as estimated where its meter hangs."""
    first = rows[0]
    longest = max(row.duration_s for row in rows)
    before = Interval(first.at - timedelta(seconds=2 * FROZEN_VALUES * longest), first.at)
    earlier = [row for row in unit.loads.within(first.tenant, before, [first.node]) if row.kind is first.kind]
    run = _same_at_end(earlier)
    was_frozen = len(run) >= FROZEN_VALUES
    kept: list[LoadRow] = []
    flagged: LoadFlag | None = None
    for row in rows:
        run = [*run, row] if run and row.load_kw == run[-1].load_kw != 0 else [row]
        frozen = len(run) >= FROZEN_VALUES and row.quality is Quality.MEASURED
        kept.append(replace(row, quality=Quality.ESTIMATED) if frozen else row)
        flagged = _flag(run) if frozen else flagged
    unit.loads.put(kept)
    if flagged and not was_frozen:
        unit.decisions.add([DecisionRow(first.tenant, now, "", "", str(flagged.fault), flagged.why)])
    return [flagged] if flagged else []


def _same_at_end(rows: Sequence[LoadRow]) -> list[LoadRow]:
    run: list[LoadRow] = []
    for row in reversed(rows):
        if run and row.load_kw != run[0].load_kw:
            break
        run.insert(0, row)
    return run


def _flag(run: Sequence[LoadRow]) -> LoadFlag:
    first = run[0]
    why = (
        f"the meter of {first.node} tells {first.load_kw:g} kW since {first.at.isoformat()}, {len(run)} times the same "
        "to the last digit: it seems to hang, and its loads are kept as estimated"
    )
    return LoadFlag(first.node, LoadFault.METER_FROZEN, first.at, why)
