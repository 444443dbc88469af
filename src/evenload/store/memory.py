"""A store in memory: gone with the process. For tests and for trying things out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from threading import RLock
from typing import Any

from msgspec import structs

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading
from evenload.service.rows import (
    ConnectorRow,
    EventRow,
    OrderRow,
    ReadingRow,
    StationRow,
    TokenRow,
    TransactionRow,
)
from evenload.store.memory_access import MemoryAudit, MemoryReplies, MemoryUsers, MemoryWebhooks
from evenload.store.memory_cable import MemoryCables
from evenload.store.memory_cars import MemoryCars
from evenload.store.memory_drivers import MemoryDriverLinks, MemoryDrivers, MemoryPromises, MemoryWishes
from evenload.store.memory_live import (
    MemoryCircuits,
    MemoryDecisions,
    MemoryDevices,
    MemoryPlans,
    MemorySessions,
    MemorySites,
    MemoryVehicles,
)
from evenload.store.memory_openadr3 import MemoryOpenAdrObjects
from evenload.store.memory_people import MemoryConsents, MemoryMessages, MemorySurveys
from evenload.store.memory_series import MemoryLimits, MemoryLoads, MemorySignals
from evenload.store.memory_slots import MemorySlots

_NO_ANSWER = ("", "no_answer")


@dataclass
class MemoryStations:
    """Stations and their connectors."""

    rows: dict[StationId, StationRow] = field(default_factory=dict)
    ports: dict[tuple[StationId, int, int], ConnectorRow] = field(default_factory=dict)

    def find(self, station: StationId) -> StationRow | None:
        """One, or ``None``."""
        return self.rows.get(station)

    def find_all(self, wanted: Iterable[StationId]) -> Mapping[StationId, StationRow]:
        """Those of these that there are."""
        return {station: self.rows[station] for station in wanted if station in self.rows}

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[StationRow]:
        """Those of a tenant by identity, at most ``count`` that follow one."""
        found = [row for one, row in sorted(self.rows.items()) if one.tenant == tenant and one.identity > after]
        return found[:count]

    def held(self, tenant: str) -> int:
        """How many of a tenant are neither approved nor revoked."""
        return sum(not row.approved and row.revoked_at is None for row in self.of(tenant))

    def put(self, rows: Iterable[StationRow]) -> None:
        """Add or replace."""
        self.rows.update({row.station: row for row in rows})

    def remove(self, station: StationId) -> None:
        """Forget one and its connectors."""
        self.rows.pop(station, None)
        self.ports = {key: row for key, row in self.ports.items() if row.station != station}

    def saw(self, instants: Mapping[StationId, datetime]) -> None:
        """Note when known ones were last heard of, which never goes back."""
        for station, at in instants.items():
            if row := self.rows.get(station):
                self.rows[station] = row.seen(at)

    def connectors(self, tenant: str) -> Sequence[ConnectorRow]:
        """The connectors of a tenant's stations, by station, EVSE and connector."""
        return [row for (station, _, _), row in sorted(self.ports.items()) if station.tenant == tenant]

    def put_connectors(self, rows: Iterable[ConnectorRow]) -> None:
        """Add or replace."""
        self.ports.update({(row.station, row.evse_id, row.connector_id): row for row in rows})


@dataclass
class MemoryTokens:
    """Tokens."""

    rows: dict[tuple[str, str], TokenRow] = field(default_factory=dict)

    def find(self, tenant: str, key: str) -> TokenRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, key))

    def of(self, tenant: str) -> Sequence[TokenRow]:
        """All of a tenant, by key."""
        return [row for (owner, _), row in sorted(self.rows.items()) if owner == tenant]

    def put(self, rows: Iterable[TokenRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.token.key): row for row in rows})


