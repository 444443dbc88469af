import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.reference.orders import least_unserved_kwh
from evenload.schedule.strategies.timer import Timer
from evenload.schedule.strategies.valley import Valley, price_level, share_per_kw
from evenload.testing import everybody_there, random_problem

TEN_KW = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.requirement("R38", "R39", "R40")
def test_two_cars_are_ready_on_a_10_kw_transformer_that_their_timers_would_overload(
    problem_of: Any, car: Any, rng: Any
) -> None:
    problem = problem_of(car(0, 13, 51.8), car(1, 12, 37.0), steps=13, circuits=TEN_KW)  # 7 h and 5 h at 7.4 kW
    timed = Timer(start="23:00", end="07:00").power_kw(problem, rng)
    assert problem.ev_load_kw(timed).max() == pytest.approx(14.8)
    power = Valley().power_kw(problem, rng)
    assert problem.ev_load_kw(power).max() <= 10.0 + 1e-9
    assert problem.delivered_kwh(power).tolist() == pytest.approx([51.8, 37.0])
    assert audit(problem, timed)
    assert audit(problem, power) == ()


def test_a_valley_is_filled_to_one_level(problem_of: Any, car: Any, rng: Any) -> None:
    """Base load 8, 2, 4, 6 kW: to the level of 6 kW it takes 4 + 2 kWh, the other 3 kWh raise three steps to 7 kW."""
    base = np.array([[8.0, 2.0, 4.0, 6.0]])
    circuits = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=50.0),)
    problem = problem_of(car(0, 4, 9.0), steps=4, circuits=circuits, base_kw=base)
    power = Valley(waiting_weight_per_hour=0.0).power_kw(problem, rng)
    assert power.tolist() == pytest.approx([0.0, 5.0, 3.0, 1.0])


def test_an_urgent_arrival_gets_the_room_a_patient_car_had_planned_on(problem_of: Any, car: Any, rng: Any) -> None:
    """The patient car would spread 20 kWh over 4 h; who comes for hour 1 only takes 7.4 of its 10 kW."""
    problem = problem_of(car(0, 4, 20.0), car(1, 1, 7.4), steps=4, circuits=TEN_KW)
    power = Valley().power_kw(problem, rng)
    assert problem.delivered_kwh(power).tolist() == pytest.approx([20.0, 7.4])
    assert power[1] == pytest.approx(2.6)


@pytest.mark.requirement("R30")
def test_of_two_cars_that_do_not_both_fit_the_one_with_less_slack_goes_first(
    problem_of: Any, car: Any, rng: Any
) -> None:
    problem = problem_of(car(0, 2, 14.8), car(0, 2, 7.4), steps=2, circuits=TEN_KW)
    delivered = problem.delivered_kwh(Valley().power_kw(problem, rng))
    assert delivered.sum() == pytest.approx(20.0)  # all the room there is
    assert delivered[0] > 12.0


def test_a_car_that_is_too_short_takes_its_full_power_all_the_time(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 3, 40.0, first_share=0.5), steps=3, circuits=TEN_KW)
    assert Valley().power_kw(problem, rng).tolist() == pytest.approx([3.7, 7.4, 7.4])


def test_an_opted_out_car_is_load_that_others_make_room_for(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 3, 9.0), car(1, 2, 9.4, opted_out=True), steps=3, circuits=TEN_KW)
    power = Valley().power_kw(problem, rng)
    assert power[3:].tolist() == pytest.approx([7.4, 2.0])
    assert power[1] <= 2.6 + 1e-9
    assert problem.delivered_kwh(power)[0] == pytest.approx(9.0)


def test_base_load_above_the_limit_stops_charging_and_nothing_more(problem_of: Any, car: Any, rng: Any) -> None:
    base = np.array([[12.0, 12.0, 4.0]])
    problem = problem_of(car(0, 3, 10.0), steps=3, circuits=TEN_KW, base_kw=base)
    assert Valley().power_kw(problem, rng).tolist() == pytest.approx([0.0, 0.0, 6.0])


def test_a_car_that_stays_past_its_declared_departure_charges_at_once_within_the_limit(
    problem_of: Any, car: Any, rng: Any
) -> None:
    base = np.array([[10.0, 6.0, 0.0, 0.0]])
    problem = problem_of(car(0, 4, 12.0, declared=1), steps=4, circuits=TEN_KW, base_kw=base)
    assert Valley().power_kw(problem, rng).tolist() == pytest.approx([0.0, 4.0, 7.4, 0.6])


@pytest.mark.requirement("R38")
def test_a_feeder_limit_holds_across_transformers_that_have_room(problem_of: Any, car: Any, rng: Any) -> None:
    circuits = (
        Circuit("S", "", CircuitKind.SYSTEM),
        Circuit("F", "S", CircuitKind.FEEDER, limit_kw=9.0),
        Circuit("A", "F", CircuitKind.TRANSFORMER, limit_kw=10.0),
        Circuit("B", "F", CircuitKind.TRANSFORMER, limit_kw=10.0),
    )
    problem = problem_of(car(0, 4, 18.0, node="A"), car(0, 4, 18.0, node="B"), steps=4, circuits=circuits)
    power = Valley().power_kw(problem, rng)
    load = problem.ev_load_kw(power)
    assert load[problem.tree.index["F"]].max() <= 9.0 + 1e-9
    assert problem.delivered_kwh(power).sum() == pytest.approx(36.0, abs=1e-2)


