from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Devices
from evenload.schedule.strategies.valley import Valley
from evenload.schedule.why.shortfalls import most_kwh, responsible, shortfalls
from evenload.schedule.why.summary import Outcome
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


def test_scarcity_names_the_circuit_where_more_would_serve_more(problem_of: Any, car: Any) -> None:
    # T1 and F are full in both steps alike; only one kW more of F would serve more
    problem = problem_of(car(0, 2, 30.0, 10.0, node="T1"), car(0, 2, 30.0, 10.0, node="T2"), circuits=FEEDER)
    outcome = Outcome.of(problem, np.array([6.0, 6.0, 4.0, 4.0]))
    assert responsible(outcome, np.array([0])).tolist() == [problem.tree.index["T1"]]
    scarcity = np.zeros((3, 8), dtype=np.bool_)
    scarcity[problem.tree.index["F"], 1] = True
    assert responsible(outcome, np.array([0]), scarcity).tolist() == [problem.tree.index["F"]]
    # car0: 20 kWh at most, 12 came; car1: 20 at most, 8 came
    found = shortfalls(outcome, scarcity)
    assert (found.session.tolist(), found.energy_kwh.tolist()) == ([0, 0, 1, 1], [10.0, 8.0, 10.0, 12.0])
    assert found.node[[1, 3]].tolist() == [problem.tree.index["F"]] * 2


@pytest.mark.requirement("R30")
def test_a_battery_that_takes_less_when_full_makes_the_time_too_short(problem_of: Any, car: Any) -> None:
    # 8 kW up to 8 kWh, then in a straight line down to none at 16 kWh; half-hours bring 4, 8, 12 and, at half power, 14
    problem = problem_of(car(0, 4, 15.5, 8.0), steps=4, step_minutes=30)
    batteries = replace(Batteries.charging_only(1), knee_kwh=np.array([8.0]), full_kwh=np.array([16.0]))
    tapering = replace(problem, batteries=batteries)
    assert most_kwh(tapering, np.array([0])) == pytest.approx([14.0])
    assert most_kwh(problem, np.array([0])) == pytest.approx([16.0])
    outcome = Outcome.of(tapering, np.array([8.0, 8.0, 6.0, 4.0]))
    found = shortfalls(outcome)
    assert [found.reason(row) for row in range(2)] == [UnservedReason.TOO_SHORT, UnservedReason.CIRCUIT_LIMIT]
    assert found.energy_kwh.tolist() == pytest.approx([1.5, 1.0])


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


def test_a_device_that_no_power_fits_is_too_coarse_and_one_of_any_power_is_not(problem_of: Any, car: Any) -> None:
    circuits = (Circuit("T1", "", CircuitKind.TRANSFORMER, 20.0),)
    problem = problem_of(car(0, 4, 30.0, 22.0), car(0, 4, 8.0, 2.0), circuits=circuits)
    switched = Devices(np.array(["on_off", "continuous"]), np.zeros(2), np.full(2, np.nan), np.zeros(2, dtype=np.int64))
    outcome = Outcome.of(replace(problem, devices=switched), np.array([0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0]))
    assert unserved(outcome) == [("car0", 30.0, "too_coarse", "T1")]
    outcome = Outcome.of(problem, outcome.power_kw)
    assert unserved(outcome) == [("car0", 30.0, "circuit_limit", "T1")]
