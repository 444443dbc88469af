"""Limits across the tree: the optimiser against a general solver, and problems worked by hand."""

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
from evenload.schedule.audit import ViolationKind, audit
from evenload.schedule.changes import arrived, departed, take
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver import fleet_parts as parts_of_fleet
from evenload.schedule.solver.branch import replan_branch
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.schedule.why.summary import Outcome
from evenload.testing import random_problem, rich_problem, with_across

SEEDS = st.integers(0, 2**32 - 1)
TOLERANCE = 1e-5


def scale_of(problem: Problem, optimum: float) -> float:
    """What errors of money are relative to."""
    at_once = float(problem.energy_kwh.sum()) * float(np.abs(problem.import_price()).mean())
    return max(abs(optimum), 0.01 * at_once, 1e-3)


def check(problem: Problem) -> float:
    """Solve, measure what is promised, compare with the true optimum; how far above it the plan is, relative, infinite
    where it serves less than it could.
    """
    solution = solve(problem)
    proof, power = solution.certificate, solution.plan.power_kw
    assert audit(problem, power, solution.minimum_kw) == ()
    money = problem.money(power) + problem.terms_cost(power) + problem.across_cost(power)
    assert proof.objective == pytest.approx(money, abs=1e-6 * scale_of(problem, money))
    assert problem.across is not None
    assert solution.across_price is not None
    assert solution.across_price.shape == problem.across.limit_kw.shape
    assert (solution.across_price >= 0).all()
    assert np.isfinite(solution.across_price).all()
    assert (solution.across_price <= problem.across.over_per_kwh * problem.horizon.hours_per_step).all()
    truth = least_cost(problem)
    slack, kwh = TOLERANCE * scale_of(problem, truth.objective), TOLERANCE * (1 + float(problem.energy_kwh.sum()))
    assert proof.energy_kwh_unserved >= truth.energy_kwh_unserved - kwh
    assert proof.energy_kwh_unserved_bound <= truth.energy_kwh_unserved + kwh
    assert proof.bound <= truth.objective + slack
    if proof.energy_kwh_unserved > truth.energy_kwh_unserved + kwh:
        return np.inf
    as_much = proof.energy_kwh_unserved <= truth.energy_kwh_unserved + 1e-3 * kwh  # a bit less served may cost less
    assert proof.objective >= (truth.objective if as_much else proof.bound) - slack
    return (proof.objective - truth.objective) / scale_of(problem, truth.objective)


def drawn(seed: int, **parts: bool) -> Problem:
    rng = np.random.default_rng(seed)
    return with_across(rich_problem(rng, **parts), rng)


@pytest.mark.requirement("R28", "R38")
@settings(max_examples=60)
@given(SEEDS, st.booleans())
def test_bounds_hold_and_limits_are_kept(seed: int, smoothing: bool) -> None:
    check(drawn(seed, smoothing=smoothing))


@pytest.mark.slow
@pytest.mark.requirement("R28", "R38")
@settings(max_examples=2000)
@given(SEEDS, st.booleans(), st.booleans())
def test_bounds_hold_on_many_problems(seed: int, smoothing: bool, peak: bool) -> None:
    check(drawn(seed, smoothing=smoothing, peak=peak))


@pytest.mark.slow
def test_nearly_all_plans_of_charging_are_as_good_as_the_best() -> None:
    above = np.array([check(drawn(seed, discharging=False, export=False)) for seed in range(1000)])
    assert np.mean(above <= 1e-3) >= 0.995
    assert np.mean(np.isinf(above)) <= 0.002


@pytest.mark.slow
def test_most_plans_with_cars_that_give_back_are_as_good_as_the_best() -> None:
    above = np.array([check(drawn(seed)) for seed in range(500)])
    assert np.mean(above <= 1e-3) >= 0.88


@pytest.mark.requirement("R30")
@settings(max_examples=60)
@given(SEEDS)
def test_what_is_set_aside_uses_limits_first_and_taper_is_kept(seed: int) -> None:
    problem = drawn(seed, taper=True, minimum=True)
    rng = np.random.default_rng(seed + 1)
    problem = replace(problem, opted_out=rng.random(problem.sessions) < 0.3)
    solution = solve(problem, Settings(sweeps_max=60))
    power = solution.plan.power_kw
    assert audit(problem, power, solution.minimum_kw) == ()
    residuals = Outcome.of(problem, power, solution.minimum_kw).residuals()
    assert residuals.kept
    assert residuals.across_kw <= 1e-6
    money = problem.money(power) + problem.terms_cost(power) + problem.across_cost(power)
    assert solution.certificate.objective == pytest.approx(money, abs=1e-6 * scale_of(problem, money))
    assert solution.certificate.bound <= money + TOLERANCE * scale_of(problem, money)


