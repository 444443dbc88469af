"""A server of our own on the loopback, and a client of it."""

import asyncio
import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn

from evenload.app.ems_door import EmsDoor
from evenload.client import Client
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.service import keys
from evenload.service.access_rows import Role
from evenload.service.live_rows import CircuitRow, SessionRow
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore
from evenload.web.api import api
from evenload.web.hub import Hub
from evenload.web.live import StoreSource
from evenload.web.options import ApiOptions, Services
from evenload.web.passwords import Argon2

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)


@dataclass
class Served:
    """A server with a feeder, a station and a car plugged in."""

    store: MemoryStore
    url: str
    role_keys: dict[Role, str]

    def client(self, role: Role = Role.OPERATOR) -> Client:
        return Client(self.url, self.role_keys[role])


def furnish(store: MemoryStore) -> None:
    with store.writing() as unit:
        unit.circuits.put([CircuitRow("home", Circuit("F", "", CircuitKind.FEEDER, 400.0))])
        unit.stations.put([StationRow(StationId("home", "CP1"), approved=True)])
        hour = timedelta(hours=1)
        unit.sessions.put([SessionRow("home", "S", "D", "depot", NOON - hour, NOON + 8 * hour, 20.0)])


async def serving(
    services: Services, hub: Hub, started: threading.Event, stop: threading.Event, port: list[int]
) -> None:
    """As the application does it: the API, its hub and whatever else in one event loop."""
    app = api(services, asyncio.get_running_loop().time, hub=hub)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=5))
    tasks = [asyncio.create_task(hub.run()), asyncio.create_task(server.serve())]
    while not server.started:
        await asyncio.sleep(0.01)
    port.append(server.servers[0].sockets[0].getsockname()[1])
    started.set()
    while not stop.is_set():
        await asyncio.sleep(0.02)
    hub.close()
    server.should_exit = True
    await tasks[1]
    tasks[0].cancel()
    await asyncio.gather(tasks[0], return_exceptions=True)


@pytest.fixture
def served() -> Iterator[Served]:
    store = MemoryStore()
    furnish(store)
    numbers = itertools.count(1)
    services = Services(
        store,
        lambda: NOON,
        ApiOptions(b"k" * 32),
        Argon2(),
        lambda _: "",
        lambda: f"{next(numbers):032x}",
        ems=EmsDoor(b"k" * 32),
    )
    role_keys = {}
    for role in set(Role) - {Role.DRIVER}:
        key_id, secret = f"key{role.value.replace('_', '')}", "s" * 64
        keys.add_key(Scope("home", "test", Role.ADMIN), store, key_id, secret, NOON, name="test", role=role)
        role_keys[role] = keys.key_text(key_id, secret)
    started, stop, port = threading.Event(), threading.Event(), list[int]()
    hub = Hub(StoreSource(store), "e1", period_s=0.01)
    thread = threading.Thread(target=lambda: asyncio.run(serving(services, hub, started, stop, port)))
    thread.start()
    assert started.wait(20)
    yield Served(store, f"http://127.0.0.1:{port[0]}", role_keys)
    stop.set()
    thread.join(20)
