import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.strategies import optimised
from evenload.schedule.strategies.hindsight import Hindsight
from evenload.schedule.strategies.optimised import Optimised
from evenload.testing import everybody_there, random_problem

TEN_KW = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)
DEAR_THEN_CHEAP = np.array([0.4, 0.4, 0.1, 0.1])
SEEDS = st.integers(0, 2**32 - 1)


def unserved_kwh(problem: Problem, power_kw: Any) -> float:
    return float((problem.energy_kwh - problem.delivered_kwh(power_kw)).sum())


@pytest.mark.requirement("R31", "R38", "R40")
@pytest.mark.parametrize("seed", range(12))
def test_without_surprises_it_is_the_optimum_of_a_general_solver(seed: int) -> None:
    problem = everybody_there(np.random.default_rng(seed))
    power = Optimised(waiting_weight_per_hour=0.0).power_kw(problem, np.random.default_rng(0))
    best = least_cost(problem)
    unmanaged = float(problem.energy_kwh.sum() * np.abs(problem.price_per_kwh).mean())
    assert unserved_kwh(problem, power) == pytest.approx(best.energy_kwh_unserved, abs=1e-4)
    assert problem.money(power) <= best.objective + 1e-3 * max(abs(best.objective), 0.01 * unmanaged) + 1e-6
    assert problem.money(power) >= best.objective - 1e-6 * unmanaged


@given(seed=SEEDS, scarcity=st.sampled_from([0.7, 1.0, 2.0]))
@settings(deadline=None, max_examples=40)
def test_no_plan_breaks_a_promise_and_none_serves_more_than_hindsight(seed: int, scarcity: float) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=12, scarcity=scarcity)
    power = Optimised().power_kw(problem, rng)
    assert audit(problem, power) == ()
    known = Hindsight().power_kw(problem, rng)
    assert unserved_kwh(problem, power) >= unserved_kwh(problem, known) - 1e-6


@pytest.mark.requirement("R31")
def test_cars_share_the_cheap_hours_a_circuit_has_room_for(problem_of: Any, car: Any, rng: Any) -> None:
    """Two of 14.8 kWh below 10 kW: 20 kWh fit into the cheap hours, the other 9.6 kWh cost four times as much."""
    problem = problem_of(car(0, 4, 14.8), car(0, 4, 14.8), steps=4, circuits=TEN_KW, price=DEAR_THEN_CHEAP)
    power = Optimised(waiting_weight_per_hour=0.0).power_kw(problem, rng)
    assert problem.ev_load_kw(power)[0, 2:].tolist() == pytest.approx([10.0, 10.0])
    assert problem.money(power) == pytest.approx(20 * 0.1 + 9.6 * 0.4)


@pytest.mark.requirement("R40")
def test_waiting_for_cheap_hours_runs_out_of_room_unless_waiting_costs_something(
    problem_of: Any, car: Any, rng: Any
) -> None:
    """The first car could wait for 14.8 cheap kWh; the second comes then, has no time to spare and needs as much."""
    problem = problem_of(car(0, 4, 14.8), car(2, 2, 14.8), steps=4, circuits=TEN_KW, price=DEAR_THEN_CHEAP)
    greedy = Optimised(waiting_weight_per_hour=0.0).power_kw(problem, rng)
    assert unserved_kwh(problem, greedy) == pytest.approx(2 * 14.8 - 20.0)
    # prices deviate by 0.15: 0.45 an hour of waiting is more than two hours of it can save
    early = Optimised(waiting_weight_per_hour=3.0).power_kw(problem, rng)
    assert early.tolist() == pytest.approx([7.4, 7.4, 0.0, 0.0, 7.4, 7.4])


def test_a_car_that_stays_past_its_declared_departure_charges_at_once_within_the_limit(
    problem_of: Any, car: Any, rng: Any
) -> None:
    base = np.array([[10.0, 6.0, 0.0, 0.0]])
    problem = problem_of(car(0, 4, 12.0, declared=1), steps=4, circuits=TEN_KW, base_kw=base)
    assert Optimised().power_kw(problem, rng).tolist() == pytest.approx([0.0, 4.0, 7.4, 0.6])