def across(limit_kw: FloatArray, over: float, session: list[int], weight: float = 1.0, **more: Any) -> Across:
    """One limit over some sessions."""
    members = np.array(session, dtype=np.int64)
    kw = np.atleast_2d(limit_kw)
    price = np.full(kw.shape, over)
    return Across(
        np.array(["g"]), kw, price, np.zeros(members.size, dtype=np.int64), members, np.full(members.size, weight),
        **more,
    )  # fmt: skip


@pytest.mark.requirement("R31")
def test_a_site_uses_its_sun_before_it_buys_and_before_it_is_cheap_elsewhere(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    """Two cars of 6 kWh on 4 kW of sun at noon: import 0.30, export 0.10, at night import 0.25.

    Noon costs 0.10 up to 4 kW and 0.30 above, night 0.25: 4 kWh of sun, 8 bought at night, whoever takes which.
    """
    problem = problem_of(car(0, 2, 6.0, 7.0), car(0, 2, 6.0, 7.0), steps=2, price=np.array([0.10, 0.10]))
    sun = across(np.array([4.0, 0.0]), 0.20, [0, 1])
    sun = replace(sun, over_per_kwh=np.array([[0.20, 0.15]]))
    solution = solve(replace(problem, across=sun), Settings(gap=1e-5))
    assert problem.ev_load_kw(solution.plan.power_kw)[0] == pytest.approx([4.0, 8.0], abs=1e-6)
    assert solution.certificate.objective == pytest.approx(4 * 0.10 + 8 * 0.25, rel=1e-6)
    assert solution.across_price == pytest.approx(np.array([[0.15, 0.15]]), abs=1e-3)


@pytest.mark.requirement("R38")
def test_a_group_over_two_feeders_shares_what_it_may_draw(problem_of: Callable[..., Problem], car: Any) -> None:
    """Two feeders without limits; the group of three may draw 6 kW in the cheap hour, the fourth car what it likes."""
    circuits = (
        Circuit("S", "", CircuitKind.SYSTEM),
        Circuit("F1", "S", CircuitKind.FEEDER),
        Circuit("F2", "S", CircuitKind.FEEDER),
    )
    cars = [car(0, 2, 5.0, 5.0, node=node) for node in ("F1", "F2", "F2", "F1")]
    problem = problem_of(*cars, steps=2, circuits=circuits, price=np.array([0.1, 0.3]))
    limited = replace(problem, across=across(np.array([6.0, np.inf]), np.inf, [0, 1, 2]))
    solution = solve(limited, Settings(gap=1e-5))
    power = solution.plan.power_kw.reshape(4, 2)
    assert power[:3, 0].sum() == pytest.approx(6.0, abs=1e-6)
    assert power[3] == pytest.approx([5.0, 0.0], abs=1e-6)
    assert solution.certificate.objective == pytest.approx(11 * 0.1 + 9 * 0.3, rel=1e-6)
    assert solution.across_price == pytest.approx(np.array([[0.2, 0.0]]), abs=1e-3)


def test_a_voluntary_limit_yields_where_energy_would_stay_unserved(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    problem = problem_of(car(0, 2, 8.0, 5.0), steps=2, price=np.array([0.1, 0.1]))
    soft = solve(replace(problem, across=across(np.array([1.0, np.inf]), 100.0, [0])))
    assert soft.plan.power_kw == pytest.approx([3.0, 5.0], abs=1e-6)
    hard = solve(replace(problem, across=across(np.array([1.0, np.inf]), np.inf, [0])))
    assert hard.plan.power_kw == pytest.approx([1.0, 5.0], abs=1e-6)
    assert hard.certificate.energy_kwh_unserved == pytest.approx(2.0, abs=1e-6)
    assert hard.certificate.energy_kwh_unserved_bound == pytest.approx(2.0, abs=1e-3)


def test_a_car_that_gives_back_makes_room_for_others_of_its_group() -> None:
    """Draws of 20 problems with a limit of nothing: what one gives back another may take, in the same step."""
    used = 0.0
    for seed in range(20):
        problem = drawn(seed, tariffs=False)
        assert problem.across is not None
        everybody = np.arange(problem.sessions)
        nothing = across(np.zeros((1, problem.horizon.steps)), np.inf, everybody.tolist())
        problem = replace(problem, across=nothing)
        solution = solve(problem, Settings(sweeps_max=60))
        assert audit(problem, solution.plan.power_kw) == ()
        used += float(np.maximum(solution.plan.power_kw, 0.0).sum())
    assert used > 0


def test_what_flows_besides_takes_room_and_is_not_blamed_on_members(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    problem = problem_of(car(0, 2, 4.0, 5.0), steps=2, price=np.array([0.1, 0.2]))
    limit = across(np.array([3.0, 3.0]), np.inf, [0], base_kw=np.array([[5.0, 1.0]]))
    solution = solve(replace(problem, across=limit))
    assert solution.plan.power_kw == pytest.approx([0.0, 2.0], abs=1e-6)
    assert audit(replace(problem, across=limit), solution.plan.power_kw) == ()


def test_the_audit_names_the_limit_that_is_broken(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(car(0, 2, 4.0, 5.0), car(0, 2, 4.0, 5.0), steps=2)
    limited = replace(problem, across=across(np.array([3.0, 3.0]), np.inf, [0, 1], 0.5))
    found = audit(limited, np.array([4.0, 0.0, 4.0, 0.0]))
    assert [(one.kind, one.where, one.step) for one in found] == [(ViolationKind.ACROSS, "g", 0)]
    assert found[0].excess_kw == pytest.approx(1.0)
    residuals = Outcome.of(limited, np.array([4.0, 0.0, 4.0, 0.0])).residuals()
    assert residuals.across_kw == pytest.approx(1.0)
    assert not residuals.kept
    soft = replace(limited, across=across(np.array([3.0, 3.0]), 0.7, [0, 1], 0.5))
    assert audit(soft, np.array([4.0, 0.0, 4.0, 0.0])) == ()
    assert soft.across_cost(np.array([4.0, 0.0, 4.0, 0.0])) == pytest.approx(0.7)


def test_sessions_that_come_and_go_keep_their_groups() -> None:
    problem = drawn(3)
    given = problem.across
    assert given is not None
    one = take(problem, np.array([problem.sessions - 1]))
    rest = departed(problem, str(problem.session_id[-1]))
    again = arrived(rest, one).across
    assert again is not None
    power = np.random.default_rng(0).uniform(size=problem.cap_kw.size)
    assert replace(problem, across=again).across_kw(power) == pytest.approx(problem.across_kw(power))
    alone = replace(one, across=given.take(np.zeros(0, dtype=np.int64), problem.sessions))
    assert arrived(rest, alone).across is rest.across
    with pytest.raises(ColumnsError, match="limits across the tree differ"):
        arrived(replace(rest, across=None), replace(one, across=across(given.limit_kw[:1], 1.0, [0])))


@settings(max_examples=30)
@given(SEEDS)
def test_a_branch_planned_again_keeps_what_others_leave_of_limits(seed: int) -> None:
    problem = drawn(seed, discharging=False, export=False)
    solution = solve(problem)
    node = problem.tree.circuits[-1].node
    plan = replan_branch(problem, solution.plan, solution.shadow_price, node).plan
    assert audit(problem, plan.power_kw) == ()


def test_planning_again_starts_from_the_tolls_and_comes_to_the_same() -> None:
    problem = drawn(11, discharging=False, export=False)
    first = solve(problem)
    again = solve(problem, None, first)
    assert again.certificate.objective == pytest.approx(first.certificate.objective, rel=2e-3, abs=1e-6)
    assert again.certificate.gap <= 1e-3


@pytest.mark.slow
def test_parts_of_a_fleet_share_limits_across(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    problem = with_across(random_problem(rng, sessions=400, opted_out=0.0, scarcity=0.8), rng, soft=False)
    whole = solve(problem, Settings(sweeps_max=100))
    monkeypatch.setattr(parts_of_fleet, "_SESSIONS_SPLIT", 50)
    split = [solve(problem, Settings(threads=threads, sweeps_max=100)) for threads in (1, 3)]
    assert np.array_equal(split[0].plan.power_kw, split[1].plan.power_kw)
    assert audit(problem, split[0].plan.power_kw) == ()
    lacks: list[Solution] = [whole, split[0]]
    served = [problem.energy_kwh.sum() - one.certificate.energy_kwh_unserved for one in lacks]
    assert served[0] == pytest.approx(served[1], rel=2e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit_kw", np.array([[-1.0, 1.0]])),
        ("limit_kw", np.array([[np.nan, 1.0]])),
        ("over_per_kwh", np.array([[-1.0, 1.0]])),
        ("session", np.array([5])),
        ("limit", np.array([1])),
        ("weight", np.array([0.0])),
        ("base_kw", np.array([[np.inf, 0.0]])),
        ("base_kw", np.array([0.0])),
    ],
)
def test_limits_that_cannot_be_are_refused(
    problem_of: Callable[..., Problem], car: Any, name: str, value: object
) -> None:
    problem = problem_of(car(0, 2, 4.0, 5.0), steps=2)
    limit = across(np.array([3.0, 3.0]), np.inf, [0])
    with pytest.raises(ColumnsError, match=name):
        replace(problem, across=replace(limit, **{name: value}))
