from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.reason import StepReason, UnservedReason
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.strategies.valley import Valley
from evenload.schedule.why.explain import explain
from evenload.schedule.why.spans import explain_session, spans_of
from evenload.schedule.why.step_reasons import CODE
from evenload.schedule.why.summary import Outcome
from evenload.testing import random_problem

GRID = (
    Circuit("F12", "", CircuitKind.FEEDER, 10.0, timezone="Europe/Oslo"),
    Circuit("transformer7", "F12", CircuitKind.TRANSFORMER, 6.0),
)
START = datetime(2025, 1, 13, 16, tzinfo=UTC)  # 17:00 in Oslo


def test_steps_with_one_reason_are_one_span_in_local_time(problem_of: Any, car: Any) -> None:
    # 17:00 to 23:00: F12 full for two hours, then an hour of dearer waiting, then 7 kW, ready an hour and a half early
    base_kw = np.array([[10.0, 10.0, 2.0, 1.0, 1.0, 1.0], [0.0] * 6])
    price = np.array([0.1, 0.1, 0.3, 0.2, 0.1, 0.1])
    problem = problem_of(
        car(0, 6, 9.5, 5.0, last_share=0.5), steps=6, start=START, circuits=GRID, base_kw=base_kw, price=price
    )
    found = explain(Outcome.of(problem, np.array([0.0, 0.0, 0.0, 4.5, 5.0, 0.0])))
    told = explain_session(found, 0)
    assert told.sentence == (
        "paused 17:00-19:00: feeder F12 at its limit; waits 19:00-20:00: other times are cheaper; "
        "charges 20:00-21:00 at part of its power, all it needs at that price; charges 21:00-22:00 at full power; "
        "ready by 22:00, 30 min before departure"
    )
    assert told.session_id == "car0"
    assert told.ready_at == datetime(2025, 1, 13, 21, tzinfo=UTC)
    assert told.departs_at == datetime(2025, 1, 13, 21, 30, tzinfo=UTC)
    assert told.latest_start == datetime(2025, 1, 13, 19, 36, tzinfo=UTC)  # 9.5 kWh are 1 h 54 min of 5 kW
    assert (told.slack_minutes, told.marginal_per_kwh, told.more_possible) == (30.0, None, True)
    assert (told.energy_kwh_unserved, told.unserved_reasons, told.unserved_node) == (0.0, (), None)
    spans = told.spans
    assert spans.power_kw_mean.tolist() == [0.0, 0.0, 4.5, 5.0, 0.0]
    assert spans.node.tolist() == [0, -1, -1, -1, -1]
    assert spans.end[-1] == np.datetime64("2025-01-13T21:30:00")


@pytest.mark.requirement("R30")
def test_a_session_that_is_not_ready_says_how_much_it_lacks_and_why(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 20.0, 8.0, first_share=0.5), steps=6, start=START, circuits=GRID)
    found = explain(Outcome.of(problem, np.array([4.0, 6.0])), marginal_per_kwh=np.array([0.25]))
    told = explain_session(found, 0)
    assert told.sentence == (
        "charges 17:30-18:00 at full power; slowed 18:00-19:00: transformer7 at its limit; 8.0 kWh short: "
        "even at full power the time plugged in was too short; 2.0 kWh short: transformer7 was at its limit"
    )
    assert (told.ready_at, told.slack_minutes, told.latest_start) == (None, None, None)
    assert told.unserved_reasons == (UnservedReason.TOO_SHORT, UnservedReason.CIRCUIT_LIMIT)
    assert (told.energy_kwh_unserved, told.unserved_node, told.marginal_per_kwh) == (10.0, "transformer7", 0.25)
    assert told.spans.power_kw_mean.tolist() == [8.0, 6.0]  # 4 kW on the mean of an hour are 8 in half of it


