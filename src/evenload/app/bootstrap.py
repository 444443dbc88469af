"""Puts everything together and runs it: the only place that knows every part."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import uvloop

from evenload.app.clock import utc_now
from evenload.app.people import people_of
from evenload.app.platform import Platform
from evenload.app.settings import Settings
from evenload.app.stations import StationSide
from evenload.app.steady import SteadyClock
from evenload.app.tap import Tap, tap_of
from evenload.app.upkeep import Upkeep, retention_of
from evenload.service.ports import Store
from evenload.store.sql.store import opened


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens; ``api_port`` is 0 where it serves stations only."""

    host: str
    port: int
    secure: bool
    api_port: int = 0


Ready = Callable[[Address], None]


def serve(settings: Settings, ready: Ready) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was begun."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Ready) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = opened(settings.store)
    with ThreadPoolExecutor(1, thread_name_prefix="store-writer") as writer:
        try:
            run = _stations_only if settings.role == "stations" else _everything
            await run(settings, store, writer, ready, stop)
        finally:
            writer.shutdown()
            store.close()


async def _stations_only(
    settings: Settings, store: Store, writer: Executor, ready: Ready, stop: asyncio.Event
) -> None:  # fmt: skip
    clock = SteadyClock(utc_now, time.monotonic)
    stations = StationSide(settings, store, writer, clock, lambda _events, _tenants: None)
    port, secure = await stations.listen()
    ready(Address(settings.host, port, secure))
    async with Tap(stations.server, tap_of(settings.database), clock):
        await until_stopped(stop, *stations.running(), Upkeep(store, clock, retention_of(settings)).run())
    await stations.drain()


async def _everything(
    settings: Settings, store: Store, writer: Executor, ready: Ready, stop: asyncio.Event
) -> None:  # fmt: skip
    clock = SteadyClock(utc_now, time.monotonic)
    people = people_of(settings)
    platform = Platform(settings, store, writer, clock, time.monotonic, people=people)
    api = await platform.listen_api(settings.host, settings.api_port)
    port, secure = await platform.stations.listen()
    ready(Address(settings.host, port, secure, api.port))
    async with Tap(platform.stations.server, tap_of(settings.database), clock):
        await until_stopped(stop, api.watch(), *platform.running())
    await api.stop()
    await platform.stations.drain()
    people.close()


async def until_stopped(stop: asyncio.Event, *running: Coroutine[Any, Any, None]) -> None:
    """Wait for the signal to stop; raises what broke before that."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(one) for one in (*running, stop.wait())]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        task.result()
