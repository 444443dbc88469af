from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.reason import OverloadCause
from evenload.schedule.why.circuit_figures import circuit_figures, overloads
from evenload.schedule.why.summary import Outcome

FEEDER = (
    Circuit("F", "", CircuitKind.FEEDER, 10.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 6.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)


def test_circuits_are_ranked_by_what_one_kw_more_is_worth(problem_of: Any, car: Any) -> None:
    problem = problem_of(
        car(1, 1, 9.0, 6.0, node="T1"), circuits=FEEDER, steps=4, step_minutes=30, base_kw=np.full((3, 4), 0.5)
    )
    shadow_price = np.array([[0.0, 0.1, 0.1, 0.0], [0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    figures = circuit_figures(Outcome.of(problem, np.array([5.5])), shadow_price)
    assert figures.ranking.tolist() == [1, 0, 2]
    assert figures.value_per_kw.tolist() == [0.2, 0.5, 0.0]
    assert figures.shadow_price_per_kwh_max.tolist() == [0.2, 1.0, 0.0]  # per kW of half an hour
    assert figures.shadow_price_per_kwh_mean.tolist() == pytest.approx([0.1, 0.25, 0.0])
    assert figures.peak_kw.tolist() == [6.0, 6.0, 0.5]
    assert figures.loading_max.tolist() == pytest.approx([0.6, 1.0, np.nan], nan_ok=True)
    assert figures.worst_step.tolist() == [1, 1, 0]
    assert figures.hours_at_limit.tolist() == [0.0, 0.5, 0.0]
    assert figures.limit_kw_min.tolist() == [10.0, 6.0, np.inf]


def test_circuits_worth_the_same_are_ranked_by_loading_and_unlimited_ones_come_last(problem_of: Any) -> None:
    problem = problem_of(circuits=FEEDER, steps=2, base_kw=np.array([[1.0, 9.0], [3.0, 5.7], [0.0, 6.0]]))
    figures = circuit_figures(Outcome.of(problem, np.zeros(0)), np.zeros((3, 2)))
    assert figures.ranking.tolist() == [1, 0, 2]
    assert figures.loading_max.tolist() == pytest.approx([0.9, 0.95, np.nan], nan_ok=True)
    assert figures.worst_step.tolist() == [1, 1, 1]


def test_loading_is_against_the_limit_of_its_own_step(problem_of: Any) -> None:
    problem = problem_of(circuits=FEEDER, steps=3, base_kw=np.array([[4.0, 4.0, 4.0], [2.0] * 3, [2.0] * 3]))
    limit_kw = np.array([[10.0, 5.0, np.inf], [6.0] * 3, [0.0, np.inf, np.inf]])
    figures = circuit_figures(Outcome.of(replace(problem, limit_kw=limit_kw), np.zeros(0)), np.zeros((3, 3)))
    assert figures.loading_max.tolist() == pytest.approx([0.8, 1 / 3, np.inf])
    assert figures.worst_step.tolist() == [1, 0, 0]


@pytest.mark.requirement("R42")
def test_energy_that_is_not_served_outranks_money(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 9.0, 6.0, node="T1"), circuits=FEEDER, steps=4, step_minutes=30)
    shadow_price = np.array([[0.0, 0.1, 0.1, 0.0], [0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    scarcity = np.array([[True, True, False, False], [False] * 4, [True, False, False, False]])
    figures = circuit_figures(Outcome.of(problem, np.zeros(4)), shadow_price, scarcity)
    assert figures.scarcity_kwh_per_kw.tolist() == [1.0, 0.0, 0.5]  # steps of half an hour
    assert figures.value_per_kw.tolist() == [0.2, 0.5, 0.0]
    assert figures.ranking.tolist() == [0, 2, 1]


@pytest.mark.requirement("R30", "R40")
def test_an_overload_says_what_base_load_and_what_minimum_energy_put_above_the_limit(problem_of: Any, car: Any) -> None:
    # T1: 6 kW. Step 0: base 4 and minimum 5 -> 3 kW over by minimum; step 1: base 7 -> 1 over by base, and minimum 2
    # more; step 2: base 5, power 3 of which none is minimum -> no overload that is explained
    base_kw = np.zeros((3, 3))
    base_kw[1] = 4.0, 7.0, 5.0
    problem = problem_of(car(0, 3, 10.0, 7.0, node="T1"), circuits=FEEDER, steps=3, base_kw=base_kw)
    found = overloads(Outcome.of(problem, np.array([5.0, 2.0, 3.0]), np.array([5.0, 2.0, 0.0])))
    rows = zip(found.node.tolist(), found.step.tolist(), found.excess_kw.tolist(), strict=True)
    assert list(rows) == [(1, 0, 3.0), (1, 1, 1.0), (1, 1, 2.0)]
    assert [found.cause(row) for row in range(3)] == [
        OverloadCause.MINIMUM_ENERGY, OverloadCause.BASE, OverloadCause.MINIMUM_ENERGY
    ]  # fmt: skip
    alone = overloads(Outcome.of(problem, np.array([5.0, 2.0, 3.0])))
    assert (alone.step.tolist(), alone.excess_kw.tolist()) == ([1], [1.0])
