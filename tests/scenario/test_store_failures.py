"""A store that fails while stations talk: what was acknowledged is there, what was not comes again, once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.app import sink as sink_module
from evenload.app.desks import Desks
from evenload.app.sink import StoreSink
from evenload.domain.station import StationId, TokenStatus
from evenload.domain.station_readings import Quality
from evenload.net.ocpp_server import OcppServer
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.ocpp.dossier import DeskPolicy
from evenload.service.ports import StoreError
from evenload.service.rows import TransactionRow
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec
from evenload.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("R77", "R79")
SPEED = 60.0
EPOCH = datetime(2026, 3, 1, 18, tzinfo=UTC)
VERSIONS = ("ocpp1.6", "ocpp2.0.1")


class Flaky(MemoryStore):
    """A store that a test breaks: for all, or at the end of a unit that left a row it does not take."""

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.failures = 0
        self.poison: Callable[[TransactionRow], bool] = lambda _: False

    @contextmanager
    def writing(self) -> Iterator[Any]:
        if self.broken:
            self.failures += 1
            raise StoreError("the disk is full")
        with super().writing() as unit:
            yield unit
            if any(map(self.poison, unit.transactions.last("home", 1000))):
                self.failures += 1
                raise OverflowError("too large for the database")


@dataclass
class Depot:
    """A server with its desks and its sink, and stations at it."""

    store: Flaky
    fleet: SocketFleet
    server: OcppServer
    disconnected: list[StationId] = field(default_factory=list)

    def rows(self) -> list[TransactionRow]:
        with self.store.reading() as unit:
            return list(unit.transactions.last("home", 1000))


class Open:
    """A directory that lets everyone in."""

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return TenantRecord(), StationRecord(profile=SecurityProfile.NONE)

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is held")

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        raise AssertionError(f"{station} has no password but {password_hash_next}")


@asynccontextmanager
async def depot(names: list[str]) -> AsyncIterator[Depot]:
    loop, store = asyncio.get_running_loop(), Flaky()
    began = loop.time()

    def clock() -> datetime:
        return EPOCH.fromtimestamp(EPOCH.timestamp() + SPEED * (loop.time() - began), UTC)

    desks = Desks(store, DeskPolicy(sample_s=30), clock, TokenStatus.ACCEPTED)
    with ThreadPoolExecutor(1) as writer:
        made: Depot

        def failed(events: Any) -> None:
            stations = {one.station for one in events}
            made.disconnected += stations
            desks.forget(stations)
            for station in stations:
                server.disconnect(station, "not stored; connect again")

        server = OcppServer(
            desk_for=desks.desk_for, directory=Open(), sink=StoreSink(store, writer, failed), clock=clock,
            secret=os.urandom(32), name="s",
        )  # fmt: skip
        port = await server.listen("127.0.0.1", 0)
        stations = [
            VirtualStation(StationSpec(name, VERSIONS[n % 2], meter_s=30.0, retry_s=5.0), EPOCH,
                           np.random.default_rng(n))
            for n, name in enumerate(names)
        ]  # fmt: skip
        fleet = SocketFleet(
            stations, lambda one: f"ws://127.0.0.1:{port}/ocpp/home/{one.spec.identity}", speed=SPEED, redial_s=0.2
        )
        fleet.start()
        made = Depot(store, fleet, server)
        try:
            await until(lambda: all(one.registered for one in stations))
            yield made
        finally:
            await fleet.stop()
            await server.drain(1.0)


async def until(what: Callable[[], object], seconds: float = 20.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true in time")


def everywhere(fleet: SocketFleet, act: Callable[[VirtualStation], object]) -> None:
    for station in fleet.stations:
        act(station)
        fleet.attend(station)


def plug_in_all(fleet: SocketFleet) -> None:
    everywhere(fleet, lambda one: one.plug_in(1, Car(battery_kwh=500), fleet.now, "tag"))


def test_a_store_that_fails_for_a_while_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_module, "_PATIENCE_S", (0.02,))
    names = [f"CP{n}" for n in range(12)]

    async def run() -> None:
        async with depot(names) as one:
            plug_in_all(one.fleet)
            await until(lambda: len(one.rows()) == len(names))
            one.store.broken = True
            everywhere(one.fleet, lambda station: station.unplug(1, one.fleet.now))
            await until(lambda: {each.identity for each in one.disconnected} == set(names))
            assert not any(row.ended for row in one.rows())  # nothing was acknowledged, so nothing may be forgotten
            assert all(station.owed for station in one.fleet.stations)
            one.store.broken = False
            await until(lambda: all(station.owed == 0 for station in one.fleet.stations))
            await until(lambda: all(row.ended is Quality.MEASURED for row in one.rows()))
            told = {row.station.identity: row.energy_kwh for row in one.rows()}
            delivered = {each.spec.identity: each.outlets[1].register_kwh for each in one.fleet.stations}
            assert len(one.rows()) == len(names)
            assert told == pytest.approx(delivered, abs=2e-3)
            assert all(kwh > 0 for kwh in delivered.values())

    asyncio.run(asyncio.wait_for(run(), 60))


def test_starts_that_were_not_stored_come_again_and_begin_one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink_module, "_PATIENCE_S", (0.02,))
    names = [f"CP{n}" for n in range(12)]

    async def run() -> None:
        async with depot(names) as one:
            one.store.poison = lambda _: True  # whoever asks may charge, and no start is kept
            plug_in_all(one.fleet)
            await until(lambda: {each.identity for each in one.disconnected} == set(names))
            assert one.rows() == []
            one.store.poison = lambda _: False
            await until(lambda: all(station.owed == 0 for station in one.fleet.stations))
            await until(lambda: len(one.rows()) == len(names))
            everywhere(one.fleet, lambda station: station.unplug(1, one.fleet.now))
            await until(lambda: all(row.ended is Quality.MEASURED for row in one.rows()))
            assert sorted(row.station.identity for row in one.rows()) == sorted(names)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_one_station_s_poison_stops_nobody_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sink_module, "_PATIENCE_S", (0.02,))
    names = ["Poison", *(f"CP{n}" for n in range(9))]

    async def run() -> None:
        async with depot(names) as one:
            one.store.poison = lambda row: row.station.identity == "Poison"
            plug_in_all(one.fleet)
            await until(lambda: len(one.rows()) == len(names) - 1)
            await until(lambda: one.disconnected)
            everywhere(one.fleet, lambda station: station.unplug(1, one.fleet.now))
            await until(lambda: all(row.ended is Quality.MEASURED for row in one.rows()))
            assert {row.station.identity for row in one.rows()} == set(names) - {"Poison"}
            assert {each.identity for each in one.disconnected} == {"Poison"}
            assert "station=home/Poison event=set_aside kind=TransactionStarted" in caplog.text
            one.store.poison = lambda _: False  # what could not be kept now can: it is still owed, and comes
            await until(lambda: "Poison" in {row.station.identity for row in one.rows()})

    asyncio.run(asyncio.wait_for(run(), 60))
