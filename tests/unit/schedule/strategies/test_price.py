import subprocess
import sys
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.schedule.strategies.price import Price
from evenload.testing import random_problem


@pytest.mark.requirement("R36")
def test_the_cheapest_steps_are_taken_and_the_earlier_of_equal_ones(problem_of: Any, car: Any, rng: Any) -> None:
    price = np.array([0.3, 0.1, 0.2, 0.1, 0.1, 0.3])
    power = Price().power_kw(problem_of(car(0, 6, 18.5), steps=6, price=price), rng)
    assert power.tolist() == pytest.approx([0, 7.4, 0, 7.4, 3.7, 0])


def test_a_car_that_stays_past_its_declared_departure_charges_at_once(problem_of: Any, car: Any, rng: Any) -> None:
    price = np.array([3.0, 2.0, 9.0, 9.0, 1.0, 1.0])
    power = Price().power_kw(problem_of(car(0, 6, 18.5, declared=2), steps=6, price=price), rng)
    assert power.tolist() == pytest.approx([7.4, 7.4, 3.7, 0, 0, 0])


def test_a_declared_departure_after_the_horizon_is_planned_on_as_far_as_prices_reach(
    problem_of: Any, car: Any, rng: Any
) -> None:
    price = np.array([3.0, 2.0, 1.0])
    assert Price().power_kw(problem_of(car(0, 3, 7.4, declared=9), steps=3, price=price), rng).tolist() == [0, 0, 7.4]


@settings(deadline=None)  # the first call compiles
@given(seed=st.integers(0, 2**32 - 1))
def test_no_order_of_filling_the_steps_is_cheaper(seed: int) -> None:
    """The optimum of a linear program with one sum is a vertex, and each vertex is a filling in some order."""
    rng = np.random.default_rng(seed)
    drawn = random_problem(rng, sessions=1, steps=5, opted_out=0.0)
    cap = np.full(drawn.cap_kw.size, drawn.power_kw_max[0])
    cap[0] *= rng.choice([0.3, 1.0])
    problem = replace(drawn, cap_kw=cap, declared_slots=np.array([cap.size]))
    price = problem.price_per_kwh[problem.slot_steps()]
    need = min(problem.energy_kwh[0] / 0.25, cap.sum())

    def cost(order: tuple[int, ...]) -> float:
        before = np.concatenate([[0.0], np.cumsum(cap[list(order)])[:-1]])
        return float(np.clip(need - before, 0.0, cap[list(order)]) @ price[list(order)])

    power = Price().power_kw(problem, rng)
    assert power.sum() == pytest.approx(need)
    assert power @ price == pytest.approx(min(map(cost, permutations(range(cap.size)))), abs=1e-9)


def test_importing_the_strategies_loads_no_compiler() -> None:
    code = "import sys\nfrom evenload.schedule.strategies import price, timer, valley\nsys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
