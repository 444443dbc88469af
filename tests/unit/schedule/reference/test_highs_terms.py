"""The reference on smoothing and peaks at circuits: valleys filled by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, CircuitTerms
from evenload.schedule.reference.highs import least_cost

FEEDER_AND_SITE = (Circuit("F", "", CircuitKind.FEEDER), Circuit("S", "F", CircuitKind.SITE))


def terms(*, node: int = 0, smoothing: float = 0.0, peak: float = 0.0, so_far: float = -np.inf) -> CircuitTerms:
    return CircuitTerms(np.array([node]), np.array([smoothing]), np.array([peak]), np.array([so_far]))


def with_battery(problem: Problem, round_trip: float) -> Problem:
    battery = replace(
        Batteries.charging_only(1), discharge_kw_max=problem.power_kw_max, round_trip=np.array([round_trip])
    )
    return replace(problem, batteries=battery)


@pytest.fixture
def one_car(problem_of: Callable[..., Any], car: Any) -> Callable[..., Problem]:
    """One car of 10 kW on a circuit with base load; power costs nothing but where prices are given."""

    def make(base: list[float], need_kwh: float, price: list[float] | None = None, **more: Any) -> Problem:
        prices = np.array(price) if price else np.zeros(len(base))
        problem: Problem = problem_of(
            car(0, len(base), need_kwh, 10.0), steps=len(base), base_kw=np.array([base]), price=prices, **more
        )
        return problem

    return make


def test_smoothing_fills_the_valley(one_car: Callable[..., Problem]) -> None:
    answer = least_cost(replace(one_car([3.0, 1.0, 2.0], 3.0), terms=terms(smoothing=0.1)))
    assert answer.power_kw == pytest.approx([0.0, 2.0, 1.0], abs=1e-3)
    assert answer.objective == pytest.approx(0.1 * (27 - 14), rel=1e-7)


def test_smoothing_counts_hours(one_car: Callable[..., Problem]) -> None:
    answer = least_cost(replace(one_car([3.0, 1.0, 2.0], 1.5, step_minutes=30), terms=terms(smoothing=0.1)))
    assert answer.objective == pytest.approx(0.1 * (27 - 14) / 2, rel=1e-7)


def test_smoothing_is_weighed_against_money(one_car: Callable[..., Problem]) -> None:
    problem = replace(one_car([0.0, 0.0], 3.0, price=[1.0, 2.0]), terms=terms(smoothing=0.5))
    answer = least_cost(problem)  # where 1 + p = 2 + (3 - p)
    assert answer.power_kw == pytest.approx([2.0, 1.0], abs=1e-3)
    assert answer.objective == pytest.approx(2 * 1 + 1 * 2 + 0.5 * (4 + 1), rel=1e-7)


@pytest.mark.parametrize(("round_trip", "charged", "given_back"), [(1.0, 2.0, 2.0), (0.5, 0.8, 0.4)])
def test_a_battery_carries_load_from_the_peak_to_the_valley(
    one_car: Callable[..., Problem], round_trip: float, charged: float, given_back: float
) -> None:
    problem = with_battery(one_car([2.0, 6.0], 0.0), round_trip)
    answer = least_cost(replace(problem, terms=terms(smoothing=0.1)))  # derivative: 2 + c = r * (6 - r * c)
    assert answer.power_kw == pytest.approx([charged, -given_back], abs=1e-3)
    assert answer.objective == pytest.approx(0.1 * ((2 + charged) ** 2 + (6 - given_back) ** 2 - 40), rel=1e-6)


def test_smoothing_and_exclusion_together(one_car: Callable[..., Problem]) -> None:
    """Sun of 2 kW that nothing but burning could use: relaxed it is used (x - 0.5 x = 2), in truth it is not."""
    problem = one_car([-2.0], 0.0)
    full = replace(with_battery(problem, 0.5), terms=terms(smoothing=0.1))
    assert full.batteries is not None
    full = replace(full, batteries=replace(full.batteries, up_kwh=np.zeros(1)))
    assert least_cost(full, exclusive=False).objective == pytest.approx(-0.1 * 4, rel=1e-6)
    answer = least_cost(full)
    assert answer.power_kw == pytest.approx([0.0], abs=1e-6)
    assert answer.objective == pytest.approx(0.0, abs=1e-6)


def water_level(base: FloatArray, energy: float) -> FloatArray:
    """Base load filled up to one level that takes ``energy``, by raising the lowest steps one after another."""
    lowest = np.sort(base)
    for count in range(1, base.size + 1):
        level = (energy + lowest[:count].sum()) / count
        if count == base.size or level <= lowest[count]:
            return np.maximum(base, level)
    raise AssertionError


@given(base=st.lists(st.floats(-8, 8), min_size=1, max_size=6), need_kwh=st.floats(0, 10))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_smoothing_is_valley_filling(one_car: Callable[..., Problem], base: list[float], need_kwh: float) -> None:
    problem = one_car(base, need_kwh)
    filled, load = water_level(np.array(base), need_kwh), np.array(base)
    answer = least_cost(replace(problem, terms=terms(smoothing=0.1)))
    cost = 0.1 * float((filled**2 - load**2).sum())
    assert answer.objective == pytest.approx(cost, rel=1e-6, abs=1e-7 * float(1 + load @ load))
    assert answer.power_kw == pytest.approx(filled - load, abs=1e-2)


@pytest.mark.parametrize(
    ("so_far", "peak", "power_kw", "objective"),
    [
        (-np.inf, 10.0, [0.0, 4.0, 2.0], 4 * 1 + 2 * 2),  # up to the 5 kW that base load takes anyway
        (6.0, 10.0, [1.0, 5.0, 0.0], 5 * 1),  # up to what is paid already
        (-np.inf, 2.0, [1.0, 5.0, 0.0], 5 * 1 + 2 * 1),  # a kW more of peak saves 3
        (-np.inf, 0.4, [6.0, 0.0, 0.0], 0.4 * 6),
    ],
)
def test_a_peak_is_paid_beyond_base_load_and_what_is_paid_already(
    one_car: Callable[..., Problem], so_far: float, peak: float, power_kw: list[float], objective: float
) -> None:
    problem = replace(one_car([5.0, 1.0, 1.0], 6.0, price=[0.0, 1.0, 2.0]), terms=terms(peak=peak, so_far=so_far))
    answer = least_cost(problem)
    assert answer.power_kw == pytest.approx(power_kw, abs=1e-7)
    assert answer.objective == pytest.approx(objective)


@pytest.mark.parametrize(("so_far", "peak_after"), [(-np.inf, 3.0), (4.0, 4.0)])
def test_a_battery_lowers_a_peak_but_not_below_what_is_paid_already(
    one_car: Callable[..., Problem], so_far: float, peak_after: float
) -> None:
    problem = with_battery(one_car([1.0, 5.0], 0.0), 1.0)
    answer = least_cost(replace(problem, terms=terms(peak=10.0, so_far=so_far)))
    assert answer.objective == pytest.approx(10 * (peak_after - 5))


def test_a_term_counts_all_sessions_below_its_circuit(problem_of: Callable[..., Any], car: Any) -> None:
    cars = car(0, 2, 4.0, node="F"), car(0, 2, 2.0, node="S")
    problem = problem_of(*cars, steps=2, circuits=FEEDER_AND_SITE, price=np.array([0.0, 1.0]))
    feeder, site = (least_cost(replace(problem, terms=terms(node=n, peak=10.0))).objective for n in (0, 1))
    assert feeder == pytest.approx(10 * 3 + 3 * 1)
    assert site == pytest.approx(10 * 1 + 1 * 1)


def test_a_circuit_listed_twice_pays_twice(one_car: Callable[..., Problem]) -> None:
    twice = CircuitTerms(np.array([0, 0]), np.zeros(2), np.array([2.0, 3.0]), np.array([-np.inf, 1.0]))
    answer = least_cost(replace(one_car([0.0, 0.0], 4.0), terms=twice))
    assert answer.objective == pytest.approx(2 * 2 + 3 * (2 - 1))
