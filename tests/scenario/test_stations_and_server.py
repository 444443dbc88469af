"""Virtual stations of both versions, over real sockets, at the server of stations with its own desks."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetProfile, Settlement
from evenload.domain.station_events import StationEvent, TransactionEnded, TransactionStarted
from evenload.domain.station_limits import Limits
from evenload.net.ocpp_server import OcppServer
from evenload.net.password import hash_key
from evenload.net.ports import StationRecord, TenantRecord
from evenload.ocpp.desk import Desk
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.records import MemoryRecords
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.desk import desk16
from evenload.ocpp.v201.desk import desk201
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec, Vices

pytestmark = pytest.mark.requirement("R77", "R79")

KEY = b"k" * 20
SPEED = 120.0
STATIONS = 40
VERSIONS = ("ocpp1.6", "ocpp2.0.1")


class Depot:
    """Everything the server needs, in memory; time runs as fast as at the stations."""

    def __init__(self) -> None:
        self.events: list[StationEvent] = []
        self.desks: dict[StationId, Desk] = {}
        self.epoch = datetime(2026, 3, 1, 18, tzinfo=UTC)
        self._began = time.monotonic()

    def clock(self) -> datetime:
        return self.epoch + timedelta(seconds=SPEED * (time.monotonic() - self._began))

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return TenantRecord(), StationRecord(password_hash=hash_key(KEY, b"salt" * 4))

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is known")

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        raise AssertionError(f"{station} was sent no other password than {password_hash_next}")

    async def commit(self, events: Sequence[StationEvent]) -> None:
        await asyncio.sleep(0.002)
        self.events += events

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        if station not in self.desks:
            make = desk16 if dialect is OCPP16 else desk201
            self.desks[station] = make(station, MemoryRecords(), DeskPolicy())
        return self.desks[station]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


async def until(what: Callable[[], object], seconds: float = 10.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true in time")


async def evening(depot: Depot, server: OcppServer, fleet: SocketFleet) -> None:
    await until(lambda: all(station.registered for station in fleet.stations))
    for station in fleet.stations:
        station.plug_in(1, Car(battery_kwh=500), fleet.now, "tag")
        fleet.attend(station)
    await until(lambda: len(depot.of(TransactionStarted)) == STATIONS)
    window = Interval(depot.clock(), depot.clock() + timedelta(hours=8))
    limits = Limits.constant(5.0, window)
    ordered = [
        server.command(station, SetProfile(command_id=str(station), evse_id=1, limits=limits))
        for station in server.connected
    ]
    settled = await asyncio.gather(*ordered)
    assert [one.settlement for one in settled] == [Settlement.DONE] * STATIONS
    assert all(4.9 < station.outlets[1].power_kw <= 5.0 for station in fleet.stations)
    for station in fleet.stations[::2]:  # half of them lose their line, and their cars leave meanwhile
        station.drop(fleet.now, 240.0)
        fleet.attend(station)
    await until(lambda: fleet.connected == STATIONS // 2 == len(server.connected))
    for station in fleet.stations:
        station.unplug(1, fleet.now)
        fleet.attend(station)
    await until(lambda: len(depot.of(TransactionEnded)) == STATIONS)
    await until(lambda: all(station.owed == 0 for station in fleet.stations))


def test_e11_and_e12_and_k02_and_16_3_5_and_16_3_13_an_evening_at_a_depot() -> None:
    async def run() -> None:
        depot = Depot()
        server = OcppServer(
            desk_for=depot.desk_for, directory=depot, sink=depot, clock=depot.clock, secret=os.urandom(32), name="s"
        )
        port = await server.listen("localhost", 0)
        vices = Vices(repeats=0.1)
        stations = [
            VirtualStation(StationSpec(f"CP{n}", VERSIONS[n % 2], vices=vices), depot.epoch, np.random.default_rng(n))
            for n in range(STATIONS)
        ]
        fleet = SocketFleet(
            stations, lambda one: f"ws://localhost:{port}/ocpp/depot/{one.spec.identity}", speed=SPEED,
            password_of=lambda _: KEY,
        )  # fmt: skip
        fleet.start()
        try:
            await evening(depot, server, fleet)
        finally:
            await fleet.stop()
            await server.drain(1.0)
        told = {one.station.identity: one.energy_kwh for one in depot.of(TransactionEnded)}
        delivered = {one.spec.identity: one.outlets[1].register_kwh for one in stations}
        assert told == pytest.approx(delivered, abs=2e-3)
        assert set(server.counts.violations) <= {"duplicate_call", "duplicate_answer", "call_while_open"}
        seen = {one.violation.fault for station in stations for one in station.violations}
        assert seen <= {"duplicate_answer"}  # what comes twice is answered twice, the same way

    asyncio.run(asyncio.wait_for(run(), 60))
