"""A small virtual town over real sockets at the server of stations, on one compressed clock that all share."""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from evenload.domain.station import StationId
from evenload.domain.station_events import MeterSampled, StationEvent, TransactionEnded
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
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.town import Town
from evenload.simulate.town_clock import Pace, TownClock
from evenload.simulate.town_drivers import Streets
from evenload.simulate.town_grid import TownShape

pytestmark = [pytest.mark.requirement("R77", "R79", "R139"), pytest.mark.slow]

KEY = b"k" * 20
SPEED = 7200.0
TOWN = Town(4, TownShape(transformers=5, home_stations=30, workplace_stations=4, public_stations=2))


class Operator:
    """What the server needs, in memory; ``takes_s`` is how long it takes to keep something."""

    def __init__(self, clock: TownClock) -> None:
        self.events: list[StationEvent] = []
        self.takes_s = 0.0
        self.clock = clock
        self._desks: dict[StationId, Desk] = {}

    async def look_up(self, _: StationId) -> tuple[TenantRecord, StationRecord]:
        return TenantRecord(), StationRecord(password_hash=hash_key(KEY, b"salt" * 4))

    def hold(self, station: StationId, address: str) -> None:
        raise AssertionError(f"{station} at {address} is known")

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        raise AssertionError(f"{station} was sent no other password than {password_hash_next}")

    async def commit(self, events: Sequence[StationEvent]) -> None:
        await asyncio.sleep(self.takes_s)
        self.events += events

    def desk_for(self, station: StationId, dialect: Dialect) -> Desk:
        if station not in self._desks:
            make = desk16 if dialect is OCPP16 else desk201
            self._desks[station] = make(station, MemoryRecords(), DeskPolicy(sample_s=300, heartbeat_s=3600))
        return self._desks[station]


async def until(what: Callable[[], object], seconds: float = 40.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if what():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true in time")


async def live(streets: Streets, fleet: SocketFleet, clock: TownClock, pace: Pace) -> None:
    while True:
        await asyncio.sleep(0.02)
        streets.act(clock.seconds())
        pace.heed(max(fleet.lag_s, streets.late_s))


async def a_third_of_a_day() -> None:
    clock = TownClock(TOWN.epoch, asyncio.get_running_loop().time, 0.0)
    operator = Operator(clock)
    server = OcppServer(
        desk_for=operator.desk_for, directory=operator, sink=operator, clock=clock.instant, secret=os.urandom(32),
        name="s",
    )  # fmt: skip
    port = await server.listen("localhost", 0)
    stations = TOWN.stations(clock)
    fleet = SocketFleet(
        stations, lambda one: f"ws://localhost:{port}/ocpp/town/{one.spec.identity}", clock=clock,
        password_of=lambda _: KEY,
    )  # fmt: skip
    streets = Streets(stations, TOWN.vehicles, TOWN.epoch, fleet.attend)
    pace = Pace(clock, 0.0, lag_s_max=600)  # nothing happens in the town before everybody is there
    fleet.start()
    await until(lambda: all(station.registered for station in stations))
    assert clock.seconds() == 0
    pace.wanted = SPEED
    streets.expect([*TOWN.visits(0), *TOWN.visits(1)])
    living = asyncio.create_task(live(streets, fleet, clock, pace))
    try:
        await until(lambda: clock.seconds() > 8 * 3600)
        assert not server.counts.violations
        operator.takes_s = 1.0  # the store is slow: so is time, and nothing is lost
        await until(lambda: clock.speed < SPEED / 4)
        assert fleet.lag_s > 600
        operator.takes_s = 0.0
        await until(lambda: clock.speed == SPEED)
        clock.speed = 0
        await until(lambda: all(station.owed == 0 for station in stations))
        await asyncio.sleep(0.3)
    finally:
        living.cancel()
        await fleet.stop()
        await server.drain(1.0)
    done = streets.take_done(clock.instant())
    assert len(done) > 5
    assert all(one.energy_kwh <= one.visit.energy_kwh + 1e-6 for one in done)
    # at this speed a second is two hours: who stays shorter than the slow store takes to let him charge gets nothing
    assert sum(one.energy_kwh for one in done) > 0.8 * sum(one.visit.energy_kwh for one in done)
    ended = [event for event in operator.events if isinstance(event, TransactionEnded)]
    assert len(ended) == sum(one.energy_kwh > 0 for one in done)
    told_kwh = sum(event.energy_kwh or 0.0 for event in ended)
    assert told_kwh == pytest.approx(sum(one.energy_kwh for one in done), abs=0.002 * len(done))
    sampled = [event for event in operator.events if isinstance(event, MeterSampled)]
    assert all(event.at <= clock.instant() + timedelta(seconds=1) for event in sampled)
    assert not any(station.violations for station in stations)


def test_a_town_lives_at_the_pace_its_operator_can_keep() -> None:
    asyncio.run(asyncio.wait_for(a_third_of_a_day(), 90))