@pytest.mark.requirement("R31", "R36")
def test_a_price_weight_moves_charging_to_cheap_steps_within_the_limit(problem_of: Any, car: Any, rng: Any) -> None:
    price = np.array([0.4, 0.4, 0.1, 0.1])
    problem = problem_of(car(0, 4, 7.4), car(0, 4, 7.4), steps=4, circuits=TEN_KW, price=price)
    power = Valley(price_weight=100.0).power_kw(problem, rng)
    load = problem.ev_load_kw(power)[0]
    assert load[:2].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert load.max() <= 10.0 + 1e-9
    assert load.sum() == pytest.approx(14.8)


@given(seed=SEEDS, scarcity=st.sampled_from([0.7, 1.0, 2.0]))
@settings(deadline=None)
def test_no_plan_breaks_a_promise(seed: int, scarcity: float) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, sessions=12, scarcity=scarcity)
    assert audit(problem, Valley(tick_minutes=int(rng.choice([15, 45]))).power_kw(problem, rng)) == ()


@pytest.mark.requirement("R40")
def test_without_surprises_next_to_nothing_is_unserved_that_could_have_been_served() -> None:
    """The yardstick is the optimum of the linear program that serves as much as the tree of limits lets through."""
    need, unserved, least = 0.0, 0.0, 0.0
    for seed in range(12):
        problem = everybody_there(np.random.default_rng(seed))
        power = Valley().power_kw(problem, np.random.default_rng(0))
        need += float(problem.energy_kwh.sum())
        unserved += float((problem.energy_kwh - problem.delivered_kwh(power)).sum())
        least += least_unserved_kwh(problem)
    assert least > 0.02 * need  # limits bind
    assert unserved >= least - 1e-6
    assert unserved - least < 0.001 * need


def test_the_answer_does_not_depend_on_threads() -> None:
    problem = random_problem(np.random.default_rng(5), sessions=20, steps=48)
    alone = Valley().power_kw(problem, np.random.default_rng(0))
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda _: Valley().power_kw(problem, np.random.default_rng(0)), range(4)))
    assert all(np.array_equal(alone, one) for one in together)


def test_sizes_of_circuits() -> None:
    """One over the limit; an unlimited root counts by the limits below it; other unlimited circuits do not count."""
    problem = random_problem(np.random.default_rng(3), sessions=1, scarcity=0.0)
    tree = type(problem.tree).of(
        [
            Circuit("S", "", CircuitKind.SYSTEM),
            Circuit("F", "S", CircuitKind.FEEDER),
            Circuit("A", "F", CircuitKind.TRANSFORMER, limit_kw=25.0),
            Circuit("B", "F", CircuitKind.TRANSFORMER, limit_kw=15.0),
            Circuit("H", "A", CircuitKind.SITE),
        ]
    )
    idle = np.zeros((5, problem.horizon.steps))
    sized = replace(problem, tree=tree, base_load_kw=idle, limit_kw=tree.limit_kw[:, None], node=np.array([4]))
    assert share_per_kw(sized).tolist() == pytest.approx([1 / 40, 0.0, 1 / 25, 1 / 15, 0.0])
    assert share_per_kw(replace(sized, base_load_kw=idle + 50.0))[0] == pytest.approx(1 / 50)


def test_prices_are_levelled_between_the_cheapest_and_the_dearest_step() -> None:
    assert price_level(np.array([0.1, 0.3, 0.2])).tolist() == pytest.approx([0.0, 1.0, 0.5])
    assert price_level(np.array([0.2, 0.2])).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"price_weight": -1.0}, "price_weight must be a number of 0 or more, not -1.0"),
        ({"waiting_weight_per_hour": float("inf")}, "waiting_weight_per_hour must be a number of 0 or more"),
        ({"tick_minutes": 0}, "tick_minutes must be 1 or more, not 0"),
        ({"reserve_minutes": -5}, "reserve_minutes must be 0 or more, not -5"),
    ],
)
def test_settings_that_mean_nothing_are_refused(weights: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        Valley(**weights)


def test_of_equally_loaded_steps_waiting_costs_make_the_earlier_ones_better(
    problem_of: Any, car: Any, rng: Any
) -> None:
    """10 kW circuit: one kW more adds 0.1, waiting an hour 0.04, so each later hour gets 0.4 kW less: 1.6 .. 0.4 kW."""
    problem = problem_of(car(0, 4, 4.0), steps=4, circuits=TEN_KW)
    assert Valley().power_kw(problem, rng).tolist() == pytest.approx([1.6, 1.2, 0.8, 0.4])
    assert Valley(waiting_weight_per_hour=0.0).power_kw(problem, rng).tolist() == pytest.approx([1.0, 1.0, 1.0, 1.0])


def test_between_ticks_only_news_is_planned_and_limits_still_hold(problem_of: Any, car: Any, rng: Any) -> None:
    """Whoever comes between two ticks is planned at once; the standing plan of the other gives way at the limit."""
    problem = problem_of(car(0, 4, 29.0), car(1, 1, 7.4), steps=4, circuits=TEN_KW)
    power = Valley(tick_minutes=240).power_kw(problem, rng)
    assert power[4] == pytest.approx(7.4)
    assert problem.ev_load_kw(power).max() <= 10.0 + 1e-9


def test_a_reserve_is_done_early_where_full_power_allows_it(problem_of: Any, car: Any, rng: Any) -> None:
    """Hourly steps: 7 kWh in 4 h less 2 h of reserve are 3.5 kW twice; who needs 2.5 h of full power keeps all 4 h."""
    problem = problem_of(car(0, 4, 7.0), steps=4, circuits=TEN_KW)
    early = Valley(waiting_weight_per_hour=0.0, reserve_minutes=120)
    assert early.power_kw(problem, rng).tolist() == pytest.approx([3.5, 3.5, 0.0, 0.0])
    busy = problem_of(car(0, 4, 18.5), steps=4, circuits=TEN_KW)
    assert early.power_kw(busy, rng).tolist() == pytest.approx([18.5 / 4] * 4)
