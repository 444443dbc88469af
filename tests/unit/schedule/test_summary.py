from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.summary import Outcome, base_overloads, circuit_figures, responsible, shortfalls
from evenload.schedule.valley import Valley
from evenload.testing import random_problem

FEEDER = (
    Circuit("F", "", CircuitKind.FEEDER, 10.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 6.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)


def unserved(outcome: Outcome) -> list[tuple[str, float, str, str]]:
    """Rows of what is missing: session, kWh, reason and node."""
    found, problem = shortfalls(outcome), outcome.problem
    return [
        (
            str(problem.session_id[found.session[row]]),
            round(float(found.energy_kwh[row]), 9),
            found.reason(row).value,
            problem.tree.circuits[found.node[row]].node if found.node[row] >= 0 else "",
        )
        for row in range(found.session.size)
    ]


def test_what_even_full_power_could_not_give_is_too_short(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 20.0, 7.0), car(0, 3, 7.0, 7.0), circuits=FEEDER)
    outcome = Outcome.of(problem, np.array([7.0, 7.0, 7.0, 0.0, 0.0]))
    assert unserved(outcome) == [("car0", 6.0, "too_short", "")]
    assert outcome.unserved_kwh().tolist() == [6.0, 0.0]


def test_what_a_circuit_holds_back_names_the_one_at_its_limit_longest(problem_of: Any, car: Any) -> None:
    # car0 on T1 (6 kW), car1 on T2 (unlimited), F 10 kW: F full in steps 0 to 2, T1 in step 1 only
    problem = problem_of(car(0, 4, 30.0, 7.0, node="T1"), car(0, 3, 30.0, 7.0, node="T2"), circuits=FEEDER)
    outcome = Outcome.of(problem, np.array([5.0, 6.0, 5.0, 5.0, 5.0, 4.0, 5.0]))
    # car0: at most 28 kWh, so 2 too short; 21 came, 7 held back. car1: at most 21, 9 too short; 14 came, 7 held back
    assert unserved(outcome) == [
        ("car0", 2.0, "too_short", ""), ("car0", 7.0, "circuit_limit", "F"),
        ("car1", 9.0, "too_short", ""), ("car1", 7.0, "circuit_limit", "F"),
    ]  # fmt: skip
    assert shortfalls(outcome).reason(1) is UnservedReason.CIRCUIT_LIMIT


def test_only_the_window_counts_and_the_lowest_of_equals_is_named(problem_of: Any, car: Any) -> None:
    # F is full in steps 0 and 1, before car1 comes; in its window T1 and F are full in step 2 alike
    problem = problem_of(car(0, 2, 30.0, 10.0, node="T2"), car(2, 1, 9.0, 9.0, node="T1"), car(2, 1, 4.0, node="T2"),
                         circuits=FEEDER)  # fmt: skip
    outcome = Outcome.of(problem, np.array([10.0, 10.0, 6.0, 4.0]))
    assert responsible(outcome, np.array([1])).tolist() == [problem.tree.index["T1"]]


def test_a_plan_that_keeps_its_promises_has_no_residual(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 9.0, 7.0, node="T1"), circuits=FEEDER)
    assert Outcome.of(problem, np.array([6.0, 3.0])).residuals().kept
    kept = Outcome.of(problem, np.array([6.0 + 1e-7, 3.0 - 1e-7])).residuals()
    assert kept.kept
    assert kept.circuit_kw == pytest.approx(1e-7)


@pytest.mark.parametrize(
    ("power_kw", "breach"),
    [
        ([-0.5, 3.0], {"power_kw": 0.5}),
        ([0.0, 7.5], {"power_kw": 0.5, "circuit_kw": 1.5}),
        ([6.0, 4.0], {"energy_kwh_above_need": 1.0}),
        ([6.5, 2.0], {"circuit_kw": 0.5}),
    ],
)
def test_every_broken_promise_is_measured(
    problem_of: Any, car: Any, power_kw: list[float], breach: dict[str, float]
) -> None:
    residuals = Outcome.of(problem_of(car(0, 2, 9.0, 7.0, node="T1"), circuits=FEEDER), np.array(power_kw)).residuals()
    assert not residuals.kept
    names = ("power_kw", "energy_kwh_above_need", "circuit_kw")
    assert {name: getattr(residuals, name) for name in names} == pytest.approx(dict.fromkeys(names, 0.0) | breach)


def test_load_that_base_load_explains_is_an_overload_and_no_breach(problem_of: Any, car: Any) -> None:
    base_kw = np.zeros((3, 8))
    base_kw[:2, 1] = 7.0
    problem = problem_of(car(0, 2, 9.0, 7.0, node="T1"), circuits=FEEDER, base_kw=base_kw)
    assert Outcome.of(problem, np.array([6.0, 0.0])).residuals().kept
    assert Outcome.of(problem, np.array([6.0, 0.1])).residuals().circuit_kw == pytest.approx(0.1)
    node, step, excess_kw = base_overloads(problem)
    assert (node.tolist(), step.tolist(), excess_kw.tolist()) == ([1], [1], [1.0])


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


def path_by_hand(problem: Problem, outcome: Outcome, session: int) -> int:
    """The first circuit from the session up that is at its limit in the most steps of its window."""
    first = int(problem.first_step[session])
    steps = range(first, first + int(problem.offset[session + 1] - problem.offset[session]))
    path = problem.tree.path(int(problem.node[session]))
    return max(path, key=lambda n: sum(bool(outcome.at_limit[n, t]) for t in steps))


@given(st.integers(0, 10_000))
def test_every_missing_kwh_has_one_reason_and_the_right_circuit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, opted_out=0.0, scarcity=2.0)
    outcome = Outcome.of(problem, Valley().power_kw(problem, rng))
    found = shortfalls(outcome)
    by_session = np.bincount(found.session, weights=found.energy_kwh, minlength=problem.sessions)
    assert by_session == pytest.approx(outcome.unserved_kwh(), abs=1e-5)
    assert (found.energy_kwh > 0).all()
    for session, node in zip(found.session.tolist(), found.node.tolist(), strict=True):
        assert node in {-1, path_by_hand(problem, outcome, session)}
