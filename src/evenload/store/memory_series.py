"""Limits, signals and loads of circuits in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from evenload.base.instants import Interval
from evenload.service.live_rows import LimitRow, LoadRow, SignalRow


@dataclass
class MemoryLimits:
    """Limits at circuits for a time."""

    rows: dict[tuple[str, str], LimitRow] = field(default_factory=dict)

    def find(self, tenant: str, limit_id: str) -> LimitRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, limit_id))

    def within(self, tenant: str, window: Interval, *, cancelled: bool = False) -> Sequence[LimitRow]:
        """Those that hold at some time of a window, by start and id; cancelled ones too where told so."""
        found = [
            row
            for row in self.rows.values()
            if row.tenant == tenant and row.start < window.end and row.end > window.start
            if cancelled or row.cancelled_at is None
        ]
        return sorted(found, key=lambda row: (row.start, row.limit_id))

    def put(self, rows: Iterable[LimitRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.limit_id): row for row in rows})


@dataclass
class MemorySignals:
    """Prices and carbon."""

    rows: dict[tuple[str, str, datetime], SignalRow] = field(default_factory=dict)

    def within(self, tenant: str, window: Interval, node: str | None = None) -> Sequence[SignalRow]:
        """Those that hold at some time of a window, by node and instant; of one node where given."""
        return [
            row
            for _, row in sorted(self.rows.items(), key=lambda item: item[0])
            if row.tenant == tenant and node in (None, row.node)
            if row.at < window.end and row.at + timedelta(seconds=row.duration_s) > window.start
        ]

    def put(self, rows: Iterable[SignalRow]) -> None:
        """Add, or replace those of the same node and instant."""
        self.rows.update({(row.tenant, row.node, row.at): row for row in rows})


@dataclass
class MemoryLoads:
    """Loads metered at circuits."""

    rows: dict[tuple[str, str, datetime, str], LoadRow] = field(default_factory=dict)

    def within(self, tenant: str, window: Interval, nodes: Iterable[str] | None = None) -> Sequence[LoadRow]:
        """Those that begin in a window, by node and instant; of some nodes where given."""
        asked = None if nodes is None else set(nodes)
        return [
            row
            for _, row in sorted(self.rows.items(), key=lambda item: item[0])
            if row.tenant == tenant and row.at in window and (asked is None or row.node in asked)
        ]

    def latest(self, tenant: str, *, after: tuple[str, str] = ("", ""), count: int | None = None) -> Sequence[LoadRow]:
        """The latest of each node and kind, by both; at most ``count`` that follow a node and kind."""
        in_order = sorted(self.rows.items(), key=lambda item: item[0])
        latest = {(row.node, str(row.kind)): row for _, row in in_order if row.tenant == tenant}
        return [row for key, row in sorted(latest.items(), key=lambda item: item[0]) if key > after][:count]

    def put(self, rows: Iterable[LoadRow]) -> None:
        """Add, or replace those of the same node, instant and kind."""
        self.rows.update({(row.tenant, row.node, row.at, str(row.kind)): row for row in rows})
