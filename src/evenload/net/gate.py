"""The gate: the opening request of a WebSocket is read here, judged by us, and only then handed on.

picows decides on an upgrade before any of our code may wait for an answer and without showing a certificate. So the
opening request is read here, and picows takes the connection over once it is known who it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from evenload.net.knock import END_OF_HEAD, HEAD_BYTES_MAX, Line
from evenload.net.websocket import Receiver, protocol_for

_log = logging.getLogger("evenload.net.gate")


@dataclass(frozen=True, slots=True)
class Welcome:
    """A connection that is taken: who receives, and the subprotocol agreed on (``""``: none)."""

    receiver: Receiver
    subprotocol: str


@dataclass(frozen=True, slots=True)
class Rebuff:
    """A connection that is not taken: HTTP status, a sentence and headers of its own."""

    status: int
    sentence: str
    headers: tuple[tuple[str, str], ...] = ()


Judge = Callable[[bytes, Line], Awaitable[Welcome | Rebuff]]


class Gate(asyncio.Protocol):
    """Reads the opening request, asks the judge, and hands the connection on or turns it away."""

    def __init__(
        self, judge: Judge, head_seconds_max: float, frame_bytes_max: int, tasks: set[asyncio.Task[None]]
    ) -> None:
        self._judge = judge
        self._frame_bytes_max = frame_bytes_max
        self._tasks = tasks
        self._data = bytearray()
        self._judged = False
        self._head_seconds_max = head_seconds_max

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection, of which nothing is known yet. It never comes to this where no line could be encrypted."""
        self._transport = cast("asyncio.Transport", transport)  # what listening on a stream gives
        self._timeout = asyncio.get_running_loop().call_later(self._head_seconds_max, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Part of the opening request."""
        self._data += data
        if END_OF_HEAD in self._data:
            self._timeout.cancel()
            self._transport.pause_reading()
            task = asyncio.get_running_loop().create_task(self._decide())
            self._tasks.add(task)
            task.add_done_callback(self._decided)
        elif len(self._data) > HEAD_BYTES_MAX:
            self._turn_away(Rebuff(431, "the opening request is too long"))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Gone before it came in."""
        self._timeout.cancel()

    def _too_slow(self) -> None:
        if not self._judged:
            self._transport.abort()

    async def _decide(self) -> None:
        head = bytes(self._data).partition(END_OF_HEAD)[0]
        verdict = await self._judge(head, line_of(self._transport))
        self._judged = True
        if isinstance(verdict, Rebuff):
            self._turn_away(verdict)
            return
        if not self._transport.is_closing():
            self._let_in(verdict)
        if self._transport.is_closing():
            verdict.receiver.gone()

    def _decided(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("event=gate_defect; deciding on a connection failed", exc_info=error)
            self._turn_away(Rebuff(500, "out of order"))

    def _turn_away(self, rebuff: Rebuff) -> None:
        self._timeout.cancel()
        body = rebuff.sentence.encode() + b"\n"
        headers = [
            ("Connection", "close"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *rebuff.headers,
        ]
        status = f"HTTP/1.1 {rebuff.status} {HTTPStatus(rebuff.status).phrase}"
        lines = [status, *(f"{name}: {value}" for name, value in headers), "", ""]
        self._transport.write("\r\n".join(lines).encode() + body)
        self._transport.close()

    def _let_in(self, welcome: Welcome) -> None:
        protocol = protocol_for(welcome.receiver, welcome.subprotocol, self._frame_bytes_max)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        data = memoryview(bytes(self._data))
        while data:
            buffer = cast("memoryview", protocol.get_buffer(-1))
            size = min(len(buffer), len(data))
            buffer[:size] = data[:size]
            protocol.buffer_updated(size)
            data = data[size:]
        if not self._transport.is_closing():
            self._transport.resume_reading()


def line_of(transport: asyncio.Transport) -> Line:
    """What a connection itself shows. A certificate is there only where it was verified."""
    peer = transport.get_extra_info("peername")
    address = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "local"
    if transport.get_extra_info("ssl_object") is None:
        return Line(address)
    certificate = transport.get_extra_info("peercert") or {}
    names = [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]
    uris = tuple(value for key, value in certificate.get("subjectAltName", ()) if key == "URI")
    return Line(address, True, names[0] if len(names) == 1 else "", uris)
