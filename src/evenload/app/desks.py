"""The desks of all stations: one each, which outlives its connections."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from evenload.domain.station import StationId, TokenStatus
from evenload.ocpp import desks
from evenload.ocpp.composite import Supply
from evenload.ocpp.desk import Desk
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.service.ports import Store, Unit
from evenload.service.records import StoreRecords, TransactionNumbers, ended_from
from evenload.service.rows import TransactionRow


class Desks:
    """Makes desks from what is kept. ``renewed`` are stations whose desk knows nothing yet of what is wanted."""

    def __init__(
        self, store: Store, policy: DeskPolicy, clock: Callable[[], datetime], unknown_tokens: TokenStatus
    ) -> None:
        self.renewed: set[StationId] = set()
        self._store = store
        self._policy = policy
        self._clock = clock
        self._unknown_tokens = unknown_tokens
        self._numbers: dict[str, TransactionNumbers] = {}
        self._desks: dict[StationId, tuple[Dialect, Desk]] = {}
        self._foreseen: dict[StationId, Sequence[TransactionRow]] = {}
        self._supplies: dict[StationId, dict[int, Supply]] = {}

    def foresee(self, unit: Unit, stations: Iterable[StationId]) -> None:
        """Read what desks of stations at the door will have to know, at once for all that have none."""
        new = [one for one in stations if one not in self._desks]
        found = unit.transactions.at_stations(new, ended_from(self._clock())) if new else {}
        self._foreseen.update({one: found.get(one, ()) for one in new})
        supplies = _supplies_of(unit, new)
        self._supplies.update({one: supplies.get(one, {}) for one in new})

    async def enrolled(self, tenant: str) -> None:
        """Devices of a tenant were enrolled or changed: desks assume their phases and volts from now on."""
        stations = [one for one in self._desks if one.tenant == tenant]
        found = await asyncio.to_thread(self._read_supplies, stations)
        for station in stations:
            if kept := self._desks.get(station):
                kept[1].dossier.charging.assume(found.get(station, {}))

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        """The desk of a station, another one where it speaks another version than before."""
        kept = self._desks.get(station)
        if kept and kept[0] is dialect:
            return kept[1]
        desk = desks.desk_for(station, dialect, self._records(station), self._policy)
        desk.dossier.charging.assume(self._supplies_at(station))
        self._desks[station] = (dialect, desk)
        self.renewed.add(station)
        return desk

    def forget(self, stations: Iterable[StationId]) -> None:
        """Begin anew from what is kept with stations some of whose events were not."""
        for station in stations:
            self._desks.pop(station, None)
            self._foreseen.pop(station, None)
            self._supplies.pop(station, None)

    def _supplies_at(self, station: StationId) -> dict[int, Supply]:
        if station in self._supplies:
            return self._supplies.pop(station)
        return self._read_supplies([station]).get(station, {})

    def _read_supplies(self, stations: Sequence[StationId]) -> dict[StationId, dict[int, Supply]]:
        with self._store.reading() as unit:
            return _supplies_of(unit, stations)

    def _records(self, station: StationId) -> StoreRecords:
        numbers = self._numbers.setdefault(station.tenant, TransactionNumbers(self._store, station.tenant))
        foreseen = self._foreseen.pop(station, None)
        return StoreRecords(self._store, station, numbers, self._clock, self._unknown_tokens, foreseen)


def _supplies_of(unit: Unit, stations: Sequence[StationId]) -> dict[StationId, dict[int, Supply]]:
    """Phases and volts of EVSEs as they were enrolled."""
    found: dict[StationId, dict[int, Supply]] = {}
    for device in unit.devices.at_stations(stations) if stations else ():
        found.setdefault(device.station, {})[device.evse_id] = Supply(device.voltage_v, device.phases)
    return found
