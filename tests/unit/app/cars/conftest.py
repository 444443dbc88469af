"""Linked cars over virtual clouds, on a clock that moves when somebody waits; a driver who follows the address."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
import numpy as np
import pytest

from evenload.app.cars.clouds import CloudAccess
from evenload.app.cars.linking import Linking
from evenload.app.cars.side import CarSide
from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled, SetProfile
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import Provider
from evenload.service import orders
from evenload.service.access_rows import Role
from evenload.service.live_rows import CircuitRow, SiteRow
from evenload.service.ports import Store
from evenload.service.scope import Scope
from evenload.simulate.clouds.car import CarSpec, CloudCar
from evenload.simulate.clouds.faults import CALM, CloudFaults
from evenload.simulate.clouds.makers import CLIENT_ID, CLIENT_SECRET, LIMITS, Makers, addresses
from evenload.simulate.station_car import Car
from evenload.store.memory import MemoryStore
from evenload.telematics.port import Application, Home, Host

BEGAN = datetime(2026, 1, 13, 18, tzinfo=UTC)
SECRET = "hook-secret"  # noqa: S105 - signs webhooks of virtual clouds
HOME = (52.37, 4.9)
T = TypeVar("T")


@dataclass
class Bench:
    """A server's half and the clouds' half."""

    faults: CloudFaults = CALM
    store: Store = field(default_factory=MemoryStore)
    now: datetime = BEGAN
    asked: list[tuple[str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    tenant: str = "home"
    secret: bytes = b"s" * 32

    def __post_init__(self) -> None:
        limits: Any = LIMITS
        self.makers = Makers(lambda: self.now, self.sleep, np.random.default_rng(7), self.faults, limits)
        self.makers.hook({name: f"http://us/v1/clouds/{name}/webhook" for name in self.makers.all}, SECRET)
        self.numbers = itertools.count(1)
        self.writer = ThreadPoolExecutor(1)
        with self.store.writing() as unit:
            unit.sites.put([SiteRow(self.tenant, "house", made_at=BEGAN)])
            unit.circuits.put([CircuitRow(self.tenant, Circuit("house", "", CircuitKind.SITE, 40.0))])

    def open(self) -> None:
        """A server over the store; another one where one was before."""
        transport = httpx.ASGITransport(app=self._counted)
        self.access = {one: self._access(one, transport) for one in (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)}
        self.side = CarSide(
            self.store, self.writer, [self.tenant], self.access, self.secret, lambda: self.now, self.seconds,
            self.draw, self._kept,
        )  # fmt: skip
        self.door, self.worker, self.fleet = self.side.door, self.side.worker, self.side.worker.fleet
        self.linking = Linking(self.door, self.store, lambda: self.now, self.draw, self._changed)

    def _changed(self, tenant: str) -> None:
        self.changed.append(tenant)
        self.worker.changed(tenant)

    def _kept(self, events: Any, _tenants: Any) -> None:
        self.events += events

    async def beat(self, times: int = 1, apart_s: float = 1.0) -> None:
        """The server works, and what it began comes to its end."""
        for _ in range(times):
            await self.makers.beat(self._deliver)
            while self.side.inbox._waiting:
                await self.side.inbox.drain()
            await self.worker.beat()
            await self.worker.reading.idle()
            await self.worker.acting.idle()
            await self.makers.enode.settle()
            await self.worker.idle()
            await self.worker.keeping.flush()
            self.later(seconds=apart_s)

    async def _deliver(self, push: Any) -> bool:
        name = push.url.split("/")[-2]
        return self.side.webhook(Provider(name), push.headers, push.body).status == 200

    @staticmethod
    def empty_car(**car: Any) -> Car:
        return an_empty_car(**car)

    def state(self, vehicle_id: str = "leaf") -> Any:
        with self.store.reading() as unit:
            return unit.cars.state(self.tenant, vehicle_id)

    def acts(self, vehicle_id: str = "leaf") -> Any:
        with self.store.reading() as unit:
            return unit.cars.acts_of_car(self.tenant, vehicle_id, 99)[::-1]

    def order(self, power_kw: float, hours: float = 1.0, vehicle_id: str = "leaf") -> SetProfile:
        """An order to keep below a power, as the brain gives it."""
        limits = Limits.constant(power_kw, Interval(self.now, self.now + timedelta(hours=hours)))
        command = SetProfile(command_id=self.draw(), evse_id=1, limits=limits)
        orders.order(self.store, StationId(self.tenant, f"car:{vehicle_id}"), command, self.now)
        return command

    async def carry_out(self, command: Command, beats: int = 3, vehicle_id: str = "leaf") -> CommandSettled:
        """Have it carried out."""
        station = StationId(self.tenant, f"car:{vehicle_id}")
        task = asyncio.get_running_loop().create_task(self.worker.carry_out(station, command))
        for _ in range(beats):
            await asyncio.sleep(0.01)  # limits in force are read in a thread
            await self.beat()
        return await asyncio.wait_for(task, 5)

    def _access(self, provider: Provider, transport: httpx.AsyncBaseTransport) -> CloudAccess:
        hosts = {Host(name): url for name, url in addresses("http://cloud", provider.value).items()}
        back = f"http://us/v1/clouds/{provider.value}/callback"
        return CloudAccess(Application(CLIENT_ID, CLIENT_SECRET, back, SECRET, addresses=hosts), transport)

    async def _counted(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append((scope["method"], scope["path"]))
        await self.makers.app(scope, receive, send)

    def seconds(self) -> float:
        return (self.now - BEGAN).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Time passes for all as soon as anybody waits."""
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def draw(self) -> str:
        return f"{next(self.numbers):032x}"

    def scope(self, role: Role = Role.DRIVER_AGENT, tenant: str = "") -> Scope:
        return Scope(tenant or self.tenant, "user:ann", role)

    def car(self, provider: Provider, user_id: str, **spec: Any) -> CloudCar:
        """A car that a driver has at a cloud."""
        name = spec.pop("name", f"{provider.value}-{user_id}")
        vin = spec.pop("vin", f"VIN{name}".upper())
        if provider is Provider.TESLA:  # where cars are called by it
            name = vin
        made = CloudCar(CarSpec(name, vin, user_id, **spec), self.now)
        self.makers.all[provider.value].core.add([made])
        return made

    async def visit(self, url: str, user_id: str) -> dict[str, str]:
        """A driver follows the address and consents; what the cloud sends back with them."""
        query = dict(parse_qsl(urlsplit(url).query))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.makers.app)) as http:
            came = await http.get(url, params={**query, "login": user_id})
        return dict(parse_qsl(urlsplit(came.headers["location"]).query))

    async def link(self, provider: Provider, vehicle_id: str, user_id: str = "ann", **spec: Any) -> CloudCar:
        """A driver's car, linked."""
        asked = await self.linking.begin(self.scope(), provider, vehicle_id, "house", Home(*HOME))
        made = self.car(provider, user_id, **spec)
        await self.linking.finish(provider, await self.visit(asked.url, user_id))
        return made


def an_empty_car(**car: Any) -> Car:
    return Car(**{"battery_kwh": 60.0, "soc": 0.3, "soc_target": 0.9, "current_a_max": 32.0, "phases": 1, **car})


Played = Callable[[Callable[[Bench], Awaitable[None]]], None]


def run(what: Awaitable[T], within_s: float = 20) -> T:
    async def main() -> T:
        return await asyncio.wait_for(what, within_s)

    return asyncio.run(main())


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.writer.shutdown()


@pytest.fixture
def bench_on_disk(tmp_path: Path) -> Iterator[Bench]:
    from evenload.store.sql.store import opened  # noqa: PLC0415

    with opened(tmp_path / "kept.db") as store:
        made = Bench(store=store)
        yield made
        made.writer.shutdown()


@pytest.fixture
def played(bench: Bench) -> Played:
    """Runs a story on a bench with a server that was started."""

    def play(story: Callable[[Bench], Awaitable[None]]) -> None:
        async def main() -> None:
            bench.open()
            await story(bench)
            await bench.door.close()

        run(main())

    return play
