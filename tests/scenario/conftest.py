"""A depot on real sockets: eight virtual stations of both versions, a building, and the platform that serves them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.server import ModbusTcpServer

from evenload.app.guarding import GuardSettings
from evenload.app.platform import Platform
from evenload.app.settings import Settings
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.service import keys
from evenload.service.access_rows import Role
from evenload.service.guard import GuardPolicy
from evenload.service.live_rows import CircuitRow, DeviceRow, SiteRow
from evenload.service.ports import Store
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.town_clock import TownClock

EPOCH = datetime(2026, 3, 2, 18, tzinfo=UTC)
VERSIONS = ("ocpp1.6", "ocpp2.0.1")
CARS = 8
LIMIT_KW = 100.0
LEAST_KW = 4.14
FALLBACK_KW = 4.3
_ON_A_METER_S = 0.02
SECRET = "s" * 32


def api_key(store: Store, role: Role, now: datetime) -> str:
    """A key to the API of a store."""
    keys.add_key(Scope("home", "test", Role.ADMIN), store, "testkey1", SECRET, now, name="test", role=role)
    return keys.key_text("testkey1", SECRET)


def furnish(store: Store, meter: str, **site: Any) -> None:
    """A depot below a grid without limits; ranks rise with the number of the station."""
    with store.writing() as unit:
        feeder = Circuit("grid", "", CircuitKind.FEEDER)
        depot = Circuit("depot", "grid", CircuitKind.SITE, LIMIT_KW)
        unit.circuits.put([CircuitRow("home", feeder), CircuitRow("home", depot)])
        unit.sites.put([SiteRow("home", "depot", meter=meter, **site)])
        names = [f"CP{n}" for n in range(CARS)]
        unit.stations.put([StationRow(StationId("home", name), approved=True) for name in names])
        unit.devices.put(
            [
                DeviceRow("home", f"{name}:1", "depot", name, power_kw_max=11.0, power_kw_min=LEAST_KW, priority=n,
                          fallback_kw=FALLBACK_KW)
                for n, name in enumerate(names)
            ]
        )  # fmt: skip


@dataclass
class Site:
    """The building and its cars, and how long all of it together was above the limit, in virtual seconds."""

    clock: TownClock
    stations: list[VirtualStation]
    fleet: SocketFleet
    building_kw: float = 5.0
    limit_kw: float = LIMIT_KW
    excursions_s: list[float] = field(default_factory=list)
    _well_at: float = 0.0
    _was_over: bool = False

    def cars_kw(self) -> list[float]:
        for station in self.stations:
            station.advance(self.clock.seconds())
        return [station.outlets[1].power_kw for station in self.stations]

    def metered_kw(self) -> float:
        return self.building_kw + sum(self.cars_kw())

    def look(self) -> None:
        """Meter once. An excursion counts from the last time all was well to the first time it is again."""
        now, is_over = self.clock.seconds(), self.metered_kw() > self.limit_kw + 0.01
        if is_over and not self._was_over:
            self.excursions_s.append(0.0)
        if self.excursions_s and (is_over or self._was_over):
            self.excursions_s[-1] = now - self._well_at
        if not is_over:
            self._well_at = now
        self._was_over = is_over

    async def watch(self) -> None:
        """Meter for ever."""
        while True:
            self.look()
            await asyncio.sleep(_ON_A_METER_S)

    def build_up(self, kw: float) -> None:
        """The building takes so much more, which its meter sees at once: an excursion may soon be over."""
        self.look()
        self.building_kw += kw
        self.look()

    def plug_in(self, **car: Any) -> None:
        for station in self.stations:
            station.plug_in(1, Car(**{"battery_kwh": 500.0, **car}), self.fleet.now, "tag")
            self.fleet.attend(station)

    async def for_virtual(self, seconds: float) -> None:
        until = self.clock.seconds() + seconds
        while self.clock.seconds() < until:
            await asyncio.sleep(0.01)


async def eventually(what: Callable[[], object], seconds: float = 15.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true in time")


def settings_for(folder: Path, **more: Any) -> Settings:
    return Settings(
        host="127.0.0.1", port=0, api_port=0, database=folder / "evenload.db", secret_file=folder / "secret",
        **{"sample_s": 30, "drain_s": 0.5, **more},
    )  # fmt: skip


@asynccontextmanager
async def platform_at(
    settings: Settings, store: Store, clock: TownClock, policy: GuardPolicy, guard_s: float | None = None
) -> AsyncIterator[tuple[Platform, int, str]]:  # fmt: skip
    """The platform running: itself, its port for stations, and the address of its API."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1) as writer:
        second_s = guard_s or 1.0 / clock.speed
        guard = GuardSettings(second_s, second_s, policy)
        platform = Platform(settings, store, writer, clock.instant, loop.time, guard)
        api = await platform.listen_api(settings.host, settings.api_port)
        port, _ = await platform.stations.listen()
        running = [loop.create_task(one) for one in platform.running()]
        try:
            yield platform, port, f"http://127.0.0.1:{api.port}"
        finally:
            broken = [one for one in running if one.done()]
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await api.stop()
            await platform.stations.drain()
            for one in broken:
                one.result()


@asynccontextmanager
async def fleet_at(clock: TownClock, port: int, **spec: Any) -> AsyncIterator[Site]:
    """Stations that dial in and are registered, and the site they stand at."""
    stations = [
        VirtualStation(StationSpec(f"CP{n}", VERSIONS[n % 2], **{"meter_s": 60.0, "retry_s": 5.0, **spec}), clock.epoch,
                       np.random.default_rng(n))
        for n in range(CARS)
    ]  # fmt: skip
    fleet = SocketFleet(
        stations, lambda one: f"ws://127.0.0.1:{port}/ocpp/home/{one.spec.identity}", clock=clock, redial_s=0.2
    )
    fleet.start()
    site = Site(clock, stations, fleet)
    watching = asyncio.get_running_loop().create_task(site.watch())
    try:
        await eventually(lambda: all(station.registered for station in stations))
        yield site
    finally:
        watching.cancel()
        await fleet.stop()


class Bench:
    """What scenarios of depots are made of."""

    epoch = EPOCH
    limit_kw = LIMIT_KW
    key = staticmethod(api_key)
    furnish = staticmethod(furnish)
    eventually = staticmethod(eventually)
    settings = staticmethod(settings_for)
    platform = staticmethod(platform_at)
    fleet = staticmethod(fleet_at)

    def clock(self, speed: float) -> TownClock:
        return TownClock(self.epoch, asyncio.get_running_loop().time, speed)


@pytest.fixture
def depots() -> Bench:
    return Bench()


@asynccontextmanager
async def _modbus(shown_kw: Callable[[], float]) -> AsyncIterator[int]:
    """A Modbus TCP server that answers with a power in W at the moment it is read; its port."""

    def answer(sending: bool, pdu: Any) -> Any:
        if sending and hasattr(pdu, "registers"):
            watts = shown_kw() * 1000.0
            pdu.registers = AsyncModbusTcpClient.convert_to_registers(watts, AsyncModbusTcpClient.DATATYPE.FLOAT32)
        return pdu

    context = ModbusServerContext(ModbusDeviceContext(hr=ModbusSequentialDataBlock(1, [0] * 200)), single=True)
    server = ModbusTcpServer(context, address=("127.0.0.1", 0), trace_pdu=answer)
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


@pytest.fixture
def modbus() -> Callable[[Callable[[], float]], AbstractAsyncContextManager[int]]:
    """A main meter that is read by Modbus TCP."""
    return _modbus
