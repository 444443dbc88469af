"""The reference against trying everything.

Where needs, powers, bands and limits are whole numbers, some optimum moves whole kWh in and out of every battery: with
each slot's direction chosen, what is left is a flow in a network for one car of round trip 1/2, and for several of
round trip 1. So trying all whole moves is exact.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Tariffs
from evenload.schedule.reference.highs import least_cost

CIRCUITS = (Circuit("F", "", CircuitKind.FEEDER), Circuit("S", "F", CircuitKind.SITE))


@dataclass(frozen=True)
class Drawn:
    """One car at a site, perhaps one more at the feeder above it, over some hours; whole numbers throughout."""

    first: list[int]
    need: list[int]
    charge: list[int]
    give: list[int]
    down: list[int]
    room: list[int]
    wear: list[int]
    round_trip: float
    bought: list[list[int]]
    sold: list[list[int]]
    base: list[list[int]]
    limit: list[list[int]]
    export: list[list[int]]


def drawn(cars: int, steps: int, round_trip: float) -> st.SearchStrategy[Drawn]:
    def whole(low: int, high: int, count: int = cars) -> st.SearchStrategy[list[int]]:
        return st.lists(st.integers(low, high), min_size=count, max_size=count)

    def table(low: int, high: int, rows: int) -> st.SearchStrategy[list[list[int]]]:
        return st.lists(whole(low, high, steps), min_size=rows, max_size=rows)

    return st.builds(
        Drawn, whole(0, 1), whole(0, 4), whole(0, 3), whole(0, 2), whole(0, 2), whole(0, 2), whole(0, 1),
        st.just(round_trip), table(-2, 5, cars), table(-2, 5, cars), table(-3, 3, 2), table(0, 6, 2), table(0, 4, 2),
    )  # fmt: skip


def problem(problem_of: Callable[..., Any], car: Any, case: Drawn) -> Problem:
    cars, steps = len(case.first), len(case.base[0])
    chargers = zip(case.first, case.need, case.charge, "SF", strict=False)
    made: Problem = problem_of(
        *(car(first, steps - first, need, power, node=node) for first, need, power, node in chargers),
        steps=steps,
        circuits=CIRCUITS,
        base_kw=np.array(case.base, dtype=np.float64),
    )
    batteries = replace(
        Batteries.charging_only(cars),
        discharge_kw_max=np.array(case.give, dtype=np.float64) * (np.array(case.charge) > 0),
        round_trip=np.full(cars, case.round_trip),
        down_kwh=np.array(case.down, dtype=np.float64),
        up_kwh=np.array(case.need, dtype=np.float64) + case.room,
        wear_per_kwh=np.array(case.wear, dtype=np.float64),
    )
    return replace(
        made,
        batteries=batteries,
        tariffs=Tariffs(
            np.arange(cars), np.array(case.bought, dtype=np.float64), np.array(case.sold, dtype=np.float64)
        ),
        limit_kw=np.array(case.limit, dtype=np.float64),
        export_limit_kw=np.array(case.export, dtype=np.float64),
    )


def try_everything(case: Drawn) -> tuple[float, float]:
    """Least unserved, then least cost: every whole move of every car, step by step over all levels reached."""
    cars = range(len(case.first))
    moves = [range(-round(case.give[i] / case.round_trip) if case.charge[i] else 0, case.charge[i] + 1) for i in cars]
    reached = {tuple(0 for _ in cars): 0.0}
    for t in range(len(case.base[0])):
        after: dict[tuple[int, ...], float] = {}
        for chosen in product(*(moves[i] if t >= case.first[i] else [0] for i in cars)):
            power = [m if m > 0 else m * case.round_trip for m in chosen]
            if not (inside(case, 1, t, power[0]) and inside(case, 0, t, sum(power))):
                continue
            cost = sum(
                kw * case.bought[i][t] if kw > 0 else kw * (case.sold[i][t] - case.wear[i])
                for i, kw in enumerate(power)
            )
            for levels, so_far in reached.items():
                new = tuple(level + m for level, m in zip(levels, chosen, strict=True))
                if all(-case.down[i] <= new[i] <= case.need[i] + case.room[i] for i in cars):
                    after[new] = min(after.get(new, np.inf), so_far + cost)
        reached = after
    ends = {end: cost for end, cost in reached.items() if all(0 <= end[i] <= case.need[i] for i in cars)}
    return min((float(sum(case.need) - sum(end)), cost) for end, cost in ends.items())


def inside(case: Drawn, node: int, t: int, flow: float) -> bool:
    """Whether a circuit takes this flow on top of base load; base load alone outside a limit: only relief."""
    base = case.base[node][t]
    return min(-case.export[node][t] - base, 0) <= flow <= max(case.limit[node][t] - base, 0)


@given(case=drawn(cars=1, steps=4, round_trip=0.5))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_car_with_losses(problem_of: Callable[..., Any], car: Any, case: Drawn) -> None:
    answer = least_cost(problem(problem_of, car, case))
    assert (answer.energy_kwh_unserved, answer.objective) == pytest.approx(try_everything(case), abs=1e-6)


@given(case=drawn(cars=2, steps=3, round_trip=1.0))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_cars_share_circuits(problem_of: Callable[..., Any], car: Any, case: Drawn) -> None:
    answer = least_cost(problem(problem_of, car, case))
    assert (answer.energy_kwh_unserved, answer.objective) == pytest.approx(try_everything(case), abs=1e-6)
