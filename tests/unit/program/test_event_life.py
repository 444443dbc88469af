"""The life of an event: by hand, and any sequence of commands against what has to hold whatever is done."""

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.instants import parse_instant
from evenload.program.document import ProgramDocument
from evenload.program.eligibility_terms import EligibilityTerms
from evenload.program.event_call import Call, CallKind, Target, TargetKind
from evenload.program.event_commands import (
    Advance,
    Approve,
    Book,
    Cancel,
    Command,
    Evaluated,
    FindLink,
    Kill,
    LeaveForNeed,
    LoseLink,
    Modify,
    Notify,
    OptOut,
    Rehearsed,
)
from evenload.program.event_effects import Ask, Begin, Effect, EndObligation, News, Record, Return, Rise, Tell, Withdraw
from evenload.program.event_life import draft, step
from evenload.program.event_member import Leaving, Member, Standing, Turn
from evenload.program.event_rules import CallLimit, EventRules, LimitOf, LimitPer
from evenload.program.event_state import Around, EventLife, LifeRule, Policy, Stage, Stepped
from evenload.program.refusal import EventRule
from evenload.program.rules import CalledEvent
from evenload.program.terms import ConsentTerm, OptOutRules
from evenload.program.words import Archetype, ArmKind, ConsentKind, Segment
from evenload.program.words import Stage as ProgramStage

NOW = parse_instant("2026-07-14T12:00:00Z")
START, END = NOW + timedelta(hours=5), NOW + timedelta(hours=7)
CAP = {"F": 20.0}
RULES = EventRules(
    mandatory=True, notice_minutes_min=120, limits=(CallLimit(most=1, per=LimitPer.DAY, of=LimitOf.CUSTOMER),)
)
TIRED = CalledEvent("earlier", NOW - timedelta(hours=2), NOW - timedelta(hours=1))
ASLEEP = CalledEvent("last week", NOW - timedelta(days=7), NOW - timedelta(days=7, hours=-1))


def document(rules: EventRules = RULES) -> ProgramDocument:
    return ProgramDocument(
        program_id="p",
        version=1,
        name="P",
        archetype=Archetype.EVSE,
        stage=ProgramStage.DEMAND_RESPONSE,
        eligibility=EligibilityTerms(segments=(Segment.RESIDENTIAL,)),
        timezone="UTC",
        consents=(ConsentTerm(kind=ConsentKind.CONTROL),),
        events=rules,
    )


BOOK = Book(document=document(), own={"m1": [TIRED], "m2": [ASLEEP]})


def member(row: int, arm_kind: ArmKind = ArmKind.MANAGED) -> Member:
    return Member(
        participant_id=f"m{row}", power_kw=7.0, circuits=(f"T{row % 3}", "F"), arm=arm_kind, arm_kind=arm_kind
    )


FLEET = (*tuple(member(row) for row in range(10)), member(10, ArmKind.CONTROL), member(11, ArmKind.REMINDER))


def call(kind: CallKind = CallKind.PAUSE, **more: object) -> Call:
    said: dict[str, object] = {"event_id": "e1", "program_id": "p", "kind": kind, "start": START, "end": END}
    return Call(**(said | more))  # type: ignore[arg-type]


def around(seed: int = 1, **more: object) -> Around:
    return Around(np.random.default_rng(seed), **more)  # type: ignore[arg-type]


def done(life: EventLife, command: Command, now: datetime = NOW, actor: str = "ada") -> Stepped:
    return step(life, command, now, actor, around())


def after(life: EventLife, command: Command, now: datetime = NOW, actor: str = "ada") -> EventLife:
    found = done(life, command, now, actor)
    assert not found.refused, [str(one) for one in found.refused]
    return found.life


def told_event(asked: Call | None = None, opt_out: OptOutRules | None = None, kw: float = 70.0) -> EventLife:
    life = draft(asked or call(), Policy(two_approve_above_kw=1000.0, caps_kw_per_minute=CAP), opt_out)
    life = after(after(life, Rehearsed(FLEET, kw)), Approve())
    return after(life, Notify(BOOK))


def active(asked: Call | None = None, opt_out: OptOutRules | None = None) -> EventLife:
    return after(told_event(asked, opt_out), Advance(), START + timedelta(minutes=30))


def kinds(effects: tuple[Effect, ...]) -> list[str]:
    return [type(one).__name__ for one in effects]


def why(found: Stepped) -> list[str]:
    return [str(one.why) for one in found.refused]


