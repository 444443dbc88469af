"""The ports to where things are kept. Synchronous; the tenant is part of every key and never left out."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import ClassVar, Protocol

from evenload.base.errors import EvenloadError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.openadr.v3.objects import OpenAdrObjects
from evenload.service.cable_ports import Cables
from evenload.service.car_ports import Cars
from evenload.service.driver_ports import DriverLinks, Drivers, Promises, Wishes
from evenload.service.live_ports import (
    Audit,
    Circuits,
    Decisions,
    Devices,
    LimitsKept,
    Loads,
    Plans,
    Replies,
    Sessions,
    Signals,
    Sites,
    Users,
    Vehicles,
    Webhooks,
)
from evenload.service.people_ports import Consents, Messages, Surveys
from evenload.service.rows import (
    CircuitSlotRow,
    ConnectorRow,
    EventRow,
    OrderRow,
    ReadingRow,
    SlotRow,
    StationRow,
    TokenRow,
    TransactionRow,
)


class StoreError(EvenloadError):
    """What is kept cannot be read or written now: the disk is full, or another process holds it."""

    exit_code: ClassVar[int] = 3


class Stations(Protocol):
    """Stations and their connectors."""

    def find(self, station: StationId) -> StationRow | None:
        """One, or ``None``."""

    def find_all(self, wanted: Iterable[StationId]) -> Mapping[StationId, StationRow]:
        """Those of these that there are."""

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[StationRow]:
        """Those of a tenant by identity, at most ``count`` that follow one."""

    def held(self, tenant: str) -> int:
        """How many of a tenant are neither approved nor revoked."""

    def put(self, rows: Iterable[StationRow]) -> None:
        """Add or replace."""

    def remove(self, station: StationId) -> None:
        """Forget one and its connectors; what happened at it stays."""

    def saw(self, instants: Mapping[StationId, datetime]) -> None:
        """Note when known ones were last heard of, which never goes back."""

    def connectors(self, tenant: str) -> Sequence[ConnectorRow]:
        """The connectors of a tenant's stations, by station, EVSE and connector."""

    def put_connectors(self, rows: Iterable[ConnectorRow]) -> None:
        """Add or replace."""


class Tokens(Protocol):
    """Tokens, by ``Token.key``."""

    def find(self, tenant: str, key: str) -> TokenRow | None:
        """One, or ``None``."""

    def of(self, tenant: str) -> Sequence[TokenRow]:
        """All of a tenant, by key."""

    def put(self, rows: Iterable[TokenRow]) -> None:
        """Add or replace."""


class Transactions(Protocol):
    """Transactions."""

    def find(self, keys: Iterable[tuple[StationId, str]]) -> Mapping[tuple[StationId, str], TransactionRow]:
        """Those of these keys that there are."""

    def at_station(self, station: StationId, ended_from: datetime) -> Sequence[TransactionRow]:
        """Those that go on, and those that ended at an instant or later, in order of their start."""

    def at_stations(
        self, stations: Iterable[StationId], ended_from: datetime
    ) -> Mapping[StationId, Sequence[TransactionRow]]:
        """As ``at_station``, of many; a station without any is absent."""

    def last(self, tenant: str, count: int, *, only_open: bool = False) -> Sequence[TransactionRow]:
        """The last that began, the latest first."""

    def put(self, rows: Iterable[TransactionRow]) -> None:
        """Add or replace."""

    def reserve_ids(self, tenant: str, count: int) -> int:
        """The first of ``count`` numbers above 0 in a row that are given to nobody else, ever."""


class Readings(Protocol):
    """Readings; one an EVSE, instant and kind."""

    def within(self, station: StationId, window: Interval, count: int) -> Sequence[ReadingRow]:
        """The last ``count`` of a window, in order of time."""

    def latest(self, tenant: str) -> Sequence[ReadingRow]:
        """The latest of each EVSE, by station and EVSE."""

    def put(self, rows: Iterable[ReadingRow]) -> None:
        """Add; what is told again of one instant completes what was told before."""


class Slots(Protocol):
    """Means of quarter hours, made of readings when a quarter has ended, and again when its day is packed."""

    def of_evse(self, station: StationId, evse_id: int, window: Interval) -> Sequence[SlotRow]:
        """Those of an EVSE that begin in a window, in order."""

    def of_circuit(self, tenant: str, node: str, window: Interval) -> Sequence[CircuitSlotRow]:
        """Those of a circuit that begin in a window, in order."""


