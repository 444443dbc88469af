"""OpenADR 2.0b as a client: a VEN that asks its VTN, and a VTN that posts to VENs that do not poll."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx

from evenload.net.openadr20b_server import PATH
from evenload.openadr.v20b.document import BYTES_MAX
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.faults import ProtocolError
from evenload.openadr.v20b.messages import Answered, AnyMessage
from evenload.openadr.v20b.parts import Response
from evenload.openadr.v20b.ven import Ven
from evenload.openadr.v20b.vtn import Push, Vtn

_log = logging.getLogger("evenload.net.openadr20b")
_HEADERS: Final = {"content-type": "application/xml; charset=utf-8"}
_OK: Final = 200


def client_tls(authorities: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """A context to connect with: the other side is of one of these authorities, this side proves its certificate."""
    context = ssl.create_default_context(cafile=str(authorities))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


class OpenAdr20bPost:
    """Posts messages and reads the answers."""

    def __init__(
        self, envelope: Envelope, clock: Callable[[], datetime], *, signs: bool = False, timeout_s: float = 10.0,
        tls: ssl.SSLContext | None = None, transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._envelope = envelope
        self._clock = clock
        self._signs = signs
        self._http = httpx.AsyncClient(
            verify=True if tls is None else tls, transport=transport, timeout=timeout_s, follow_redirects=False,
            trust_env=False, headers=_HEADERS,
        )  # fmt: skip

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def post(self, root: str, service: str, message: AnyMessage) -> AnyMessage | None:
        """Post a message to a service below ``root``; ``None`` where no answer came that can be read."""
        body = self._envelope.sealed(message, self._clock(), signs=self._signs)
        address = root.rstrip("/") + PATH + service
        try:
            answer = await self._sent(address, body)
            if answer is None or answer:
                return None if answer is None else self._envelope.opened(answer, None, self._clock()).message
            return Answered(response=Response())  # peers answer what wants no answer with nothing
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            _log.warning("event=no_answer address=%s why=%r", address, f"{type(error).__name__}: {error}")
        except ProtocolError as error:
            _log.warning("event=bad_answer address=%s code=%d why=%r", address, error.code, str(error))
        return None

    async def _sent(self, address: str, body: bytes) -> bytes | None:
        async with self._http.stream("POST", address, content=body) as answer:
            if answer.status_code != _OK:
                _log.warning("event=refused address=%s status=%d", address, answer.status_code)
                return None
            parts = bytearray()
            async for part in answer.aiter_bytes():
                parts += part
                if len(parts) > BYTES_MAX:
                    _log.warning("event=too_large address=%s", address)
                    return None
        return bytes(parts)


class VenLine:
    """The line of one VEN to its VTN."""

    def __init__(
        self, ven: Ven, root: str, post: OpenAdr20bPost, clock: Callable[[], datetime],
        happened: Callable[[Sequence[object]], None] = lambda _facts: None,
    ) -> None:  # fmt: skip
        self._ven = ven
        self._root = root
        self._post = post
        self._clock = clock
        self._happened = happened

    async def step(self) -> bool:
        """Send what is due, if anything is, and take the answer."""
        outgoing = self._ven.next(self._clock())
        if outgoing is None:
            return False
        reply = await self._post.post(self._root, outgoing.service, outgoing.message)
        if reply is None:
            self._ven.failed(self._clock())
            return True
        facts = self._ven.heard(reply, self._clock())
        if facts:
            self._happened(facts)
        return True

    async def run(self, stop: asyncio.Event, idle_s: float = 0.5) -> None:
        """Send whatever is due until told to stop."""
        while not stop.is_set():
            if not await self.step():
                try:
                    await asyncio.wait_for(stop.wait(), idle_s)
                except TimeoutError:
                    continue


async def push_all(
    vtn: Vtn, post: OpenAdr20bPost, clock: Callable[[], datetime], happened: Callable[[Sequence[object]], None],
    at_once_max: int = 100,
) -> int:  # fmt: skip
    """Post what waits for VENs that do not poll, and take their answers; returns how many were reached."""
    places = asyncio.Semaphore(at_once_max)

    async def one(push: Push) -> bool:
        async with places:
            reply = await post.post(push.address, push.service, push.message)
        facts = [*push.facts, *(vtn.pushed(push.ven_id, reply, clock()).facts if reply is not None else ())]
        if facts:
            happened(facts)
        return reply is not None

    return sum(await asyncio.gather(*(one(push) for push in vtn.pushes(clock()))))
