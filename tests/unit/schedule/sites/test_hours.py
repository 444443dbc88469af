"""Demand charges of certain hours in plans: by hand, and beside HiGHS."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError
from evenload.domain.site_tariff import ChargeHours, DemandCharge, SiteTariff
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.sites.bill import bill_of
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.sites.terms import Site, terms_of
from evenload.schedule.solver.optimum import Settings, solve

EVENING = SiteTariff((DemandCharge("any time", 2.0), DemandCharge("evening", 8.0, ChargeHours(18 * 60 + 30, 20 * 60))))


@pytest.fixture
def evening(problem_of: Callable[..., Any], car: Any) -> Callable[[int], Problem]:
    """18:00 to 22:00 in quarter hours; cars stay, and energy is cheapest while the evening charge looks."""

    def make(seed: int) -> Problem:
        rng = np.random.default_rng(seed)
        cars = [
            car(int(rng.integers(0, 4)), int(rng.integers(6, 12)), float(rng.uniform(1, 8)), 11.0) for _ in range(6)
        ]
        price = 0.2 + 0.1 * rng.random(16)
        price[2:8] -= 0.15
        problem: Problem = problem_of(
            *cars, steps=16, step_minutes=15, price=price, base_kw=6 * rng.random((1, 16))
        )  # fmt: skip
        return problem

    return make


@given(seed=st.integers(0, 10_000), stored=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plans_cost_what_highs_finds(evening: Callable[[int], Problem], seed: int, stored: bool) -> None:
    problem = evening(seed)
    if stored:
        problem = with_storage(problem, [Storage("storage", 0, 10.0, 5.0, 4.0, 4.0, 0.9, 0.9)])
    problem = terms_of([Site(0, "depot", EVENING, peak_kw_so_far=(9.0, 3.0))], problem.horizon).on(problem)
    best = least_cost(problem).objective
    found = solve(problem, Settings(gap=1e-4)).certificate
    assert found.bound <= best + 1e-6 * abs(best)
    assert best - 1e-6 * abs(best) <= found.objective <= best + 0.01 * abs(best)


def test_the_objective_is_the_bill(evening: Callable[[int], Problem]) -> None:
    bare = evening(3)
    problem = terms_of([Site(0, "depot", EVENING)], bare.horizon).on(bare)
    found = solve(problem, Settings(gap=1e-5))

    def total(power: Any) -> float:
        net = bare.base_load_kw[0] + bare.ev_load_kw(power)[0]
        return bill_of(EVENING, bare.horizon, "UTC", net, bare.price_per_kwh, bare.price_per_kwh).total

    more = total(found.plan.power_kw) - total(np.zeros(bare.cap_kw.size))
    assert found.certificate.objective == pytest.approx(more, rel=1e-9)


def test_load_outside_the_hours_is_free_of_the_charge(problem_of: Any, car: Any) -> None:
    """6 kWh in four hours, the first two of which count: they get what base load takes anyway."""
    bare = problem_of(
        car(0, 4, 6.0, 6.0), steps=4, base_kw=np.array([[1.0, 2.0, 0.0, 0.0]]), price=np.array([0, 0, 1, 1.0])
    )
    counts = np.array([[True, True, False, False]])
    terms = CircuitTerms(np.array([0]), np.zeros(1), np.array([10.0]), np.array([-np.inf]), counts)
    found = solve(replace(bare, terms=terms), Settings(gap=1e-6))
    assert found.plan.power_kw[:2] == pytest.approx([1.0, 0.0], abs=1e-3)
    assert found.certificate.objective == pytest.approx(5.0, rel=1e-4)


@pytest.mark.parametrize("counts", [np.zeros((1, 4), dtype=bool), np.ones((1, 3), dtype=bool)])
def test_a_row_that_never_counts_is_refused(problem_of: Any, car: Any, counts: Any) -> None:
    terms = CircuitTerms(np.array([0]), np.zeros(1), np.ones(1), np.zeros(1), counts)
    with pytest.raises(ColumnsError, match="a step that counts in every row"):
        replace(problem_of(car(0, 4, 6.0), steps=4), terms=terms)