def test_room_a_car_leaves_early_goes_to_the_others(problem_of: Any, car: Any, rng: Any) -> None:
    """Both need 7.4 kW for all of 2 h, 10 kW are there; one is gone after the first."""
    problem = problem_of(car(0, 1, 14.8, declared=2), car(0, 2, 14.8), steps=2, circuits=TEN_KW)
    power = Optimised().power_kw(problem, rng)
    assert power[:2].sum() == pytest.approx(10.0)
    assert power[2] == pytest.approx(7.4)


def test_an_opted_out_car_is_load_that_others_make_room_for(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 3, 9.0), car(1, 2, 9.4, opted_out=True), steps=3, circuits=TEN_KW)
    power = Optimised().power_kw(problem, rng)
    assert power[3:].tolist() == pytest.approx([7.4, 2.0])
    assert power[1] <= 2.6 + 1e-9
    assert problem.delivered_kwh(power)[0] == pytest.approx(9.0)


def test_limits_that_change_with_time_are_kept(problem_of: Any, car: Any, rng: Any) -> None:
    problem = replace(
        problem_of(car(0, 3, 9.0), car(1, 2, 3.0), steps=3, circuits=TEN_KW),
        limit_kw=np.array([[2.0, 7.0, 3.0]]),
    )
    power = Optimised().power_kw(problem, rng)
    assert problem.ev_load_kw(power)[0].tolist() == pytest.approx([2.0, 7.0, 3.0])


def test_a_reserve_is_done_early_where_full_power_allows_it(problem_of: Any, car: Any, rng: Any) -> None:
    """Cheap hours are the last two, which the reserve does not wait for; who needs 2.5 h gets them all the same."""
    strategy = Optimised(waiting_weight_per_hour=0.0, reserve_minutes=120)
    short = problem_of(car(0, 4, 7.0), steps=4, price=DEAR_THEN_CHEAP)
    early = strategy.power_kw(short, rng)
    assert early[:2].sum() == pytest.approx(7.0)
    assert early[2:].tolist() == pytest.approx([0.0, 0.0])
    long = problem_of(car(0, 4, 18.5), steps=4, price=DEAR_THEN_CHEAP)
    assert long.delivered_kwh(strategy.power_kw(long, rng)).tolist() == pytest.approx([18.5])


def test_plans_stand_until_something_new_is_known(
    problem_of: Any, car: Any, rng: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned at the arrivals in steps 0 and 3, and when the second leaves early in step 5, not at the 8 steps."""
    planned = []

    def counted(problem: Problem, *rest: Any) -> Any:
        planned.append(8 - problem.horizon.steps)
        return solve(problem, *rest)

    solve = optimised.solve
    monkeypatch.setattr(optimised, "solve", counted)
    problem = problem_of(car(0, 8, 30.0), car(3, 2, 30.0, declared=5), circuits=TEN_KW)
    Optimised().power_kw(problem, rng)
    assert planned == [0, 3, 5]


@pytest.mark.parametrize("price", [0.0, 0.3])
def test_at_one_price_earlier_is_better(problem_of: Any, car: Any, rng: Any, price: float) -> None:
    problem = problem_of(car(0, 4, 14.8), steps=4, price=np.full(4, price))
    assert Optimised().power_kw(problem, rng).tolist() == pytest.approx([7.4, 7.4, 0.0, 0.0], abs=1e-2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"waiting_weight_per_hour": -1.0}, "waiting_weight_per_hour must be a number of 0 or more, not -1.0"),
        ({"waiting_weight_per_hour": float("nan")}, "waiting_weight_per_hour must be a number of 0 or more, not nan"),
        ({"reserve_minutes": -5}, "reserve_minutes must be 0 or more, not -5"),
        ({"gap": 0.0}, "gap must be between 0 and 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        Optimised(**wrong)
