"""Puts everything together and runs it: the only place that knows every part."""

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import uvloop

from evenload.app.access import Access
from evenload.app.certificates import Certificates
from evenload.app.clock import utc_now
from evenload.app.delivery import Delivery
from evenload.app.desks import Desks
from evenload.app.directory import StoreDirectory
from evenload.app.reloading import Reloader, authority_of, tls_of
from evenload.app.settings import Settings
from evenload.app.sink import StoreSink
from evenload.app.tap import Tap, tap_of
from evenload.base.errors import InputError
from evenload.domain.station import TokenStatus
from evenload.domain.station_events import StationEvent
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.ports import Sink, TenantRecord
from evenload.ocpp.dossier import DeskPolicy
from evenload.service.observe import restarted
from evenload.store.sqlite.store import SqliteStore

_log = logging.getLogger("evenload.app")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int
    secure: bool


def serve(settings: Settings, ready: Callable[[Address], None]) -> None:
    """Serve charging stations until SIGTERM or SIGINT, then finish what was begun."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, ready))


async def _serve(settings: Settings, ready: Callable[[Address], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = SqliteStore(settings.database)
    with ThreadPoolExecutor(1, thread_name_prefix="store-writer") as writer:
        try:
            await _run(settings, store, writer, ready, stop)
        finally:
            writer.shutdown()
            store.close()


async def _run(
    settings: Settings, store: SqliteStore, writer: Executor, ready: Callable[[Address], None], stop: asyncio.Event
) -> None:
    unknown = TokenStatus.ACCEPTED if settings.unknown_tokens == "accept" else TokenStatus.UNKNOWN
    authority = authority_of(settings)
    policy = DeskPolicy(
        heartbeat_s=settings.heartbeat_s, sample_s=settings.sample_s, signs_certificates=authority is not None
    )
    desks = Desks(store, policy, utc_now, unknown)
    tenants = dict.fromkeys(settings.tenants, TenantRecord(settings.connections_max))
    directory = StoreDirectory(store, writer, tenants, utc_now, welcome=settings.unknown_stations == "accept")
    server: OcppServer

    def failed(events: Sequence[StationEvent]) -> None:
        stations = {one.station for one in events}
        desks.forget(stations)
        for station in stations:
            server.disconnect(station, "not stored; connect again")

    sink: Sink = StoreSink(store, writer, failed)
    certificates = Certificates(sink, store, writer, authority, utc_now) if authority else None
    server = OcppServer(
        desk_for=desks.desk_for, directory=directory, sink=certificates or sink, clock=utc_now,
        secret=os.urandom(32), name=os.urandom(4).hex(), limits=ServerLimits(connections_max=settings.connections_max),
    )  # fmt: skip
    tls = tls_of(settings)
    restarted(store, settings.tenants, utc_now())
    ready(Address(settings.host, await _listen(server, settings, tls), secure=tls is not None))
    async with Tap(server, tap_of(settings.database), utc_now):
        access = Access(store, writer, server, sink, directory, desks, utc_now)
        reloader = Reloader(settings, server, certificates)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.at_once)
        await _until_stopped(
            stop, server.watch(), Delivery(store, server, desks, utc_now, access.carry_out).run(), reloader.run()
        )
    _log.info("event=draining connected=%d", len(server.connected))
    await server.drain(settings.drain_s)
    _log.info("event=stopped messages=%d", server.counts.messages_in)


async def _until_stopped(stop: asyncio.Event, *running: Coroutine[None, None, None]) -> None:
    """Wait for the signal to stop; raises what broke before that."""
    tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(one) for one in (*running, stop.wait())]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    for task in done:
        task.result()


async def _listen(server: OcppServer, settings: Settings, tls: ssl.SSLContext | None) -> int:
    try:
        return await server.listen(settings.host, settings.port, tls)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"cannot listen on {settings.host} port {settings.port}: {why}") from error
