"""The VTN: who may come in, what each is told and until when, and what is left as it was."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from evenload.openadr.v20b import messages as wire
from evenload.openadr.v20b.events import Answering, Event, Status
from evenload.openadr.v20b.faults import Code, ProtocolError
from evenload.openadr.v20b.keeping import MemoryKeeper
from evenload.openadr.v20b.parts import QualifiedEventId, Response, Target
from evenload.openadr.v20b.refusing import service_of
from evenload.openadr.v20b.reports import Report
from evenload.openadr.v20b.vtn import Reply, Vtn
from evenload.openadr.v20b.vtn_records import EventAnswered, MessageDropped, OptCreated, ReportArrived, Ven, VtnSettings

NOW = datetime(2026, 1, 12, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRINTS = {"v1": "AA:BB:CC:DD:EE:FF:00:11:22:33", "v2": "00:BB:CC:DD:EE:FF:00:11:22:33"}
Events = Callable[..., Event]


def said(vtn: Vtn, message: wire.AnyMessage, by: str = "v1", at: datetime = NOW) -> Reply:
    return vtn.answer(service_of(message), message, PRINTS.get(by), at)


def code(reply: Reply) -> int:
    return reply.message.response.code  # type: ignore[union-attr]  # fails where there is none


def registered(vtn: Vtn, by: str = "v1", **fields: object) -> wire.CreatedRegistration:
    message = wire.CreateRegistration(request_id="q", ven_id=by, **fields)  # type: ignore[arg-type]
    reply = said(vtn, message, by).message
    assert isinstance(reply, wire.CreatedRegistration)
    assert reply.response.is_ok
    return reply


def told(vtn: Vtn, by: str = "v1", at: datetime = NOW) -> list[tuple[str, int, Status]] | None:
    """Events in the answer to a poll, ``None`` where it is not about events."""
    reply = said(vtn, wire.Poll(ven_id=by), by, at).message
    if not isinstance(reply, wire.DistributeEvent):
        return None
    return [(one.event.event_id, one.event.modification_number, one.event.status) for one in reply.events]


def answered(
    vtn: Vtn, event_id: str = "e1", number: int = 0, by: str = "v1", opt: wire.OptType = wire.OptType.IN,
    at: datetime = NOW,
) -> Reply:  # fmt: skip
    event = QualifiedEventId(event_id=event_id, modification_number=number)
    message = wire.CreatedEvent(
        response=Response(request_id="q"), ven_id=by,
        events=(wire.EventResponse(request_id="q", event=event, opt=opt),),
    )  # fmt: skip
    return said(vtn, message, by, at)


def kept(keeper: MemoryKeeper) -> dict[str, list[tuple[str, bytes]]]:
    kinds = ("ven", "event", "answer", "opt", "offer", "request", "outbox")
    return {kind: list(keeper.kept(kind)) for kind in kinds}


def restarted(keeper: MemoryKeeper) -> Vtn:
    numbers = count(1000)
    return Vtn(VtnSettings(vtn_id="vtn"), keeper, lambda: f"id{next(numbers)}")


class TestRegistration:
    def test_a_query_tells_an_unregistered_nothing_of_itself(self, vtn: Vtn) -> None:
        reply = said(vtn, wire.QueryRegistration(request_id="q"), "v1").message
        assert isinstance(reply, wire.CreatedRegistration)
        assert (reply.vtn_id, reply.ven_id, reply.registration_id) == ("vtn", None, None)
        first = registered(vtn)
        again = said(vtn, wire.QueryRegistration(request_id="q"), "v1").message
        assert isinstance(again, wire.CreatedRegistration)
        assert (again.ven_id, again.registration_id) == ("v1", first.registration_id)

    def test_it_is_found_by_certificate_or_by_name(self, vtn: Vtn) -> None:
        by_print = said(vtn, wire.CreateRegistration(request_id="q", ven_name="whatever"), "v2").message
        assert isinstance(by_print, wire.CreatedRegistration)
        assert by_print.ven_id == "v2"
        open_ = Vtn(VtnSettings(vtn_id="vtn", needs_identity=False), MemoryKeeper(), lambda: "id")
        open_.enrol(Ven(ven_id="v7", name="seven"))
        by_name = said(open_, wire.CreateRegistration(request_id="q", ven_name="seven"), "nobody").message
        assert isinstance(by_name, wire.CreatedRegistration)
        assert by_name.ven_id == "v7"

    @pytest.mark.parametrize(
        ("message", "by", "expected"),
        [
            (wire.CreateRegistration(request_id="q", ven_id="v1"), "v2", Code.NOT_REGISTERED),
            (wire.CreateRegistration(request_id="q", ven_id="v1"), "nobody", Code.NOT_REGISTERED),
            (wire.CreateRegistration(request_id="q", ven_name="three"), "nobody", Code.NOT_REGISTERED),
            (wire.CreateRegistration(request_id="q", ven_id="v9"), "v1", Code.INVALID_ID),
            (wire.CreateRegistration(request_id="q", ven_id="v1", registration_id="x"), "v1", Code.INVALID_ID),
            (wire.CreateRegistration(request_id="q", ven_id="v1", profile="2.0a"), "v1", Code.NOT_ALLOWED),
            (wire.CreateRegistration(request_id="q", ven_id="v1", pulls=False, address="http://x"), "v1", 454),
            (wire.CancelRegistration(request_id="q", registration_id="x"), "v1", Code.INVALID_ID),
            (wire.Poll(ven_id="v1"), "v1", Code.NOT_REGISTERED),
            (wire.Poll(ven_id="v9"), "v1", Code.INVALID_ID),
            (wire.RequestEvent(request_id="q", ven_id="v1"), "v1", Code.NOT_REGISTERED),
        ],
    )
    def test_who_may_not_is_refused_and_nothing_changes(
        self, vtn: Vtn, keeper: MemoryKeeper, message: wire.AnyMessage, by: str, expected: int
    ) -> None:
        before = kept(keeper)
        assert code(said(vtn, message, by)) == expected
        assert kept(keeper) == before

    def test_another_certificate_gets_nothing_once_registered(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event())
        for message in (wire.Poll(ven_id="v1"), wire.RequestEvent(request_id="q", ven_id="v1")):
            reply = said(vtn, message, "v2")
            assert (type(reply.message), code(reply)) == (wire.Answered, Code.NOT_REGISTERED)

    def test_registering_again_keeps_the_id_and_leaving_ends_it(self, vtn: Vtn) -> None:
        first = registered(vtn).registration_id
        assert registered(vtn, registration_id=first).registration_id == first
        assert registered(vtn).registration_id != first
        current = registered(vtn).registration_id or ""
        assert code(said(vtn, wire.CancelRegistration(request_id="q", registration_id=current))) == 200
        assert code(said(vtn, wire.Poll(ven_id="v1"))) == Code.NOT_REGISTERED

    def test_a_certificate_is_of_one_ven(self, vtn: Vtn) -> None:
        with pytest.raises(ProtocolError, match="'v1' already"):
            vtn.enrol(Ven(ven_id="v3", fingerprint=PRINTS["v1"]))

    def test_the_vtn_can_ask_to_register_again_and_end_a_registration(self, vtn: Vtn) -> None:
        mine = registered(vtn)
        vtn.ask_to_register_again("v1")
        assert said(vtn, wire.Poll(ven_id="v1")).message == wire.RequestReregistration(ven_id="v1")
        registered(vtn, registration_id=mine.registration_id)
        vtn.end_registration("v1")
        end = said(vtn, wire.Poll(ven_id="v1")).message
        assert isinstance(end, wire.CancelRegistration)
        done = wire.CanceledRegistration(response=Response(request_id=end.request_id), ven_id="v1")
        assert code(said(vtn, done)) == 200
        assert code(said(vtn, wire.Poll(ven_id="v1"))) == Code.NOT_REGISTERED


class TestEvents:
    def test_an_event_is_told_until_it_is_answered(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        assert told(vtn) is None
        vtn.publish(plain_event())
        for _ in range(5):  # answers may be lost on the way
            assert told(vtn) == [("e1", 0, Status.FAR)]
        facts = answered(vtn, opt=wire.OptType.OUT).facts
        assert [type(fact) for fact in facts] == [EventAnswered]
        assert told(vtn) is None
        assert vtn.events.answers("e1")[0].answers[0].opt is wire.OptType.OUT

    def test_all_events_are_told_together(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event("e1"))
        answered(vtn, "e1")
        vtn.publish(plain_event("e2"))
        assert {one[0] for one in told(vtn) or ()} == {"e1", "e2"}

    def test_status_follows_the_clock(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event(ramp_up=timedelta(minutes=5), start_after=timedelta(minutes=10)))
        seen = [(told(vtn, at=NOW + timedelta(minutes=m)) or [("", 0, None)])[0][2] for m in (0, 54, 56, 61, 119, 121)]
        assert seen == [Status.FAR, Status.FAR, Status.NEAR, Status.ACTIVE, Status.ACTIVE, Status.COMPLETED]
        assert not told(vtn, at=NOW + timedelta(minutes=130))  # by then the last has ended that started late

    @pytest.mark.requirement("R78")
    def test_modified_and_cancelled_before_and_during(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event())
        answered(vtn)
        during = NOW + HOUR + timedelta(minutes=1)
        vtn.modify(plain_event(duration=2 * HOUR), NOW, "longer")
        assert told(vtn) == [("e1", 1, Status.FAR)]
        answered(vtn, number=0)  # of what was before
        assert told(vtn) == [("e1", 1, Status.FAR)]
        answered(vtn, number=1)
        vtn.modify(plain_event(duration=HOUR / 2), during, "shorter")
        assert told(vtn, at=during) == [("e1", 2, Status.ACTIVE)]
        answered(vtn, number=2, at=during)
        vtn.cancel("e1", during, "weather")
        assert told(vtn, at=during) == [("e1", 3, Status.CANCELLED)]
        answered(vtn, number=3, at=during)
        assert told(vtn, at=during) is None
        record = vtn.events.find("e1")
        assert record is not None
        assert [event.modification_number for event in record.past] == [0, 1, 2]
        assert [one.modification_number for one in vtn.events.answers("e1")[0].answers] == [0, 1, 2, 3]
        with pytest.raises(ProtocolError, match="is over"):
            vtn.cancel("e1", during)

    @pytest.mark.parametrize(("event_id", "number", "expected"), [("e9", 0, 452), ("e1", 1, 450)])
    def test_answers_to_what_is_not_there_change_nothing(
        self, vtn: Vtn, keeper: MemoryKeeper, plain_event: Events, event_id: str, number: int, expected: int
    ) -> None:
        registered(vtn)
        vtn.publish(plain_event())
        before = kept(keeper)
        assert code(answered(vtn, event_id, number)) == expected
        assert kept(keeper) == before
        assert told(vtn) == [("e1", 0, Status.FAR)]

    def test_of_several_answers_those_that_are_right_are_taken(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event())
        events = tuple(
            wire.EventResponse(
                request_id="q", opt=wire.OptType.IN, event=QualifiedEventId(event_id=name, modification_number=0)
            )
            for name in ("e9", "e1")
        )
        reply = said(vtn, wire.CreatedEvent(response=Response(request_id="q"), ven_id="v1", events=events))
        assert code(reply) == Code.INVALID_ID
        assert told(vtn) is None

    def test_each_is_told_of_its_own_targets_alone(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        registered(vtn, "v2")
        vtn.publish(plain_event("e1", target=Target(group_ids=("feeder-12", "feeder-9"), ven_ids=("v1",))))
        vtn.publish(plain_event("e2", target=Target(resource_ids=("r2", "r9"))))
        vtn.publish(plain_event("e3"))
        mine, other = (
            {one.event.event_id: one.event.target for one in said(vtn, wire.Poll(ven_id=by), by).message.events}  # type: ignore[union-attr]
            for by in ("v1", "v2")
        )
        assert mine["e1"] == Target(group_ids=("feeder-12",), ven_ids=("v1",))
        assert mine["e2"] == Target(resource_ids=("r2",))
        assert set(mine) == {"e1", "e2", "e3"}
        assert other == {"e1": Target(group_ids=("feeder-9",)), "e3": Target()}
        assert code(answered(vtn, "e2", by="v2")) == Code.INVALID_ID

    def test_who_is_not_meant_any_more_is_told_by_leaving_it_out(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event(target=Target(group_ids=("feeder-12",))))
        told(vtn)
        answered(vtn)
        vtn.modify(plain_event(target=Target(group_ids=("feeder-9",))), NOW)
        assert told(vtn) == []

    def test_an_event_without_answers_is_told_twice(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event(), Answering.NEVER)
        assert [told(vtn) is not None for _ in range(4)] == [True, True, False, False]
        vtn.cancel("e1", NOW)
        assert [told(vtn) for _ in range(3)] == [[("e1", 1, Status.CANCELLED)]] * 2 + [None]

    def test_a_cancel_nobody_answers_is_told_until_the_event_would_be_over(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event())
        told(vtn)
        vtn.cancel("e1", NOW)
        assert told(vtn, at=NOW + HOUR) == [("e1", 1, Status.CANCELLED)]
        assert not told(vtn, at=NOW + 2 * HOUR)
        assert told(vtn, at=NOW + 2 * HOUR) is None

    def test_a_ven_that_joins_a_group_is_told_what_is_for_it(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        vtn.publish(plain_event(target=Target(group_ids=("feeder-9",))))
        assert told(vtn) is None
        vtn.enrol(Ven(ven_id="v1", name="one", fingerprint=PRINTS["v1"], group_ids=("feeder-9",)))
        assert told(vtn) == [("e1", 0, Status.FAR)]

    def test_an_id_is_used_once(self, vtn: Vtn, plain_event: Events) -> None:
        vtn.publish(plain_event())
        with pytest.raises(ProtocolError, match="is there already"):
            vtn.publish(plain_event(duration=2 * HOUR))
        with pytest.raises(ProtocolError, match="not known"):
            vtn.cancel("e9", NOW)

    def test_a_limit_on_replies_takes_the_soonest(self, vtn: Vtn, plain_event: Events) -> None:
        registered(vtn)
        for hour in (3, 1, 2):
            vtn.publish(plain_event(f"e{hour}", start=NOW + hour * HOUR))
        reply = said(vtn, wire.RequestEvent(request_id="q", ven_id="v1", reply_limit=2)).message
        assert isinstance(reply, wire.DistributeEvent)
        assert [one.event.event_id for one in reply.events] == ["e1", "e2"]

    @pytest.mark.requirement("R78")
    def test_a_restart_loses_nothing(self, vtn: Vtn, keeper: MemoryKeeper, plain_event: Events, offer: Report) -> None:
        registered(vtn)
        vtn.publish(plain_event("e1"))
        vtn.publish(plain_event("e2"))
        answered(vtn, "e1")
        said(vtn, wire.RegisterReport(request_id="q", reports=(offer,), ven_id="v1"))
        vtn.ask_report("v1", "usage", HOUR, HOUR)
        after = restarted(keeper)
        assert {one[0] for one in told(after) or ()} == {"e1", "e2"}
        answered(after, "e2")
        assert isinstance(said(after, wire.Poll(ven_id="v1")).message, wire.CreateReport)
        assert len(after.events.answers("e1")) == 1

    def test_after_a_restart_what_was_answered_is_not_told_again(
        self, vtn: Vtn, keeper: MemoryKeeper, plain_event: Events
    ) -> None:
        registered(vtn)
        vtn.publish(plain_event("e1"))
        answered(vtn, "e1")
        vtn.publish(plain_event("e2"))
        answered(vtn, "e2")
        vtn.cancel("e2", NOW)
        answered(vtn, "e2", 1)
        assert told(restarted(keeper)) is None


class TestOpts:
    def opt(self, **changes: object) -> wire.CreateOpt:
        fields: dict[str, object] = {
            "request_id": "q", "opt_id": "o1", "opt": wire.OptType.OUT, "reason": "mustRun", "ven_id": "v1",
            "created_at": NOW, "windows": (wire.Available(start=NOW, duration=HOUR),),
        } | changes  # fmt: skip
        return wire.CreateOpt(**fields)  # type: ignore[arg-type]

    @pytest.mark.requirement("R78")
    def test_a_schedule_holds_in_its_windows_until_taken_back(self, vtn: Vtn, keeper: MemoryKeeper) -> None:
        registered(vtn)
        reply = said(vtn, self.opt())
        assert (code(reply), [type(fact) for fact in reply.facts]) == (200, [OptCreated])
        assert said(vtn, self.opt(request_id="q2")).facts == []  # said again
        assert [len(vtn.opts.in_force("v1", NOW + m * HOUR / 2)) for m in (-1, 0, 1, 2)] == [0, 1, 1, 0]
        vtn = restarted(keeper)
        assert code(said(vtn, wire.CancelOpt(request_id="q", opt_id="o1", ven_id="v1"))) == 200
        assert vtn.opts.in_force("v1", NOW) == []
        assert vtn.opts.opts("v1")[0].canceled_at == NOW
        assert code(said(vtn, wire.CancelOpt(request_id="q", opt_id="o1", ven_id="v1"))) == Code.INVALID_ID

    def test_opts_that_cannot_be_are_refused_and_not_kept(
        self, vtn: Vtn, keeper: MemoryKeeper, plain_event: Events
    ) -> None:
        registered(vtn)
        said(vtn, self.opt())
        vtn.publish(plain_event("e2", target=Target(group_ids=("feeder-9",))))
        before = kept(keeper)
        unknown, not_mine = (QualifiedEventId(event_id=name, modification_number=0) for name in ("e9", "e2"))
        for changes, expected in (
            ({"opt": wire.OptType.IN}, 452),
            ({"opt_id": "o2", "windows": (), "event": unknown}, 452),
            ({"opt_id": "o2", "windows": (), "event": not_mine}, 452),
            ({"opt_id": "o2", "windows": ()}, 454),
            ({"opt_id": "o2", "target": Target(resource_ids=("r1", "r9"))}, 462),
        ):
            assert code(said(vtn, self.opt(**changes))) == expected
        assert kept(keeper) == before


class TestReports:
    def offered(self, vtn: Vtn, offer: Report) -> wire.RegisteredReport:
        registered(vtn)
        reply = said(vtn, wire.RegisterReport(request_id="q", reports=(offer,), ven_id="v1")).message
        assert isinstance(reply, wire.RegisteredReport)
        return reply

    @pytest.mark.requirement("R78")
    def test_what_is_offered_is_asked_for_and_arrives_with_its_meaning(
        self, vtn: Vtn, keeper: MemoryKeeper, offer: Report, measured: Report
    ) -> None:
        (request,) = self.offered(vtn, offer).requests
        assert [point.r_id for point in request.points] == ["power", "status"]
        report = replace(measured, request_id=request.request_id)
        reply = said(restarted(keeper), wire.UpdateReport(request_id="q", reports=(report,), ven_id="v1"))
        (fact,) = reply.facts
        assert isinstance(fact, ReportArrived)
        assert fact.points == offer.points
        assert fact.report.intervals == measured.intervals

    def test_a_report_nobody_asked_for_is_refused_and_stopped(self, vtn: Vtn, offer: Report, measured: Report) -> None:
        self.offered(vtn, offer)
        reply = said(vtn, wire.UpdateReport(request_id="q", reports=(measured,), ven_id="v1"))
        assert isinstance(reply.message, wire.UpdatedReport)
        assert (reply.message.response.code, reply.facts) == (Code.INVALID_ID, [])
        assert reply.message.cancel is not None
        assert reply.message.cancel.report_request_ids == ("rr1",)

    def test_another_vens_request_is_not_taken(self, vtn: Vtn, offer: Report, measured: Report) -> None:
        (request,) = self.offered(vtn, offer).requests
        registered(vtn, "v2")
        report = replace(measured, request_id=request.request_id)
        assert code(said(vtn, wire.UpdateReport(request_id="q", reports=(report,), ven_id="v2"), "v2")) == 452

    def test_history_is_asked_for_and_cancelled(self, vtn: Vtn, offer: Report) -> None:
        self.offered(vtn, offer)
        request_id = vtn.ask_report("v1", "usage", HOUR, timedelta(0), (NOW - HOUR, HOUR), ["power"])
        asked = said(vtn, wire.Poll(ven_id="v1")).message
        assert isinstance(asked, wire.CreateReport)
        assert asked.requests[0].is_history
        assert [point.r_id for point in asked.requests[0].points] == ["power"]
        said(vtn, wire.CreatedReport(response=Response(request_id=asked.request_id), ven_id="v1"))
        vtn.cancel_report(request_id, NOW)
        stop = said(vtn, wire.Poll(ven_id="v1")).message
        assert isinstance(stop, wire.CancelReport)
        with pytest.raises(ProtocolError, match="not asked for"):
            vtn.cancel_report(request_id, NOW)
        with pytest.raises(ProtocolError, match="offers no report"):
            vtn.ask_report("v1", "other", HOUR, HOUR)

    def test_events_come_between_messages_that_nobody_acknowledges(
        self, vtn: Vtn, offer: Report, plain_event: Events
    ) -> None:
        self.offered(vtn, offer)
        vtn.ask_report("v1", "usage", HOUR, HOUR)
        vtn.publish(plain_event())
        replies = [said(vtn, wire.Poll(ven_id="v1")) for _ in range(8)]
        assert [type(reply.message).__name__ for reply in replies] == (
            ["DistributeEvent", "CreateReport"] * 3 + ["DistributeEvent"] * 2
        )
        assert [type(fact) for reply in replies for fact in reply.facts] == [MessageDropped]

    def test_this_vtn_offers_none(self, vtn: Vtn) -> None:
        registered(vtn)
        assert code(said(vtn, wire.CancelReport(request_id="q", report_request_ids=("x",), ven_id="v1"))) == 452
        assert code(said(vtn, wire.CreateReport(request_id="q", requests=(), ven_id="v1"))) == 461


def test_a_message_to_the_wrong_service_is_refused(vtn: Vtn) -> None:
    registered(vtn)
    reply = vtn.answer("EiEvent", wire.Poll(ven_id="v1"), PRINTS["v1"], NOW)
    assert code(reply) == Code.COMPLIANCE_ERROR
    assert code(said(vtn, wire.RequestReregistration(ven_id="v1"))) == Code.NOT_ALLOWED


def test_who_does_not_poll_is_pushed_to_until_it_answers(vtn: Vtn, plain_event: Events) -> None:
    registered(vtn, pulls=False, address="https://ven.example")
    registered(vtn, "v2")
    assert vtn.pushes(NOW) == []
    vtn.publish(plain_event())
    for _ in range(2):
        (push,) = vtn.pushes(NOW)
        assert (push.ven_id, push.address, push.service) == ("v1", "https://ven.example", "EiEvent")
        vtn.pushed("v1", wire.Answered(response=Response(request_id="q"), ven_id="v1"), NOW)
    answered(vtn)
    assert vtn.pushes(NOW) == []