@pytest.mark.requirement("R13", "R19")
def test_an_event_goes_from_draft_to_evaluated() -> None:
    life = told_event()
    assert life.stage is Stage.NOTIFIED
    assert "m1" not in life.bound
    assert "m2" in life.bound
    assert life.members["m1"].left is Leaving.OWN_LIMITS
    life = after(life, Advance(), START + timedelta(minutes=30))
    assert life.stage is Stage.ACTIVE
    assert {life.members[name].standing for name in life.bound} == {Standing.HELD}
    over = done(life, Advance(), END)
    assert over.life.stage is Stage.RELEASING
    assert not over.life.bound
    assert kinds(over.effects)[:3] == ["Withdraw", "EndObligation", "Tell"]
    assert Rise("F", 20.0, END, max(one.at for one in _returns(over.life)) + timedelta(minutes=1)) in over.effects
    life = after(over.life, Advance(), END + timedelta(minutes=30))
    assert life.stage is Stage.CLOSED
    assert {one.standing for one in life.members.values()} == {Standing.FREE}
    life = after(life, Evaluated("impact 1"), END + timedelta(days=1))
    assert life.stage is Stage.EVALUATED
    assert life.evaluation_id == "impact 1"


def test_members_of_a_control_arm_hear_nothing_and_reminded_ones_are_not_steered() -> None:
    approved = replace(told_event(), stage=Stage.APPROVED)
    found = done(replace(approved, members={one.participant_id: one for one in FLEET}), Notify(BOOK))
    (told,) = [one for one in found.effects if isinstance(one, Tell)]
    assert "m11" in told.participants
    assert "m10" not in told.participants
    assert "m1" not in told.participants
    begun = {one.participant_id for one in found.effects if isinstance(one, Begin)}
    assert begun == set(found.life.bound) == {f"m{i}" for i in range(10)} - {"m1"}


def test_two_people_approve_what_moves_much_and_one_cannot_do_it_twice() -> None:
    life = after(draft(call(), Policy(two_approve_above_kw=1000.0)), Rehearsed(FLEET, 1200.0))
    life = after(life, Approve(), actor="ada")
    assert life.stage is Stage.REHEARSED
    assert why(done(life, Approve(), actor="ada")) == [LifeRule.SAME_PERSON]
    assert why(done(life, Notify(BOOK))) == [LifeRule.STAGE]
    assert after(life, Approve(), actor="bo").stage is Stage.APPROVED
    again = after(life, Rehearsed(FLEET, 900.0))
    assert again.approvers == ()


def test_a_program_refuses_by_its_own_rules() -> None:
    late = after(after(draft(call(), Policy()), Rehearsed(FLEET, 70.0)), Approve())
    assert why(done(late, Notify(BOOK), START - timedelta(minutes=30))) == [EventRule.NOTICE]
    other = Book(document=replace(document(), program_id="q"))
    assert why(done(late, Notify(other))) == [EventRule.NO_EVENTS]
    assert why(done(late, Notify(BOOK), END)) == [LifeRule.TOO_LATE]
    nobody = after(after(draft(call(), Policy()), Rehearsed(FLEET[1:2], 7.0)), Approve())
    assert why(done(nobody, Notify(BOOK))) == [LifeRule.NOBODY]
    elsewhere = draft(call(targets=(Target(TargetKind.PORT, "x"),)), Policy())
    assert why(done(elsewhere, Rehearsed(FLEET, 7.0))) == [LifeRule.NOBODY]


@pytest.mark.requirement("R14")
@pytest.mark.parametrize(
    ("target", "names"),
    [
        (Target(TargetKind.PROGRAM), {"a", "b"}),
        (Target(TargetKind.CIRCUIT, "T1"), {"a"}),
        (Target(TargetKind.GROUP, "g"), {"b"}),
        (Target(TargetKind.PORT, "p1"), {"a"}),
        (Target(TargetKind.ARM, "arm"), {"b"}),
    ],
)
def test_targets(target: Target, names: set[str]) -> None:
    a = Member(participant_id="a", power_kw=1.0, circuits=("T1", "F"), ports=("p1",))
    b = Member(participant_id="b", power_kw=1.0, circuits=("T2", "F"), groups=("g",), arm="arm")
    life = after(draft(call(targets=(target,)), Policy()), Rehearsed((a, b), 2.0))
    assert set(life.members) == names


