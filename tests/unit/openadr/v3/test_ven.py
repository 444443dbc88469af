"""The VEN without I/O beside our VTN without I/O: errands, what is called off, evidence, restarts."""

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
import pytest

from evenload.openadr.v3.access import VEN_SCOPES, Claims
from evenload.openadr.v3.asking import called_off
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.openadr.v3.ven import Call, Credentials, OpenAdrVen, Reply, VtnError
from evenload.openadr.v3.ven_memory import VenMemory
from evenload.openadr.v3.wire import ObjectOperation, ReportRequest

ONE = Claims("home", "one", frozenset(VEN_SCOPES))
Kind = TypeVar("Kind")
HOUR = {"start": "2026-01-12T18:00:00Z", "duration": "PT1H"}
LIMIT = [{"id": 0, "payloads": [{"type": "IMPORT_CAPACITY_LIMIT", "values": [11]}]}]


class Wire:
    """Carries an errand to a VTN; tokens are counted and may be made void."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.tokens = 0
        self.void_until = 0
        self.calls: list[Call] = []
        self.between: Callable[[Call], Reply | None] = lambda _: None

    def run(self, errand: Generator[Call, Reply, Kind]) -> Kind:
        try:
            call = next(errand)
            while True:
                call = errand.send(self.answered(call))
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]

    def answered(self, call: Call) -> Reply:
        self.calls.append(call)
        if (forced := self.between(call)) is not None:
            return forced
        if call.path == "/auth/server":
            return Reply(200, b'{"tokenURL":"https://auth.example/token"}')
        if call.path == "https://auth.example/token":
            assert dict(parse_qsl(call.body.decode()))["client_id"] == "one"
            self.tokens += 1
            return Reply(200, b'{"access_token":"t%d","token_type":"Bearer","expires_in":3600}' % self.tokens)
        number = int(call.headers["Authorization"].removeprefix("Bearer t"))
        claims = ONE if number > self.void_until else None
        answer = self.bench.ask(call.method, call.path, call.body or None, claims)
        return Reply(answer.status, answer.body)


@pytest.fixture
def wire(bench: Any) -> Wire:
    return Wire(bench)


@pytest.fixture
def ven() -> OpenAdrVen:
    return OpenAdrVen(Credentials("one", "secret"), "one")


def test_a_ven_registers_itself_and_its_resources_once(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    first = wire.run(ven.register(bench.now, ["garage", "yard"]))
    again = wire.run(OpenAdrVen(Credentials("one", "secret"), "one").register(bench.now, ["garage", "yard"]))
    assert first == again
    assert set(first.resources) == {"garage", "yard"}
    assert len(bench.get("/vens")) == 1
    assert len(bench.get("/resources")) == 2


def test_new_changed_called_off_and_over(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    program = bench.program()
    bench.ven("one", "north")
    wire.run(ven.register(bench.now))
    body = {"programID": program, "targets": ["north"], "intervals": LIMIT, "intervalPeriod": HOUR}
    kept, removed, voided = (bench.post("/events", body | {"eventName": name})["id"] for name in "abc")
    found = wire.run(ven.sync(bench.now))
    assert {one.event.id for one in found.new} == {kept, removed, voided}
    assert wire.run(ven.sync(bench.now)) == type(found)()

    bench.ask("PUT", f"/events/{kept}", body | {"priority": 1})
    bench.ask("DELETE", f"/events/{removed}")
    bench.ask("PUT", f"/events/{voided}", msgspec.to_builtins(called_off(program, "c", ["north"])))
    found = wire.run(ven.sync(bench.now))
    assert [one.event.priority for one in found.changed] == [1]
    assert {one.event.id for one in found.cancelled} == {removed, voided}
    assert wire.run(ven.sync(bench.now)) == type(found)()

    found = wire.run(ven.sync(bench.now + timedelta(hours=3)))
    assert [one.event.id for one in found.ended] == [kept]
    held = ven.memory.events
    assert held[voided].earlier[0].interval_period != held[voided].event.interval_period  # what was asked is kept
    assert held[removed].event.intervals == held[removed].event.intervals != ()
    assert VenMemory.decoded(ven.memory.encoded()) == ven.memory


def test_an_event_that_ended_and_was_then_removed_was_not_called_off(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    event = bench.event(bench.program(), intervals=LIMIT, intervalPeriod=HOUR)
    wire.run(ven.sync(bench.now))
    bench.ask("DELETE", f"/events/{event}")
    found = wire.run(ven.sync(bench.now + timedelta(hours=3)))
    assert ([one.event.id for one in found.ended], found.cancelled) == ([event], ())


def test_a_page_that_shifted_calls_nothing_off(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    program = bench.program()
    events = [bench.event(program, intervals=LIMIT, intervalPeriod=HOUR) for _ in range(60)]
    wire.run(ven.sync(bench.now))
    seen: list[str] = []

    def removed_between_pages(call: Call) -> None:
        if "skip=50" in call.path and not seen:
            seen.append(call.path)
            bench.ask("DELETE", f"/events/{events[0]}")

    wire.between = removed_between_pages
    assert wire.run(ven.sync(bench.now)).cancelled == ()  # it was read on the first page
    assert [one.event.id for one in wire.run(ven.sync(bench.now)).cancelled] == [events[0]]
    assert sum(one.is_open for one in ven.memory.events.values()) == 59


def test_a_token_that_is_void_is_renewed_once(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    wire.run(ven.sync(bench.now))
    assert wire.tokens == 1
    wire.void_until = 1
    wire.run(ven.sync(bench.now))
    assert wire.tokens == 2
    wire.void_until = 99
    with pytest.raises(VtnError, match="401"):
        wire.run(ven.sync(bench.now))
    assert wire.tokens == 3


@pytest.mark.parametrize("reply", [
    Reply(500, b"<html>"), Reply(200, b"<html>"), Reply(200, b"{}"), Reply(200, b'[{"id":1}]'), Reply(503, b"\xff"),
    Reply(200, b"[" * 100_000), Reply(403, b'{"detail":"no"}'),
])  # fmt: skip
def test_nonsense_from_a_vtn_changes_nothing(bench: Any, wire: Wire, ven: OpenAdrVen, reply: Reply) -> None:
    bench.event(bench.program(), intervals=LIMIT, intervalPeriod=HOUR)
    wire.run(ven.sync(bench.now))
    before = ven.memory
    wire.between = lambda call: reply if call.path.startswith("/events") else None
    with pytest.raises(VtnError, match="/events"):
        wire.run(ven.sync(bench.now))
    assert ven.memory is before


def test_reports_and_one_subscription(bench: Any, wire: Wire, ven: OpenAdrVen) -> None:
    event = bench.event(bench.program())
    report = wire.run(ven.report(bench.now, ReportRequest(event_id=event, client_name="one", resources=())))
    assert bench.get("/reports")[0]["id"] == report.id
    asked = ObjectOperation(
        objects=(ObjectType.EVENT,), operations=(Operation.CREATE,), callback_url="https://ven.example/cb"
    )
    first = wire.run(ven.subscribe(bench.now, [asked]))
    assert wire.run(ven.subscribe(bench.now, [asked])).id == first.id
