"""The side of the platform that charging stations connect to, put together."""

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from evenload.app.access import Access
from evenload.app.cars.worker import CarWorker
from evenload.app.certificates import Certificates
from evenload.app.delivery import Delivery
from evenload.app.desks import Desks
from evenload.app.directory import StoreDirectory
from evenload.app.ems import EnergyManagers
from evenload.app.listening import cannot_listen
from evenload.app.reloading import Reloader, authority_of, tls_of
from evenload.app.settings import Settings
from evenload.app.sink import StoreSink
from evenload.domain.station import StationId, TokenStatus
from evenload.domain.station_commands import Command, CommandSettled
from evenload.domain.station_events import StationEvent
from evenload.domain.vehicle_state import CarId
from evenload.net.ocpp_server import OcppServer, ServerLimits
from evenload.net.ports import TenantRecord
from evenload.ocpp.dossier import DeskPolicy
from evenload.service.cable.ems import is_energy_manager
from evenload.service.event_rows import is_told_on
from evenload.service.event_text import is_logged
from evenload.service.observe import restarted
from evenload.service.ports import Store

_log = logging.getLogger("evenload.app")

Kept = Callable[[Sequence[StationEvent], frozenset[str]], None]
"""Told what was kept of stations, and the tenants that have to be planned for anew."""


class StationSide:
    """Server, desks, directory, sink and delivery; to be made where the event loop runs.

    ``under`` may change a command on its way to a station, such as to keep it below a cap. Stations that are ``cars``
    are told by their makers' clouds, and ``managers`` as energy managers are.
    """

    def __init__(  # noqa: PLR0913 - it puts together what there is
        self, settings: Settings, store: Store, writer: Executor, clock: Callable[[], datetime], kept: Kept,
        under: Callable[[StationId, Command], Command] = lambda _station, command: command,
        cars: CarWorker | None = None, managers: EnergyManagers | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._clock = clock
        self._store = store
        self._managers = managers
        unknown = TokenStatus.ACCEPTED if settings.unknown_tokens == "accept" else TokenStatus.UNKNOWN
        authority = authority_of(settings)
        policy = DeskPolicy(
            heartbeat_s=settings.heartbeat_s, sample_s=settings.sample_s, signs_certificates=authority is not None
        )
        self._desks = Desks(store, policy, clock, unknown)
        tenants = dict.fromkeys(settings.tenants, TenantRecord(settings.connections_max))
        directory = StoreDirectory(
            store, writer, tenants, clock, welcome=settings.unknown_stations == "accept", foresee=self._desks.foresee
        )
        logged = is_told_on if settings.role == "site" else is_logged
        sink = StoreSink(store, writer, self._failed, kept, logged)
        self.kept = sink.counts
        certificates = Certificates(sink, store, writer, authority, clock) if authority else None
        self.server = OcppServer(
            desk_for=self._desks.desk_for, directory=directory, sink=certificates or sink, clock=clock,
            secret=os.urandom(32), name=os.urandom(4).hex(),
            limits=ServerLimits(connections_max=settings.connections_max),
        )  # fmt: skip
        access = Access(store, writer, self.server, sink, directory, self._desks, clock)

        async def carry_out(station: StationId, command: Command) -> CommandSettled:
            if cars is not None and CarId.of_station(station) is not None:
                return await cars.carry_out(station, command)
            if managers is not None and is_energy_manager(station):
                return await managers.carry_out(station, under(station, command))
            return await access.carry_out(station, under(station, command))

        def has(station: StationId) -> bool:
            return any(one.has(station) for one in (cars, managers) if one is not None)

        self.delivery = Delivery(store, self.server, self._desks, clock, carry_out, has)
        self._reloader = Reloader(settings, self.server, certificates)

    def _failed(self, events: Sequence[StationEvent]) -> None:
        """Events of stations were not kept: their desks begin anew from what was."""
        stations = {one.station for one in events}
        self._desks.forget(stations)
        for station in stations:
            self.server.disconnect(station, "not stored; connect again")

    async def send(self, station: StationId, command: Command) -> CommandSettled:
        """Tell a charger or an energy manager something now, past the outbox."""
        if self._managers is not None and is_energy_manager(station):
            return await self._managers.carry_out(station, command)
        return await self.server.command(station, command)

    def reachable(self) -> Collection[StationId]:
        """Chargers and energy managers that can be told something now."""
        managers = self._managers.connected if self._managers is not None else frozenset()
        return self.server.connected.keys() | managers if managers else self.server.connected

    def give_again(self, stations: Iterable[StationId]) -> None:
        """Give stations all that is wanted of them again: they were told something else meanwhile."""
        self._desks.renewed.update(stations)

    async def enrolled(self, tenant: str) -> None:
        """Devices of a tenant were enrolled or changed."""
        await self._desks.enrolled(tenant)

    async def listen(self) -> tuple[int, bool]:
        """Begin to take stations; the port, and whether the line is encrypted."""
        settings, tls = self._settings, tls_of(self._settings)
        restarted(self._store, settings.tenants)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reloader.at_once)
        return await _listening(self.server, settings, tls), tls is not None

    def running(self) -> tuple[Coroutine[Any, Any, None], ...]:
        """What has to run while stations are served; in a dry run nobody is given any order."""
        if self._settings.dry_run:
            _log.warning("event=dry_run; stations are heard and planned for, but told nothing")
            return self.server.watch(), self._reloader.run()
        return self.server.watch(), self.delivery.run(), self._reloader.run()

    async def drain(self) -> None:
        """Finish what was begun, then stop."""
        _log.info("event=draining connected=%d", len(self.server.connected))
        await self.server.drain(self._settings.drain_s)
        _log.info("event=stopped messages=%d", self.server.counts.messages_in)


async def _listening(server: OcppServer, settings: Settings, tls: ssl.SSLContext | None) -> int:
    try:
        return await server.listen(settings.host, settings.port, tls)
    except OSError as error:
        raise cannot_listen(settings.host, settings.port, "port", error) from error