@pytest.mark.requirement("R13")
def test_called_off_before_it_starts_everybody_is_told_and_nothing_returns() -> None:
    life = told_event()
    found = done(life, Cancel("load came down"), START - timedelta(hours=1))
    assert found.life.stage is Stage.CANCELLED
    assert found.life.called_off
    assert not found.life.bound
    assert kinds(found.effects) == ["Withdraw", "EndObligation", "Tell", "Record"]
    ended = next(one for one in found.effects if isinstance(one, EndObligation))
    assert {found.life.members[name].left for name in life.bound} == {Leaving.CALLED_OFF}
    assert set(ended.participants) == set(life.bound)
    assert ended.why is Leaving.CALLED_OFF


@pytest.mark.requirement("R13", "R20")
def test_called_off_while_it_goes_on_obligations_end_at_once_and_power_in_turns() -> None:
    at = START + timedelta(minutes=40, seconds=12)
    found = done(active(), Cancel(""), at)
    assert found.life.stage is Stage.RELEASING
    assert not found.life.bound
    returns = [one for one in found.effects if isinstance(one, Return)]
    assert len(returns) == 9
    assert all(turn.at >= at for one in returns for turn in one.turns)
    killed = done(active(), Kill("smoke"), at)
    last = max(turn.at for turn in _returns(killed.life))
    assert killed.life.killed
    assert last == parse_instant("2026-07-14T17:45:00Z")


def test_all_events_switched_off_end_and_none_is_told() -> None:
    off = around(switched_off=True)
    found = step(active(), Advance(), START + timedelta(hours=1), "ticker", off)
    assert found.life.killed
    assert not found.life.bound
    approved = after(after(draft(call(), Policy()), Rehearsed(FLEET, 70.0)), Approve())
    assert why(step(approved, Notify(BOOK), NOW, "ada", off)) == [LifeRule.SWITCHED_OFF]


@pytest.mark.requirement("R21", "R22")
def test_a_driver_and_a_car_leave_at_once_and_are_told_apart() -> None:
    at = START + timedelta(minutes=45, seconds=3)
    life = active()
    out = done(life, OptOut("m0"), at)
    assert out.life.members["m0"].left is Leaving.OPTED_OUT
    assert out.life.members["m0"].left_at == at
    assert Return("m0", (Turn(at, 7.0),)) in out.effects
    need = done(out.life, LeaveForNeed("m2"), at)
    assert need.life.members["m2"].left is Leaving.NEED
    lost = done(need.life, LoseLink("m3"), at)
    assert lost.life.members["m3"].left is Leaving.LINK_LOST
    assert kinds(lost.effects) == ["EndObligation", "Record"]
    back = done(lost.life, FindLink("m3"), at)
    assert "m3" in back.life.bound
    assert kinds(back.effects) == ["Begin", "Record"]
    assert why(done(back.life, OptOut("m0"), at)) == [LifeRule.NOT_BOUND]
    assert why(done(back.life, OptOut("nobody"), at)) == [LifeRule.UNKNOWN]


@pytest.mark.requirement("R21", "R47")
def test_opting_out_keeps_to_the_program() -> None:
    at = START + timedelta(minutes=45)
    rules = OptOutRules(per_event=True, per_month_max=2)
    life = active(opt_out=rules)
    assert why(done(life, OptOut("m0", used_this_month=2), at)) == [LifeRule.OPT_OUT_BUDGET]
    assert why(done(life, OptOut("m0", whole_day=True), at)) == [LifeRule.OPT_OUT]
    assert "m0" not in after(life, OptOut("m0", used_this_month=1), at).bound
    assert why(done(active(call(mandatory=True)), OptOut("m0"), at)) == [LifeRule.OPT_OUT]


def test_changed_before_anybody_knows_it_is_rehearsed_again_afterwards_all_are_told() -> None:
    fresh = after(draft(call(), Policy()), Rehearsed(FLEET, 70.0))
    later = Modify(book=BOOK, expected_kw=70.0, end=END + timedelta(hours=1))
    assert after(fresh, later).stage is Stage.DRAFT
    found = done(told_event(), later)
    assert found.life.call.end == END + timedelta(hours=1)
    assert kinds(found.effects) == ["Ask", "Tell", "Record"]
    assert [one.news for one in found.effects if isinstance(one, Tell)] == [News.MODIFIED]
    moved = done(told_event(), Modify(book=BOOK, expected_kw=70.0, start=START + timedelta(minutes=30)))
    begins = [turn.at for one in moved.effects if isinstance(one, Begin) for turn in one.turns]
    assert min(begins) == START + timedelta(minutes=30)