def test_longer_horizons_name_the_day_and_departure_without_slack_says_so(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(5, 4, 12.0, 6.0), steps=30, start=START, circuits=GRID)
    found = explain(Outcome.of(problem, np.array([0.0, 0.0, 6.0, 6.0])))
    assert explain_session(found, 0).sentence == (
        "waits Mon 22:00-Tue 00:00: other times are cheaper; charges Tue 00:00-02:00 at full power; "
        "ready by Tue 02:00, at departure"
    )


def test_a_battery_in_use_is_told_of_as_well(problem_of: Any, car: Any) -> None:
    batteries = Batteries(
        discharge_kw_max=np.full(2, 2.0), round_trip=np.ones(2), down_kwh=np.full(2, 5.0), up_kwh=np.full(2, 20.0),
        wear_per_kwh=np.zeros(2), knee_kwh=np.array([1.0, np.inf]), full_kwh=np.array([7.0, np.inf]),
    )  # fmt: skip
    problem = problem_of(car(0, 4, 4.0, 6.0), car(0, 1, 0.0, 6.0), steps=4, start=START, circuits=GRID)
    problem = replace(problem, batteries=batteries, minimum_kwh=np.array([2.0, 0.0]))
    outcome = Outcome.of(problem, np.array([2.0, 4.0, -2.0, 0.0, 0.0]), np.array([2.0, 0.0, 0.0, 0.0, 0.0]))
    found = explain(outcome)
    # after 2 kWh it takes 6 x 5 / 6 = 5 kW: 4 kW are a share; then back to the need of 4 kWh, an hour early
    assert explain_session(found, 0).sentence == (
        "charges 17:00-18:00 at once: the minimum asked for; "
        "charges 18:00-19:00 at part of its power, all it needs at that price; gives back 19:00-20:00; "
        "ready by 19:00, 2 h before departure"
    )
    assert explain_session(found, 1).sentence == "needs nothing"
    full = Outcome.of(problem, np.array([2.0, 5.0, 0.0, -3.0, 0.0]))
    assert explain_session(explain(full), 0).sentence == (
        "charges 17:00-18:00 at part of its power, all it needs at that price; "
        "charges 18:00-19:00 as fast as the nearly full battery takes it; rests 19:00-20:00: the need is met; "
        "gives back 20:00-21:00; ready by 19:00, 2 h before departure"
    )


def test_an_opted_out_driver_is_told_so(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 3, 10.0, 5.0, opted_out=True), steps=6, start=START, circuits=GRID)
    told = explain_session(explain(Outcome.of(problem, np.array([5.0, 5.0, 0.0]))), 0)
    assert told.sentence == (
        "charges 17:00-19:00: the driver has opted out; ready by 19:00, 1 h before departure"
    )  # fmt: skip


@given(st.integers(0, 10_000))
def test_spans_cover_every_window_once_and_carry_its_energy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, opted_out=0.2, scarcity=2.0)
    power_kw = Valley().power_kw(problem, rng)
    found = explain(Outcome.of(problem, power_kw))
    asked = rng.permutation(problem.sessions)[:5]
    spans = spans_of(found, asked)
    assert list(dict.fromkeys(spans.session.tolist())) == asked.tolist()
    hours = (spans.end - spans.start) / np.timedelta64(1, "h")
    assert (hours > 0).all()
    energy = np.bincount(spans.session, weights=hours * spans.power_kw_mean, minlength=problem.sessions)
    assert energy[asked] == pytest.approx(problem.delivered_kwh(power_kw)[asked], abs=1e-9)
    for i in asked.tolist():
        mine = spans.session == i
        assert (spans.start[mine][0], spans.end[mine][-1]) == (found.plugged_at[i], found.departs_at[i])
        assert (spans.start[mine][1:] == spans.end[mine][:-1]).all()
    named = spans.node >= 0
    assert (np.isin(spans.reason, [CODE[StepReason.CIRCUIT_LIMIT], CODE[StepReason.PEAK]]) == named).all()
