"""openleadr as the other side: the Alliance's schemas, signatures, and life as VTN and as VEN."""

import asyncio
import base64
import importlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from evenload.net.openadr20b_client import OpenAdr20bPost, VenLine
from evenload.net.openadr20b_server import OpenAdr20bServer
from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import write_message
from evenload.openadr.v20b.envelope import Envelope
from evenload.openadr.v20b.events import Event
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.payloads import Interval, Payload
from evenload.openadr.v20b.replay import ReplayGuard
from evenload.openadr.v20b.reports import Report
from evenload.openadr.v20b.signature import Signer
from evenload.openadr.v20b.ven import Ven
from evenload.openadr.v20b.ven_records import Change, EventChanged, VenSettings
from evenload.openadr.v20b.vtn import Vtn
from evenload.openadr.v20b.vtn_records import ReportArrived, VtnSettings
from evenload.openadr.v20b.vtn_records import Ven as Enrolled
from evenload.openadr.v20b.vtn_reports import Wanted

BENCH = Path(__file__).resolve().parents[4] / "bench"
pytestmark = pytest.mark.slow


@pytest.fixture(name="python", scope="session")
def _python() -> Path:
    sys.path.insert(0, str(BENCH))
    try:
        environment = importlib.import_module("peer_environment")
        python: Path = environment.python_of("openleadr")
    except environment.NoEnvironmentError as error:
        pytest.skip(str(error))
    finally:
        sys.path.remove(str(BENCH))
    return python


def checked(python: Path, bodies: Sequence[bytes]) -> list[dict[str, object]]:
    lines = b"".join(base64.b64encode(body) + b"\n" for body in bodies)
    ran = subprocess.run(
        [python, BENCH / "peers" / "run_openleadr.py", "check"], input=lines, capture_output=True, check=True
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.requirement("R78")
def test_the_schemas_take_every_message(python: Path, examples: tuple[wire.AnyMessage, ...]) -> None:
    answers = checked(python, [write_message(message) for message in examples])
    assert len(answers) == len(examples)
    wrong = [(type(message).__name__, answer["why"]) for message, answer in zip(examples, answers, strict=True)
             if not answer["ok"]]  # fmt: skip
    assert wrong == []


def test_a_schema_that_takes_anything_would_be_noticed(python: Path) -> None:
    (answer,) = checked(python, [write_message(wire.Poll(ven_id="v1")).replace(b"ei:venID", b"ei:vtnID")])
    assert answer["ok"] is False


@pytest.mark.requirement("R78")
def test_openleadr_verifies_what_is_signed_here(python: Path, examples: tuple[wire.AnyMessage, ...]) -> None:
    held = trustme.CA().issue_cert("ven.example")
    key = load_pem_private_key(held.private_key_pem.bytes(), None)
    signer = Signer(key, held.cert_chain_pems[0].bytes().decode())  # type: ignore[arg-type]  # trustme makes EC keys
    now = datetime.now(UTC)  # noqa: TID251 - certificates and peers are of now
    signed = [signer.write(message, f"n{number}", now) for number, message in enumerate(examples)]
    assert [answer for answer in checked(python, signed) if not answer["ok"]] == []
    (forged,) = checked(python, [signed[0].replace(b">v1<", b">v2<")])
    assert forged["ok"] is False


class Peer:
    """openleadr at work: what it says, and a line to nudge it."""

    def __init__(self, python: Path, *task: str) -> None:
        command = [python, BENCH / "peers" / "run_openleadr.py", *task]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        self.said: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for text in self._process.stdout or ():
            if text.startswith(b"{"):  # it has a banner
                self.said.append(json.loads(text))

    def heard(self, what: str) -> list[Any]:
        return [one[what] for one in list(self.said) if what in one]

    def nudge(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    for _ in range(round(seconds / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it did not come to pass")


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


def clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - certificates and peers are of now


def plain() -> Envelope:
    return Envelope(ids(), lambda _: False, ReplayGuard())


@pytest.mark.requirement("R78")
def test_our_ven_lives_with_openleadrs_vtn(python: Path, offer: Report) -> None:
    port = free_port()
    peer = Peer(python, "vtn", str(port))
    facts: list[Any] = []

    def readings(_request: object, start: datetime, end: datetime) -> tuple[Interval, ...]:
        return (Interval(start=start, duration=end - start, payloads=(Payload(r_id="power", value=7.25),)),)

    usage = replace(offer, points=offer.points[:1])
    ven = Ven(VenSettings(ven_name="one", offers=(usage,)), MemoryKeeper(), ids(), lambda: 0.5, readings)

    async def life() -> None:
        await until(lambda: peer.heard("ready"))
        post = OpenAdr20bPost(plain(), clock)
        stop = asyncio.Event()
        run = asyncio.create_task(VenLine(ven, f"http://127.0.0.1:{port}", post, clock, facts.extend).run(stop, 0.05))
        await until(lambda: peer.heard("answered") and peer.heard("reported"))
        peer.nudge()
        await until(lambda: any(getattr(fact, "change", None) is Change.CANCELLED for fact in facts))
        stop.set()
        await run
        await post.close()

    try:
        asyncio.run(life())
    finally:
        peer.end()
    assert peer.heard("answered")[0] == ["v1", "e1", "optIn"]
    assert peer.heard("reported")[0] == [7.25]
    assert [fact.change for fact in facts if isinstance(fact, EventChanged)] == [Change.NEW, Change.CANCELLED]


@pytest.mark.requirement("R78")
def test_openleadrs_ven_lives_with_our_vtn(python: Path, plain_event: Callable[..., Event]) -> None:
    facts: list[Any] = []
    settings = VtnSettings(vtn_id="VTN", needs_identity=False, poll_every=timedelta(seconds=1))
    wanted = Wanted(granularity=timedelta(seconds=1), back=timedelta(seconds=2))
    vtn = Vtn(settings, MemoryKeeper(), ids(), wanted)
    vtn.enrol(Enrolled(ven_id="v1", name="one"))
    app = OpenAdr20bServer(vtn.answer, plain(), clock, happened=facts.extend)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off"))
    event = plain_event(start=clock() + timedelta(minutes=2), start_after=timedelta(minutes=5))

    def answers() -> list[tuple[int, str]]:
        return [(one.modification_number, one.opt) for record in vtn.events.answers("e1") for one in record.answers]

    async def life() -> None:
        run = asyncio.create_task(server.serve())
        vtn.publish(event)
        await until(answers)
        await until(lambda: any(isinstance(fact, ReportArrived) for fact in facts))
        vtn.modify(replace(event, duration=timedelta(hours=2)), clock())
        await until(lambda: len(answers()) == 2)
        server.should_exit = True
        await run

    peer = Peer(python, "ven", f"http://127.0.0.1:{port}/OpenADR2/Simple/2.0b")
    try:
        asyncio.run(life())
    finally:
        peer.end()
    assert answers() == [(0, "optIn"), (1, "optIn")]
    arrived = next(fact for fact in facts if isinstance(fact, ReportArrived))
    assert arrived.report.intervals[0].payloads[0].value == 7.25
    assert peer.heard("intervals")[0][0]["signal_payload"] == 250.0
