"""The optimiser against a general solver on small awkward problems, and against problems worked by hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.testing import frozen, random_problem

TOLERANCE = 1e-6
AWKWARD_PRICES = {
    "usual": (0.08, 0.35),
    "negative": (-0.3, -0.01),
    "both signs": (-0.2, 0.2),
    "flat": (0.2, 0.2),
    "free": (0.0, 0.0),
    "per MWh": (80.0, 350.0),
}


@st.composite
def awkward_problems(draw: st.DrawFn) -> Problem:
    """Trees of depth 1 to 8, steps of 1 to 60 min, limits of every kind, needs from none to more than fits."""
    depth, branches = draw(st.integers(1, 8)), draw(st.integers(1, 2))
    steps, sessions = draw(st.integers(1, 16)), draw(st.integers(0, 9))
    horizon = Horizon(datetime(2025, 1, 13, 17, tzinfo=UTC), draw(st.sampled_from([1, 5, 10, 15, 30, 60])), steps)
    low, high = AWKWARD_PRICES[draw(st.sampled_from(sorted(AWKWARD_PRICES)))]
    tightness = draw(st.sampled_from([0.5, 0.9, 1.2, 2.0]))
    over_time, above_limit = draw(st.booleans()), draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    tree = tree_of(depth, branches, rng)
    first = rng.integers(0, steps, sessions)
    slots = rng.integers(1, steps - first + 1)
    offset = np.concatenate([[0], np.cumsum(slots)])
    power = rng.choice([1.4, 3.7, 11.0, 22.0], sessions)
    cap = np.repeat(power, slots)
    cap[offset[1:] - 1] *= rng.choice([1.0, 0.4], sessions)
    need = power * slots * horizon.hours_per_step * rng.choice([0.0, 0.1, 0.4, 0.8, 1.0, 1.4], sessions)
    node = rng.integers(0, len(tree), sessions)
    base = tree.sum_up(rng.uniform(-1.0, 3.0, (len(tree), steps)))
    flat = np.zeros((len(tree), steps))
    for i in range(sessions):
        flat[node[i], first[i] : first[i] + slots[i]] += need[i] / (slots[i] * horizon.hours_per_step)
    head = tree.sum_up(flat) * rng.uniform(0.7, 1.3, flat.shape) / tightness
    limit = base + head if over_time else (base + head).max(axis=1, keepdims=True)
    limit = np.where(rng.random((len(tree), 1)) < 0.3, np.inf, limit)
    if above_limit:
        limit = np.where(rng.random(limit.shape) < 0.15, base.min() - 1.0, limit)
    return frozen(
        Problem(
            horizon, np.array([f"s{i}" for i in range(sessions)], dtype=np.str_), node, first, offset, cap, slots, need,
            power, np.zeros(sessions, dtype=np.bool_), tree, base, limit, rng.uniform(low, high, steps).round(3),
            np.zeros(steps, dtype=np.int64),
        )
    )  # fmt: skip


def tree_of(depth: int, branches: int, rng: np.random.Generator) -> CircuitTree:
    """A chain of ``depth`` circuits with up to ``branches - 1`` more at each level below the root."""
    circuits = [Circuit("0.0", "", CircuitKind.SYSTEM)]
    for level in range(1, depth):
        width = int(rng.integers(1, branches + 1))
        circuits += [Circuit(f"{level}.{b}", f"{level - 1}.0", CircuitKind.FEEDER) for b in range(width)]
    return CircuitTree.of(circuits)


def drawn_as_for_strategies(seed: int, sessions: int, scarcity: float) -> Problem:
    return random_problem(np.random.default_rng(seed), sessions=sessions, opted_out=0.0, scarcity=scarcity)


random_problems = st.builds(
    drawn_as_for_strategies, st.integers(0, 2**32 - 1), st.integers(0, 12), st.sampled_from([0.0, 0.7, 1.0, 1.5])
)
problems = st.one_of(awkward_problems(), random_problems)


def money_scale(problem: Problem, optimum: float) -> float:
    """What errors of money are relative to: the optimum, or 1 % of what all needs cost at the mean price."""
    at_once = float(problem.energy_kwh.sum()) * float(np.abs(problem.price_per_kwh).mean())
    return max(abs(optimum), 0.01 * at_once, 1e-3)


def excess_kw(problem: Problem, power_kw: FloatArray) -> FloatArray:
    """Load of the sessions above what base load leaves of each limit, relative to it where it is above 1 kW."""
    head = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)
    with np.errstate(invalid="ignore"):
        over = (problem.ev_load_kw(power_kw) - head) / np.maximum(head, 1.0)
    return np.where(np.isinf(head), 0.0, over)


def check_plan(problem: Problem, solution: Solution) -> None:
    """What must hold whatever the optimum is."""
    power, certificate = solution.plan.power_kw, solution.certificate
    for values in (power, solution.shadow_price, solution.unserved_kwh, solution.marginal_per_kwh):
        assert np.isfinite(values).all()
    assert np.isfinite([certificate.objective, certificate.bound, certificate.gap, certificate.violation_kw_max]).all()
    assert solution.shadow_price.shape == (len(problem.tree), problem.horizon.steps)
    assert (solution.shadow_price[~solution.scarcity] >= 0).all()
    assert (power >= -1e-9).all()
    assert (power <= problem.cap_kw * (1 + TOLERANCE)).all()
    assert excess_kw(problem, power).max(initial=0.0) <= TOLERANCE
    assert certificate.violation_kw_max == pytest.approx(
        max(0.0, (problem.ev_load_kw(power) - np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)).max()), abs=1e-9
    )
    delivered = problem.delivered_kwh(power)
    assert (delivered <= problem.energy_kwh * (1 + 1e-9) + 1e-9).all()
    assert solution.unserved_kwh == pytest.approx(problem.energy_kwh - delivered, abs=TOLERANCE)
    cost = float(power @ problem.price_per_kwh[problem.slot_steps()]) * problem.horizon.hours_per_step
    assert certificate.objective == pytest.approx(cost, abs=TOLERANCE * money_scale(problem, cost))


def check_certificate(problem: Problem, solution: Solution, chosen: Settings) -> None:
    """The bound is below the true optimum, the plan is not, and as much is served as can be."""
    certificate, truth = solution.certificate, least_cost(problem)
    slack = TOLERANCE * money_scale(problem, truth.objective)
    assert certificate.unserved_is_least
    assert certificate.energy_kwh_unserved == pytest.approx(truth.energy_kwh_unserved, rel=TOLERANCE, abs=TOLERANCE)
    assert certificate.bound <= truth.objective + slack
    assert truth.objective <= certificate.objective + slack
    assert certificate.gap >= 0
    assert certificate.gap <= chosen.gap or certificate.sweeps >= chosen.sweeps_max
    assert (
        certificate.objective - certificate.bound <= certificate.gap * money_scale(problem, certificate.bound) + slack
    )


def check(problem: Problem) -> None:
    before = frozen(problem)
    chosen = Settings(gap=1e-3)
    solution, again = solve(problem, chosen), solve(problem, chosen)
    check_plan(problem, solution)
    check_certificate(problem, solution, chosen)
    assert np.array_equal(solution.plan.power_kw, again.plan.power_kw)
    assert solution.certificate == again.certificate
    for name in Problem.__dataclass_fields__:
        if isinstance(value := getattr(problem, name), np.ndarray):
            assert np.array_equal(value, getattr(before, name)), f"Problem.{name} was changed"


@pytest.mark.requirement("R28", "R38", "R39", "R41")
@settings(max_examples=150)
@given(problems)
def test_bound_optimum_objective_and_every_limit_on_small_problems(problem: Problem) -> None:
    check(problem)


@pytest.mark.slow
@pytest.mark.requirement("R28", "R38", "R39", "R41")
@settings(max_examples=1000)
@given(problems)
def test_bound_optimum_objective_and_every_limit_on_many_small_problems(problem: Problem) -> None:
    check(problem)


@pytest.mark.requirement("R41")
@pytest.mark.slow
def test_most_small_problems_reach_the_gap_asked_for() -> None:
    drawn = [random_problem(np.random.default_rng(k), scarcity=(0.0, 0.7, 1.5)[k % 3]) for k in range(200)]
    reached = [solve(problem, Settings(gap=1e-3)).certificate.gap <= 1e-3 for problem in drawn]
    assert np.mean(reached) >= 0.95


@settings(max_examples=60)
@given(random_problems.map(lambda problem: replace(problem, limit_kw=np.full((len(problem.tree), 1), np.inf))))
def test_where_nothing_binds_everybody_charges_in_the_cheapest_steps(problem: Problem) -> None:
    certificate, step = solve(problem).certificate, problem.slot_steps()
    cost = 0.0
    for i in range(problem.sessions):
        window = slice(problem.offset[i], problem.offset[i + 1])
        left = problem.energy_kwh[i]
        for price, cap in sorted(zip(problem.price_per_kwh[step[window]], problem.cap_kw[window], strict=True)):
            given_kwh = min(left, cap * problem.horizon.hours_per_step)
            cost += given_kwh * price
            left -= given_kwh
    slack = TOLERANCE * money_scale(problem, cost)
    assert certificate.objective == pytest.approx(cost, abs=slack)
    assert certificate.bound == pytest.approx(cost, abs=slack)


@settings(max_examples=40)
@given(random_problems, st.sampled_from([0.01, 1000.0]))
def test_another_currency_changes_no_power(problem: Problem, rate: float) -> None:
    here = solve(problem)
    there = solve(replace(problem, price_per_kwh=rate * problem.price_per_kwh))
    slack = 2e-3 * money_scale(problem, here.certificate.objective)
    assert there.certificate.objective / rate == pytest.approx(here.certificate.objective, abs=slack)
    assert there.certificate.energy_kwh_unserved == pytest.approx(here.certificate.energy_kwh_unserved, abs=TOLERANCE)


def one_limit(limit_kw: float) -> tuple[Circuit, ...]:
    return (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw),)


def test_two_cars_share_one_limit(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(
        car(0, 3, 3.5), car(0, 3, 3.5), steps=3, circuits=one_limit(4.0), price=np.array([0.1, 0.2, 0.3])
    )
    solution = solve(problem, Settings(gap=1e-6))
    assert problem.ev_load_kw(solution.plan.power_kw)[0] == pytest.approx([4.0, 3.0, 0.0], abs=1e-4)
    assert solution.certificate.objective == pytest.approx(4 * 0.1 + 3 * 0.2, rel=1e-5)
    assert solution.shadow_price[0] == pytest.approx([0.1, 0.0, 0.0], abs=1e-3)
    assert solution.marginal_per_kwh == pytest.approx([0.2, 0.2], abs=1e-3)


@pytest.mark.parametrize("cars", [4, 12])
def test_a_chain_of_exchanges_where_only_one_plan_serves_everybody(
    problem_of: Callable[..., Problem], car: Any, cars: int
) -> None:
    """Each car wants the step of the one before it, and the first has no other."""
    chain = [car(max(i - 1, 0), 1 if i == 0 else 2, 1.0, 1.0) for i in reversed(range(cars))]
    problem = problem_of(*chain, steps=cars, circuits=one_limit(1.0), price=np.linspace(0.1, 0.3, cars))
    solution = solve(problem)
    assert solution.certificate.energy_kwh_unserved == pytest.approx(0.0, abs=TOLERANCE)
    assert solution.certificate.objective == pytest.approx(0.2 * cars, rel=TOLERANCE)
    wanted = [0.0, 1.0] * (cars - 1) + [1.0]
    assert solution.plan.power_kw == pytest.approx(wanted, abs=TOLERANCE)


def test_negative_prices_are_taken_but_never_beyond_the_need(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(car(0, 4, 9.0, 4.0), steps=4, price=np.array([-0.1, 0.3, -0.3, -0.2]))
    solution = solve(problem)
    assert solution.plan.power_kw == pytest.approx([1.0, 0.0, 4.0, 4.0], abs=1e-3)
    assert solution.certificate.objective == pytest.approx(-0.1 - 1.2 - 0.8, rel=1e-4)
    assert problem.delivered_kwh(solution.plan.power_kw)[0] <= 9.0 * (1 + 1e-9)


def test_what_cannot_fit_is_unserved_and_base_load_above_a_limit_leaves_no_room(
    problem_of: Callable[..., Problem], car: Any
) -> None:
    base = np.array([[1.0, 6.0, 2.0]])
    problem = problem_of(car(0, 3, 8.0, 5.0), steps=3, circuits=one_limit(4.0), base_kw=base, price=np.full(3, 0.2))
    solution = solve(problem)
    assert solution.plan.power_kw == pytest.approx([3.0, 0.0, 2.0], abs=TOLERANCE)
    assert solution.unserved_kwh == pytest.approx([3.0], abs=TOLERANCE)
    assert solution.certificate.objective == pytest.approx(1.0, rel=TOLERANCE)
    assert solution.certificate.bound == pytest.approx(1.0, rel=1e-3)
    assert audit(problem, solution.plan.power_kw) == ()


def test_no_cars_cost_nothing(problem_of: Callable[..., Problem]) -> None:
    certificate = solve(problem_of()).certificate
    assert (certificate.objective, certificate.bound, certificate.gap) == (0.0, 0.0, 0.0)
    assert certificate.energy_kwh_unserved == 0.0


def test_a_car_that_leaves_as_it_comes_is_unserved(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = replace(
        problem_of(car(2, 1, 3.0)),
        offset=np.array([0, 0]), cap_kw=np.zeros(0), declared_slots=np.array([0]),
    )  # fmt: skip
    assert solve(problem).unserved_kwh == pytest.approx([3.0])


@pytest.mark.parametrize("wrong", [{"gap": 0.0}, {"gap": 1.0}, {"gap": float("nan")}, {"sweeps_max": 0}])
def test_settings_that_cannot_be_met_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Settings(**wrong)