def test_a_change_is_refused_where_rules_or_time_stand_against_it() -> None:
    sooner = Modify(book=BOOK, expected_kw=70.0, start=NOW + timedelta(hours=1))
    assert why(done(told_event(), sooner)) == [EventRule.NOTICE]
    at = START + timedelta(minutes=40)
    assert why(done(active(), Modify(book=BOOK, expected_kw=70.0, start=at), at)) == [LifeRule.CHANGE]
    assert why(done(active(), Modify(book=BOOK, expected_kw=70.0, end=at), at)) == [LifeRule.CHANGE]
    more = Modify(book=BOOK, expected_kw=5000.0, end=END + timedelta(hours=1))
    assert why(done(told_event(), more, actor="ada")) == [LifeRule.APPROVALS]
    assert not done(told_event(), more, actor="bo").refused


def test_a_test_is_told_and_asks_nothing_of_devices() -> None:
    approved = after(after(draft(call(is_test=True), Policy()), Rehearsed(FLEET, 70.0)), Approve())
    found = done(approved, Notify(BOOK), START - timedelta(minutes=1))
    assert kinds(found.effects) == ["Tell", "Record"]
    assert not found.life.bound
    assert all(one.is_test for one in found.effects if isinstance(one, Tell))
    life = after(found.life, Advance(), START)
    over = done(life, Advance(), END)
    assert over.life.stage is Stage.CLOSED
    assert kinds(over.effects) == ["Withdraw", "Tell", "Record"]


@pytest.mark.requirement("R119", "R120")
def test_preparing_for_an_outage_is_told_a_day_ahead_and_keeps_off_critical_circuits() -> None:
    outage = NOW + timedelta(hours=30)
    asked = call(
        CallKind.PREPARATORY, start=outage, end=outage + timedelta(hours=8), critical_circuits=("T0",), event_id="e1"
    )
    free = Book(document=document(EventRules()))
    approved = after(after(draft(asked, Policy(caps_kw_per_minute=CAP)), Rehearsed(FLEET, 70.0)), Approve())
    assert why(done(approved, Notify(free), outage - timedelta(hours=20))) == [EventRule.NOTICE]
    assert why(done(approved, Notify(free), outage - timedelta(hours=49))) == [EventRule.NOTICE]
    life = after(approved, Notify(free))
    assert set(life.bound) == {f"m{i}" for i in range(10) if i % 3}
    assert life.members["m3"].left is Leaving.CRITICAL_CIRCUIT
    begins = [turn.at for one in life.members.values() for turn in one.begins]
    assert min(begins) >= NOW
    assert max(begins) < NOW + timedelta(hours=15)
    assert after(life, Advance(), outage).ended_at == outage


@pytest.mark.requirement("R24")
def test_an_alert_is_only_told_and_a_price_has_one() -> None:
    approved = after(after(draft(call(CallKind.ALERT), Policy()), Rehearsed(FLEET, 0.0)), Approve())
    assert kinds(done(approved, Notify(BOOK)).effects) == ["Tell", "Record"]
    price = told_event(call(CallKind.PRICE, price_per_kwh=0.68))
    assert price.bound
    with pytest.raises(InputError, match="price_per_kwh"):
        call(CallKind.PRICE)


def test_a_limit_of_each_device_and_the_planner_s_event() -> None:
    half = call(CallKind.LIMIT, power_share=0.5)
    assert half.device_kw_max(7.0) == 3.5
    assert call(CallKind.LIMIT, power_share=0.5, power_kw=2.0).device_kw_max(7.0) == 2.0
    assert call().device_kw_max(7.0) == 0.0
    event = half.planned(35.0, NOW, node="F")
    assert event is not None
    assert event.kind == "limit"
    assert event.power_kw == 35.0
    assert call(CallKind.ALERT).planned(1.0, NOW) is None
    assert call(is_test=True).planned(1.0, NOW) is None


def _returns(life: EventLife) -> list[Turn]:
    return [turn for one in life.members.values() for turn in one.returns]


NAMES = st.sampled_from([f"m{i}" for i in range(12)] + ["nobody"])
COMMANDS = st.one_of(
    st.builds(Rehearsed, st.just(FLEET), st.sampled_from([70.0, 1500.0])),
    st.just(Approve()),
    st.just(Approve()),
    st.just(Notify(BOOK)),
    st.just(Notify(BOOK)),
    st.just(Advance()),
    st.just(Advance()),
    st.builds(Modify, book=st.just(BOOK), expected_kw=st.just(70.0), end=st.just(END + timedelta(minutes=30))),
    st.builds(Modify, book=st.just(BOOK), expected_kw=st.just(70.0), start=st.just(START + timedelta(minutes=10))),
    st.just(Cancel("")),
    st.just(Kill("")),
    st.builds(OptOut, NAMES),
    st.builds(LeaveForNeed, NAMES),
    st.builds(LoseLink, NAMES),
    st.builds(FindLink, NAMES),
    st.just(Evaluated("i")),
)
WAITS = st.one_of(st.just(0.0), st.integers(0, 7200).map(float), st.integers(0, 90).map(float))
TOLD = [Rehearsed(FLEET, 70.0), Approve(), Notify(BOOK)]


