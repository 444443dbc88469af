"""Limits, signals and loads of circuits in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Final

from sqlalchemy import Connection, or_

from evenload.base.instants import Interval
from evenload.service.live_rows import LimitRow, LoadRow, SignalRow
from evenload.store.sql import schema_live as tables
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.writing import Insert, insert, put

_LIMITS: Final = Kept(tables.limits, LimitRow)
_SIGNALS: Final = Kept(tables.signals, SignalRow)
_LOADS: Final = Kept(tables.loads, LoadRow)
_LOADS_LAST: Final = Kept(tables.loads_last, LoadRow)


@dataclass(frozen=True, slots=True)
class SqlLimits:
    """Limits at circuits for a time."""

    connection: Connection

    def find(self, tenant: str, limit_id: str) -> LimitRow | None:
        """One, or ``None``."""
        return _LIMITS.find(self.connection, tenant, limit_id)

    def within(self, tenant: str, window: Interval, *, cancelled: bool = False) -> Sequence[LimitRow]:
        """Those that hold at some time of a window, by start and id; cancelled ones too where told so."""
        of = tables.limits.c
        found = _LIMITS.selecting.where(of.tenant == tenant, of.end > window.start, of.start < window.end)
        if not cancelled:
            found = found.where(of.cancelled_at.is_(None))
        return _LIMITS.read(self.connection, found.order_by(of.start, of.limit_id))

    def put(self, rows: Iterable[LimitRow]) -> None:
        """Add or replace."""
        _LIMITS.put(self.connection, rows)


@dataclass(frozen=True, slots=True)
class SqlSignals:
    """Prices and carbon."""

    connection: Connection

    def within(self, tenant: str, window: Interval, node: str | None = None) -> Sequence[SignalRow]:
        """Those that hold at some time of a window, by node and instant; of one node where given."""
        of = tables.signals.c
        found = _SIGNALS.selecting.where(of.tenant == tenant, of.until > window.start, of.at < window.end)
        if node is not None:
            found = found.where(of.node == node)
        return _SIGNALS.read(self.connection, found.order_by(of.node, of.at))

    def put(self, rows: Iterable[SignalRow]) -> None:
        """Add, or replace those of the same node and instant."""
        values = [_SIGNALS.values(row, until=row.at + timedelta(seconds=row.duration_s)) for row in rows]
        put(self.connection, tables.signals, values)


@dataclass(frozen=True, slots=True)
class SqlLoads:
    """Loads metered at circuits."""

    connection: Connection

    def within(self, tenant: str, window: Interval, nodes: Iterable[str] | None = None) -> Sequence[LoadRow]:
        """Those that begin in a window, by node and instant; of some nodes where given."""
        of = tables.loads.c
        found = _LOADS.selecting.where(of.tenant == tenant, of.at >= window.start, of.at < window.end)
        asked = [found] if nodes is None else [found.where(of.node.in_(some)) for some in portions(set(nodes))]
        rows = [row for one in asked for row in _LOADS.read(self.connection, one)]
        return sorted(rows, key=lambda row: (row.node, row.at, row.kind))

    def latest(self, tenant: str, *, after: tuple[str, str] = ("", ""), count: int | None = None) -> Sequence[LoadRow]:
        """The latest of each node and kind, by both; at most ``count`` that follow a node and kind."""
        of, (node, kind) = tables.loads_last.c, after
        found = _LOADS_LAST.selecting.where(of.tenant == tenant, of.node >= node)
        found = found.where(or_(of.node > node, of.kind > kind)).order_by(of.node, of.kind).limit(count)
        return _LOADS_LAST.read(self.connection, found)

    def put(self, rows: Iterable[LoadRow]) -> None:
        """Add, or replace those of the same node, instant and kind."""
        values = [_LOADS.values(row) for row in rows]
        put(self.connection, tables.loads, values)
        if values:
            self.connection.execute(_latest(self.connection.dialect.name), values)


@cache
def _latest(dialect: str) -> Insert:
    new = insert(dialect, tables.loads_last)
    told = {name: new.excluded[name] for name in ("at", "duration_s", "load_kw", "quality")}
    later = new.excluded.at >= tables.loads_last.c.at
    return new.on_conflict_do_update(index_elements=["tenant", "node", "kind"], set_=told, where=later)
