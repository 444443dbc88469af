"""Charges of sites as terms: worked by hand, and solved by the optimiser beside HiGHS."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import ChargeHours, DemandCharge, SiteTariff, Subscription
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.sites.terms import Site, targets_kw, terms_of
from evenload.schedule.solver.optimum import Settings, solve

DEMAND = SiteTariff((DemandCharge("demand charge", 10.0, ratchet_share=0.5),))
TWO_HOURS = Horizon(datetime(2019, 6, 3, tzinfo=UTC), 15, 8)


def site(tariff: SiteTariff = DEMAND, **more: Any) -> Site:
    return Site(0, "depot", tariff, **more)


@pytest.mark.parametrize(
    ("so_far", "before", "level"),
    [((), (), 0.0), ((40.0,), (), 40.0), ((40.0,), (60.0,), 40.0), ((40.0,), (200.0,), 100.0)],
)
def test_what_is_paid_already_costs_nothing(so_far: tuple[float, ...], before: tuple[float, ...], level: float) -> None:
    found = terms_of([site(peak_kw_so_far=so_far, highest_kw_before=before)], TWO_HOURS)
    assert (found.terms.peak_kw_so_far.tolist(), found.terms.peak_per_kw.tolist()) == ([level], [10.0])
    assert found.counts.all()
    assert found.owner == ("demand charge of depot",)


def test_the_next_period_pays_anew() -> None:
    """Midnight ends the month an hour into the horizon: the peak so far is of no use after it, a ratchet is."""
    end = datetime(2019, 6, 3, 1, tzinfo=UTC)
    found = terms_of([site(peak_kw_so_far=(70.0,), highest_kw_before=(90.0,), period_end=end)], TWO_HOURS)
    assert found.terms.peak_kw_so_far.tolist() == [70.0, 45.0]
    assert found.counts.tolist() == [[True] * 4 + [False] * 4, [False] * 4 + [True] * 4]


def test_hours_that_do_not_occur_in_the_horizon_make_no_term() -> None:
    sunday = SiteTariff((DemandCharge("sunday", 10.0, ChargeHours(weekdays=frozenset({6}))),))
    found = terms_of([site(sunday)], TWO_HOURS)
    assert found.terms.node.size == 0
    assert found.counts.shape == (0, 8)


def test_a_target_is_what_most_months_come_to() -> None:
    needed = np.array([[30.0], [50.0], [80.0]])
    assert targets_kw(site(needed_kw=needed, days_left=20)) == (80.0,)
    assert targets_kw(site(needed_kw=needed, days_left=0)) == (0.0,)
    assert targets_kw(site(needed_kw=needed, days_left=20, peak_kw_so_far=(95.0,))) == (95.0,)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"peak_kw_so_far": (1.0, 2.0)}, "one number of 0 kW or more for each of demand charge"),
        ({"highest_kw_before": (-1.0,)}, "one number of 0 kW or more"),
        ({"days_left": -1}, "days_left must be 0 or more"),
        ({"needed_kw": np.zeros((3, 2))}, "needed_kw needs one finite load a day"),
        ({"needed_kw": np.full((3, 1), np.nan)}, "needed_kw needs one finite load a day"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        site(**wrong)


def test_steps_too_long_to_show_demand_are_refused() -> None:
    with pytest.raises(InputError, match="steps of 60 min do not show"):
        terms_of([site()], Horizon(TWO_HOURS.start, 60, 2))


@pytest.fixture
def depot(problem_of: Callable[..., Any], car: Any, rng: np.random.Generator) -> Callable[[int], Problem]:
    def make(cars: int, limit_kw: float = np.inf) -> Problem:
        first, slots = rng.integers(0, 20, cars), rng.integers(12, 28, cars)
        needs = rng.uniform(2.0, 0.9 * 7.4 * slots / 4)
        made = [car(int(f), int(n), float(need)) for f, n, need in zip(first, slots, needs, strict=True)]
        problem: Problem = problem_of(
            *made, steps=48, step_minutes=15, base_kw=5 + 5 * rng.random((1, 48)),
            price=rng.uniform(0.05, 0.4, 48), circuits=(Circuit("S", "", CircuitKind.SITE, limit_kw),),
        )  # fmt: skip
        return problem

    return make


@pytest.mark.parametrize("cars", [5, 12, 30])
def test_plans_with_charges_cost_what_highs_finds(depot: Callable[[int], Problem], cars: int) -> None:
    needed = np.linspace(10.0, 60.0, 15)[:, None]
    terms = terms_of([site(peak_kw_so_far=(12.0,), needed_kw=needed, days_left=9)], depot(1).horizon)
    assert terms.terms.node.size > 1
    problem = terms.on(depot(cars))
    best = least_cost(problem).objective
    found = solve(problem, Settings(gap=1e-4)).certificate
    assert found.bound <= best + 1e-6 * abs(best)
    assert best * (1 - 1e-6) <= found.objective <= best * 1.002
    assert found.violation_kw_max < 1e-6


def test_a_peak_so_far_above_the_limit_leaves_energy_price_alone(depot: Callable[..., Problem]) -> None:
    problem = depot(8, limit_kw=40.0)
    by_price = solve(problem, Settings(gap=1e-5)).certificate.objective
    paid = terms_of([site(peak_kw_so_far=(500.0,))], problem.horizon).on(problem)
    assert solve(paid, Settings(gap=1e-5)).certificate.objective == pytest.approx(by_price, rel=1e-4)


def test_terms_come_beside_those_a_problem_has(depot: Callable[[int], Problem]) -> None:
    own = CircuitTerms(np.array([0]), np.array([0.1]), np.array([0.0]), np.array([-np.inf]))
    both = terms_of([site()], depot(1).horizon).on(replace(depot(1), terms=own)).terms
    assert both is not None
    assert both.smoothing_per_kw2h.tolist() == [0.1, 0.0]
    assert both.peak_per_kw.tolist() == [0.0, 10.0]


def test_blocks_subscribed_to_are_free_up_to_their_edge() -> None:
    tariff = SiteTariff((Subscription(50.0, 95.56, 3.82, blocks=2),))
    found = terms_of([site(tariff, peak_kw_so_far=(20.0,))], TWO_HOURS).terms
    assert (found.peak_kw_so_far.tolist(), found.peak_per_kw.tolist()) == ([100.0], [3.82])
