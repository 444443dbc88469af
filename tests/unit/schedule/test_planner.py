"""The planner: whatever is asked together, every promise is kept, and the order of importance holds."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.domain.event import Event, EventKind
from evenload.domain.reason import StepReason
from evenload.domain.site_tariff import DemandCharge, SiteTariff
from evenload.schedule.audit import audit
from evenload.schedule.devices.audit import audit_devices
from evenload.schedule.events.release import ramp_of
from evenload.schedule.planner import Planned, Wishes, plan_for, response_of
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Devices
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.robust import Caution
from evenload.schedule.sites.terms import Site
from evenload.schedule.solver.optimum import Settings, solve
from evenload.schedule.why.explain import explain
from evenload.schedule.why.plan_reasons import held_by
from evenload.schedule.why.spans import sentences_of
from evenload.schedule.why.step_reasons import CODE
from evenload.schedule.why.summary import Outcome
from evenload.testing import rich_problem

SEEDS = st.integers(0, 2**32 - 1)
QUICK = Settings(sweeps_max=60)
RISK = DepartureRisk((0.0,), (0.0, 30.0, 60.0), ((0.6, 0.8, 1.0),))


def with_devices(problem: Problem, rng: np.random.Generator) -> Problem:
    size = problem.sessions
    gives = np.zeros(size, dtype=np.bool_) if problem.batteries is None else problem.batteries.discharge_kw_max > 0
    control = np.where(gives, "continuous", rng.choice(["continuous", "stepped", "on_off"], size))
    least = np.where(control == "stepped", 0.3 * problem.power_kw_max, 0.0)
    step = np.where(control == "stepped", 0.1 * problem.power_kw_max, np.nan)
    budget = np.where(control == "on_off", rng.integers(0, 5, size), -1)
    return replace(problem, devices=Devices(
        control, least, np.full(size, np.nan), rng.integers(0, 2, size), step, None, budget
    ))  # fmt: skip


def everything(seed: int) -> tuple[Problem, Wishes]:
    rng = np.random.default_rng(seed)
    problem = with_devices(rich_problem(rng), rng)
    start, step = problem.horizon.start, timedelta(minutes=problem.horizon.step_minutes)

    def event(k: int) -> Event:
        first, long = int(rng.integers(0, problem.horizon.steps)), int(rng.integers(1, problem.horizon.steps + 1))
        kind = EventKind(str(rng.choice([kind.value for kind in EventKind])))
        kw = float(rng.uniform(0, 1) * problem.power_kw_max.sum())
        return Event(
            f"e{k}", kind, start + first * step, start + (first + long) * step, power_kw=kw, mandatory=bool(k % 2)
        )

    events = [event(k) for k in range(3)]
    ramp = ramp_of(problem, float(0.3 * problem.power_kw_max.sum() + 0.1))
    return problem, Wishes(events, ramps=[ramp], caution=Caution(RISK, value_per_kwh=0.2))


def told(planned: Planned) -> list[str]:
    outcome = Outcome.of(planned.problem, planned.power_kw, planned.fitted.minimum_kw)
    found = planned.solution
    why = explain(outcome, found.shadow_price, found.scarcity, found.marginal_per_kwh, held_by(planned))
    return sentences_of(why, np.arange(planned.problem.sessions))


@pytest.mark.requirement("R20", "R22", "R30")
@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_everything_at_once_keeps_every_promise_and_is_explained(seed: int) -> None:
    problem, wishes = everything(seed)
    planned = plan_for(problem, wishes, QUICK)
    assert np.isfinite(planned.power_kw).all()
    assert audit(planned.problem, planned.power_kw, planned.fitted.minimum_kw) == ()
    assert audit(planned.steered, planned.power_kw, planned.fitted.minimum_kw) == ()
    assert audit_devices(planned.served, planned.power_kw, planned.fitted.told_kw) == ()
    shares = replace(planned.served, opted_out=planned.steered.opted_out)
    assert audit(shares, planned.power_kw, planned.fitted.minimum_kw) == ()
    short = planned.problem.energy_kwh - planned.problem.delivered_kwh(planned.power_kw)
    assert planned.fitted.unserved_kwh == pytest.approx(np.maximum(short, 0.0), abs=1e-6)
    assert all(told(planned))


@pytest.mark.requirement("R30")
def test_without_wishes_the_plan_is_that_of_the_optimiser(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 10.0, 7.0), car(1, 3, 4.0, 7.0), steps=4, price=np.array([3.0, 1.0, 2.0, 4.0]))
    assert (plan_for(problem).power_kw == solve(problem).plan.power_kw).all()


@pytest.mark.requirement("R30", "R40")
def test_a_shortage_is_shared_and_money_is_made_least_for_what_each_is_served(problem_of: Any, car: Any) -> None:
    from evenload.domain.circuit import Circuit, CircuitKind  # noqa: PLC0415 - only here

    tight = (Circuit("T", "", CircuitKind.TRANSFORMER, 4.0),)
    problem = problem_of(car(0, 2, 8.0, 7.0), car(0, 2, 4.0, 7.0), steps=2, circuits=tight)
    planned = plan_for(problem)
    assert planned.problem.delivered_kwh(planned.power_kw) == pytest.approx([16 / 3, 8 / 3])  # two thirds of each
    assert planned.solution.certificate.unserved_is_least
    assert planned.solution.certificate.energy_kwh_unserved == pytest.approx(4.0)


@pytest.mark.requirement("R19", "R30")
def test_a_mandatory_pause_goes_before_the_need_and_says_so(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 12.0, 4.0), steps=4)
    start: datetime = problem.horizon.start
    pause = Event("e7", EventKind.PAUSE, start + timedelta(hours=1), start + timedelta(hours=3), mandatory=True)
    planned = plan_for(problem, Wishes([pause]))
    assert planned.power_kw == pytest.approx([4, 0, 0, 4])
    held = held_by(planned)
    assert held is not None
    assert held.reason.tolist()[1:3] == [CODE[StepReason.EVENT]] * 2
    assert "paused 19:00-21:00: event e7 asks for less" in told(planned)[0]
    assert planned.fitted.unserved_kwh == pytest.approx([4.0])


@pytest.mark.requirement("R19", "R21")
def test_a_voluntary_event_goes_before_a_demand_charge(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 8.0, 4.0), steps=4)
    start: datetime = problem.horizon.start
    bill = Site(0, "depot", SiteTariff((DemandCharge("demand", 12.0),), demand_minutes=60), "UTC", (0.0,), (0.0,))
    alone = plan_for(problem, Wishes(sites=[bill]))
    assert alone.power_kw == pytest.approx([2, 2, 2, 2], abs=0.01)  # the lowest peak there is
    more = Event("e1", EventKind.INCREASE, start + timedelta(hours=1), start + timedelta(hours=3), power_kw=4.0)
    planned = plan_for(problem, Wishes([more], sites=[bill]))
    assert planned.power_kw == pytest.approx([0, 4, 4, 0], abs=0.01)
    (response,) = response_of(planned)
    assert response.delivered_kw == pytest.approx([2, 2], abs=0.01)


@pytest.mark.requirement("R30", "R40")
@pytest.mark.parametrize("commands", [-1, 2])
def test_what_devices_can_be_told_does_not_undo_a_fair_share(problem_of: Any, car: Any, commands: int) -> None:
    from evenload.domain.circuit import Circuit, CircuitKind  # noqa: PLC0415 - only here

    room_for_one = (Circuit("T", "", CircuitKind.TRANSFORMER, 7.0),)
    problem = problem_of(car(0, 4, 21.0, 7.0), car(0, 4, 21.0, 7.0), steps=4, circuits=room_for_one)
    problem = replace(problem, devices=Devices(
        np.array(["on_off", "on_off"]), np.zeros(2), np.full(2, np.nan), np.zeros(2, dtype=np.int64),
        commands_max=np.full(2, commands),
    ))  # fmt: skip
    planned = plan_for(problem)
    assert planned.problem.delivered_kwh(planned.power_kw) == pytest.approx([14.0, 14.0])
    assert planned.fitted.unserved_kwh == pytest.approx([7.0, 7.0])
    assert (planned.fitted.commands <= 2).all() or commands < 0


def test_who_may_be_told_once_goes_on_beyond_its_share(problem_of: Any, car: Any) -> None:
    from evenload.domain.circuit import Circuit, CircuitKind  # noqa: PLC0415 - only here

    room_for_one = (Circuit("T", "", CircuitKind.TRANSFORMER, 7.0),)
    problem = problem_of(car(0, 4, 21.0, 7.0), car(0, 4, 21.0, 7.0), steps=4, circuits=room_for_one)
    problem = replace(problem, devices=Devices(
        np.array(["on_off", "continuous"]), np.zeros(2), np.full(2, np.nan), np.zeros(2, dtype=np.int64),
        commands_max=np.array([1, -1]),
    ))  # fmt: skip
    planned = plan_for(problem)
    assert planned.problem.delivered_kwh(planned.power_kw) == pytest.approx([21.0, 7.0])
