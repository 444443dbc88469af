"""Which limit a car is held back for: so that every act is on the account of the event it was made for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval
from evenload.service.live_rows import LimitRow
from evenload.service.ports import Store

_KEPT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """Limits in force of a tenant by circuit, and what every circuit hangs below."""

    read_s: float
    limits: Mapping[str, LimitRow]
    parents: Mapping[str, str]


class InForce:
    """Limits in force above sites; read again when a few seconds have passed."""

    def __init__(self, store: Store, clock: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._seen: dict[str, _Seen] = {}

    def limit_at(self, tenant: str, site_id: str) -> str:
        """The limit at a site or the nearest circuit above it, ``""`` where none is in force."""
        seen = self._seen.get(tenant)
        if seen is None or self._seconds() - seen.read_s > _KEPT_S:
            seen = self._seen[tenant] = self._read(tenant)
        node, steps = site_id, 0
        while node and seen.limits and steps <= len(seen.parents):
            if (limit := seen.limits.get(node)) is not None:
                return limit.limit_id
            node, steps = seen.parents.get(node, ""), steps + 1
        return ""

    def _read(self, tenant: str) -> _Seen:
        now = self._clock()
        with self._store.reading() as unit:
            rows = unit.limits.within(tenant, Interval(now, now + timedelta(seconds=1)))
            parents = {one.node: one.parent for one in unit.circuits.of(tenant)} if rows else {}
        return _Seen(self._seconds(), {one.node: one for one in sorted(rows, key=lambda one: one.start)}, parents)
