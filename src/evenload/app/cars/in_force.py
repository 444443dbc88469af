"""Which limit a car is held back for: so that every act is on the account of the event it was made for."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.service.live_rows import LimitRow
from evenload.service.ports import Store

_KEPT_S: Final = 0.2
"""No longer than plans wait for what happens together: what an order follows from is seen, whoever wrote it."""
_PARENTS_KEPT_S: Final = 10.0
_AHEAD: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Limits of a tenant now and soon by circuit, by their start, and what every circuit hangs below."""

    read_s: float
    limits: Mapping[str, Sequence[LimitRow]]
    parents: Mapping[str, str]
    parents_read_s: float


class InForce:
    """Limits in force above sites, as of the last look. For the event loop's thread."""

    def __init__(self, store: Store, clock: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._seen: dict[str, _Seen] = {}
        self._changed: set[str] = set()
        self._one = asyncio.Lock()

    async def look(self, tenant: str) -> None:
        """Read the limits of a tenant, if that was not just done; beside the loop, as stores may take long."""
        if self._is_fresh(tenant):  # as for most of many orders
            return
        async with self._one:
            while not self._is_fresh(tenant):
                self._changed.discard(tenant)  # what changes from here on is read once more
                self._seen[tenant] = await asyncio.to_thread(self._read, tenant, self._seen.get(tenant))

    def changed(self, tenant: str) -> None:
        """Limits or circuits of a tenant changed: the next look reads them anew."""
        self._changed.add(tenant)

    def limit_at(self, tenant: str, site_id: str) -> str:
        """The limit at a site or the nearest circuit above it, ``""`` where none is in force as of the last look."""
        seen, now = self._seen.get(tenant), self._clock()
        node, steps = site_id, 0
        while seen is not None and node and seen.limits and steps <= len(seen.parents):
            holding = [one for one in seen.limits.get(node, ()) if one.start <= now < one.end]
            if holding:
                return holding[-1].limit_id
            node, steps = seen.parents.get(node, ""), steps + 1
        return ""

    def _is_fresh(self, tenant: str) -> bool:
        seen = self._seen.get(tenant)
        return seen is not None and tenant not in self._changed and self._seconds() - seen.read_s <= _KEPT_S

    def _read(self, tenant: str, before: _Seen | None) -> _Seen:
        now, read_s = self._clock(), self._seconds()
        fresh = before is not None and read_s - before.parents_read_s < _PARENTS_KEPT_S
        parents, parents_read_s = (before.parents, before.parents_read_s) if before and fresh else ({}, read_s)
        limits: dict[str, list[LimitRow]] = {}
        with self._store.reading() as unit:
            rows = unit.limits.within(tenant, Interval(now, now + _AHEAD))
            if rows and not parents:
                parents = {one.node: one.parent for one in unit.circuits.of(tenant)}
        for one in sorted(rows, key=lambda row: row.start):
            limits.setdefault(one.node, []).append(one)
        return _Seen(read_s, limits, parents, parents_read_s)
