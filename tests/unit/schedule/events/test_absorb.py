"""Energy beyond needs, worked by hand: steps of one hour from 18:00."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.schedule.audit import audit
from evenload.schedule.events.absorb import absorb, room_above, unknown_room
from evenload.schedule.events.heed import Heeded, heed
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.solver.optimum import Settings, solve

CLOSE = Settings(gap=1e-6)
CIRCUITS = (Circuit("T", "", CircuitKind.TRANSFORMER, 10.0),)


def increase(first: float, last: float, kind: str = "increase", **more: Any) -> Event:
    start = datetime(2025, 1, 13, 18, tzinfo=UTC)
    return Event("e7", EventKind(kind), start + timedelta(hours=first), start + timedelta(hours=last), **more)


def with_room(problem: Problem, *up_kwh: float, knee_kwh: float = np.inf) -> Problem:
    """Batteries that give nothing back, with room for so much charging since plug-in."""
    none, knee = np.zeros(len(up_kwh)), np.full(len(up_kwh), knee_kwh)
    batteries = Batteries(none, none + 1.0, none, np.array(up_kwh), none, knee, knee + 10.0)
    return replace(problem, batteries=batteries)


@pytest.fixture
def evening(problem_of: Any, car: Any) -> Problem:
    """Two cars for four hours at a transformer of 10 kW, in need of an hour and of two."""
    made: Problem = problem_of(car(0, 4, 7.0, 7.0), car(0, 4, 14.0, 7.0), steps=4, circuits=CIRCUITS)
    return made


def taken(heeded: Heeded) -> Any:
    """Powers of plan and extra together by session and step, after an audit of both."""
    solution = solve(heeded.problem, CLOSE)
    more = absorb(heeded, solution.plan.power_kw, CLOSE)
    power = solution.plan.power_kw + more.extra_kw
    assert audit(more.problem, power, solution.minimum_kw) == ()
    assert solution.certificate.energy_kwh_unserved == pytest.approx(0.0)
    return power.reshape(heeded.problem.sessions, -1), more.extra_kw.reshape(heeded.problem.sessions, -1)


@pytest.mark.requirement("R119")
def test_batteries_take_what_they_have_room_for_in_the_window_and_nowhere_else(evening: Problem) -> None:
    power, extra = taken(heed(with_room(evening, 9.0, 14.0), [increase(0, 3)]))
    # 21 kWh are needed, 30 fit into the window: the first car has room for 2 kWh more, the second for none
    assert power[:, :3].sum(axis=1) == pytest.approx([9.0, 14.0])
    assert extra.sum(axis=1) == pytest.approx([2.0, 0.0])
    assert not power[:, 3].any()


def test_what_is_beyond_needs_displaces_nobody(evening: Problem) -> None:
    # the window takes 20 kWh, needs are 21: nothing is left in it for the endless room of the first car
    power, extra = taken(heed(with_room(evening, 99.0, 14.0), [increase(0, 2)]))
    assert power[:, :2].sum() == pytest.approx(20.0)
    assert power.sum(axis=1) == pytest.approx([7.0, 14.0])
    assert not extra.any()


def test_only_cars_asked_take_more(evening: Problem) -> None:
    wide = replace(evening, limit_kw=np.array([[14.0]]))
    heeded = heed(with_room(wide, 99.0, 99.0), [increase(0, 4)], opt_outs={"e7": ["car0"]})
    # the second car draws 7 kW in all four hours, 14 kWh of it needs
    assert taken(heeded)[1].sum(axis=1) == pytest.approx([0.0, 14.0])


def test_where_room_is_not_known_nothing_more_is_taken(evening: Problem) -> None:
    for problem in (evening, with_room(evening, np.inf, np.inf)):
        heeded = heed(problem, [increase(0, 4)])
        assert not taken(heeded)[1].any()
        assert unknown_room(heeded) == 2
    assert unknown_room(heed(with_room(evening, 9.0, np.inf), [increase(0, 4)])) == 1


def test_no_battery_is_taken_beyond_its_knee(evening: Problem) -> None:
    _, extra = taken(heed(with_room(evening, 99.0, 99.0, knee_kwh=15.0), [increase(0, 4)]))
    assert extra.sum(axis=1) == pytest.approx([8.0, 1.0])


@pytest.mark.requirement("R119", "R120")
def test_before_an_outage_batteries_are_filled_by_its_start(evening: Problem) -> None:
    dear = replace(evening, price_per_kwh=np.array([0.5, 0.5, 0.5, 0.1]))
    power, extra = taken(heed(with_room(dear, 12.0, 16.0), [increase(3, 4, "preparatory")]))
    assert power[:, :3].sum(axis=1) == pytest.approx([12.0, 16.0])
    assert extra.sum() == pytest.approx(7.0)


def test_room_is_above_the_highest_level_of_a_plan(evening: Problem) -> None:
    giving = with_room(evening, 20.0, 20.0)
    power = np.array([7.0, 7.0, -7.0, 0.0, 0.0, 7.0, 7.0, 0.0])
    assert room_above(giving, power) == pytest.approx([6.0, 6.0])
    assert room_above(evening, power) == pytest.approx([0.0, 0.0])
