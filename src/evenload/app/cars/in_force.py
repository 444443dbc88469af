"""Which limit a car is held back for: so that every act is on the account of the event it was made for."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.service.live_rows import LimitRow
from evenload.service.ports import Store

_KEPT_S: Final = 0.1
"""Orders for a limit come a little after it is posted, as plans wait for what happens together."""
_PARENTS_KEPT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Limits in force of a tenant by circuit, and what every circuit hangs below."""

    read_s: float
    limits: Mapping[str, LimitRow]
    parents: Mapping[str, str]
    parents_read_s: float


class InForce:
    """Limits in force above sites, as of the last look. For the event loop's thread."""

    def __init__(self, store: Store, clock: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._seen: dict[str, _Seen] = {}
        self._one = asyncio.Lock()

    async def look(self, tenant: str) -> None:
        """Read what is in force of a tenant, if that was not just done; beside the loop, as stores may take long."""
        async with self._one:
            seen = self._seen.get(tenant)
            if seen is None or self._seconds() - seen.read_s > _KEPT_S:
                self._seen[tenant] = await asyncio.to_thread(self._read, tenant, seen)

    def limit_at(self, tenant: str, site_id: str) -> str:
        """The limit at a site or the nearest circuit above it, ``""`` where none was in force at the last look."""
        seen = self._seen.get(tenant)
        node, steps = site_id, 0
        while seen is not None and node and seen.limits and steps <= len(seen.parents):
            if (limit := seen.limits.get(node)) is not None:
                return limit.limit_id
            node, steps = seen.parents.get(node, ""), steps + 1
        return ""

    def _read(self, tenant: str, before: _Seen | None) -> _Seen:
        now, read_s = self._clock(), self._seconds()
        fresh = before is not None and before.parents and read_s - before.parents_read_s < _PARENTS_KEPT_S
        parents, parents_read_s = (before.parents, before.parents_read_s) if before and fresh else ({}, read_s)
        with self._store.reading() as unit:
            rows = unit.limits.within(tenant, Interval(now, now + timedelta(seconds=1)))
            if rows and not parents:
                parents = {one.node: one.parent for one in unit.circuits.of(tenant)}
        limits = {one.node: one for one in sorted(rows, key=lambda one: one.start)}
        return _Seen(read_s, limits, parents, parents_read_s)