class Events(Protocol):
    """The log of events."""

    def after(self, tenant: str, number: int, count: int) -> Sequence[EventRow]:
        """Those that follow a number, in order."""

    def last(self, tenant: str, count: int) -> Sequence[EventRow]:
        """The last ones, in order."""

    def unknown(self, rows: Iterable[EventRow]) -> Sequence[EventRow]:
        """Those that are not there to the letter, in the order given."""

    def add(self, rows: Iterable[EventRow]) -> None:
        """Append, but not what is there to the letter, save for when it was received."""

    def forget(self, tenant: str, kind: str, until: int) -> None:
        """Take away those of a kind before a number: that one stays, so that numbers go on from it."""


class Orders(Protocol):
    """Commands to stations on their way."""

    def find(self, order_ids: Iterable[str]) -> Sequence[OrderRow]:
        """Those of these ids that there are."""

    def to_give(self, number: int) -> Sequence[OrderRow]:
        """Those after a number that got no answer yet or are standing, in order."""

    def standing(self, station: StationId) -> Sequence[OrderRow]:
        """Those of a station that are standing, in order."""

    def last(self, tenant: str, count: int) -> Sequence[OrderRow]:
        """The last of a tenant, in order."""

    def add(self, row: OrderRow) -> None:
        """Append."""

    def put(self, rows: Iterable[OrderRow]) -> None:
        """Replace."""


class Unit(Protocol):
    """A unit of work: all of it or nothing."""

    @property
    def stations(self) -> Stations:
        """Stations and their connectors."""

    @property
    def tokens(self) -> Tokens:
        """Tokens."""

    @property
    def transactions(self) -> Transactions:
        """Transactions."""

    @property
    def readings(self) -> Readings:
        """Readings."""

    @property
    def slots(self) -> Slots:
        """Means of quarter hours."""

    @property
    def events(self) -> Events:
        """The log of events."""

    @property
    def orders(self) -> Orders:
        """Commands on their way."""

    @property
    def circuits(self) -> Circuits:
        """The grid."""

    @property
    def sites(self) -> Sites:
        """Sites."""

    @property
    def devices(self) -> Devices:
        """Devices."""

    @property
    def vehicles(self) -> Vehicles:
        """Vehicles."""

    @property
    def sessions(self) -> Sessions:
        """Sessions."""

    @property
    def limits(self) -> LimitsKept:
        """Limits at circuits for a time."""

    @property
    def signals(self) -> Signals:
        """Prices and carbon."""

    @property
    def loads(self) -> Loads:
        """Loads metered at circuits."""

    @property
    def plans(self) -> Plans:
        """Plans."""

    @property
    def decisions(self) -> Decisions:
        """Decisions, with why."""

    @property
    def users(self) -> Users:
        """Users and keys to the API."""

    @property
    def audit(self) -> Audit:
        """The audit log."""

    @property
    def webhooks(self) -> Webhooks:
        """Whom to tell."""

    @property
    def replies(self) -> Replies:
        """Answers to repeated requests."""

    @property
    def cars(self) -> Cars:
        """Linked cars."""

    @property
    def cables(self) -> Cables:
        """Which car stands at which charger."""

    @property
    def drivers(self) -> Drivers:
        """Drivers."""

    @property
    def wishes(self) -> Wishes:
        """What drivers wish for and choose."""

    @property
    def driver_links(self) -> DriverLinks:
        """Links of drivers."""

    @property
    def promises(self) -> Promises:
        """What drivers were told that their cars will have."""

    @property
    def consents(self) -> Consents:
        """Consents."""

    @property
    def messages(self) -> Messages:
        """Messages."""

    @property
    def surveys(self) -> Surveys:
        """Surveys."""

    @property
    def openadr3(self) -> OpenAdrObjects:
        """Objects of OpenADR 3."""


class Store(Protocol):
    """Where things are kept. Any thread may call; ``StoreError`` where it cannot be done."""

    def reading(self) -> AbstractContextManager[Unit]:
        """A unit that only reads, of one state."""

    def writing(self) -> AbstractContextManager[Unit]:
        """A unit that nobody else's writing comes between; durable once it is left without an error."""
