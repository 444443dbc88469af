"""OpenADR 2.0b over HTTP: the server, the client, and whose certificate it was."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from evenload.net.openadr20b_client import OpenAdr20bPost, VenLine, push_all
from evenload.net.openadr20b_identity import of_connection, of_proxy
from evenload.net.openadr20b_server import PATH, OpenAdr20bServer
from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import BYTES_MAX, read_message, write_message
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.events import Event, Signal, SignalType, Status
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.parts import KILOWATTS, Target
from evenload.openadr.v20b.payloads import Interval, Payload
from evenload.openadr.v20b.replay import ReplayGuard
from evenload.openadr.v20b.signature import Signer, fingerprint
from evenload.openadr.v20b.ven import Ven
from evenload.openadr.v20b.ven_records import VenSettings
from evenload.openadr.v20b.vtn import Vtn
from evenload.openadr.v20b.vtn_records import Ven as Enrolled
from evenload.openadr.v20b.vtn_records import VtnSettings

HELD = trustme.CA().issue_cert("ven.example")
PEM = HELD.cert_chain_pems[0].bytes().decode()
DER = x509.load_pem_x509_certificate(PEM.encode()).public_bytes(Encoding.DER)
PRINT = fingerprint(DER)
SIGNER = Signer(load_pem_private_key(HELD.private_key_pem.bytes(), None), PEM)  # type: ignore[arg-type]
HOUR = timedelta(hours=1)
NUMBERS = count()


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - certificates and peers are of now


def new_id() -> str:
    return f"id{next(NUMBERS)}"


def event(event_id: str = "e1") -> Event:
    interval = Interval(duration=HOUR, uid="0", payloads=(Payload(value=250.0),))
    signal = Signal(
        name="LOAD_DISPATCH", type=SignalType.SETPOINT, signal_id="s", intervals=(interval,), unit=KILOWATTS
    )  # fmt: skip
    return Event(
        event_id=event_id, modification_number=0, market_context="http://m", created_at=now(), status=Status.FAR,
        start=now() + HOUR, duration=HOUR, signals=(signal,), target=Target(),
    )  # fmt: skip


def envelope(*, needs_signature: bool = False) -> Envelope:
    return Envelope(new_id, PRINT.__eq__, ReplayGuard(), signer=SIGNER, needs_signature=needs_signature)


class Scene:
    """A VTN behind its server, and a transport to it."""

    def __init__(self, *, needs_signature: bool = False, keeper: MemoryKeeper | None = None) -> None:
        self.vtn = Vtn(VtnSettings(vtn_id="vtn"), keeper or MemoryKeeper(), new_id)
        self.vtn.enrol(Enrolled(ven_id="v1", name="one", fingerprint=PRINT))
        self.facts: list[object] = []
        self.server = OpenAdr20bServer(
            self.vtn.answer, envelope(needs_signature=needs_signature), now,
            identify=of_proxy("X-Client-Cert", frozenset({"127.0.0.1"})), happened=self.facts.extend,
        )  # fmt: skip
        self.transport = httpx.ASGITransport(self.server)

    def posted(self, body: bytes, service: str = "OadrPoll", **how: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://vtn") as http:
                return await http.request(
                    how.pop("method", "POST"), how.pop("path", PATH + service), content=body, **how
                )

        return asyncio.run(send())


def ven() -> Ven:
    return Ven(VenSettings(ven_name="one", ven_id="v1"), MemoryKeeper(), new_id, lambda: 0.5, lambda *_: ())


def line(scene: Scene, of: Ven, *, signs: bool) -> VenLine:
    post = OpenAdr20bPost(envelope(), now, signs=signs, transport=scene.transport)
    return VenLine(of, "http://vtn", post, now)


async def until_idle(of: VenLine) -> int:
    steps = 0
    while await of.step():
        steps += 1
        assert steps < 20
    return steps


@pytest.mark.requirement("R78")
def test_a_ven_registers_and_is_told_an_event_signed_both_ways() -> None:
    scene, own = Scene(needs_signature=True), ven()

    async def life() -> None:
        scene.vtn.publish(event())
        await until_idle(line(scene, own, signs=True))

    asyncio.run(life())
    known = own.events.find("e1")
    assert known is not None
    assert known.is_answered
    assert scene.vtn.events.answers("e1")[0].answers[0].opt is wire.OptType.IN
    assert {type(fact).__name__ for fact in scene.facts} == {"VenRegistered", "EventAnswered", "ReportsOffered"}


def test_without_a_signature_or_a_certificate_it_stays_outside() -> None:
    for needs_signature in (True, False):
        scene, own = Scene(needs_signature=needs_signature), ven()
        asyncio.run(until_idle(line(scene, own, signs=False)))
        assert own.registration is None
        assert scene.vtn.parties.registered() == []


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"method": "GET"}, 405),
        ({"path": "/OpenADR2/Simple/2.0b/Other"}, 404),
        ({"path": "/other"}, 404),
        ({"path": PATH}, 404),
    ],
)
def test_what_is_no_message_has_another_status(how: dict[str, str], status: int) -> None:
    assert Scene().posted(b"", **how).status_code == status


def test_a_huge_body_is_not_read() -> None:
    scene = Scene()
    assert scene.posted(b"x" * (BYTES_MAX + 1)).status_code == 413

    async def endless() -> Any:
        while True:
            yield b"x" * 100_000

    assert scene.posted(endless()).status_code == 413  # type: ignore[arg-type]  # bytes, piece by piece


@pytest.mark.parametrize("body", [b"", b"<a", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff"])
def test_malformed_bodies_are_answered_in_kind_and_logged_once(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    answer = Scene().posted(body)
    reply = read_message(answer.content)
    assert isinstance(reply, wire.Answered)
    assert (answer.status_code, reply.response.code) == (200, 459)
    assert len(caplog.records) == 1


def test_a_replayed_message_is_refused_and_changes_nothing() -> None:
    keeper = MemoryKeeper()
    scene = Scene(needs_signature=True, keeper=keeper)
    body = SIGNER.write(wire.CreateRegistration(request_id="q", ven_id="v1"), "nonce", now())
    assert read_message(scene.posted(body, "EiRegisterParty").content).response.code == 200  # type: ignore[union-attr]
    before = list(keeper.kept("ven"))
    again = read_message(scene.posted(body, "EiRegisterParty").content)
    assert again.response.code == 463  # type: ignore[union-attr]
    assert list(keeper.kept("ven")) == before


@pytest.mark.parametrize(
    "text",
    [PRINT, PRINT.lower(), PRINT.replace(":", ""), quote(PEM), quote(PEM, safe="")],
    ids=["print", "lower", "bare", "pem", "quoted"],
)
def test_a_trusted_proxy_tells_who_it_was(text: str) -> None:
    identify = of_proxy("X-Client-Cert", frozenset({"10.0.0.1"}))
    headers = [(b"x-client-cert", text.encode())]
    assert identify({"client": ("10.0.0.1", 1), "headers": headers}) == PRINT
    assert identify({"client": ("10.0.0.2", 1), "headers": headers}) is None
    assert identify({"client": None, "headers": headers}) is None
    assert identify({"client": ("10.0.0.1", 1), "headers": headers * 2}) is None
    assert identify({"client": ("10.0.0.1", 1), "headers": []}) is None
    assert identify({"client": ("10.0.0.1", 1), "headers": [(b"x-client-cert", b"nonsense")]}) is None


def test_the_connection_tells_who_it_was() -> None:
    tls = {"client_cert_chain": [PEM]}
    assert of_connection({"extensions": {"tls": tls}}) == PRINT
    assert of_connection({"extensions": {"tls": {"client_cert_chain": []}}}) is None
    assert of_connection({}) is None


def test_identity_by_proxy_opens_the_door() -> None:
    scene = Scene()
    body = write_message(wire.CreateRegistration(request_id="q", ven_id="v1"))
    for headers, code in (({"X-Client-Cert": PRINT}, 200), ({}, 463)):
        reply = read_message(scene.posted(body, "EiRegisterParty", headers=headers).content)
        assert reply.response.code == code  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500), httpx.Response(302, headers={"location": "http://evil"}),
        httpx.Response(200, content=b"<a"),
        httpx.Response(200, content=b"x" * (BYTES_MAX + 1)),
    ],
)  # fmt: skip
def test_answers_that_are_none_make_it_rest(answer: httpx.Response) -> None:
    post = OpenAdr20bPost(envelope(), now, transport=httpx.MockTransport(lambda _: answer))
    own = ven()
    assert asyncio.run(until_idle(VenLine(own, "http://vtn", post, now))) == 1
    assert own.registration is None


def test_a_vtn_out_of_reach_makes_it_rest() -> None:
    def away(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    post = OpenAdr20bPost(envelope(), now, transport=httpx.MockTransport(away))
    assert asyncio.run(until_idle(VenLine(ven(), "http://vtn", post, now))) == 1


@pytest.mark.requirement("R78")
def test_events_are_pushed_to_a_ven_that_listens() -> None:
    scene = Scene()
    settings = VenSettings(ven_name="one", ven_id="v1", address="https://ven.example")
    own = Ven(settings, MemoryKeeper(), new_id, lambda: 0.5, lambda *_: ())
    facts: list[object] = []

    def pushed(_service: str, message: wire.AnyMessage, _by: str | None, at: datetime) -> tuple[Any, Sequence[object]]:
        return own.pushed(message, at)

    listener = OpenAdr20bServer(pushed, envelope(needs_signature=True), now, happened=facts.extend)

    async def life() -> None:
        ours = line(scene, own, signs=True)
        await until_idle(ours)
        scene.vtn.publish(event())
        post = OpenAdr20bPost(envelope(), now, signs=True, transport=httpx.ASGITransport(listener))
        assert await push_all(scene.vtn, post, now, scene.facts.extend) == 1
        await until_idle(ours)
        assert await push_all(scene.vtn, post, now, scene.facts.extend) == 0

    asyncio.run(life())
    assert [type(fact).__name__ for fact in facts] == ["EventChanged"]
    assert scene.vtn.events.answers("e1")[0].answers[0].opt is wire.OptType.IN
