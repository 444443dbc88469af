"""OpenADR 2.0b over HTTP (ASGI): posts to ``/OpenADR2/Simple/2.0b/<service>``, answered by a VTN or by a VEN.

What is wrong with a message is told in an answer of OpenADR with status 200, as the profile asks; other statuses say
that what came is no message: 404, 405, 413.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any, Final

from evenload.net.openadr20b_identity import Identify, of_nobody
from evenload.openadr.v20b.document import BYTES_MAX
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.faults import ProtocolError
from evenload.openadr.v20b.messages import AnyMessage
from evenload.openadr.v20b.refusing import SERVICES, refusal

PATH: Final = "/OpenADR2/Simple/2.0b/"
Respond = Callable[[str, AnyMessage, str | None, datetime], tuple[AnyMessage, Sequence[object]]]
"""Answers a message to a service, of whom that fingerprint is; and what has happened."""
_log = logging.getLogger("evenload.net.openadr20b")
_XML: Final = (b"content-type", b"application/xml; charset=utf-8")


class OpenAdr20bServer:
    """An ASGI application of one VTN or VEN."""

    def __init__(
        self, respond: Respond, envelope: Envelope, clock: Callable[[], datetime], *, identify: Identify = of_nobody,
        happened: Callable[[Sequence[object]], None] = lambda _facts: None,
    ) -> None:  # fmt: skip
        self._respond = respond
        self._envelope = envelope
        self._clock = clock
        self._identify = identify
        self._happened = happened

    async def __call__(
        self, scope: Mapping[str, Any], receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:  # fmt: skip
        """Answer one request."""
        if scope["type"] != "http":
            return
        service = str(scope["path"]).removeprefix(PATH)
        status, body = 404, b""
        if str(scope["path"]).startswith(PATH) and service in SERVICES:
            status = 405
            if scope["method"] == "POST":
                asked = await _body(scope, receive)
                status, body = (413, b"") if asked is None else (200, self.answer(service, asked, scope))
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [_XML, length]})
        await send({"type": "http.response.body", "body": body})

    def answer(self, service: str, body: bytes, scope: Mapping[str, Any]) -> bytes:
        """Answer a message of bytes."""
        now = self._clock()
        try:
            opened = self._envelope.opened(body, self._identify(scope), now)
        except ProtocolError as error:
            _log.warning(
                "event=refused service=%s code=%d address=%s why=%r",
                service, error.code, scope.get("client"), str(error),
            )  # fmt: skip
            return self._envelope.sealed(refusal(None, error), now, signs=True)
        reply, facts = self._respond(service, opened.message, opened.fingerprint, now)
        if facts:
            self._happened(facts)
        return self._envelope.sealed(reply, now, signs=opened.is_signed)


async def _body(scope: Mapping[str, Any], receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> bytes | None:
    """The body of a request; ``None`` where it is longer than may be, which is not read to its end."""
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if not told.isdigit() or int(told) > BYTES_MAX:
        return None
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(parts)
        parts += message.get("body", b"")
        if len(parts) > BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return bytes(parts)
