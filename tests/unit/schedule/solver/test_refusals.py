from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Devices
from evenload.schedule.solver.refusals import refuse_devices

PROBLEM = Problem(
    horizon=Horizon(datetime(2025, 1, 13, 18, tzinfo=UTC), 60, 1), session_id=np.array(["s0", "s1", "s2"]),
    node=np.zeros(3, dtype=np.int64), first_step=np.zeros(3, dtype=np.int64), offset=np.arange(4), cap_kw=np.ones(3),
    declared_slots=np.ones(3, dtype=np.int64), energy_kwh=np.ones(3), power_kw_max=np.ones(3),
    opted_out=np.zeros(3, dtype=np.bool_), tree=CircuitTree.of([Circuit("T", "", CircuitKind.TRANSFORMER)]),
    base_load_kw=np.zeros((1, 1)), limit_kw=np.full((1, 1), np.inf), price_per_kwh=np.ones(1),
    minute_of_day=np.zeros(1, dtype=np.int64),
)  # fmt: skip
USUAL = {
    "control": np.full(3, "continuous"), "power_kw_min": np.zeros(3), "fallback_kw": np.full(3, np.nan),
    "priority": np.zeros(3, dtype=np.int64),
}  # fmt: skip


def with_devices(**columns: Any) -> Problem:
    return replace(PROBLEM, devices=Devices(**(USUAL | columns)))


@pytest.mark.parametrize(
    ("column", "value", "why", "default"),
    [
        (
            "control",
            "stepped",
            "the optimiser by itself plans continuous power; planner.plan_for plans devices",
            "continuous",
        ),
        (
            "control",
            "on_off",
            "the optimiser by itself plans continuous power; planner.plan_for plans devices",
            "continuous",
        ),
        ("power_kw_min", 1.4, "the optimiser by itself knows no lowest power; planner.plan_for does", 0.0),
    ],
)
def test_a_device_that_is_not_planned_yet_is_refused(column: str, value: Any, why: str, default: Any) -> None:
    with pytest.raises(InputError) as refused:
        refuse_devices(with_devices(**{column: np.array([default, value, value])}))
    assert str(refused.value) == (
        f"session 's1', {column} = {value}: {why}; use {default} or leave the cell blank (2 sessions ask for it)"
    )


def test_what_changes_no_plan_is_not_refused() -> None:
    refuse_devices(PROBLEM)
    refuse_devices(with_devices(fallback_kw=np.array([1.0, np.nan, 2.0]), priority=np.array([0, 1, -1])))
