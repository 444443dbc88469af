"""The optimiser on small problems with everything in them, against a general solver that shares nothing with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, CircuitTerms, Tariffs
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver import fleet_parts as parts_of_fleet
from evenload.schedule.solver.optimum import Certificate, Settings, Solution, solve
from evenload.testing import random_problem, rich_problem

TOLERANCE = 1e-5
SEEDS = st.integers(0, 2**32 - 1)


def scale_of(problem: Problem, optimum: float) -> float:
    """What errors of money are relative to."""
    at_once = float(problem.energy_kwh.sum()) * float(np.abs(problem.import_price()).mean())
    return max(abs(optimum), 0.01 * at_once, 1e-3)


def check_promises(problem: Problem, solution: Solution) -> None:
    """Every hard fact, measured by the audit, and a certificate that says of the plan what is true of it."""
    certificate, power = solution.certificate, solution.plan.power_kw
    assert audit(problem, power, solution.minimum_kw) == ()
    money = problem.money(power) + problem.terms_cost(power)
    assert certificate.objective == pytest.approx(money, abs=1e-6 * scale_of(problem, money))
    for values in (power, solution.shadow_price, solution.marginal_per_kwh, solution.unserved_kwh):
        assert np.isfinite(values).all()
    end = problem.level_kwh(power)[problem.offset[1:] - 1]
    assert solution.unserved_kwh == pytest.approx(problem.energy_kwh - end, abs=1e-6 * (1 + end.max(initial=0.0)))
    assert certificate.energy_kwh_unserved_bound <= certificate.energy_kwh_unserved + 1e-6
    assert not solution.shadow_price[solution.scarcity].any()


def check_bounds(problem: Problem, certificate: Certificate) -> float:
    """Bounds hold against the true optimum; how far above it the plan is, relative, infinite where it serves less."""
    truth = least_cost(problem)
    slack = TOLERANCE * scale_of(problem, truth.objective)
    least_kwh = TOLERANCE * (1 + float(problem.energy_kwh.sum()))
    assert certificate.energy_kwh_unserved >= truth.energy_kwh_unserved - least_kwh
    assert certificate.energy_kwh_unserved_bound <= truth.energy_kwh_unserved + least_kwh
    if certificate.energy_kwh_unserved > truth.energy_kwh_unserved + least_kwh:
        return np.inf
    assert certificate.bound <= truth.objective + slack
    assert certificate.objective >= truth.objective - slack
    return (certificate.objective - truth.objective) / scale_of(problem, truth.objective)


@pytest.mark.requirement("R28", "R38", "R106", "R122")
@settings(max_examples=80)
@given(SEEDS, st.booleans(), st.booleans())
def test_bounds_hold_and_promises_are_kept_whatever_a_problem_holds(seed: int, smoothing: bool, peak: bool) -> None:
    problem = rich_problem(np.random.default_rng(seed), smoothing=smoothing, peak=peak)
    solution = solve(problem, Settings(sweeps_max=60))
    check_promises(problem, solution)
    check_bounds(problem, solution.certificate)


@pytest.mark.slow
@pytest.mark.requirement("R28", "R38", "R106", "R122")
@settings(max_examples=1500)
@given(SEEDS, st.booleans(), st.booleans())
def test_bounds_hold_on_many_problems(seed: int, smoothing: bool, peak: bool) -> None:
    problem = rich_problem(np.random.default_rng(seed), smoothing=smoothing, peak=peak)
    solution = solve(problem, Settings(sweeps_max=60))
    check_promises(problem, solution)
    check_bounds(problem, solution.certificate)


@pytest.mark.requirement("R30", "R94")
@settings(max_examples=120)
@given(SEEDS)
def test_minimum_and_taper_are_kept_with_everything_else(seed: int) -> None:
    problem = rich_problem(np.random.default_rng(seed), taper=True, minimum=True, peak=seed % 3 == 0)
    check_promises(problem, solve(problem, Settings(sweeps_max=60)))


@pytest.mark.slow
def test_nearly_all_plans_are_as_good_as_the_best() -> None:
    """Tiny problems made awkward on purpose: most cars give back, and limits bind both ways."""
    above = []
    for seed in range(300):
        problem = rich_problem(np.random.default_rng(seed))
        above.append(check_bounds(problem, solve(problem).certificate))
    assert np.mean(np.array(above) <= 1e-3) >= 0.95
    assert np.mean(np.isinf(above)) <= 0.01


def giving_back(problem: Problem, **changes: FloatArray) -> Problem:
    """The problem with batteries of 10 kWh either way that lose nothing, except for ``changes``."""
    ten, one = np.full(problem.sessions, 10.0), np.ones(problem.sessions)
    batteries = Batteries(ten, one, ten, np.maximum(ten, problem.energy_kwh), 0 * one, one * np.inf, one * np.inf)
    return replace(problem, batteries=replace(batteries, **changes), export_limit_kw=np.full((1, 1), np.inf))


@pytest.mark.requirement("R122")
def test_buying_cheap_and_selling_dear(problem_of: Callable[..., Problem], car: Any) -> None:
    """Two hours at 1 and 3 a kWh: 8 kWh more in the first bring 0.8 x 8 back in the second, and 0.1 of wear a kWh."""
    problem = problem_of(car(0, 2, 2.0, 10.0), steps=2, price=np.array([1.0, 3.0]))
    problem = giving_back(problem, round_trip=np.array([0.8]), wear_per_kwh=np.array([0.1]))
    solution = solve(problem, Settings(gap=1e-5))
    assert solution.plan.power_kw == pytest.approx([10.0, -6.4], abs=1e-4)
    assert solution.certificate.objective == pytest.approx(10.0 - 6.4 * 2.9, rel=1e-5)


def test_what_a_kwh_given_back_earns_must_pay_for_its_loss_and_wear(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    problem = problem_of(car(0, 2, 2.0, 10.0), steps=2, price=np.array([1.0, 1.3]))
    problem = giving_back(problem, round_trip=np.array([0.8]), wear_per_kwh=np.array([0.1]))
    assert solve(problem).plan.power_kw == pytest.approx([2.0, 0.0], abs=1e-6)


def test_export_limit_holds_back_what_is_given_back(problem_of: Callable[..., Problem], car: Any) -> None:
    base = np.array([[0.0, 1.5]])
    problem = giving_back(problem_of(car(0, 2, 0.0, 10.0), steps=2, price=np.array([1.0, 3.0]), base_kw=base))
    limited = replace(problem, export_limit_kw=np.full((1, 1), 2.0))
    solution = solve(limited)
    assert solution.plan.power_kw == pytest.approx([3.5, -3.5], abs=1e-6)
    assert solution.shadow_price[0] == pytest.approx([0.0, -2.0], abs=1e-2)


def test_a_peak_that_costs_is_flattened_as_far_as_it_pays(problem_of: Callable[..., Problem], car: Any) -> None:
    """8 kWh over 4 hours, base load 3, 0, 0, 1: the least peak is 3; below a price of 0.5 a kW the cheap hour wins."""
    base = np.array([[3.0, 0.0, 0.0, 1.0]])
    problem = problem_of(car(0, 4, 8.0, 7.0), steps=4, price=np.array([0.2, 0.1, 0.2, 0.2]), base_kw=base)
    dear = replace(problem, terms=terms(peak=1.0))
    solution = solve(dear, Settings(gap=1e-5))
    assert problem.ev_load_kw(solution.plan.power_kw)[0] + base[0] == pytest.approx([3.0, 3.0, 3.0, 3.0], abs=1e-3)
    cheap = replace(problem, terms=terms(peak=0.01))
    assert solve(cheap).plan.power_kw.max() == pytest.approx(7.0, abs=1e-3)
    paid = replace(problem, terms=terms(peak=1.0, so_far=5.0))
    loads = problem.ev_load_kw(solve(paid).plan.power_kw)[0] + base[0]
    assert loads.max() == pytest.approx(5.0, abs=1e-3)


def terms(smoothing: float = 0.0, peak: float = 0.0, so_far: float = -np.inf) -> CircuitTerms:
    return CircuitTerms(np.array([0]), np.array([smoothing]), np.array([peak]), np.array([so_far]))


@pytest.mark.requirement("R106")
def test_smoothing_fills_the_valley(problem_of: Callable[..., Problem], car: Any) -> None:
    """Water over base loads 4, 1, 2: 5 kWh lift all but the first to 4 less rounding."""
    base = np.array([[4.0, 1.0, 2.0]])
    problem = problem_of(car(0, 3, 5.0, 7.0), steps=3, price=np.zeros(3), base_kw=base)
    solution = solve(replace(problem, terms=terms(smoothing=1.0)))
    assert solution.plan.power_kw == pytest.approx([0.0, 3.0, 2.0], abs=1e-4)
    assert solution.certificate.objective == pytest.approx(16 + 16 - 1 - 4, rel=1e-6)


def test_each_session_pays_its_own_tariff(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(car(0, 2, 3.0, 3.0), car(0, 2, 3.0, 3.0), steps=2, price=np.zeros(2))
    price = np.array([[0.1, 0.2], [0.2, 0.1]])
    solution = solve(replace(problem, tariffs=Tariffs(np.array([0, 1]), price, price)))
    assert solution.plan.power_kw == pytest.approx([3.0, 0.0, 0.0, 3.0], abs=1e-6)


@pytest.mark.requirement("R30")
def test_minimum_comes_at_once_up_to_the_emergency_limit_and_the_rest_when_it_is_cheap(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    limit = (Circuit("T", "", CircuitKind.TRANSFORMER, 2.0, 4.0),)
    problem = problem_of(car(0, 3, 6.0, 7.0), steps=3, circuits=limit, price=np.array([0.3, 0.2, 0.1]))
    problem = replace(problem, minimum_kwh=np.array([5.0]), emergency_limit_kw=np.full((1, 1), 4.0))
    solution = solve(problem)
    assert solution.plan.power_kw == pytest.approx([4.0, 1.0, 1.0], abs=1e-6)
    assert solution.minimum_kw == pytest.approx([4.0, 1.0, 0.0], abs=1e-6)


def test_power_falls_near_full(problem_of: Callable[..., Problem], car: Any) -> None:
    """Full at 9 kWh, falling from 5: of the last hour's 8 kW at a level of 5 all, at 7 half are left."""
    problem = problem_of(car(0, 3, 8.0, 8.0), steps=3, price=np.array([0.3, 0.2, 0.1]))
    one = np.ones(1)
    taper = Batteries(0 * one, one, 0 * one, 9 * one, 0 * one, 5 * one, 9 * one)
    solution = solve(replace(problem, batteries=taper))
    power = solution.plan.power_kw
    assert power[2] <= 8 * min(1.0, (9 - power[0] - power[1]) / 4) + 1e-6
    assert power.sum() == pytest.approx(8.0, abs=1e-6)
    assert solution.certificate.rounding_loss <= 0.3