@dataclass
class MemoryTransactions:
    """Transactions."""

    rows: dict[tuple[StationId, str], TransactionRow] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def find(self, keys: Iterable[tuple[StationId, str]]) -> Mapping[tuple[StationId, str], TransactionRow]:
        """Those of these keys that there are."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    def at_station(self, station: StationId, ended_from: datetime) -> Sequence[TransactionRow]:
        """Those that go on, and those that ended at an instant or later, in order of their start."""
        found = [row for row in self.rows.values() if row.station == station]
        late = [row for row in found if row.ended_at is None or row.ended_at >= ended_from]
        return sorted(late, key=lambda row: (row.started_at, row.transaction_id))

    def at_stations(
        self, stations: Iterable[StationId], ended_from: datetime
    ) -> Mapping[StationId, Sequence[TransactionRow]]:
        """As ``at_station``, of many; a station without any is absent."""
        return {station: rows for station in stations if (rows := self.at_station(station, ended_from))}

    def last(self, tenant: str, count: int, *, only_open: bool = False) -> Sequence[TransactionRow]:
        """The last that began, the latest first."""
        found = [row for row in self.rows.values() if row.station.tenant == tenant and not (only_open and row.ended)]
        return sorted(found, key=lambda row: (row.started_at, row.key), reverse=True)[:count]

    def put(self, rows: Iterable[TransactionRow]) -> None:
        """Add or replace."""
        self.rows.update({row.key: row for row in rows})

    def reserve_ids(self, tenant: str, count: int) -> int:
        """The first of ``count`` numbers above 0 in a row that are given to nobody else, ever."""
        first = self.numbers.get(tenant, 1)
        self.numbers[tenant] = first + count
        return first


@dataclass
class MemoryReadings:
    """Readings."""

    rows: dict[tuple[datetime, StationId, int, str], ReadingRow] = field(default_factory=dict)

    def within(self, station: StationId, window: Interval, count: int) -> Sequence[ReadingRow]:
        """The last ``count`` of a window, in order of time."""
        found = [row for _, row in sorted(self.rows.items()) if row.station == station and row.reading.at in window]
        return found[-count:]

    def latest(self, tenant: str) -> Sequence[ReadingRow]:
        """The latest of each EVSE, by station and EVSE."""
        latest = {
            (row.station, row.evse_id): row for _, row in sorted(self.rows.items()) if row.station.tenant == tenant
        }
        return [row for _, row in sorted(latest.items())]

    def put(self, rows: Iterable[ReadingRow]) -> None:
        """Add; what is told again of one instant completes what was told before."""
        for row in rows:
            key = (row.reading.at, row.station, row.evse_id, str(row.reading.kind))
            before = self.rows.get(key)
            self.rows[key] = replace(row, reading=_completed(before.reading, row.reading)) if before else row


def _completed(before: Reading, after: Reading) -> Reading:
    told = {name: value for name, value in structs.asdict(after).items() if value is not None}
    return structs.replace(before, **told)


@dataclass
class MemoryEvents:
    """The log of events."""

    rows: dict[tuple[object, ...], EventRow] = field(default_factory=dict)

    def after(self, tenant: str, number: int, count: int) -> Sequence[EventRow]:
        """Those that follow a number, in order."""
        return [row for row in self.rows.values() if row.station.tenant == tenant and row.number > number][:count]

    def last(self, tenant: str, count: int) -> Sequence[EventRow]:
        """The last ones, in order."""
        return self.after(tenant, 0, len(self.rows))[-count:]

    def unknown(self, rows: Iterable[EventRow]) -> Sequence[EventRow]:
        """Those that are not there to the letter, in the order given."""
        return [row for row in rows if _letter(row) not in self.rows]

    def add(self, rows: Iterable[EventRow]) -> None:
        """Append, but not what is there to the letter, save for when it was received."""
        number = next(reversed(self.rows.values())).number if self.rows else 0
        for row in rows:
            if _letter(row) not in self.rows:
                number += 1
                self.rows[_letter(row)] = replace(row, number=number)

    def forget(self, tenant: str, kind: str, until: int) -> None:
        """Take away those of a kind before a number: that one stays, so that numbers go on from it."""
        gone = [
            key
            for key, row in self.rows.items()
            if (row.station.tenant, row.kind) == (tenant, kind) and row.number < until
        ]
        for key in gone:
            del self.rows[key]


def _letter(row: EventRow) -> tuple[object, ...]:
    return row.station, row.kind, row.at, row.evse_id, row.body


@dataclass
class MemoryOrders:
    """Commands to stations on their way."""

    rows: dict[str, OrderRow] = field(default_factory=dict)

    def find(self, order_ids: Iterable[str]) -> Sequence[OrderRow]:
        """Those of these ids that there are."""
        return [self.rows[one] for one in order_ids if one in self.rows]

    def to_give(self, number: int) -> Sequence[OrderRow]:
        """Those after a number that got no answer yet or are standing, in order."""
        return [
            row for row in self.rows.values() if row.number > number and (row.standing or row.settlement in _NO_ANSWER)
        ]

    def standing(self, station: StationId) -> Sequence[OrderRow]:
        """Those of a station that are standing, in order."""
        return [row for row in self.rows.values() if row.standing and row.station == station]

    def last(self, tenant: str, count: int) -> Sequence[OrderRow]:
        """The last of a tenant, in order."""
        return [row for row in self.rows.values() if row.station.tenant == tenant][-count:]

    def add(self, row: OrderRow) -> None:
        """Append."""
        self.rows[row.order_id] = replace(row, number=len(self.rows) + 1)

    def put(self, rows: Iterable[OrderRow]) -> None:
        """Replace."""
        self.rows.update({row.order_id: row for row in rows})


@dataclass
class MemoryUnit:
    """Everything there is."""

    stations: MemoryStations = field(default_factory=MemoryStations)
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    transactions: MemoryTransactions = field(default_factory=MemoryTransactions)
    readings: MemoryReadings = field(default_factory=MemoryReadings)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    orders: MemoryOrders = field(default_factory=MemoryOrders)
    circuits: MemoryCircuits = field(default_factory=MemoryCircuits)
    sites: MemorySites = field(default_factory=MemorySites)
    devices: MemoryDevices = field(default_factory=MemoryDevices)
    vehicles: MemoryVehicles = field(default_factory=MemoryVehicles)
    sessions: MemorySessions = field(default_factory=MemorySessions)
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    signals: MemorySignals = field(default_factory=MemorySignals)
    loads: MemoryLoads = field(default_factory=MemoryLoads)
    plans: MemoryPlans = field(default_factory=MemoryPlans)
    decisions: MemoryDecisions = field(default_factory=MemoryDecisions)
    users: MemoryUsers = field(default_factory=MemoryUsers)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    webhooks: MemoryWebhooks = field(default_factory=MemoryWebhooks)
    replies: MemoryReplies = field(default_factory=MemoryReplies)
    consents: MemoryConsents = field(default_factory=MemoryConsents)
    messages: MemoryMessages = field(default_factory=MemoryMessages)
    surveys: MemorySurveys = field(default_factory=MemorySurveys)
    drivers: MemoryDrivers = field(default_factory=MemoryDrivers)
    wishes: MemoryWishes = field(default_factory=MemoryWishes)
    driver_links: MemoryDriverLinks = field(default_factory=MemoryDriverLinks)
    promises: MemoryPromises = field(default_factory=MemoryPromises)
    cars: MemoryCars = field(default_factory=MemoryCars)
    cables: MemoryCables = field(default_factory=MemoryCables)
    openadr3: MemoryOpenAdrObjects = field(default_factory=MemoryOpenAdrObjects)

    @property
    def slots(self) -> MemorySlots:
        """Means of quarter hours."""
        return MemorySlots(
            list(self.readings.rows.values()), list(self.devices.rows.values()), self.circuits.rows,
            list(self.sessions.rows.values()),
        )  # fmt: skip

    def copy(self) -> "MemoryUnit":
        """One of its own; rows themselves never change."""
        copied: dict[str, Any] = {}
        for one in fields(self):
            port = getattr(self, one.name)
            copied[one.name] = type(port)(**{part.name: dict(getattr(port, part.name)) for part in fields(port)})
        return MemoryUnit(**copied)


class MemoryStore:
    """A ``Store`` in memory. Writing copies everything first, so it is for little."""

    def __init__(self) -> None:
        self._unit = MemoryUnit()
        self._lock = RLock()

    @contextmanager
    def reading(self) -> Iterator[MemoryUnit]:
        """A unit that only reads, of one state."""
        yield self._unit

    @contextmanager
    def writing(self) -> Iterator[MemoryUnit]:
        """A unit that nobody else's writing comes between."""
        with self._lock:
            unit = self._unit.copy()
            yield unit
            self._unit = unit
