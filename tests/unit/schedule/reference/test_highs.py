"""The reference against problems small enough to be worked by hand."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError, MissingRequirementError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.session import Control
from evenload.schedule.problem_parts import Devices
from evenload.schedule.reference.highs import least_cost

LIMIT_OF_4 = (Circuit("T", "", CircuitKind.TRANSFORMER, 4.0),)
PRICE = np.array([0.1, 0.2, 0.3])


def test_two_cars_share_the_cheapest_steps_of_one_limit(problem_of: Callable[..., Any], car: Any) -> None:
    problem = problem_of(car(0, 3, 3.5), car(0, 3, 3.5), steps=3, circuits=LIMIT_OF_4, price=PRICE)
    answer = least_cost(problem)
    assert problem.ev_load_kw(answer.power_kw)[0] == pytest.approx([4.0, 3.0, 0.0])
    assert answer.objective == pytest.approx(4 * 0.1 + 3 * 0.2)
    assert answer.energy_kwh_unserved == 0


def test_energy_comes_before_money(problem_of: Callable[..., Any], car: Any) -> None:
    problem = problem_of(car(0, 1, 4.0), car(0, 3, 9.0), steps=3, circuits=LIMIT_OF_4, price=PRICE)
    answer = least_cost(problem)
    assert answer.energy_kwh_unserved == pytest.approx(1.0)
    assert answer.objective == pytest.approx(4 * (0.1 + 0.2 + 0.3))


def test_nobody_charges_where_base_load_is_above_the_limit(problem_of: Callable[..., Any], car: Any) -> None:
    base = np.array([[5.0, 1.0, 9.0]])
    problem = problem_of(car(0, 3, 7.0), steps=3, circuits=LIMIT_OF_4, price=PRICE, base_kw=base)
    answer = least_cost(problem)
    assert answer.power_kw == pytest.approx([0.0, 3.0, 0.0])
    assert answer.energy_kwh_unserved == pytest.approx(4.0)


def test_no_cars_cost_nothing(problem_of: Callable[..., Any]) -> None:
    assert least_cost(problem_of()).objective == 0


def test_without_highs_the_message_says_what_to_install(
    problem_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(MissingRequirementError, match="pip install highspy"):
        least_cost(problem_of())


def test_minimum_energy_is_refused(problem_of: Callable[..., Any], car: Any) -> None:
    problem = problem_of(car(0, 1, 4.0))
    least_cost(replace(problem, minimum_kwh=np.zeros(1)))
    with pytest.raises(InputError, match="minimum energy"):
        least_cost(replace(problem, minimum_kwh=np.ones(1)))


@pytest.mark.parametrize(("control", "power_kw_min"), [(Control.STEPPED, 0.0), (Control.CONTINUOUS, 1.4)])
def test_devices_that_are_not_continuous_from_0_are_refused(
    problem_of: Callable[..., Any], car: Any, control: Control, power_kw_min: float
) -> None:
    devices = Devices(np.array([control.value]), np.array([power_kw_min]), np.array([np.nan]), np.array([0]))
    with pytest.raises(InputError, match="continuous power"):
        least_cost(replace(problem_of(car(0, 1, 4.0)), devices=devices))