def test_opted_out_cars_charge_at_once_and_others_keep_out_of_their_way(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    limit = (Circuit("T", "", CircuitKind.TRANSFORMER, 5.0),)
    problem = problem_of(car(0, 2, 4.0, 4.0), car(0, 2, 3.0, 4.0), steps=2, circuits=limit, price=np.array([0.1, 0.2]))
    solution = solve(replace(problem, opted_out=np.array([True, False])))
    assert solution.plan.power_kw == pytest.approx([4.0, 0.0, 1.0, 2.0], abs=1e-6)


def test_a_limit_that_is_lifted_leaves_no_toll_behind(problem_of: Callable[..., Problem], car: Any) -> None:
    limit = (Circuit("T", "", CircuitKind.TRANSFORMER, 7.0),)
    problem = problem_of(*[car(0, 4, 8.0, 7.0)] * 3, steps=4, circuits=limit, price=np.array([0.1, 0.2, 0.3, 0.4]))
    lifted = replace(problem, limit_kw=np.full((1, 1), np.inf))
    certificate = solve(lifted, None, solve(problem)).certificate
    assert certificate.bound == pytest.approx(3 * (7 * 0.1 + 1 * 0.2), rel=1e-3)
    assert certificate.gap <= 1e-3


@pytest.mark.slow
@pytest.mark.requirement("R41")
def test_a_large_fleet_behind_one_scarce_limit_is_solved_in_parts_as_well_as_in_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Parts that answered the same toll at once would overshoot: sweeps must come to rest all the same."""
    problem = random_problem(np.random.default_rng(3), sessions=400, opted_out=0.0, scarcity=0.95)
    whole = solve(problem)
    monkeypatch.setattr(parts_of_fleet, "_SESSIONS_SPLIT", 50)
    split = [solve(problem, Settings(threads=threads)) for threads in (1, 3)]
    assert np.array_equal(split[0].plan.power_kw, split[1].plan.power_kw)
    assert split[0].certificate.gap <= 1e-3
    assert split[0].certificate.sweeps <= 2 * whole.certificate.sweeps
    assert split[0].certificate.objective == pytest.approx(whole.certificate.objective, rel=2e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first_step", np.array([-1])),
        ("node", np.array([1])),
        ("limit_kw", np.array([[np.nan]])),
        ("energy_kwh", np.array([-1.0])),
        ("terms", CircuitTerms(np.array([0]), np.array([np.nan]), np.zeros(1), np.zeros(1))),
        ("terms", CircuitTerms(np.array([5]), np.zeros(1), np.zeros(1), np.zeros(1))),
    ],
)
def test_problems_that_cannot_be_are_refused(
    problem_of: Callable[..., Problem], car: Any, name: str, value: object
) -> None:
    problem = problem_of(car(0, 2, 2.0, 10.0), steps=2)
    with pytest.raises(ColumnsError):
        replace(problem, **{name: value})
