"""WebSockets behind one small port: who receives, and what can be written to. picows reads and writes the frames."""

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any, Final, Protocol

import picows
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # in no stub: the protocol that its servers make

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED: Final = 1003
POLICY: Final = 1008
TOO_BIG: Final = 1009
INTERNAL: Final = 1011
RESTART: Final = 1012

_READ_BUFFER_BYTES: Final = 2048
_REASON_BYTES_MAX: Final = 123
_CLOSE_GRACE_S: Final = 1.0

_log = logging.getLogger("evenload.net.websocket")
_log.setLevel(logging.WARNING)


class _Named(logging.LoggerAdapter[logging.Logger]):
    """What picows logs of a connection, with whose it is. What it calls errors are those of the other end.

    An adapter, since picows makes a logger of its own for every connection out of a plain one.
    """

    def __init__(self, name: str) -> None:
        super().__init__(_log)
        self._name = name

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[object, MutableMapping[str, Any]]:
        return f"station={self._name} event=websocket; {msg}", kwargs

    def error(self, msg: object, *values: object, **more: Any) -> None:  # noqa: ANN401  # as it is called
        self.warning(msg, *values, **more)


class Socket(Protocol):
    """One open WebSocket, to write to."""

    def send(self, text: bytes) -> None:
        """Send a text message; nothing where it is closing."""

    def ping(self) -> None:
        """Ask for a sign of life."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye, and abort where the other end does not in its turn."""

    def abort(self) -> None:
        """End it at once."""

    def pause_reading(self) -> None:
        """Read nothing until further notice."""

    def resume_reading(self) -> None:
        """Read on."""


class Receiver(Protocol):
    """Who is told what happens on a WebSocket."""

    @property
    def name(self) -> str:
        """Whose it is, for the log."""

    def opened(self, socket: Socket) -> None:
        """It is open, to write to."""

    def received(self, text: bytes) -> None:
        """A whole text message came."""

    def ponged(self) -> None:
        """A ping was answered."""

    def blocked(self, *, blocked: bool) -> None:
        """The other end does not read, or does again."""

    def gone(self) -> None:
        """It is closed for good."""


def protocol_for(receiver: Receiver, subprotocol: str, frame_bytes_max: int) -> asyncio.BufferedProtocol:
    """A protocol that takes an opening request, agrees to it with ``subprotocol`` (``""``: none), and then serves."""
    agreed = [("Sec-WebSocket-Protocol", subprotocol)] if subprotocol else []
    response = picows.WSUpgradeResponse.create_101_response(agreed)
    listener = _Listener(receiver, frame_bytes_max)
    upgrade = picows.WSUpgradeResponseWithListener(response, listener)
    idle = picows.WSAutoPingStrategy.PING_WHEN_IDLE
    protocol: asyncio.BufferedProtocol = WSProtocol(
        None, None, False, lambda _: upgrade, _Named(receiver.name), True, None, False, 1, 1, idle, True,
        frame_bytes_max, None, _READ_BUFFER_BYTES,
    )  # fmt: skip
    return protocol


class _Listener(picows.WSListener):
    """Picows' callbacks as a ``Receiver``, picows' transport as a ``Socket``; puts fragments together."""

    def __init__(self, receiver: Receiver, message_bytes_max: int) -> None:
        self._receiver = receiver
        self._message_bytes_max = message_bytes_max
        self._partial: bytearray | None = None
        self._transport: picows.WSTransport

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport
        self._receiver.opened(self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        kind = frame.msg_type
        if transport.is_close_frame_sent and kind != picows.WSMsgType.CLOSE:
            return
        if kind == picows.WSMsgType.TEXT and frame.fin and self._partial is None:
            self._receiver.received(frame.get_payload_as_bytes())
        elif kind == picows.WSMsgType.PONG:
            self._receiver.ponged()
        elif kind == picows.WSMsgType.CLOSE:
            self._echo_close(transport)
        else:
            self._fragment(frame)

    def _echo_close(self, transport: picows.WSTransport) -> None:
        if not transport.is_close_frame_sent:
            transport.send_close(picows.WSCloseCode.OK)
        transport.disconnect()

    def _fragment(self, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.BINARY:
            self.close(UNSUPPORTED, "OCPP is sent as text")
            return
        if (frame.msg_type == picows.WSMsgType.CONTINUATION) is (self._partial is None):
            self.close(PROTOCOL_ERROR, "fragments out of order")
            return
        self._partial = (self._partial or bytearray()) + frame.get_payload_as_bytes()
        if len(self._partial) > self._message_bytes_max:
            self.close(TOO_BIG, f"more than {self._message_bytes_max} bytes")
        elif frame.fin:
            whole, self._partial = bytes(self._partial), None
            self._receiver.received(whole)

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:  # noqa: ARG002  # picows' signature
        self._receiver.gone()

    def pause_writing(self) -> None:
        self._receiver.blocked(blocked=True)

    def resume_writing(self) -> None:
        self._receiver.blocked(blocked=False)

    def send(self, text: bytes) -> None:
        self._transport.send(picows.WSMsgType.TEXT, text)

    def ping(self) -> None:
        self._transport.send_ping()

    def close(self, code: int, reason: str) -> None:
        if self._transport.is_disconnected or self._transport.is_close_frame_sent:
            return
        self._transport.send_close(code, reason.encode()[:_REASON_BYTES_MAX])  # type: ignore[arg-type]  # an int does
        asyncio.get_running_loop().call_later(_CLOSE_GRACE_S, self.abort)

    def abort(self) -> None:
        if not self._transport.is_disconnected:
            self._transport.disconnect(graceful=False)

    def pause_reading(self) -> None:
        self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.underlying_transport.resume_reading()
