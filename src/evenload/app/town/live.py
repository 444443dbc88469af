"""Runs a live town: the platform as it is, hundreds of virtual stations on loopback sockets, compressed time."""

import asyncio
import logging
import secrets
import signal
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import uvloop

from evenload.app.bootstrap import until_stopped
from evenload.app.guarding import GuardSettings
from evenload.app.platform import ApiServer, Platform
from evenload.app.settings import Settings
from evenload.app.tap import Tap, tap_of
from evenload.app.town.beside import TownNow, Unmanaged, told_beside
from evenload.app.town.checks import check, reached
from evenload.app.town.clouds import TownClouds
from evenload.app.town.enrol import TENANT, enrol_town
from evenload.app.town.phones import RestPhones
from evenload.app.town.registers import registers
from evenload.app.town.utility import Utility
from evenload.base.errors import InvariantError
from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service.ports import Store
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.town import TELEMETRY_S, ZONE, Town
from evenload.simulate.town_arrays import day_horizon
from evenload.simulate.town_clock import Pace, TownClock
from evenload.simulate.town_drivers import Done, Point, Streets
from evenload.simulate.town_grid import TownShape
from evenload.simulate.town_measures import figures, metered_kw
from evenload.simulate.town_result import DayResult
from evenload.store.sql.store import opened

_log = logging.getLogger("evenload.app.town")

_ROUND_S: Final = 0.05
_UTILITY_S: Final = 0.5
_HEARTBEAT_S: Final = 4 * 3600
_PLAN_EVERY_S: Final = 600.0
_FORECAST_EVERY_S: Final = 3600.0
_CONNECT_S_MAX: Final = 120.0
_AFTER_DAY: Final = timedelta(minutes=15)
"""So long after a day its last meter values have come."""


@dataclass(frozen=True, slots=True)
class TownSettings:
    """How a town is run. ``speed`` virtual seconds pass a second; ``days`` 0 for as many as come."""

    seed: int = 1
    shape: TownShape = TownShape()  # noqa: RUF009 - frozen
    speed: float = 360.0
    days: int = 0
    host: str = "127.0.0.1"
    port: int = 0
    api_port: int = 8000
    folder: Path = Path("out/town")


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody who looks has to know once the town is there."""

    url: str
    key: str
    stations: int
    database: Path


@dataclass(frozen=True, slots=True)
class TownReport:
    """The days that were lived. ``broken`` says what should never be."""

    days: tuple[DayResult, ...]
    broken: tuple[str, ...]
    speed_mean: float
    lag_s_worst: float
    seconds: float
    interrupted: bool = False


def _tell_nobody(_: TownNow) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell what happens: that the town is there, how each day went, and twice a second how it goes."""

    ready: Callable[[Opened], None]
    day: Callable[[DayResult], None]
    now: Callable[[TownNow], None] = _tell_nobody


