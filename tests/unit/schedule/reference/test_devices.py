"""The mixed-integer reference on cases worked by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.devices.audit import audit_devices
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, CircuitTerms, Devices
from evenload.schedule.reference.devices import least_cost_told

Maker = Callable[..., Problem]


def told(problem: Problem, control: str, least: float = 0.0, step: float = np.nan, **counts: int) -> Problem:
    size = problem.sessions
    columns = {name: np.full(size, value) for name, value in counts.items()}
    return replace(
        problem,
        devices=Devices(
            np.full(size, control), np.full(size, least), np.full(size, np.nan), np.zeros(size, dtype=np.int64),
            np.full(size, step), **columns,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "power", "cost"),
    [
        ({}, [0.0, 7.0, 0.0, 3.0], 1.3),
        ({"commands_max": 1}, [0.0, 7.0, 3.0, 0.0], 1.9),
        ({"commands_max": 3}, [0.0, 7.0, 0.0, 3.0], 1.3),
        ({"dwell_steps": 2}, [0.0, 7.0, 3.0, 0.0], 1.9),
    ],
)
def test_a_switch_does_what_counts_allow(
    problem_of: Maker, car: Any, counts: dict[str, int], power: list[float], cost: float
) -> None:
    problem = problem_of(car(0, 4, 10.0, 7.0), steps=4, price=np.array([0.3, 0.1, 0.4, 0.2]))
    problem = told(problem, "on_off", **counts)
    found = least_cost_told(problem)
    assert found.proved
    assert found.power_kw == pytest.approx(power, abs=1e-6)
    assert (found.objective, found.objective_bound) == pytest.approx((cost, cost))
    assert audit_devices(problem, found.power_kw, found.told_kw) == ()


def test_least_unserved_comes_before_money(problem_of: Maker, car: Any) -> None:
    """Two switches of 4 kW, room for one in the cheap hours: the third has to be the dear one."""
    limit = (Circuit("T", "", CircuitKind.TRANSFORMER, 5.0),)
    problem = problem_of(
        car(0, 3, 4.0, 4.0), car(0, 3, 8.0, 4.0), steps=3, circuits=limit, price=np.array([0.1, 0.1, 9.0])
    )
    found = least_cost_told(told(problem, "on_off"))
    assert found.energy_kwh_unserved == pytest.approx(0.0, abs=1e-4)
    assert found.objective == pytest.approx(0.8 + 36.0)


def test_steps_above_a_least_and_a_peak(problem_of: Maker, car: Any) -> None:
    """4 kWh in two hours at no price: the peak is least at 2 kW each, and steps of 0.3 from 1.4 make it 2.0."""
    problem = problem_of(car(0, 2, 4.0, 5.0), steps=2, price=np.zeros(2))
    peak = CircuitTerms(np.array([0]), np.zeros(1), np.ones(1), np.array([-np.inf]))
    found = least_cost_told(told(replace(problem, terms=peak), "stepped", 1.4, 0.3))
    assert found.power_kw == pytest.approx([2.0, 2.0], abs=1e-4)
    assert found.objective == pytest.approx(2.0, abs=1e-4)


def test_limits_across_hold_or_cost(problem_of: Maker, car: Any) -> None:
    problem = problem_of(car(0, 3, 8.0, 4.0), steps=3, price=np.array([0.1, 0.2, 0.3]))
    members = {"limit": np.array([0]), "session": np.array([0]), "weight": np.array([0.5])}
    limit = np.array([[1.0, 9.0, 9.0]])
    hard = Across(np.array(["A"]), limit, np.full((1, 3), np.inf), **members)
    assert least_cost_told(told(replace(problem, across=hard), "on_off")).objective == pytest.approx(2.0)
    soft = Across(np.array(["A"]), limit, np.full((1, 3), 0.3), **members)
    assert least_cost_told(told(replace(problem, across=soft), "on_off")).objective == pytest.approx(1.2 + 0.3)


def test_what_is_not_modelled_is_refused(problem_of: Maker, car: Any) -> None:
    problem = problem_of(car(0, 2, 4.0, 5.0), steps=2)
    with pytest.raises(InputError, match="minimum energy"):
        least_cost_told(replace(problem, minimum_kwh=np.array([1.0])))
    smoothing = CircuitTerms(np.array([0]), np.ones(1), np.zeros(1), np.array([-np.inf]))
    with pytest.raises(InputError, match="no smoothing"):
        least_cost_told(replace(problem, terms=smoothing))
