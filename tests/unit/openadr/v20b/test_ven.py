"""The VEN: what it sends when, what it makes of events, and what it remembers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.document import read_message, write_message
from evenload.openadr.v20b.events import Answering, Distributed, Event, Status
from evenload.openadr.v20b.faults import Code
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.parts import Response, Target
from evenload.openadr.v20b.payloads import Interval, Payload
from evenload.openadr.v20b.reports import Report, ReportRequest
from evenload.openadr.v20b.ven import Ven
from evenload.openadr.v20b.ven_records import Change, EventChanged, Registered, RegistrationLost, VenFact, VenSettings
from evenload.openadr.v20b.vtn import Vtn
from evenload.openadr.v20b.vtn_records import Fact, ReportArrived

NOW = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
PRINT = "AA:BB:CC:DD:EE:FF:00:11:22:33"
Events = Callable[..., Event]


def readings(_request: ReportRequest, start: datetime, end: datetime) -> tuple[Interval, ...]:
    minutes = round((end - start) / MINUTE)
    return tuple(
        Interval(start=start + n * MINUTE, duration=MINUTE, payloads=(Payload(r_id="power", value=float(n)),))
        for n in range(minutes)
    )


def ven_of(keeper: MemoryKeeper, chance: float = 0.5, **settings: object) -> Ven:
    numbers = count(1)
    own = VenSettings(ven_name="one", ven_id="v1", **settings)  # type: ignore[arg-type]
    return Ven(own, keeper, lambda: f"q{next(numbers)}", lambda: chance, readings)


class Line:
    """A VEN and a VTN that talk in bytes, as over a wire without loss."""

    def __init__(self, ven: Ven, vtn: Vtn) -> None:
        self.ven, self.vtn = ven, vtn
        self.sent: list[str] = []
        self.facts: list[VenFact] = []
        self.vtn_facts: list[Fact] = []

    def talk(self, now: datetime) -> list[str]:
        """Exchange until nothing is due; what was sent."""
        self.sent = []
        while (out := self.ven.next(now)) is not None:
            assert len(self.sent) < 30, self.sent
            self.sent.append(type(out.message).__name__)
            reply = self.vtn.answer(out.service, read_message(write_message(out.message)), PRINT, now)
            self.vtn_facts += reply.facts
            self.facts += self.ven.heard(read_message(write_message(reply.message)), now)
        return self.sent


@pytest.fixture(name="own")
def _own() -> MemoryKeeper:
    return MemoryKeeper()


@pytest.fixture(name="line")
def _line(own: MemoryKeeper, vtn: Vtn, offer: Report) -> Line:
    return Line(ven_of(own, offers=(offer,)), vtn)


def distribute(*events: Event, answering: Answering = Answering.ALWAYS, request_id: str = "d1") -> wire.DistributeEvent:
    told = tuple(Distributed(event=event, answering=answering) for event in events)
    return wire.DistributeEvent(request_id=request_id, vtn_id="vtn", events=told)


def pushed(ven: Ven, *events: Event, now: datetime = NOW, answering: Answering = Answering.ALWAYS) -> list[VenFact]:
    return ven.pushed(distribute(*events, answering=answering), now)[1]


def changes(facts: list[VenFact]) -> list[tuple[Change, str]]:
    return [(fact.change, fact.known.event.event_id) for fact in facts if isinstance(fact, EventChanged)]


@pytest.fixture(name="ven")
def _ven(line: Line) -> Ven:
    line.talk(NOW)
    return line.ven


@pytest.mark.requirement("R78")
def test_it_registers_offers_asks_and_polls_by_the_clock(line: Line) -> None:
    assert line.talk(NOW) == ["CreateRegistration", "RequestEvent", "RegisterReport", "CreatedReport", "Poll"]
    assert isinstance(line.facts[0], Registered)
    assert line.talk(NOW + 9 * SECOND) == []
    assert line.talk(NOW + 10 * SECOND) == ["Poll"]


def test_one_message_is_under_way_at_a_time_and_failures_make_it_rest(own: MemoryKeeper) -> None:
    ven = ven_of(own)
    assert ven.next(NOW) is not None
    assert ven.next(NOW + HOUR) is None
    now, rests = NOW, []
    for _ in range(9):
        ven.failed(now)
        again = next(now + n * SECOND for n in range(1000) if ven.next(now + n * SECOND))
        rests.append((again - now) / SECOND)
        now = again
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.requirement("R78")
def test_an_event_is_answered_and_its_start_is_drawn_once(line: Line, own: MemoryKeeper, plain_event: Events) -> None:
    line.talk(NOW)
    line.vtn.publish(plain_event(start_after=10 * MINUTE))
    assert line.talk(NOW + 10 * SECOND) == ["Poll", "CreatedEvent"]
    known = line.ven.events.find("e1")
    assert known is not None
    assert (known.start, known.end) == (NOW + HOUR + 5 * MINUTE, NOW + 2 * HOUR + 5 * MINUTE)
    at = [NOW + HOUR + m * MINUTE for m in (4, 5, 64, 65)]
    assert [known.asks_at(when) for when in at] == [False, True, True, False]
    line.ven = ven_of(own, chance=0.9, offers=line.ven.settings.offers)  # after a restart, with another chance
    assert line.talk(NOW + 20 * SECOND) == ["RequestEvent", "CreatedEvent", "Poll"]
    again = line.ven.events.find("e1")
    assert again is not None
    assert again.start == known.start


def test_a_lost_answer_to_an_event_is_given_again(line: Line, plain_event: Events) -> None:
    line.talk(NOW)
    line.vtn.publish(plain_event())
    now = NOW + 10 * SECOND
    poll = line.ven.next(now)
    assert poll is not None
    line.ven.heard(line.vtn.answer(poll.service, poll.message, PRINT, now).message, now)
    assert isinstance((line.ven.next(now) or poll).message, wire.CreatedEvent)
    line.ven.failed(now)
    assert line.talk(now + 5 * SECOND) == ["CreatedEvent"]
    assert line.vtn.events.answers("e1")[0].answers[0].opt is wire.OptType.IN


def test_never_is_not_answered_unless_it_opts(ven: Ven, plain_event: Events) -> None:
    pushed(ven, plain_event(), answering=Answering.NEVER)
    assert ven.events.unanswered("v1") is None
    ven.events.opt("e1", wire.OptType.OUT)
    said = ven.events.unanswered("v1")
    assert said is not None
    assert said.events[0].opt is wire.OptType.OUT


@pytest.mark.requirement("R78")
def test_what_is_left_out_is_called_off(ven: Ven, plain_event: Events) -> None:
    assert changes(pushed(ven, plain_event("e1"), plain_event("e2"))) == [(Change.NEW, "e1"), (Change.NEW, "e2")]
    assert changes(pushed(ven, plain_event("e2"))) == [(Change.LEFT_OUT, "e1")]
    assert changes(pushed(ven, plain_event("e2"))) == []
    assert changes(pushed(ven, now=NOW + 3 * HOUR)) == []  # what is over is not called off
    known = ven.events.find("e1")
    assert known is not None
    assert (known.status_at(NOW), known.asks_at(NOW + HOUR + MINUTE)) == (Status.CANCELLED, False)
    assert {known.event.event_id for known in ven.events} == {"e1", "e2"}


def test_modified_cancelled_and_out_of_order(ven: Ven, plain_event: Events) -> None:
    pushed(ven, plain_event())
    later = plain_event(modification_number=2, duration=2 * HOUR)
    assert changes(pushed(ven, later)) == [(Change.MODIFIED, "e1")]
    assert changes(pushed(ven, plain_event(modification_number=1))) == []
    said = ven.events.unanswered("v1")
    assert said is not None
    assert {(one.code, one.event.modification_number) for one in said.events} == {(450, 1), (200, 2)}
    known = ven.events.find("e1")
    assert known is not None
    assert known.event.duration == 2 * HOUR
    off = replace(later, modification_number=3, status=Status.CANCELLED)
    assert changes(pushed(ven, off)) == [(Change.CANCELLED, "e1")]
    assert changes(pushed(ven, off)) == []


def test_called_off_while_active_it_ends_as_late_as_it_began(ven: Ven, plain_event: Events) -> None:
    event = plain_event(start_after=10 * MINUTE)
    pushed(ven, event)
    during = NOW + HOUR + 20 * MINUTE
    pushed(ven, replace(event, modification_number=1, status=Status.CANCELLED), now=during)
    known = ven.events.find("e1")
    assert known is not None
    assert known.end == during + 5 * MINUTE
    assert [known.asks_at(during + m * MINUTE) for m in (4, 5)] == [True, False]


def test_a_cancel_of_what_was_never_told_changes_nothing(ven: Ven, plain_event: Events) -> None:
    assert pushed(ven, plain_event("e9", status=Status.CANCELLED)) == []
    assert list(ven.events) == []
    said = ven.events.unanswered("v1")
    assert said is not None
    assert [(one.event.event_id, one.code) for one in said.events] == [("e9", 200)]
    ven.events.heard(said)
    assert ven.events.unanswered("v1") is None


def test_lists_that_cannot_be_are_refused_whole(ven: Ven, plain_event: Events) -> None:
    for message in (
        distribute(plain_event("e1"), plain_event("e1")),
        replace(distribute(plain_event("e1")), vtn_id="another"),
    ):
        reply, _ = ven.pushed(message, NOW)
        assert isinstance(reply, wire.Answered)
        assert reply.response.code == Code.INVALID_ID
    assert list(ven.events) == []


def test_what_is_not_for_it_or_not_followed_is_answered_so(own: MemoryKeeper, vtn: Vtn, plain_event: Events) -> None:
    line = Line(ven_of(own, signals=("LOAD_DISPATCH",), group_ids=("feeder-12",)), vtn)
    line.talk(NOW)
    price = plain_event("e2", signals=(replace(plain_event().signals[0], name="ELECTRICITY_PRICE"),))
    other = plain_event("e3", target=Target(ven_ids=("v7",)))
    mine = plain_event("e4", target=Target(ven_ids=("v7",), group_ids=("feeder-12",)))
    pushed(line.ven, price, other, mine)
    said = line.ven.events.unanswered("v1")
    assert said is not None
    assert {one.event.event_id: one.code for one in said.events} == {"e2": 460, "e3": 462, "e4": 200}


def test_it_opts_out_of_an_event_and_of_windows_and_takes_it_back(line: Line, plain_event: Events) -> None:
    line.talk(NOW)
    line.vtn.publish(plain_event())
    line.talk(NOW + 10 * SECOND)
    line.ven.events.opt("e1", wire.OptType.OUT)
    some = line.ven.opt_for(wire.OptType.OUT, "mustRun", NOW, event_id="e1", target=Target(resource_ids=("r1",)))
    window = wire.Available(start=NOW, duration=HOUR)
    vacation = line.ven.opt_for(wire.OptType.OUT, "x-schedule", NOW, windows=(window,))
    assert line.talk(NOW + 11 * SECOND) == ["CreatedEvent", "CreateOpt", "CreateOpt"]
    assert [one.opt for one in line.vtn.events.answers("e1")[0].answers] == [wire.OptType.IN, wire.OptType.OUT]
    assert [one.opt_id for one in line.vtn.opts.in_force("v1", NOW)] == [vacation]
    line.ven.opts.cancel(vacation)
    assert line.talk(NOW + 12 * SECOND) == ["CancelOpt"]
    assert line.vtn.opts.in_force("v1", NOW) == []
    assert {record.opt.opt_id for record in line.vtn.opts.opts("v1")} == {some, vacation}


@pytest.mark.requirement("R78")
def test_reports_come_when_due_without_gaps_even_after_an_outage(line: Line, own: MemoryKeeper) -> None:
    line.talk(NOW)
    for minutes in (4, 5, 7, 10):
        line.talk(NOW + minutes * MINUTE)
    line.ven = ven_of(own, offers=line.ven.settings.offers)
    line.talk(NOW + 31 * MINUTE)  # it was away for 20 minutes
    arrived = [fact.report for fact in line.vtn_facts if isinstance(fact, ReportArrived)]
    assert [((one.start or NOW) - NOW, one.duration) for one in arrived] == [
        (0 * MINUTE, 5 * MINUTE), (5 * MINUTE, 5 * MINUTE), (10 * MINUTE, 20 * MINUTE),
    ]  # fmt: skip
    assert [len(one.intervals) for one in arrived] == [5, 5, 20]
    assert len(line.ven.jobs.pending) == 1


def test_reports_offered_anew_are_asked_for_once(line: Line) -> None:
    line.talk(NOW)
    line.vtn.ask_to_register_again("v1")
    line.talk(NOW + 10 * SECOND)
    line.talk(NOW + 6 * MINUTE)
    assert len(line.ven.jobs.pending) == 1
    assert sum(isinstance(fact, ReportArrived) for fact in line.vtn_facts) == 1


def test_history_comes_once_and_a_cancelled_report_no_more(line: Line) -> None:
    line.talk(NOW)
    (request_id,) = line.ven.jobs.pending
    line.vtn.cancel_report(request_id, NOW)
    line.vtn.ask_report("v1", "usage", MINUTE, timedelta(0), (NOW - HOUR, HOUR), ["power"])
    line.talk(NOW + 10 * SECOND)
    line.talk(NOW + 20 * SECOND)
    arrived = [fact.report for fact in line.vtn_facts if isinstance(fact, ReportArrived)]
    assert [(one.start, one.duration, len(one.intervals)) for one in arrived] == [(NOW - HOUR, HOUR, 60)]
    assert line.ven.jobs.pending == ()
    assert line.talk(NOW + 2 * HOUR) == ["Poll"]


def test_one_last_report_may_follow_a_cancel(line: Line) -> None:
    line.talk(NOW)
    (request_id,) = line.ven.jobs.pending
    line.talk(NOW + 5 * MINUTE)
    line.vtn.cancel_report(request_id, NOW + 7 * MINUTE, to_follow=True)
    line.talk(NOW + 7 * MINUTE)
    line.talk(NOW + 20 * MINUTE)
    arrived = [fact.report for fact in line.vtn_facts if isinstance(fact, ReportArrived)]
    assert [((one.start or NOW) - NOW, one.duration) for one in arrived] == [
        (0 * MINUTE, 5 * MINUTE), (5 * MINUTE, 2 * MINUTE),
    ]  # fmt: skip
    assert line.ven.jobs.pending == ()


def test_a_report_that_is_not_offered_is_refused(ven: Ven, measured: Report) -> None:
    request = ReportRequest(request_id="x", specifier_id="other", granularity=MINUTE, back=MINUTE, points=())
    reply, _ = ven.pushed(wire.CreateReport(request_id="q", requests=(request,)), NOW)
    assert isinstance(reply, wire.CreatedReport)
    assert (reply.response.code, "x" in reply.pending) == (Code.REPORT_NOT_SUPPORTED, False)
    assert measured.request_id not in reply.pending


def test_a_vtn_that_forgot_it_is_registered_with_again(line: Line, new_id: Callable[[], str]) -> None:
    line.talk(NOW)
    line.vtn.parties.end("v1")
    assert line.talk(NOW + 10 * SECOND)[:2] == ["Poll", "CreateRegistration"]
    assert any(isinstance(fact, RegistrationLost) for fact in line.facts)
    line.vtn.ask_to_register_again("v1")
    before = line.ven.registration
    assert line.talk(NOW + 21 * SECOND)[:3] == ["Poll", "Answered", "CreateRegistration"]
    assert line.ven.registration == before
    assert new_id()


def test_it_leaves_and_stays_away(line: Line) -> None:
    line.talk(NOW)
    line.ven.leave()
    assert line.talk(NOW + SECOND) == ["CancelRegistration"]
    assert line.talk(NOW + HOUR) == []
    assert line.vtn.parties.registered() == []


def test_the_vtn_ends_the_registration(line: Line) -> None:
    line.talk(NOW)
    line.vtn.end_registration("v1")
    assert line.talk(NOW + 10 * SECOND)[:2] == ["Poll", "CanceledRegistration"]


def test_a_refused_registration_is_tried_again_ever_less_often(vtn: Vtn, own: MemoryKeeper) -> None:
    ven = ven_of(own)
    tries = 0
    for second in range(600):
        out = ven.next(NOW + second * SECOND)
        if out is not None:
            tries += 1
            ven.heard(vtn.answer(out.service, out.message, None, NOW).message, NOW + second * SECOND)
    assert tries == 7  # at 0, 5, 15, 35, 75, 155 and 315 s


def test_a_plain_answer_to_anything_makes_no_loop(own: MemoryKeeper, offer: Report) -> None:
    ven = ven_of(own, offers=(offer,))
    out = ven.next(NOW)
    assert out is not None
    created = wire.CreatedRegistration(response=Response(), vtn_id="t", ven_id="v1", registration_id="r")
    ven.heard(created, NOW)
    sent = 0
    while ven.next(NOW) is not None:
        sent += 1
        ven.heard(wire.Answered(response=Response(code=200 if sent % 2 else 469)), NOW)
        assert sent < 10
