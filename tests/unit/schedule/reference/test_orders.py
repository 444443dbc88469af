"""The slow truth itself, against what can be worked by hand or by trying everything."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.reference.orders import MaximumFlow, least_unserved_kwh, water_fill


def test_water_rises_evenly_over_a_hand_drawn_valley() -> None:
    # levels 0, 1, 5; the first slot holds 2 only. 4 units: level 3 in the second gives 2 + 2.
    assert water_fill([0.0, 1.0, 5.0], [2.0, 9.0, 9.0], 4.0) == pytest.approx([2.0, 2.0, 0.0])
    assert water_fill([0.0, 1.0, 5.0], [9.0, 9.0, 9.0], 9.0) == pytest.approx([5.0, 4.0, 0.0])
    assert water_fill([0.0, 1.0], [1.0, 1.0], 2.0) == [1.0, 1.0]


@given(seed=st.integers(0, 2**32 - 1))
def test_the_maximum_flow_is_the_least_cut(seed: int) -> None:
    """Ford and Fulkerson's theorem, every cut tried."""
    rng = np.random.default_rng(seed)
    names = ["source", "a", "b", "c", "sink"]
    flow = MaximumFlow()
    for here, there in product(names, names):
        if here != there and rng.random() < 0.7:
            flow.capacity[here][there] = float(rng.choice([0.0, 1.0, 2.5, 4.0]))
    edges = {(a, b): kw for a, row in flow.capacity.items() for b, kw in row.items()}
    cuts = [
        {"source", *(name for name, on in zip("abc", side, strict=True) if on)} for side in product([0, 1], repeat=3)
    ]
    least = min(sum(kw for (a, b), kw in edges.items() if a in cut and b not in cut) for cut in cuts)
    assert flow.between("source", "sink") == pytest.approx(least)


def test_least_unserved_energy_of_a_case_worked_by_hand(problem_of: Any, car: Any) -> None:
    """Feeder 8 kW, two transformers of 5 kW. Cars at A: 1 h for 7 kWh, 2 h for 4 kWh; at B: 2 h for 9 kWh.

    Hour 0: A gives at most 5 (all to the first car, who misses 2), B then at most 3. Hour 1: A 4, B 4. B misses 2.
    """
    circuits = (
        Circuit("F", "", CircuitKind.FEEDER, limit_kw=8.0),
        Circuit("A", "F", CircuitKind.TRANSFORMER, limit_kw=5.0),
        Circuit("B", "F", CircuitKind.TRANSFORMER, limit_kw=5.0),
    )
    cars = (car(0, 1, 7.0, node="A"), car(0, 2, 4.0, node="A"), car(0, 2, 9.0, node="B"))
    assert least_unserved_kwh(problem_of(*cars, steps=2, circuits=circuits)) == pytest.approx(4.0)


def test_opted_out_cars_take_their_room_first(problem_of: Any, car: Any) -> None:
    circuits = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)
    cars = (car(0, 2, 7.4, opted_out=True), car(0, 2, 13.0))
    # hour 0: 2.6 kW are left, hour 1: 7.4 kW (the car's own limit) -> 10 of 13 kWh
    assert least_unserved_kwh(problem_of(*cars, steps=2, circuits=circuits)) == pytest.approx(3.0)
