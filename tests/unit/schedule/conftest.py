"""Problems small enough to be worked by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.testing import frozen

ProblemMaker = Callable[..., Problem]


class Car(NamedTuple):
    """One hand-made session; ``declared`` counts slots and is the real window where it is None."""

    first: int
    slots: int
    need_kwh: float
    power_kw: float = 7.4
    declared: int | None = None
    opted_out: bool = False
    node: str = ""
    first_share: float = 1.0
    last_share: float = 1.0


def make_problem(
    *cars: Car,
    steps: int = 8,
    step_minutes: int = 60,
    start: datetime = datetime(2025, 1, 13, 18, tzinfo=UTC),
    zone: str = "UTC",
    circuits: tuple[Circuit, ...] = (Circuit("T", "", CircuitKind.TRANSFORMER),),
    base_kw: FloatArray | None = None,
    price: FloatArray | None = None,
) -> Problem:
    """A problem of hand-made cars; ``base_kw`` (N, T) is load through each node, none by default."""
    horizon = Horizon(start, step_minutes, steps)
    tree = CircuitTree.of(circuits)
    slots = np.array([car.slots for car in cars], dtype=np.int64)
    power = np.array([car.power_kw for car in cars], dtype=np.float64)
    offset = np.concatenate([[0], np.cumsum(slots)])
    cap = np.repeat(power, slots)
    for i, car in enumerate(cars):
        cap[offset[i]] *= car.first_share
        cap[offset[i + 1] - 1] *= car.last_share
    return frozen(
        Problem(
            horizon=horizon,
            session_id=np.array([f"car{i}" for i in range(len(cars))], dtype=np.str_),
            node=tree.find([car.node or circuits[-1].node for car in cars]),
            first_step=np.array([car.first for car in cars], dtype=np.int64),
            offset=offset,
            cap_kw=cap,
            declared_slots=np.array(
                [car.slots if car.declared is None else car.declared for car in cars], dtype=np.int64
            ),
            energy_kwh=np.array([car.need_kwh for car in cars], dtype=np.float64),
            power_kw_max=power,
            opted_out=np.array([car.opted_out for car in cars], dtype=np.bool_),
            tree=tree,
            base_load_kw=np.zeros((len(tree), steps)) if base_kw is None else base_kw,
            limit_kw=tree.limit_kw[:, None],
            price_per_kwh=np.ones(steps) if price is None else price,
            minute_of_day=LocalClock(zone).minute_of_day(horizon.starts()),
        )
    )


@pytest.fixture
def problem_of() -> ProblemMaker:
    return make_problem


@pytest.fixture
def car() -> type[Car]:
    return Car


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20250113)
