"""What happens to a problem while it is carried out, and planning on from the last solution."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import CircuitError, ColumnsError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.changes import arrived, departed, limited, opted_out, take
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.solver.branch import replan_branch
from evenload.schedule.solver.optimum import Settings, solve
from evenload.testing import random_problem, rich_problem

SEEDS = st.integers(0, 2**32 - 1)
TREE = (
    Circuit("system", "", CircuitKind.SYSTEM, 6.0),
    Circuit("F1", "system", CircuitKind.FEEDER, 5.0),
    Circuit("F2", "system", CircuitKind.FEEDER, 5.0),
)


@settings(max_examples=60)
@given(SEEDS)
def test_splitting_a_problem_and_joining_it_again_changes_nothing(seed: int) -> None:
    problem = rich_problem(np.random.default_rng(seed), taper=seed % 2 == 0, minimum=seed % 3 == 0)
    cut = problem.sessions // 2
    again = arrived(take(problem, np.arange(cut)), take(problem, np.arange(cut, problem.sessions)))
    power = solve(problem, Settings(sweeps_max=20)).plan.power_kw
    assert np.array_equal(solve(again, Settings(sweeps_max=20)).plan.power_kw, power)


def test_a_car_leaves_and_its_power_is_free_for_others(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = problem_of(
        car(0, 2, 4.0, 4.0), car(0, 2, 4.0, 4.0), steps=2, circuits=TREE[:1], price=np.array([0.1, 0.2])
    )
    problem = replace(problem, session_id=np.array(["ann", "bo"]))
    before = solve(problem)
    after = departed(problem, "ann")
    assert after.session_id.tolist() == ["bo"]
    assert solve(after, None, before).plan.power_kw == pytest.approx([4.0, 0.0], abs=1e-6)


def test_changes_that_cannot_be_are_refused(problem_of: Callable[..., Problem], car: Any) -> None:
    problem = replace(problem_of(car(0, 2, 4.0)), session_id=np.array(["ann"]))
    with pytest.raises(InputError, match="'ann' is already"):
        arrived(problem, problem)
    with pytest.raises(InputError, match="'bo' is not"):
        departed(problem, "bo")
    with pytest.raises(CircuitError, match="not in the grid"):
        limited(problem, "nowhere", 1.0)
    with pytest.raises(InputError, match="0 kW or more"):
        limited(problem, problem.tree.circuits[0].node, -1.0)
    other = replace(problem, session_id=np.array(["bo"]), minimum_kwh=np.array([1.0]))
    with pytest.raises(ColumnsError, match="minimum_kwh"):
        arrived(problem, other)


@pytest.mark.requirement("R41")
@settings(max_examples=60)
@given(SEEDS)
def test_planning_on_from_the_last_solution_is_as_good_as_planning_anew(seed: int) -> None:
    """One car comes, one goes, one opts out, a limit falls: proved as well as without the earlier solution."""
    rng = np.random.default_rng(seed)
    whole = random_problem(rng, sessions=int(rng.integers(3, 10)), opted_out=0.0)
    solution = solve(take(whole, np.arange(whole.sessions - 1)))
    problem = departed(whole, str(whole.session_id[0]))
    problem = limited(problem, whole.tree.circuits[0].node, 0.9 * whole.limit_kw[0])
    solution = solve(problem, None, solution)
    truth = least_cost(problem)
    certificate = solution.certificate
    assert certificate.energy_kwh_unserved == pytest.approx(truth.energy_kwh_unserved, abs=1e-5)
    slack = 1e-5 * (1 + abs(truth.objective))
    assert certificate.bound - slack <= truth.objective <= certificate.objective + slack
    assert audit(problem, solution.plan.power_kw) == ()


def test_time_moves_on(problem_of: Callable[..., Problem], car: Any) -> None:
    """Tolls follow the clock: the plan of an hour later starts where the last one stood at that hour."""
    cars = [car(0, 4, 6.0, 3.0), car(1, 3, 6.0, 3.0)]
    problem = problem_of(*cars, steps=4, circuits=TREE[:1], price=np.array([0.4, 0.1, 0.2, 0.3]))
    problem = replace(problem, session_id=np.array(["ann", "bo"]))
    first = solve(problem, Settings(gap=1e-5))
    horizon = replace(problem.horizon, start=problem.horizon.start + timedelta(hours=1), steps=3)
    later = replace(
        problem, horizon=horizon, first_step=np.array([0, 0]), offset=np.array([0, 3, 6]), cap_kw=np.full(6, 3.0),
        declared_slots=np.array([3, 3]), base_load_kw=problem.base_load_kw[:, 1:], minute_of_day=np.arange(3),
        price_per_kwh=problem.price_per_kwh[1:],
    )  # fmt: skip
    second = solve(later, Settings(gap=1e-5), first)
    assert first.plan.power_kw[0] == pytest.approx(0.0, abs=1e-6)
    assert second.plan.power_kw == pytest.approx(first.plan.power_kw[1:], abs=1e-4)
    assert second.certificate.sweeps <= first.certificate.sweeps


@pytest.mark.requirement("R41")
def test_a_car_arrives_and_only_its_feeder_is_planned_again(problem_of: Callable[..., Problem], car: Any) -> None:
    """Two feeders of 5 kW below a system of 6: what the other feeder has is out of reach, tolls above are paid."""
    price = np.array([0.1, 0.2, 0.3])
    there = [car(0, 3, 4.0, 4.0, node="F1"), car(0, 3, 2.0, 2.0, node="F2")]
    problem = replace(problem_of(*there, steps=3, circuits=TREE, price=price), session_id=np.array(["a", "b"]))
    new = replace(
        problem_of(car(0, 3, 6.0, 6.0, node="F1"), steps=3, circuits=TREE, price=price), session_id=np.array(["c"])
    )
    before = solve(problem, Settings(gap=1e-6))
    assert before.plan.power_kw == pytest.approx([4.0, 0.0, 0.0, 2.0, 0.0, 0.0], abs=1e-6)
    changed = arrived(problem, new)
    after = replan_branch(changed, before.plan, before.shadow_price, "F1", Settings(gap=1e-6))
    assert after.plan.power_kw[3:6] == pytest.approx([2.0, 0.0, 0.0], abs=1e-6)
    assert changed.ev_load_kw(after.plan.power_kw)[1] == pytest.approx([4.0, 5.0, 1.0], abs=1e-6)
    assert audit(changed, after.plan.power_kw) == ()
    assert after.branch.certificate.gap <= 1e-6
    out = opted_out(changed, "c")
    freed = replan_branch(out, after.plan, before.shadow_price, "F1", None, after.branch)
    assert freed.plan.power_kw[6:] == pytest.approx([6.0, 0.0, 0.0], abs=1e-6)


@settings(max_examples=80)
@given(SEEDS)
def test_a_branch_planned_again_keeps_every_promise_of_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = replace(rich_problem(rng), terms=None)
    standing = solve(problem, Settings(sweeps_max=20))
    node = problem.tree.circuits[int(rng.integers(len(problem.tree)))].node
    again = replan_branch(problem, standing.plan, standing.shadow_price, node, Settings(sweeps_max=20))
    assert audit(problem, again.plan.power_kw) == ()