@pytest.mark.requirement("R13", "R20", "R25")
@settings(max_examples=200, deadline=None)
@given(
    told=st.booleans(),
    commands=st.lists(st.tuples(COMMANDS, WAITS, st.sampled_from(["ada", "bo"])), max_size=25),
    asked=st.builds(
        lambda kind, test, over: call(kind, is_test=test, start_after_minutes=over, power_kw=20.0),
        st.sampled_from([CallKind.PAUSE, CallKind.GROUP_LIMIT, CallKind.INCREASE, CallKind.ALERT]),
        st.booleans(),
        st.sampled_from([0, 10]),
    ),
    seed=st.integers(0, 9),
)
def test_whatever_is_done(told: bool, commands: list[tuple[Command, float, str]], asked: Call, seed: int) -> None:
    life = draft(asked, Policy(caps_kw_per_minute=CAP))
    beside = around(seed)
    now = NOW
    for command, wait_s, actor in [*((one, 0.0, "ada") for one in TOLD if told), *commands]:
        now += timedelta(seconds=wait_s)
        found = step(life, command, now, actor, beside)
        _holds(life, found, now)
        life = found.life
    _no_circuit_changes_too_fast(life)


@pytest.mark.requirement("R20", "R21")
@settings(max_examples=100, deadline=None)
@given(
    out=st.lists(st.tuples(st.integers(0, 9), st.floats(0.0, 150.0)), max_size=12),
    cancelled_s=st.floats(0.0, 200.0),
    killed=st.booleans(),
)
def test_many_who_leave_at_once_do_not_break_the_cap(
    out: list[tuple[int, float]], cancelled_s: float, killed: bool
) -> None:
    life, at = active(), START + timedelta(minutes=40)
    acts: list[tuple[float, Command]] = [(seconds, OptOut(f"m{row}")) for row, seconds in out]
    for seconds, command in sorted([*acts, (cancelled_s, Kill("") if killed else Cancel(""))], key=lambda act: act[0]):
        life = step(life, command, at + timedelta(seconds=seconds), "ada", around()).life
    assert not life.bound
    _no_circuit_changes_too_fast(life)


def test_an_event_is_kept_and_read_again_as_it_was() -> None:
    life = step(active(), OptOut("m0"), START + timedelta(minutes=45), "ada", around()).life
    assert msgspec.json.decode(msgspec.json.encode(life), type=EventLife) == life


def test_what_another_event_changes_is_left_room_for() -> None:
    at = START + timedelta(minutes=40)
    other = ((("F",), Turn(at, 19.0)),)
    found = step(active(), OptOut("m0"), at, "ada", around(other_turns=other))
    assert found.life.members["m0"].returns == (Turn(at + timedelta(minutes=1), 7.0),)


def _holds(before: EventLife, found: Stepped, now: datetime) -> None:
    life = found.life
    if found.refused:
        assert life is before
        assert not found.effects
        assert all(str(one) for one in found.refused)
    if life.ended_at is not None:
        assert not life.bound  # no obligation survives
    assert "m1" not in life.bound  # beyond its own limits
    ended = {name for one in found.effects if isinstance(one, EndObligation) for name in one.participants}
    assert ended == set(before.bound) - set(life.bound)
    for effect in found.effects:
        if isinstance(effect, Begin | Return):
            assert life.call.steers
            assert effect.participant_id != "m1"
            assert not isinstance(effect, Return) or all(turn.at >= now for turn in effect.turns)
        if isinstance(effect, Ask | Withdraw | Record):
            assert life.stage is not Stage.DRAFT or isinstance(effect, Record)
    if life.stage is Stage.CLOSED:
        for one in life.members.values():
            changed = sum(turn.power_kw for turn in one.begins)
            assert sum(turn.power_kw for turn in one.returns) == pytest.approx(changed)  # what was taken is given back


def _no_circuit_changes_too_fast(life: EventLife) -> None:
    turns = [turn for one in life.members.values() for turn in (*one.begins, *one.returns)]
    for one in turns:
        end = one.at + timedelta(seconds=60)
        assert sum(turn.power_kw for turn in turns if one.at <= turn.at < end) <= CAP["F"] + 1e-3
