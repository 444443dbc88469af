"""Released in turns, worked by hand: steps of one hour from 18:00."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import CircuitError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.schedule.events.heed import heed
from evenload.schedule.events.outages import Outage, with_outages
from evenload.schedule.events.release import load_of, ramp_of, released, releases_of
from evenload.schedule.problem import Problem

START = datetime(2025, 1, 13, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
CIRCUITS = (Circuit("F", "", CircuitKind.FEEDER), Circuit("T", "F", CircuitKind.TRANSFORMER))
AT_ONCE = np.array([0.0, 0.0, 7.0, 7.0, 0.0, 0.0] * 4)


def event(name: str, first: float, last: float, kind: str = "pause", **more: Any) -> Event:
    return Event(name, EventKind(kind), START + first * HOUR, START + last * HOUR, **more)


@pytest.fixture
def evening(problem_of: Any, car: Any) -> Problem:
    """Four cars for six hours in need of two; what they draw in the plan without a ramp: ``AT_ONCE``."""
    made: Problem = problem_of(*[car(0, 6, 14.0, 7.0, node="T")] * 4, steps=6, circuits=CIRCUITS)
    return made


@pytest.mark.requirement("R20")
@pytest.mark.parametrize("mandatory", [True, False])
def test_after_an_event_charging_rises_in_a_line_until_nobody_is_held_back(evening: Problem, mandatory: bool) -> None:
    heeded = heed(evening, [event("e7", 0, 2, mandatory=mandatory)])
    problem, notes = released(heeded, [ramp_of(evening, 10.0, "F")], AT_ONCE)
    across = problem.across
    assert across is not None
    # 28 kW is all they can draw: the third step of 10 kW holds nobody back
    assert across.limit_kw.tolist() == [[np.inf, np.inf, 10.0, 20.0, np.inf, np.inf]]
    assert across.name.tolist() == ["after event e7 (F)"]
    assert across.session.tolist() == [0, 1, 2, 3]
    assert across.over_per_kwh[0, 0] == (np.inf if mandatory else heeded.above_money_per_kwh)
    assert notes == ("F: charging rises by 10 kW a step at most from 2025-01-13T20:00:00Z, after event e7",)


def test_the_line_starts_from_what_is_drawn_in_the_event(evening: Problem) -> None:
    power = AT_ONCE.copy()
    power[1] = 4.0  # a car has left the event
    heeded = heed(evening, [event("e7", 0, 2)])
    problem, _ = released(heeded, [ramp_of(evening, 10.0)], power)
    assert problem.across is not None
    assert problem.across.limit_kw[0, 2:4].tolist() == [14.0, 24.0]


def test_a_plan_that_rises_slowly_enough_is_left_alone(evening: Problem) -> None:
    heeded = heed(evening, [event("e7", 0, 2)])
    for ramp, power in ((28.0, AT_ONCE), (10.0, np.array([0.0, 0.0, 2.5, 5.0, 5.0, 1.5] * 4))):
        problem, notes = released(heeded, [ramp_of(evening, ramp)], power)
        assert problem is heeded.problem
        assert notes == ()


@pytest.mark.requirement("R7")
def test_a_fall_in_price_releases_for_next_to_nothing(evening: Problem) -> None:
    priced = replace(evening, price_per_kwh=np.array([0.4, 0.4, 0.2, 0.2, 0.2, 0.3]))
    heeded = heed(priced, [])
    found = releases_of(heeded, ramp_of(priced, 10.0))
    assert [(one.step, one.why) for one in found] == [(2, "after a fall in price")]
    assert found[0].over_per_kwh == pytest.approx(0.002)  # a hundredth of the spread


def test_of_two_reasons_in_one_step_the_stronger_counts(evening: Problem) -> None:
    priced = replace(evening, price_per_kwh=np.array([0.4, 0.4, 0.2, 0.2, 0.2, 0.3]))
    heeded = heed(priced, [event("e7", 0, 2), event("e8", 4, 9), event("e9", 2, 3, "increase")])
    found = releases_of(heeded, ramp_of(priced, 10.0))
    assert [(one.step, one.why) for one in found] == [(2, "after event e7")]
    # e8 ends with the horizon; an event for more releases nobody


def test_after_an_outage_the_line_starts_from_nothing(evening: Problem) -> None:
    outages = [Outage("T", START, START + 2 * HOUR)]
    heeded = heed(with_outages(evening, outages), [])
    problem, notes = released(heeded, [ramp_of(evening, 14.0, "F")], AT_ONCE, outages)
    assert problem.across is not None
    assert problem.across.limit_kw.tolist() == [[np.inf, np.inf, 14.0, np.inf, np.inf, np.inf]]
    assert np.isinf(problem.across.over_per_kwh).all()
    assert notes[0].endswith("after the outage at T")


def test_a_ramp_is_over_a_circuit_or_a_group(evening: Problem) -> None:
    groups = np.array(["homes", "depot", "homes", "depot"])
    homes = ramp_of(evening, 5.0, "T", "homes", groups)
    assert (homes.name, homes.session.tolist()) == ("group homes of T", [0, 2])
    assert load_of(evening, homes, AT_ONCE).tolist() == [0.0, 0.0, 14.0, 14.0, 0.0, 0.0]
    assert ramp_of(evening, 5.0).name == "all sessions"


def test_a_ramp_that_cannot_be_is_refused(evening: Problem) -> None:
    for ramp in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match=r"ramp_kw_per_step = .* of F must be above 0"):
            ramp_of(evening, ramp, "F")
    with pytest.raises(CircuitError, match="the ramp of 5 kW a step is for node 'TT', which is not in the grid"):
        ramp_of(evening, 5.0, "TT")
