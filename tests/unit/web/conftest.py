"""An application over a store in memory, and people who ask it."""

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.service import access, keys
from evenload.service.access_rows import Role, UserRow
from evenload.service.live_rows import CircuitRow, DeviceRow, SessionRow, SiteRow, VehicleRow
from evenload.service.ports import Store
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore
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

    def services(self) -> Services:
        return Services(
            self.store, lambda: self.now, self.options, QuickHash(), lambda key: f"hashed:{len(key)}", self.draw,
            lambda tenant, what: self.changes.append((tenant, what)), lambda: self.faults,
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
            hour = timedelta(hours=1)
            times = (NOON - hour, NOON + 8 * hour)
            unit.sessions.put([SessionRow(tenant, f"session-{tenant}", device.device_id, site.node, *times, 20.0)])


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
