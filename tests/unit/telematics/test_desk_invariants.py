"""Whatever a car tells and whatever is wanted, in any order, with a restart anywhere: what has to hold, holds."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.domain.station_events import (
    MeterSampled,
    StationEvent,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_limits import Limits
from evenload.domain.station_readings import ReadingKind
from evenload.domain.vehicle_state import (
    Act,
    ActKind,
    ActStatus,
    Capabilities,
    CarId,
    PlugState,
    SocBasis,
    VehicleState,
)
from evenload.telematics.budget import Allowance
from evenload.telematics.desk import CarDesk, Turn
from evenload.telematics.memory import DeskMemory
from evenload.telematics.port import ActOutcome, Failing, Fault
from evenload.telematics.terms import Terms

NOW = datetime(2025, 1, 13, 18, 0, tzinfo=UTC)
CAR = CarId("town", "v1")
_LIMITS = st.sampled_from([None, 0.0, 2.0, 4.0, 7.4])
_ENDINGS = st.sampled_from(["confirmed", "unnecessary", "sent", "upstream", "asleep", "forbidden", "silent"])


@st.composite
def states(draw: st.DrawFn) -> dict[str, object]:
    return {
        "plug": draw(st.sampled_from(list(PlugState))),
        "soc": draw(st.none() | st.floats(0, 1)),
        "power_kw": draw(st.none() | st.floats(0, 12)),
        "energy_kwh_added": draw(st.none() | st.floats(0, 60)),
        "is_home": draw(st.sampled_from([True, True, True, False, None])),
        "is_overridden": draw(st.sampled_from([False, False, False, False, True])),
        "is_partial": draw(st.booleans()),
    }


_STEPS = st.lists(
    st.tuples(
        st.integers(0, 40), st.one_of(st.tuples(st.just("state"), states(), st.integers(-30, 5)),
        st.tuples(st.just("want"), _LIMITS, st.integers(1, 90)), st.tuples(st.just("tick"), st.none(), st.just(0)),
        st.tuples(st.just("answer"), _ENDINGS, st.just(0)), st.tuples(st.just("again"), st.none(), st.just(0)),
        st.tuples(st.just("restart"), st.none(), st.just(0))),
    ),
    max_size=40,
)  # fmt: skip


@dataclass
class Run:
    desk: CarDesk
    now: datetime = NOW
    events: list[StationEvent] = field(default_factory=list)
    acts: list[tuple[datetime, Act]] = field(default_factory=list)
    ended: list[ActOutcome] = field(default_factory=list)
    last: VehicleState | None = None

    def take(self, turn: Turn) -> None:
        self.events += turn.events
        self.acts += [(self.now, one) for one in turn.acts]
        self.ended += turn.ended

    def step(self, what: str, detail: object, number: int) -> None:
        desk = self.desk
        if what == "state" and isinstance(detail, dict):
            at = self.now + timedelta(minutes=number)
            self.last = VehicleState(CAR, at, self.now, soc_confidence=0.9, soc_basis=SocBasis.PERCENT, **detail)
            self.take(desk.receive(self.last))
        elif what == "want":
            window = Interval(self.now, self.now + timedelta(minutes=number))
            self.take(desk.want(Limits.constant(detail, window) if isinstance(detail, float) else None, self.now))
        elif what == "answer" and isinstance(detail, str):
            self.answer(detail)
        elif what == "again" and self.last is not None:
            before = desk.encoded()
            assert desk.receive(replace(self.last, received_at=self.now)).events == ()
            assert desk.encoded() == before
        elif what == "restart":
            self.desk = CarDesk(desk.terms, DeskMemory.decoded(desk.encoded()))
        else:
            self.take(desk.tick(self.now))

    def answer(self, how: str) -> None:
        if not self.acts or how == "silent":
            return
        act = self.acts[-1][1]
        faults = {"upstream": Failing.UPSTREAM, "asleep": Failing.ASLEEP, "forbidden": Failing.FORBIDDEN}
        if how in faults:
            outcome = ActOutcome(
                act.act_id, ActStatus.FAILED, faults[how].reason, needs_wake=how == "asleep", fault=Fault(faults[how])
            )
        else:
            outcome = ActOutcome(act.act_id, ActStatus.SENT if how == "sent" else ActStatus.CONFIRMED)
        self.take(self.desk.settle(outcome, self.now))


def ran(terms: Terms, steps: list[tuple[int, tuple[str, object, int]]]) -> Run:
    run = Run(CarDesk(terms))
    for minutes, (what, detail, number) in steps:
        run.now += timedelta(minutes=minutes)
        run.step(what, detail, number)
    return run


@pytest.mark.parametrize("amps", [False, True])
@given(commands_max=st.none() | st.integers(0, 4), dwell=st.integers(0, 30), steps=_STEPS)
@settings(max_examples=250, deadline=None)
def test_no_act_beyond_budget_dwell_and_deadline(
    amps: bool, commands_max: int | None, dwell: int, steps: list[tuple[int, tuple[str, object, int]]]
) -> None:  # fmt: skip
    calls = Allowance(5, 1 / 1800)
    terms = Terms(
        car=CAR, capabilities=Capabilities(True, amps, can_wake=True), power_kw_max=7.4, battery_kwh=60.0,
        commands_max=commands_max, dwell=timedelta(minutes=dwell), commands=calls, wakes=Allowance(1, 0, 3),
    )  # fmt: skip
    run = ran(terms, steps)
    acts = [(at, one) for at, one in run.acts if one.kind is not ActKind.WAKE]
    assert all(one.made_at <= at < one.deadline for at, one in acts)
    first: dict[str, datetime] = {}
    for at, act in acts:
        first.setdefault(act.act_id, at)
    made = sorted(first.values())
    assert all(b - a >= terms.dwell for a, b in pairwise(made))
    assert len(run.acts) - len(acts) <= 1  # wakes
    for i, (start, _) in enumerate(acts):
        for j, (end, _) in enumerate(acts[i:], i):
            assert j - i + 1 <= calls.burst + calls.per_s * (end - start).total_seconds() + 1e-6
    if commands_max is not None:
        begun = [one.received_at for one in run.events if isinstance(one, TransactionStarted)]
        for i, since in enumerate(begun):
            until = begun[i + 1] if i + 1 < len(begun) else run.now + timedelta(days=1)
            assert sum(since <= at < until for at in made) <= commands_max
    ends = [one.act_id for one in run.ended]
    assert len(ends) == len(set(ends))  # an act ends once
    assert {one for one in ends if not one.endswith("-wake")} <= set(first)


@given(steps=_STEPS)
@settings(max_examples=400, deadline=None)
def test_transactions_follow_one_another_and_registers_only_rise(
    steps: list[tuple[int, tuple[str, object, int]]]
) -> None:  # fmt: skip
    terms = Terms(car=CAR, capabilities=Capabilities(True), power_kw_max=7.4, battery_kwh=60.0)
    run = ran(terms, steps)
    open_id, seen, register, last_at = "", set[str](), 0.0, None
    for event in run.events:
        if isinstance(event, TransactionStarted):
            assert not open_id
            assert event.transaction_id not in seen
            open_id = event.transaction_id
            seen.add(open_id)
        elif isinstance(event, TransactionUpdated | MeterSampled):
            assert event.transaction_id == open_id != ""
        elif isinstance(event, TransactionEnded):
            assert event.transaction_id == open_id
            assert event.energy_kwh is not None
            assert event.energy_kwh >= 0
            open_id = ""
        if isinstance(event, MeterSampled):
            (told,) = [one for one in event.readings if one.kind is ReadingKind.REGISTER]
            assert told.energy_kwh_import is not None
            assert isfinite(told.energy_kwh_import)
            assert told.energy_kwh_import >= register - 1e-9
            register = told.energy_kwh_import
        if isinstance(event, StatusChanged | MeterSampled):
            assert last_at is None or event.at >= last_at
            last_at = event.at
        assert event.at <= event.received_at + timedelta(minutes=2)
    assert (run.desk.memory.stay is not None) == bool(open_id)


@given(steps=_STEPS)
@settings(max_examples=100, deadline=None)
def test_a_car_away_or_overridden_is_never_told_anything(steps: list[tuple[int, tuple[str, object, int]]]) -> None:
    away: list[tuple[int, tuple[str, object, int]]] = []
    for minutes, (what, detail, number) in steps:
        told = detail | {"is_home": False, "is_partial": False} if isinstance(detail, dict) else detail
        away.append((minutes, (what, told, number)))
    terms = Terms(car=CAR, capabilities=Capabilities(True), power_kw_max=7.4)
    run = ran(terms, away)
    assert run.acts == []
    assert not any(isinstance(one, TransactionStarted) for one in run.events)
