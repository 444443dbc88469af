"""The audit finds every promise a device can break, and nothing where none is broken."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.schedule.devices.audit import DeviceViolationKind, audit_devices, commands_of
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Devices

Maker = Callable[..., Problem]


@pytest.fixture
def switch(problem_of: Maker, car: Any) -> Problem:
    """One car for six hours, 20 kWh at up to 7 kW, plugged in for half of the first; two steps and three commands."""
    problem = problem_of(car(0, 6, 20.0, 7.0, first_share=0.5), steps=6)
    return replace(problem, devices=device("on_off", dwell_steps=2, commands_max=3))


def device(control: str, least: float = 0.0, **counts: int) -> Devices:
    columns = {name: np.array([value]) for name, value in counts.items()}
    step_kw = np.array([0.5]) if control == "stepped" else None
    return Devices(
        np.array([control]), np.array([least]), np.array([np.nan]), np.zeros(1, dtype=np.int64), step_kw, **columns
    )


def kinds(problem: Problem, power: list[float], told: list[float]) -> list[str]:
    return [one.kind.value for one in audit_devices(problem, np.array(power), np.array(told))]


@pytest.mark.requirement("R38")
def test_what_devices_can_do_is_no_violation(switch: Problem) -> None:
    assert kinds(switch, [3.5, 7.0, 0.0, 0.0, 7.0, 2.5], [7.0, 7.0, 0.0, 0.0, 7.0, 7.0]) == []
    assert kinds(switch, [0.0, 7.0, 7.0, 6.0, 0.0, 0.0], [0.0, 7.0, 7.0, 7.0, 0.0, 0.0]) == []
    assert kinds(switch, [0.0] * 6, [0.0] * 6) == []


@pytest.mark.requirement("R38")
@pytest.mark.parametrize(
    ("power", "told", "kind"),
    [
        ([0.0, 7.0, 7.0, 0.0, 0.0, 6.0], [0.0, 7.0, 7.0, 0.0, 0.0, 6.0], DeviceViolationKind.LEVEL),
        ([0.0, 6.0, 7.0, 7.0, 0.0, 0.0], [0.0, 7.0, 7.0, 7.0, 0.0, 0.0], DeviceViolationKind.DRAWN),
        ([7.0, 7.0, 6.0, 0.0, 0.0, 0.0], [7.0, 7.0, 7.0, 0.0, 0.0, 0.0], DeviceViolationKind.DRAWN),
        ([0.0, 7.0, 7.0, 5.0, 0.0, 0.0], [0.0, 7.0, 7.0, 7.0, 0.0, 0.0], DeviceViolationKind.DRAWN),
        ([0.0, 7.0, 0.0, 0.0, 7.0, 6.0], [0.0, 7.0, 0.0, 0.0, 7.0, 7.0], DeviceViolationKind.DWELL),
        ([3.5, 7.0, 0.0, 7.0, 2.5, 0.0], [7.0, 7.0, 0.0, 7.0, 7.0, 0.0], DeviceViolationKind.DWELL),
    ],
)
def test_each_broken_promise_is_found(
    switch: Problem, power: list[float], told: list[float], kind: DeviceViolationKind
) -> None:
    assert kinds(switch, power, told) == [kind.value]


def test_commands_beyond_the_budget_are_counted(switch: Problem) -> None:
    eager = replace(switch, devices=device("on_off", commands_max=2))
    power, told = [0.0, 7.0, 0.0, 7.0, 0.0, 6.0], [0.0, 7.0, 0.0, 7.0, 0.0, 7.0]
    (found,) = audit_devices(eager, np.array(power), np.array(told))
    assert (found.kind, found.amount) == (DeviceViolationKind.COMMANDS, 3)
    assert "3 commands more than the session may get" in str(found)
    assert commands_of(eager, np.array(power), np.array(told)).tolist() == [5]


def test_the_stop_when_the_need_is_met_is_no_command(switch: Problem) -> None:
    assert commands_of(switch, np.array([0.0, 7, 7, 6, 0, 0]), np.array([0.0, 7, 7, 7, 0, 0])).tolist() == [1]
    assert commands_of(switch, np.array([0.0, 7, 7, 0, 0, 0]), np.array([0.0, 7, 7, 0, 0, 0])).tolist() == [2]


def test_a_device_told_nothing_draws_full_power_until_it_is_met(switch: Problem) -> None:
    untold = replace(switch, devices=device("on_off", commands_max=0))
    assert kinds(untold, [3.5, 7.0, 7.0, 2.5, 0.0, 0.0], [0.0] * 6) == []
    assert kinds(untold, [0.0, 7.0, 7.0, 6.0, 0.0, 0.0], [0.0] * 6) == [DeviceViolationKind.DRAWN.value]


def test_steps_are_counted_from_the_least(problem_of: Maker, car: Any) -> None:
    problem = replace(problem_of(car(0, 2, 9.0, 7.2), steps=2), devices=device("stepped", 1.4))
    assert kinds(problem, [1.9, 6.9], [1.9, 6.9]) == []
    assert kinds(problem, [1.5, 7.2], [1.5, 7.2]) == [DeviceViolationKind.LEVEL.value] * 2


def test_near_full_less_is_drawn_than_told(problem_of: Maker, car: Any) -> None:
    """From 4 kWh on power falls to none at 12: after the first hour, at 8 kWh, 4 kW are left."""
    problem = replace(problem_of(car(0, 3, 11.0, 8.0), steps=3), devices=device("on_off"))
    knee = replace(Batteries.charging_only(1), knee_kwh=np.array([4.0]), full_kwh=np.array([12.0]))
    problem = replace(problem, batteries=knee)
    assert kinds(problem, [8.0, 2.0, 1.0], [8.0, 8.0, 8.0]) == [DeviceViolationKind.DRAWN.value]
    assert kinds(problem, [8.0, 3.0, 0.0], [8.0, 8.0, 0.0]) == []


def test_arrays_of_another_shape_are_refused(switch: Problem) -> None:
    with pytest.raises(ColumnsError, match="a plan of 6 slots"):
        audit_devices(switch, np.zeros(5), np.zeros(6))
