"""The plan of reads against a slow and obvious one, that asks every car anew what it would do."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.domain.vehicle_state import CarId
from evenload.telematics.budget import Allowance
from evenload.telematics.polling import PACE, PollPlan, Situation, next_of, phase_of

START: Final = datetime(2025, 1, 31, 20, 0, tzinfo=UTC)
ALLOWANCE: Final = Allowance(6, 1 / 600, 40)


@dataclass
class Slow:
    """One car: everything that happened to it, in order."""

    car: CarId
    added_at: datetime
    situation: Situation = Situation.NEW
    heard_at: list[datetime] = field(default_factory=list)
    pushed_at: list[datetime] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)
    waits: list[datetime] = field(default_factory=list)

    def level(self, at: datetime) -> float:
        level, since = ALLOWANCE.burst, self.added_at
        for asked in self.asked_at:
            level = min(ALLOWANCE.burst, level + (asked - since).total_seconds() * ALLOWANCE.per_s) - 1
            since = asked
        return min(ALLOWANCE.burst, level + max((at - since).total_seconds(), 0.0) * ALLOWANCE.per_s)

    def next_at(self) -> datetime | None:
        heard = max([self.added_at, *self.heard_at, *self.asked_at])
        pushed = max(self.pushed_at, default=None)
        paces = PACE.polled_s
        if pushed is not None and heard - pushed <= timedelta(seconds=PACE.pushes_s):
            paces = PACE.pushed_s
        if paces[self.situation] == inf:
            return None
        phase = phase_of(self.car)
        stretch = 1.0 if self.situation in (Situation.COMMANDED, Situation.NEW) else 1 + phase / 4
        first = self.added_at - timedelta(seconds=paces[Situation.NEW])
        since = max([first, *self.asked_at]) if self.situation is Situation.NEW else heard
        at = max([since + timedelta(seconds=paces[self.situation] * stretch), *self.waits])
        needed = 1.0 if self.situation is Situation.COMMANDED else 1.0 + PACE.reserve
        while self.level(at) < needed - 1e-9:
            at += timedelta(seconds=(needed - self.level(at)) / ALLOWANCE.per_s)
        last = self.asked_at[-1] if self.asked_at else None
        if last is not None and sum(one.strftime("%Y%m") == last.strftime("%Y%m") for one in self.asked_at) >= 40:
            at = max(at, (last.replace(day=28) + timedelta(days=4)).replace(day=1, hour=0, minute=0, second=0))
        return at


_ACTIONS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["heard", "pushed", "asked", "wait", "due"]),
        st.sampled_from(list(Situation)), st.integers(0, 7200),
    ),
    max_size=60,
)  # fmt: skip


@given(_ACTIONS)
@settings(max_examples=150, deadline=None)
def test_the_plan_does_what_the_slow_one_does(actions: list[tuple[int, str, Situation, int]]) -> None:
    cars = [CarId("t", f"v{i}") for i in range(4)]
    plan, slow = PollPlan(ALLOWANCE), {car: Slow(car, START) for car in cars}
    for car in cars:
        plan.add(car, START)
    now = START
    for which, what, situation, seconds in actions:
        now += timedelta(seconds=seconds)
        car, one = cars[which], slow[cars[which]]
        if what in ("heard", "pushed"):
            plan.heard(car, situation, now, pushed=what == "pushed")
            one.situation = situation
            one.heard_at.append(now)
            one.pushed_at += [now] if what == "pushed" else []
        elif what == "wait":
            plan.wait(car, now + timedelta(seconds=300))
            one.waits.append(now + timedelta(seconds=300))
        elif what == "asked" and plan.left(car, now) >= 1:
            plan.asked(car, now)
            one.asked_at.append(now)
            one.situation = Situation.ELSEWHERE if one.situation is Situation.NEW else one.situation
        for other in cars:
            found, expected = plan.next_at(other), slow[other].next_at()
            assert (found is None) == (expected is None)
            if found is not None and expected is not None:
                assert abs((found - expected).total_seconds()) < 1e-3
        due = [one for one in cars if (at := slow[one].next_at()) is not None and at <= now - timedelta(seconds=1)]
        assert set(due) <= set(plan.due(now))


@given(st.sampled_from(list(Situation)[:6]), st.integers(1, 12))
@settings(deadline=None, max_examples=25)
def test_a_car_that_is_read_whenever_it_is_due_stays_within_its_quota(situation: Situation, minutes: int) -> None:
    car, plan, now = CarId("t", "v1"), PollPlan(Allowance(6, 1 / 600, 100)), START
    plan.add(car, now)
    asked: list[datetime] = []
    for _ in range(1500):
        now += timedelta(minutes=minutes)
        for _car in plan.due(now):
            assert plan.left(car, now) >= 1
            plan.asked(car, now)
            plan.heard(car, situation, now)
            asked.append(now)
    for month in {one.month for one in asked}:
        assert sum(one.month == month for one in asked) <= 100
    for i, start in enumerate(asked):
        for j, end in enumerate(asked[i:], i):
            assert j - i + 1 <= 6 + (end - start).total_seconds() / 600 + 1e-6


def test_after_a_command_sooner_than_while_charging_and_that_sooner_than_elsewhere() -> None:
    plan = PollPlan(Allowance())
    waits = []
    for situation in (
        Situation.COMMANDED,
        Situation.CHARGING,
        Situation.WAITING,
        Situation.ELSEWHERE,
        Situation.ASLEEP,
    ):
        car = CarId("t", "v1")
        plan.add(car, START)
        plan.heard(car, situation, START)
        at = plan.next_at(car)
        assert at is not None
        waits.append(at)
        plan.remove(car)
    assert waits == sorted(waits)
    assert waits[0] == START + timedelta(minutes=1)


def test_pushes_make_asking_rare_while_they_come() -> None:
    plan, car = PollPlan(Allowance()), CarId("t", "v1")
    plan.add(car, START)
    plan.heard(car, Situation.CHARGING, START)
    polled = plan.next_at(car)
    plan.heard(car, Situation.CHARGING, START, pushed=True)
    pushed = plan.next_at(car)
    assert polled is not None
    assert pushed is not None
    assert pushed - START >= 3 * (polled - START)
    plan.heard(car, Situation.CHARGING, START + timedelta(hours=7))  # by asking: pushes have ceased
    again = plan.next_at(car)
    assert again is not None
    assert again - (START + timedelta(hours=7)) == polled - START


def test_pushes_that_do_not_tell_enough_do_not_put_a_read_off() -> None:
    plan, car = PollPlan(Allowance()), CarId("t", "v1")
    plan.add(car, START)
    plan.asked(car, START)
    for minutes in range(60):
        plan.heard(car, Situation.NEW, START + timedelta(minutes=minutes), pushed=True)
    assert plan.next_at(car) == START + timedelta(minutes=30)


def test_what_was_heard_before_a_restart_counts_as_of_then() -> None:
    plan, car = PollPlan(Allowance()), CarId("t", "v1")
    plan.add(car, START)
    plan.heard(car, Situation.CHARGING, START - timedelta(hours=3))
    assert plan.due(START) == [car]


def test_consent_that_is_gone_ends_it() -> None:
    plan, car = PollPlan(Allowance()), CarId("t", "v1")
    plan.add(car, START)
    plan.heard(car, Situation.OUT, START)
    assert (plan.next_at(car), plan.due(START + timedelta(days=900))) == (None, [])


def test_the_most_urgent_go_first_when_not_all_may_be_read() -> None:
    plan = PollPlan(Allowance())
    for name, situation in (("a", Situation.ELSEWHERE), ("b", Situation.COMMANDED), ("c", Situation.CHARGING)):
        plan.add(CarId("t", name), START)
        plan.heard(CarId("t", name), situation, START)
    later = START + timedelta(days=1)
    assert [one.vehicle_id for one in plan.due(later)] == ["b", "c", "a"]
    assert [one.vehicle_id for one in plan.due(later, at_most=2)] == ["b", "c"]
    assert plan.due(later, at_most=0.5) == []


def test_many_new_cars_are_spread() -> None:
    plan = PollPlan(Allowance())
    for i in range(1000):
        plan.add(CarId("t", f"v{i}"), START, spread_s=3600)
    quarters = [len(plan.due(START + timedelta(minutes=m))) for m in (15, 30, 45, 60)]
    assert quarters == pytest.approx([250, 500, 750, 1000], abs=50)
    assert next_of([plan, PollPlan(Allowance())]) is not None


def test_a_place_that_is_free_is_taken_again() -> None:
    plan = PollPlan(ALLOWANCE)
    for i in range(200):
        plan.add(CarId("t", f"v{i}"), START)
        plan.asked(CarId("t", f"v{i}"), START)
        plan.remove(CarId("t", f"v{i}"))
    plan.add(CarId("t", "new"), START)
    assert len(plan) == 1
    assert plan.left(CarId("t", "new"), START) == pytest.approx(6)
