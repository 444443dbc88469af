"""The guard against a small site: a building, cars that follow what they are told, and a meter."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.instants import Interval
from evenload.domain.station_limits import Limits, LimitStep
from evenload.service.guard import Drawing, Guarded, GuardPolicy, Metered, Sight, capped, judge

START = datetime(2026, 1, 10, 17, 0, tzinfo=UTC)
POLICY = GuardPolicy()
SECOND = timedelta(seconds=1)


def cars(*ranks: int, allowed_kw: float = 11.0) -> list[Drawing]:
    return [Drawing(f"d{i}", allowed_kw, allowed_kw, 1.4, 1.4, rank) for i, rank in enumerate(ranks)]


class Site:
    """Second by second: the meter shows the building and every car at the lower of plan and cap, two seconds late."""

    def __init__(self, drawing: list[Drawing], limit_kw: float, building_kw: Callable[[int], float]) -> None:
        self.state = Guarded()
        self.over_s: list[int] = []
        self._drawing, self._limit_kw, self._building_kw = drawing, limit_kw, building_kw
        self._caps: list[Mapping[str, float]] = [{}, {}]

    def run(self, seconds: range) -> None:
        for second in seconds:
            now, caps = START + second * SECOND, self._caps[-2]
            drawing = [
                replace(one, power_kw=min(one.allowed_kw, caps.get(one.device_id, one.allowed_kw)))
                for one in self._drawing
            ]
            metered_kw = self._building_kw(second) + sum(one.power_kw for one in drawing)
            if metered_kw > self._limit_kw + 1e-9:
                self.over_s.append(second)
            self.state = judge(self._limit_kw, Metered(now, metered_kw), drawing, self.state, now, POLICY)
            self._caps.append(self.state.caps)


@pytest.mark.requirement("R86")
def test_a_step_of_the_building_is_made_up_for_within_ten_seconds() -> None:
    site = Site(cars(*range(8)), 120.0, lambda second: 20.0 if second < 60 else 70.0)
    site.run(range(300))
    assert site.over_s
    assert max(site.over_s) < 70
    assert min(site.over_s) == 60


def test_the_lowest_ranks_give_way_and_all_keep_the_least_while_that_is_enough() -> None:
    site = Site(cars(0, 1, 2, 3), 40.0, lambda _: 10.0)
    site.run(range(20))
    caps = site.state.caps
    assert caps["d0"] == pytest.approx(1.4)
    assert caps["d3"] == 11.0
    assert sum(caps.values()) <= 30.0


def test_a_hard_limit_stands_above_the_least() -> None:
    site = Site(cars(0, 1, 2, 3), 12.0, lambda _: 10.0)
    site.run(range(30))
    assert sum(site.state.caps.values()) <= 2.0
    assert max(site.over_s) < 10


def test_room_that_comes_back_is_given_back_in_time_without_going_over() -> None:
    site = Site(cars(*range(8)), 120.0, lambda second: 70.0 if second < 100 else 20.0)
    site.run(range(900))
    assert not site.state.caps
    assert max(site.over_s, default=0) < 10


def test_who_needs_its_minimum_is_last_to_give_way() -> None:
    drawing = [replace(one, needs_minimum=one.device_id == "d0") for one in cars(0, 5, 5)]
    state = judge(26.0, Metered(START, 33.0 + 5.0), drawing, Guarded(), START, POLICY)
    assert state.caps["d0"] == 11.0


@pytest.mark.parametrize(
    ("metered", "sight"),
    [
        (None, Sight.SILENT),
        (Metered(START - timedelta(seconds=11), 20.0), Sight.SILENT),
        (Metered(START, 20_000.0), Sight.IMPLAUSIBLE),
    ],
)
def test_a_guard_that_sees_nothing_holds_all_at_their_fallbacks(metered: Metered | None, sight: Sight) -> None:
    state = judge(40.0, metered, cars(0, 1), Guarded(), START, POLICY)
    assert state.sight is sight
    assert state.caps == {"d0": 1.4, "d1": 1.4}
    assert state.sight.sentence


def test_a_meter_that_freezes_is_found_when_cars_change_what_they_draw() -> None:
    state, drawing = Guarded(), cars(0, 1)
    for second in range(1300):
        now = START + second * SECOND
        now_drawn = drawing if second < 60 else [replace(one, power_kw=3.0) for one in drawing]
        state = judge(60.0, Metered(now, 30.0), now_drawn, state, now, POLICY)
    assert state.sight is Sight.FROZEN


def test_without_a_limit_there_is_nothing_to_guard() -> None:
    assert not judge(float("inf"), None, cars(0), Guarded(caps={"d0": 1.0}), START, POLICY).caps


@given(
    st.lists(st.tuples(st.floats(0, 22), st.integers(0, 3), st.booleans()), min_size=1, max_size=10),
    st.floats(0, 200), st.floats(0, 100),
)  # fmt: skip
def test_caps_never_let_more_flow_than_flowed_and_shed_what_is_over(
    devices: list[tuple[float, int, bool]], building_kw: float, limit_kw: float
) -> None:
    drawing = [Drawing(f"d{i}", kw, 22.0, 1.4, 1.4, rank, need) for i, (kw, rank, need) in enumerate(devices)]
    drawn_kw = sum(one.power_kw for one in drawing)
    metered = Metered(START, building_kw + drawn_kw)
    if metered.power_kw > POLICY.plausible_times_limit * max(limit_kw, 1.0):
        return
    state = judge(limit_kw, metered, drawing, Guarded(), START, POLICY)
    after_kw = sum(min(one.power_kw, state.caps.get(one.device_id, 22.0)) for one in drawing)
    assert after_kw <= drawn_kw + 1e-9
    assert building_kw + after_kw <= max(limit_kw, building_kw) + 1e-6


def test_a_cap_ends_and_the_plan_goes_on() -> None:
    window = Interval(START, START + timedelta(hours=1))
    half = START + timedelta(minutes=30)
    plan = Limits((LimitStep(START, 11.0), LimitStep(half, 3.0)), window.end)
    until = START + timedelta(minutes=5)
    told = capped(plan, 4.0, START, until)
    assert [(one.start, one.power_kw) for one in told.steps] == [(START, 4.0), (until, 11.0), (half, 3.0)]
    assert told.end == window.end


def test_what_one_try_did_not_shed_is_shed_twice_over_and_in_the_end_nobody_draws() -> None:
    """The estimate of what cars draw is wrong: six of eight are full and draw nothing at all."""
    drawing, state, at_zero = cars(*range(8)), Guarded(), None
    for second in range(12):
        now = START + second * SECOND
        capped_kw = sum(min(11.0, state.caps.get(name, 11.0)) for name in ("d6", "d7"))
        metered_kw = 92.0 + capped_kw
        drawn = [replace(one, power_kw=min(11.0, state.caps.get(one.device_id, 11.0))) for one in drawing]
        state = judge(100.0, Metered(now, metered_kw), drawn, state, now, POLICY)
        if not any(state.caps.values()) and at_zero is None:
            at_zero = second
    assert at_zero is not None
    assert at_zero <= 9
    assert state.over_since is None


def test_nothing_is_shed_where_nobody_can_be_told() -> None:
    drawing = [replace(one, reachable=one.device_id != "d0") for one in cars(0, 1, 2)]
    state = judge(40.0, Metered(START, 45.0), drawing, Guarded(), START, POLICY)
    shed_kw = sum(11.0 - state.caps[name] for name in ("d1", "d2"))
    assert shed_kw == pytest.approx(5.5)
    raised = judge(80.0, Metered(START + 60 * SECOND, 39.5), drawing, state, START + 60 * SECOND, POLICY)
    assert raised.caps.get("d0", 11.0) == state.caps["d0"]


def test_a_car_that_draws_nothing_yet_may_begin_at_the_least_while_there_is_enough_to_shed() -> None:
    drawing = [replace(cars(5)[0], device_id="idle", power_kw=0.0), *cars(0, 1)]
    state = judge(40.0, Metered(START, 45.0), drawing, Guarded(), START, POLICY)
    assert state.caps["idle"] == 1.4
    desperate = judge(10.0, Metered(START, 80.0), drawing, Guarded(), START, POLICY)
    assert not any(desperate.caps.values())