def live_town(settings: TownSettings, told: Told) -> TownReport:
    """Run a town until its days are over, or SIGINT or SIGTERM comes; either way it is stopped in order."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(settings, told))


async def _live(settings: TownSettings, told: Told) -> TownReport:
    folder = settings.folder
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("town.db*"):
        old.unlink()
    town = Town(settings.seed, settings.shape)
    store = opened(folder / "town.db")
    with ThreadPoolExecutor(1, thread_name_prefix="store-writer") as writer:
        try:
            return await _Live(settings, told, town, store, writer).run()
        finally:
            writer.shutdown()
            store.close()


class _Live:
    """One run of a town."""

    def __init__(
        self, settings: TownSettings, told: Told, town: Town, store: Store, writer: Executor
    ) -> None:  # fmt: skip
        self._settings, self._told, self._town, self._store = settings, told, town, store
        self._clock = TownClock(town.epoch, time.monotonic, 0.0)
        self._days: list[DayResult] = []
        self._broken: list[str] = []
        self._lag_s_worst = 0.0
        self._unmanaged = Unmanaged(town)
        self._working: asyncio.Future[None] | None = None
        server = self._server_settings()
        self._clouds = TownClouds(town, self._clock, settings.seed, secrets.token_hex(16))
        self._platform = Platform(
            server, store, writer, self._clock.instant, time.monotonic,
            guard=GuardSettings.at_speed(settings.speed), clouds=self._clouds.access(),
        )  # fmt: skip

    def _server_settings(self) -> Settings:
        chosen = self._settings
        return Settings(
            host=chosen.host, port=chosen.port, api_port=chosen.api_port, database=chosen.folder / "town.db",
            tenants=(TENANT,), heartbeat_s=_HEARTBEAT_S, sample_s=int(TELEMETRY_S),
            secret_file=chosen.folder / "town.secret", plan_quantile=0.95, plan_settle_s=0.05,
            plan_soon_s=_PLAN_EVERY_S + 60,
            plan_every_s=max(0.5, _PLAN_EVERY_S / chosen.speed),
            forecast_every_s=max(2.0, _FORECAST_EVERY_S / chosen.speed),
        )  # fmt: skip

    async def run(self) -> TownReport:
        """Everything, from enrolment to the last day."""
        began = time.monotonic()
        key = enrol_town(self._store, self._town, self._town.epoch, secrets.token_hex(6), secrets.token_hex(16))
        api = await self._platform.listen_api(self._settings.host, self._settings.api_port)
        port, _ = await self._platform.stations.listen()
        url = f"http://{self._settings.host}:{api.port}"
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        async with (
            httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20.0) as client,
            httpx.AsyncClient(base_url=url, timeout=20.0) as outside,
        ):
            fleet, streets, phones = self._people(port, client)
            self._told.ready(Opened(url, key, len(self._town.devices), self._settings.folder / "town.db"))
            parts: list[Coroutine[Any, Any, None]] = [
                api.watch(), *self._platform.running(), self._clouds.run(outside),
                self._live_days(fleet, streets, phones, (client, outside), stop),
            ]  # fmt: skip
            tap = Tap(self._platform.stations.server, tap_of(self._settings.folder / "town.db"), self._clock.instant)
            try:
                async with tap:
                    await until_stopped(stop, *parts)
            finally:
                await self._hang_up(fleet, phones, api)
        virtual_s = self._clock.seconds()
        seconds = time.monotonic() - began
        unfinished = not self._settings.days or len(self._days) < self._settings.days
        return TownReport(
            tuple(self._days), tuple(self._broken), virtual_s / seconds, self._lag_s_worst, seconds, unfinished
        )

    def _people(self, port: int, client: httpx.AsyncClient) -> tuple[SocketFleet, Streets, RestPhones]:
        stations = self._town.stations(self._clock)
        host = self._settings.host

        def url_of(station: VirtualStation) -> str:
            return f"ws://{host}:{port}/ocpp/{TENANT}/{station.spec.identity}"

        fleet = SocketFleet(stations, url_of, clock=self._clock)
        phones = RestPhones(client)

        def attend(point: Point) -> None:
            if isinstance(point, VirtualStation):
                fleet.attend(point)

        points: list[Point] = [*stations, *self._clouds.parked]
        return fleet, Streets(points, self._town.vehicles, self._town.epoch, attend, phones), phones

    async def _hang_up(self, fleet: SocketFleet, phones: RestPhones, api: ApiServer) -> None:
        self._clock.speed = 0.0
        await fleet.stop()
        await phones.finish()
        await api.stop()
        await self._platform.stations.drain()

    async def _live_days(
        self, fleet: SocketFleet, streets: Streets, phones: RestPhones,
        clients: tuple[httpx.AsyncClient, httpx.AsyncClient], stop: asyncio.Event,
    ) -> None:  # fmt: skip
        await asyncio.to_thread(self._platform.forecasting.refresh, TENANT)
        fleet.start()
        await self._all_connected(fleet)
        await self._clouds.link_all(*clients)
        utility = Utility(self._town, clients[0], self._town.epoch)
        await utility.step(self._clock.instant())
        pace = Pace(self._clock, self._settings.speed)
        number, expected, utility_at, lag_s_since = 0, -1, 0.0, 0.0
        while not self._settings.days or number < self._settings.days:
            now = self._clock.instant()
            if expected < number:
                expected = number
                streets.expect(self._town.visits(number))
            streets.act(self._clock.seconds())
            lag_s = max(fleet.lag_s, streets.late_s)
            pace.heed(lag_s)
            self._lag_s_worst, lag_s_since = max(self._lag_s_worst, lag_s), max(lag_s_since, lag_s)
            if time.monotonic() >= utility_at:
                utility_at = time.monotonic() + _UTILITY_S
                await utility.step(now)
                self._tell(now, number, lag_s_since, streets)
                lag_s_since = 0.0
            if expected == number and now >= self._town.noon(number + 1):
                expected, number = number, number + 1
                streets.expect(self._town.visits(number))
                expected = number
            if self._days_due(now):
                await self._close_day(streets, phones)
            await asyncio.sleep(_ROUND_S)
        while len(self._days) < self._settings.days:
            streets.act(self._clock.seconds())
            if self._days_due(self._clock.instant()):
                await self._close_day(streets, phones)
            await asyncio.sleep(_ROUND_S)
        stop.set()

    def _tell(self, now: datetime, number: int, lag_s: float, streets: Streets) -> None:
        """Say how it goes; the day as it would be unmanaged is worked out meanwhile."""
        speed, wanted = self._clock.speed, self._settings.speed
        here = streets.here
        parked = sum(one.station.startswith(CAR_PREFIX) for one in here)
        town = TownNow(now, ZONE, number + 1, speed, wanted, lag_s, len(here), parked, self._clouds.linked)
        if self._unmanaged.number != number and (self._working is None or self._working.done()):
            self._working = asyncio.ensure_future(asyncio.to_thread(self._unmanaged.work_out, number))
        self._platform.states.extra[TENANT] = told_beside(town, self._unmanaged.power_kw(now), self._days)
        self._told.now(town)

    async def _all_connected(self, fleet: SocketFleet) -> None:
        deadline = time.monotonic() + _CONNECT_S_MAX
        while fleet.connected < len(fleet.stations):
            if time.monotonic() > deadline:
                raise InvariantError(f"only {fleet.connected} of {len(fleet.stations)} stations connected")
            await asyncio.sleep(_ROUND_S)

    def _days_due(self, now: datetime) -> bool:
        return now >= self._town.noon(len(self._days) + 1) + _AFTER_DAY

    async def _close_day(self, streets: Streets, phones: RestPhones) -> None:
        """Measure the day that ended, and tell."""
        number = len(self._days)
        day = self._town.day(number)
        done = streets.take_done(day.end)
        opt_outs = sum(day.start <= at < day.end for at in phones.opted_out)
        result = await asyncio.to_thread(self._measure, number, done, opt_outs)
        self._broken += await asyncio.to_thread(check, self._store, done, self._clock.instant())
        self._days.append(result)
        self._told.day(result)

    def _measure(self, number: int, done: list[Done], opt_outs: int) -> DayResult:
        horizon = day_horizon(self._town, number)
        window = Interval(horizon.start - timedelta(hours=1), horizon.end + timedelta(hours=1))
        meters = registers(self._store, self._town, window) | self._clouds.meters()
        power_kw = metered_kw(self._town, meters, horizon)
        managed = figures(self._town, number, power_kw, done, opt_outs, reached(self._store, done, horizon.end))
        return DayResult.of(self._town, number, managed)
