"""An application over a store in memory, and people who ask it."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from evenload.app.ems_door import EmsDoor
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.vehicle_state import Provider
from evenload.service import access, keys
from evenload.service.access_rows import Role, UserRow
from evenload.service.cable_rows import ConflictKind, ConflictRow, EnergyManagerRow, PairReason, PairRow, PairState
from evenload.service.car_rows import CarLinkRow, CarStateRow
from evenload.service.driver_rows import DriverRow
from evenload.service.drivers import links
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.messages.surveys import Question, put_survey
from evenload.service.people.rows import PersonRow
from evenload.service.people_rows import ConsentRow, Purpose, SurveyRow
from evenload.service.ports import Store
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore
from evenload.store.memory_people import MemoryPeopleStore
from evenload.store.sql.store import opened
from evenload.web.api import api
from evenload.web.options import ApiOptions, Services

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have another client below it
    from fastapi.testclient import TestClient

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
SHARED: dict[str, FastAPI] = {}
TENANTS = ("north", "south")
PASSWORD = "correct horse battery"  # noqa: S105


def furnished_people() -> MemoryPeopleStore:
    """Somebody of each tenant."""
    made = MemoryPeopleStore()
    with made.writing() as rows:
        rows.put([PersonRow(one, f"p-{one}", "Ann Example", f"ann@{one}.example", made_at=NOON) for one in TENANTS])
    return made


class QuickHash:
    """A hash that is quick, for tests of everything but the hash."""

    def hash(self, password: str) -> str:
        return f"quick:{password}"

    def verify(self, password: str, hashed: str) -> bool:
        return hashed == f"quick:{password}"


@dataclass
class Bench:
    """What a test works with; both clocks stand still until it moves them."""

    store: Store
    options: ApiOptions = field(default_factory=lambda: ApiOptions(b"k" * 32, public_url="http://testserver"))
    now: datetime = NOON
    seconds: float = 0.0
    changes: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    people: MemoryPeopleStore = field(default_factory=furnished_people)

    def services(self) -> Services:
        return Services(
            self.store, lambda: self.now, self.options, QuickHash(), lambda key: f"hashed:{len(key)}", self.draw,
            lambda tenant, what: self.changes.append((tenant, what)), lambda: self.faults,
            people=self.people, ems=EmsDoor(b"k" * 32),
        )  # fmt: skip

    def draw(self) -> str:
        return f"{next(self.numbers):032x}"

    def app(self) -> FastAPI:
        """An application. Its first request is slow, so all benches with the same options share one."""
        made = api(self.services(), lambda: self.seconds)
        if self.options != ApiOptions(b"k" * 32, public_url="http://testserver"):
            return made
        shared = SHARED.setdefault("app", made)
        for name in ("services", "busy", "hub", "doors"):
            setattr(shared.state, name, getattr(made.state, name))
        return shared

    def key(self, tenant: str, role: Role) -> str:
        """The text of a new key."""
        admin = Scope(tenant, "test", Role.ADMIN)
        key_id, secret = f"{next(self.numbers):012x}", self.draw() + self.draw()
        if role is Role.DRIVER:
            driver_id, until = f"driver-{tenant}", self.now + timedelta(days=1)
            return links.add_link(admin, self.store, driver_id, key_id, secret, self.now, until)
        keys.add_key(admin, self.store, key_id, secret, self.now, name="test", role=role)
        return keys.key_text(key_id, secret)


Asks = Callable[..., TestClient]


def furnish(store: Store) -> None:
    """Two tenants: a feeder, a site, a station with a device, a car plugged in, a vehicle and an administrator each."""
    for tenant in TENANTS:
        admin = Scope(tenant, "test", Role.ADMIN)
        user = UserRow(tenant, f"ann-{tenant}", f"ann@{tenant}.example", Role.ADMIN, "Ann", QuickHash().hash(PASSWORD))
        access.add_user(admin, store, user, NOON)
        with store.writing() as unit:
            feeder = Circuit(f"feeder-{tenant}", "", CircuitKind.FEEDER, 400.0)
            site = Circuit(f"depot-{tenant}", feeder.node, CircuitKind.SITE, 100.0)
            unit.circuits.put([CircuitRow(tenant, feeder), CircuitRow(tenant, site)])
            unit.sites.put([SiteRow(tenant, site.node, made_at=NOON)])
            identity = f"CP-{tenant}"
            unit.stations.put([StationRow(StationId(tenant, identity), approved=True)])
            device = DeviceRow(tenant, f"{identity}:1", site.node, identity, enrolled_at=NOON)
            unit.devices.put([device])
            unit.vehicles.put([VehicleRow(tenant, f"van-{tenant}", token=f"token-{tenant}", made_at=NOON)])
            linked = CarLinkRow(tenant, f"van-{tenant}", Provider.ENODE, f"a-{tenant}", f"h-{tenant}", site.node,
                                f"car:van-{tenant}", granted_at=NOON)  # fmt: skip
            unit.cars.put_links([linked])
            unit.cars.put_states([CarStateRow(tenant, linked.vehicle_id, NOON, NOON, soc=0.5)])
            unit.consents.put([ConsentRow(tenant, f"c-{tenant}", f"p-{tenant}", Purpose.MESSAGES, NOON, "2026-01")])
            unit.drivers.put([DriverRow(tenant, f"driver-{tenant}", vehicles=(f"van-{tenant}",), made_at=NOON)])
            hour = timedelta(hours=1)
            times = (NOON - hour, NOON + 8 * hour)
            unit.sessions.put([SessionRow(tenant, f"session-{tenant}", device.device_id, site.node, *times, 20.0)])
            both = (f"session-{tenant}", f"van-{tenant}", device.device_id)
            unit.cables.put_pairs([PairRow(tenant, *both, times[0], PairState.POSSIBLE, 0.6, PairReason.ALIKE)])
            timer = ConflictRow(tenant, both[0], ConflictKind.CAR_TIMER, NOON, f"van-{tenant} waits", "end its timer",
                                *both[1:], told_at=NOON)  # fmt: skip
            unit.cables.put_conflicts([timer])
            ems = EnergyManagerRow(tenant, f"lot-{tenant}", f"http://lot-{tenant}", made_at=NOON)
            unit.cables.put_energy_managers([ems])
            lot = DeviceRow(tenant, ems.device_id, site.node, f"ems:{ems.device_id}", fallback_kw=5.0)
            unit.devices.put([lot])
            unit.stations.put([StationRow(lot.station, approved=True)])
        survey = SurveyRow(tenant, f"survey-{tenant}", "How was it?", "")
        put_survey(admin, store, survey, [Question("ready", "Was it ready?")], NOON)


@pytest.fixture
def bench() -> Bench:
    store = MemoryStore()
    furnish(store)
    return Bench(store)


@pytest.fixture
def bench_on_disk(tmp_path: Path) -> Iterator[Bench]:
    """The same over a database in a file."""
    with opened(tmp_path / "kept.db") as store:
        furnish(store)
        yield Bench(store)


@pytest.fixture
def asks(bench: Bench) -> Iterator[Asks]:
    """A client of a role of a tenant."""
    app = bench.app()

    def client(role: Role = Role.ADMIN, tenant: str = "north") -> TestClient:
        made = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
        made.headers["Authorization"] = f"Bearer {bench.key(tenant, role)}"
        return made

    return client  # type: ignore[return-value]
