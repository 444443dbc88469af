"""The tap: a socket beside the database by which one on the same machine looks at frames as they come and go.

It costs nothing while nobody looks. Secrets never leave the process; who reads too slowly loses frames and is told how
many. The socket is for the server's own user (mode 0600). It speaks lines of JSON: one asks, an empty object answers,
then frames come until the other hangs up.
"""

import asyncio
import errno
import logging
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from evenload.domain.station import StationId
from evenload.net.ocpp_server import OcppServer
from evenload.service.frame_text import redacted

_log = logging.getLogger("evenload.app.tap")

LOOKERS_MAX: Final = 8
_WAITING_BYTES_MAX: Final = 4 << 20
_ASKS_S_MAX: Final = 5.0
_ENTRY_BYTES: Final = 300
_AT_ONCE: Final = 50


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants to see: one tenant's frames, those of one station where ``station`` is given."""

    tenant: str
    station: str = ""
    show_tokens: bool = False


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """A frame, without its secrets; or how many were ``lost`` here."""

    at: datetime | None = None
    station: str = ""
    inbound: bool = False
    frame: str = ""
    lost: int = 0


def tap_of(database: Path) -> Path:
    """Where the tap of the server with that database is."""
    return database.with_name(database.name + ".tap")


def is_served(database: Path) -> bool:
    """Whether a server runs with that database: its tap answers."""
    path = tap_of(database)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


@dataclass(slots=True)
class _Looker:
    """Somebody who looks, and the frames that wait for them."""

    asked: Asked
    waiting: deque[tuple[datetime, StationId, bool, bytes]] = field(default_factory=deque)
    waiting_bytes: int = 0
    lost: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, at: datetime, station: StationId, inbound: bool, frame: bytes) -> None:
        if station.tenant != self.asked.tenant or self.asked.station not in ("", station.identity):
            return
        if self.waiting_bytes > _WAITING_BYTES_MAX:
            self.lost += 1
        else:
            self.waiting.append((at, station, inbound, frame))
            self.waiting_bytes += len(frame) + _ENTRY_BYTES
        self.came.set()


class Tap:
    """Shows the frames of a server to whoever asks at a socket. Enter it, and leave it at the end."""

    def __init__(self, server: OcppServer, path: Path, clock: Callable[[], datetime]) -> None:
        self._server = server
        self._path = path
        self._clock = clock
        self._lookers: list[_Looker] = []
        self._listening: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen. Where that cannot be, the server goes on without a tap."""
        try:
            listener = _listener(self._path)
        except OSError as error:
            _log.warning("event=no_tap path=%s why=%s", self._path, error)
        else:
            self._listening = await asyncio.start_unix_server(self._serve, sock=listener, limit=1 << 16)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up on everyone."""
        self._server.show_frames(None)
        if self._listening is not None:
            self._listening.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            asked = msgspec.json.decode(await asyncio.wait_for(reader.readline(), _ASKS_S_MAX), type=Asked)
            if len(self._lookers) < LOOKERS_MAX:
                await self._show(asked, reader, writer)
        except (msgspec.DecodeError, OSError, TimeoutError, ValueError) as error:
            _log.info("event=tap_ended why=%s", error)
        finally:
            writer.close()

    async def _show(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        looker = _Looker(asked)
        self._lookers.append(looker)
        self._server.show_frames(self._look)
        writer.write(b"{}\n")  # from here on nothing is missed
        telling = asyncio.ensure_future(_tell(looker, writer))
        hung_up = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait((telling, hung_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            telling.cancel()
            hung_up.cancel()
            self._lookers.remove(looker)
            if not self._lookers:
                self._server.show_frames(None)
            await asyncio.gather(telling, hung_up, return_exceptions=True)

    def _look(self, station: StationId, inbound: bool, frame: bytes) -> None:
        at = self._clock()
        for looker in self._lookers:
            looker.put(at, station, inbound, frame)


async def _tell(looker: _Looker, writer: asyncio.StreamWriter) -> None:
    """Send what waits, a few at a time so that the stations get their turn; then what was lost after it."""
    while True:
        await looker.came.wait()
        looker.came.clear()
        taken, looker.waiting, looker.waiting_bytes = looker.waiting, deque(), 0
        lost, looker.lost = looker.lost, 0
        while taken:
            at, station, inbound, frame = taken.popleft()
            text = redacted(frame, show_tokens=looker.asked.show_tokens)
            await _write(writer, Shown(at=at, station=station.identity, inbound=inbound, frame=text))
            if len(taken) % _AT_ONCE == 0:
                await asyncio.sleep(0)
        if lost:
            await _write(writer, Shown(lost=lost))


async def _write(writer: asyncio.StreamWriter, shown: Shown) -> None:
    writer.write(msgspec.json.encode(shown) + b"\n")
    await writer.drain()


def _listener(path: Path) -> socket.socket:
    """A socket at a path that only this user may open. What a server that died left there gives way."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if _is_left_over(path):
            path.unlink()
        made.bind(str(path))
        path.chmod(0o600)  # before it listens: until then nobody gets in
    except (OSError, ValueError) as error:
        made.close()
        raise OSError(errno.EINVAL, str(error)) from error
    return made


def _is_left_over(path: Path) -> bool:
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except (OSError, ValueError):
            return False
    return False
