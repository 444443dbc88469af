from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.strategies.hindsight import Hindsight
from evenload.testing import random_problem


def test_who_knows_what_is_coming_makes_room_for_it_at_least_cost(problem_of: Any, car: Any, rng: Any) -> None:
    """20 kWh fit into the cheap hours; 14.8 of them are the second car's, so the first takes 9.6 kWh beforehand."""
    circuits = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)
    price = np.array([0.4, 0.4, 0.1, 0.1])
    problem = problem_of(car(0, 4, 14.8), car(2, 2, 14.8), steps=4, circuits=circuits, price=price)
    power = Hindsight().power_kw(problem, rng)
    assert problem.delivered_kwh(power).tolist() == pytest.approx([14.8, 14.8])
    assert problem.money(power) == pytest.approx(20 * 0.1 + 9.6 * 0.4)


def test_it_plans_on_true_departures_not_on_declared_ones(problem_of: Any, car: Any, rng: Any) -> None:
    price = np.array([0.4, 0.3, 0.2, 0.1])
    early = problem_of(car(0, 2, 7.4, declared=4), steps=4, price=price)
    assert Hindsight().power_kw(early, rng).tolist() == pytest.approx([0.0, 7.4], abs=1e-3)
    late = problem_of(car(0, 4, 7.4, declared=1), steps=4, price=price)
    assert Hindsight().power_kw(late, rng).tolist() == pytest.approx([0.0, 0.0, 0.0, 7.4], abs=1e-3)


@pytest.mark.parametrize("seed", range(8))
def test_a_general_solver_finds_nothing_better(seed: int) -> None:
    problem = random_problem(np.random.default_rng(seed), sessions=12, opted_out=0.0, scarcity=1.3)
    power = Hindsight().power_kw(problem, np.random.default_rng(0))
    best = least_cost(problem)
    unmanaged = float(problem.energy_kwh.sum() * np.abs(problem.price_per_kwh).mean())
    lacking = float((problem.energy_kwh - problem.delivered_kwh(power)).sum())
    assert lacking == pytest.approx(best.energy_kwh_unserved, abs=1e-4)
    assert problem.money(power) <= best.objective + 1e-3 * max(abs(best.objective), 0.01 * unmanaged) + 1e-6


def test_a_gap_that_means_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="gap must be between 0 and 1"):
        Hindsight(gap=2.0)
