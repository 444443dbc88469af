"""A driver with a car at home, in a store in memory, and a clock that tests move."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import ConnectorStatus, StationId, Token
from evenload.domain.station_events import MeterSampled, StatusChanged, TransactionStarted
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.access_rows import Role
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, DriverRow, WishRow
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.service.track import track
from evenload.store.memory import MemoryStore

EVENING = datetime(2026, 1, 8, 17, 0, tzinfo=UTC)
"""A Thursday, 18:00 in Oslo."""
STATION = StationId("t", "CP1")
CARD = "ann-card"


@dataclass
class Home:
    """Ann's home; ``scope`` speaks for drivers, ``ann`` is herself."""

    store: MemoryStore = field(default_factory=MemoryStore)
    now: datetime = EVENING
    scope: Scope = field(default_factory=lambda: Scope("t", "user:op", Role.OPERATOR))
    ann: Scope = field(default_factory=lambda: Scope("t", "link:abc", Role.DRIVER, "ann"))
    numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        with self.store.writing() as unit:
            unit.circuits.put(
                [CircuitRow("t", Circuit("T7", "", CircuitKind.TRANSFORMER, 50.0)),
                 CircuitRow("t", Circuit("home", "T7", CircuitKind.SITE, 20.0))]
            )  # fmt: skip
            unit.sites.put(
                [SiteRow("t", "home", timezone="Europe/Oslo", energy_kwh_usual=12.0, energy_kwh_minimum=2.0)]
            )
            unit.stations.put([StationRow(STATION, approved=True, seen_at=self.now)])
            unit.devices.put([DeviceRow("t", "d1", "home", "CP1", power_kw_max=7.4)])
            unit.vehicles.put([VehicleRow("t", "leaf", token=CARD, battery_kwh=45.0)])
            unit.drivers.put([DriverRow("t", "ann", vehicles=("leaf",), site_id="home", currency="EUR")])

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def id(self) -> str:
        return f"id{next(self.numbers):04d}"

    def choice(self, **fields: Any) -> ChoiceRow:
        given: dict[str, Any] = {"start": self.now, "kind": ChoiceKind.SKIP} | fields
        return ChoiceRow("t", self.id(), "ann", given.pop("kind"), given.pop("start"), **given)

    def wish(self, **fields: Any) -> WishRow:
        return WishRow("t", "", "ann", "leaf", **fields)

    def plug_in(self, soc: float | None = None) -> SessionRow:
        """The car comes, and its card is shown."""
        told = {"station": STATION, "at": self.now, "received_at": self.now, "evse_id": 1}
        started = TransactionStarted(
            **told, transaction_id=self.id(), token=Token(CARD), register_kwh=100.0, connector_id=1
        )
        status = StatusChanged(**told, connector_id=1, status=ConnectorStatus.OCCUPIED)
        with self.store.writing() as unit:
            track(unit, [status, started])
        return self.meter(soc=soc) if soc is not None else self.session()

    def meter(self, *, soc: float | None = None, kwh: float | None = None, kw: float | None = None) -> SessionRow:
        reading = Reading(at=self.now, kind=ReadingKind.INSTANT, power_kw=kw, soc=soc)
        register = Reading(
            at=self.now, kind=ReadingKind.REGISTER, energy_kwh_import=None if kwh is None else 100.0 + kwh
        )
        told = {"station": STATION, "at": self.now, "received_at": self.now, "evse_id": 1}
        with self.store.writing() as unit:
            track(unit, [MeterSampled(**told, readings=(register, reading), transaction_id="")])
        return self.session()

    def unplug(self) -> None:
        told = {"station": STATION, "at": self.now, "received_at": self.now, "evse_id": 1}
        with self.store.writing() as unit:
            track(unit, [StatusChanged(**told, connector_id=1, status=ConnectorStatus.AVAILABLE)])

    def session(self) -> SessionRow:
        with self.store.reading() as unit:
            return unit.sessions.going_on("t")[0]


@pytest.fixture
def home() -> Home:
    return Home()
