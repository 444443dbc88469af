"""Orders that this server carries out itself: other passwords, and connections that have to end."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

from evenload.app.desks import Desks
from evenload.app.directory import StoreDirectory
from evenload.domain.station import StationId
from evenload.domain.station_commands import ChangePassword, Command, CommandSettled, Disconnect, Settlement
from evenload.net.ocpp_server import OcppServer
from evenload.net.password import hash_key
from evenload.net.ports import CommitError, Sink
from evenload.service import station_access
from evenload.service.ports import Store, StoreError

_log = logging.getLogger("evenload.app.access")

_KEY_BYTES = 20  # 40 hexadecimal digits: what AuthorizationKey of 1.6 and BasicAuthPassword of 2.0.1 take at most


class Access:
    """Passwords are drawn here, kept in memory until the station answered, and nowhere else.

    Where this process ends before that, the station has the old password or the other one, both hashes are kept, and
    a process after this draws anew.
    """

    def __init__(
        self, store: Store, writer: Executor, server: OcppServer, sink: Sink, directory: StoreDirectory, desks: Desks,
        clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._store = store
        self._writer = writer
        self._server = server
        self._sink = sink
        self._directory = directory
        self._desks = desks
        self._clock = clock
        self._drawn: dict[StationId, tuple[str, str]] = {}

    async def carry_out(self, station: StationId, command: Command) -> CommandSettled:
        """Carry out a command, by itself where it is for this server; how it ended."""
        try:
            if isinstance(command, ChangePassword):
                return await self._change_password(station, command)
            if isinstance(command, Disconnect):
                return await self._disconnect(station, command)
        except (StoreError, CommitError) as error:
            _log.warning("station=%s event=not_stored order=%s why=%s", station, command.command_id, error)
            return self._ended(station, command, Settlement.NO_ANSWER, "not stored")
        return await self._server.command(station, command)

    async def _change_password(self, station: StationId, command: ChangePassword) -> CommandSettled:
        in_writer, store = asyncio.get_running_loop().run_in_executor, self._store
        password, hashed = self._drawn.get(station) or _draw()
        self._drawn[station] = (password, hashed)
        wanted = await in_writer(
            self._writer, station_access.expect_password, store, station, command.command_id, hashed
        )
        self._directory.forget(station)
        if not wanted:
            return await self._settled(station, command, Settlement.UNCHANGED, "it is not wanted any more")
        settled = await self._server.command(station, replace(command, password=password))
        if settled.settlement is Settlement.NO_ANSWER:
            return settled
        how, now = settled.settlement, self._clock()
        await in_writer(self._writer, station_access.password_answered, store, station, hashed, how, now)
        self._drawn.pop(station, None)
        self._directory.forget(station)
        if how is Settlement.DONE:
            self._server.disconnect(station, "the password changed: come in by the new one")
        return settled

    async def _disconnect(self, station: StationId, command: Disconnect) -> CommandSettled:
        self._directory.forget(station)
        self._server.disconnect(station, "access was taken away")
        if command.forget:
            self._desks.forget([station])
        _log.warning("station=%s event=%s", station, "removed" if command.forget else "revoked")
        return await self._settled(station, command, Settlement.DONE, "")

    async def _settled(self, station: StationId, command: Command, how: Settlement, info: str) -> CommandSettled:
        settled = self._ended(station, command, how, info)
        await self._sink.commit([settled])
        return settled

    def _ended(self, station: StationId, command: Command, how: Settlement, info: str) -> CommandSettled:
        now = self._clock()
        return CommandSettled(
            station=station, at=now, received_at=now, command_id=command.command_id, settlement=how, info=info
        )


def _draw() -> tuple[str, str]:
    password = secrets.token_hex(_KEY_BYTES)
    return password, hash_key(password.encode("ascii"), secrets.token_bytes(16))
