"""Looks at both ends of cables: which car stands at which charger, and where both get in each other's way."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evenload.app.looking import look
from evenload.domain.station_events import StationEvent
from evenload.domain.vehicle_state import CarId
from evenload.service.cable.join import join
from evenload.service.cable.one_session import Joined, OrderIds
from evenload.service.cable.seen import likely
from evenload.service.cable.watch import Watched, watch
from evenload.service.dispatch import Given
from evenload.service.ports import Store, Unit

_log = logging.getLogger("evenload.app.cables")

EVERY_S: Final = 30.0
_ALL: Final = timedelta(minutes=10)
"""So often all cars are looked at; in between those that told something, and those that may be at a charger."""

Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """How many cars are held to be at chargers by state, and how many conflicts go on by kind."""

    pairs: Counts = field(default_factory=dict)
    conflicts: Counts = field(default_factory=dict)

    @classmethod
    def of(cls, unit: Unit, tenant: str) -> "Standing":
        """As it is kept."""
        wrong = [one for one in unit.cables.conflicts_going_on(tenant) if one.told_at is not None]
        pairs = Counter(one.state.value for one in unit.cables.pairs_going_on(tenant))
        return cls(pairs, Counter(one.kind.value for one in wrong))


Wanted = Callable[[str], Mapping[str, Given]]
"""What devices of a tenant were told last."""


class Cables:
    """Looks every so often, in a thread; what breaks there is logged and tried again. ``changed`` is told of tenants
    that have to be planned for anew, ``ordered`` that there are orders. To be made where the event loop runs.
    """

    def __init__(
        self, store: Store, tenants: Sequence[str], clock: Callable[[], datetime], wanted: Wanted,
        changed: Callable[[frozenset[str]], None], ordered: Callable[[], None], every_s: float = EVERY_S,
    ) -> None:  # fmt: skip
        self.counts: Counter[str] = Counter()
        self.standing: dict[str, Standing] = {}
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._wanted = wanted
        self._changed = changed
        self._ordered = ordered
        self._every_s = every_s
        self._told: dict[str, set[str]] = {name: set() for name in tenants}
        self._open: dict[str, set[str]] = {name: set() for name in tenants}
        self._all_at: dict[str, datetime] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            changed = await look(self.look, _log, "cables")
            if changed:
                self._ordered()
                self._changed(changed)

    def heed(self, events: Sequence[StationEvent]) -> None:
        """Note which cars told something. For the event loop's thread."""
        for event in events:
            car = CarId.of_station(event.station)
            if car is not None and car.tenant in self._told:
                self._told[car.tenant].add(car.vehicle_id)

    def look(self) -> frozenset[str]:
        """One look at all tenants; those whose sessions changed."""
        return frozenset(tenant for tenant in self._tenants if self._look_at(tenant))

    def _look_at(self, tenant: str) -> bool:
        now = self._clock()
        told, self._told[tenant] = self._told[tenant], set()
        names = told | self._open[tenant]
        with self._store.reading() as unit:
            if tenant not in self._all_at or now - self._all_at[tenant] >= _ALL:
                names |= likely(unit, tenant, now)
                self._all_at[tenant] = now
            going_on = unit.cables.pairs_going_on(tenant) or unit.cables.conflicts_going_on(tenant)
        if not names and not going_on:
            self.standing[tenant] = Standing()
            return False
        given = self._wanted(tenant)

        def allowed_kw(device_id: str) -> float | None:
            told = given.get(device_id)
            return None if told is None or told.limits.end <= now else told.limits.at(now)

        with self._store.writing() as unit:
            joined = join(unit, tenant, now, OrderIds(), names)
            watched = watch(unit, tenant, now, allowed_kw, names)
            self.standing[tenant] = Standing.of(unit, tenant)
        self._open[tenant] = joined.open
        self._say(tenant, joined, watched)
        return joined.news or any(one.changes_need for one in watched.told)

    def _say(self, tenant: str, joined: Joined, watched: Watched) -> None:
        for how, pairs in (("matched", joined.matched), ("unmatched", joined.undone)):
            self.counts[how] += len(pairs)
            for pair in pairs:
                _log.info("tenant=%s event=%s session=%s vehicle=%s confidence=%.2f reason=%s", tenant, how,
                          pair.session_id, pair.vehicle_id, pair.confidence, pair.reason)  # fmt: skip
        self.counts["conflicts"] += len(watched.told)
        for row in watched.told:
            _log.warning("tenant=%s event=conflict kind=%s session=%s device=%s why=%s", tenant, row.kind,
                         row.session_id, row.device_id, row.why)  # fmt: skip
