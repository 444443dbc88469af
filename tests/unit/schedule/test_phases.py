"""Limits of single phases, against a transformer worked by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import CircuitError, InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import audit
from evenload.schedule.phases import GivenPhase, Unknown, phase_limits
from evenload.schedule.problem import Problem
from evenload.schedule.solver.optimum import solve

THREE = (Circuit("T12", "", CircuitKind.TRANSFORMER, 30.0, phases="ABC"),)


def text(*phases: str) -> Any:
    return np.array(phases, dtype=np.str_)


@pytest.fixture
def street(problem_of: Callable[..., Problem], car: Any) -> Problem:
    """Four cars that want 7.4 kW of every one of two hours, on a transformer of 30 kW with 6 kW of base load."""
    return problem_of(*[car(0, 2, 14.8)] * 4, steps=2, circuits=THREE, base_kw=np.full((1, 2), 6.0))


@pytest.mark.requirement("R38", "R40")
def test_single_phase_cars_share_their_phase_and_three_phase_ones_count_a_third(street: Problem) -> None:
    """A phase carries 10 kW, 2 of them base load. The two on A and a third of the car on all three share 8 kW of A, the
    one on B and another third share 8 kW of B.
    """
    limits = phase_limits(street, text("A", "A", "B", "ABC"))
    assert limits is not None
    assert limits.name.tolist() == ["phase A of T12", "phase B of T12", "phase C of T12"]
    assert limits.head_kw() == pytest.approx(np.full((3, 2), 8.0))
    drawn = replace(street, across=limits).across_kw(np.repeat([3.0, 2.0, 7.0, 6.0], 2))
    assert drawn[:, 0] == pytest.approx([3 + 2 + 2, 7 + 2, 2])
    phased = replace(street, across=limits)
    solution = solve(phased)
    load = phased.across_kw(solution.plan.power_kw)
    assert audit(phased, solution.plan.power_kw) == ()
    assert load[0] == pytest.approx([8.0, 8.0], abs=1e-6)
    # a kW of the three-phase car takes a third of one of A and of B, so it is served first
    served = 2 * (8.0 - 7.4 / 3) + 2 * min(7.4, 8.0 - 7.4 / 3) + 2 * 7.4
    assert solution.certificate.energy_kwh_unserved == pytest.approx(4 * 14.8 - served, rel=1e-3)
    assert solution.certificate.energy_kwh_unserved_bound <= 4 * 14.8 - served + 1e-6


def test_limits_that_the_circuit_itself_implies_are_left_out(street: Problem) -> None:
    assert phase_limits(street, text("ABC", "ABC", "", "ABC")) is None
    assert phase_limits(street, text("", "", "", "")) is None
    unlimited = replace(street, limit_kw=np.full((1, 1), np.inf))
    assert phase_limits(unlimited, text("A", "", "", "")) is None


def test_cars_of_unknown_phases_count_as_balanced_or_as_the_worst(street: Problem) -> None:
    known = text("A", "", "", "")
    balanced = phase_limits(street, known)
    worst = phase_limits(street, known, unknown=Unknown.WORST)
    assert balanced is not None
    assert worst is not None
    power = np.repeat([3.0, 6.0, 0.0, 0.0], 2)
    assert replace(street, across=balanced).across_kw(power)[:, 0] == pytest.approx([5.0, 2.0, 2.0])
    assert replace(street, across=worst).across_kw(power)[:, 0] == pytest.approx([9.0, 6.0, 6.0])


def test_what_is_given_of_a_phase_counts_and_the_rest_is_shared(street: Problem) -> None:
    given = [
        GivenPhase("T12", "A", limit_kw=12.0, base_load_kw=np.array([5.0, 1.0])),
        GivenPhase("T12", "C", base_load_kw=0.0),
    ]
    limits = phase_limits(street, text("", "", "", ""), given)
    assert limits is not None
    assert limits.name.tolist() == ["phase A of T12", "phase C of T12"]
    assert limits.head_kw() == pytest.approx(np.array([[7.0, 11.0], [10.0, 10.0]]))


def test_phases_count_in_every_circuit_above_that_has_them(problem_of: Callable[..., Problem], car: Any) -> None:
    circuits = (
        Circuit("F", "", CircuitKind.FEEDER, 60.0, phases="ABC"),
        Circuit("T1", "F", CircuitKind.TRANSFORMER, 20.0, phases="AB"),
        Circuit("T2", "F", CircuitKind.TRANSFORMER, 20.0),
    )
    cars = car(0, 1, 5.0, node="T1"), car(0, 1, 5.0, node="T1"), car(0, 1, 5.0, node="T2")
    problem = problem_of(*cars, steps=1, circuits=circuits)
    limits = phase_limits(problem, text("A", "AB", "C"))
    assert limits is not None
    assert sorted(limits.name.tolist()) == [
        "phase A of F", "phase A of T1", "phase B of F", "phase B of T1", "phase C of F",
    ]  # fmt: skip
    load = dict(
        zip(
            limits.name.tolist(),
            replace(problem, across=limits).across_kw(np.array([4.0, 2.0, 3.0]))[:, 0],
            strict=True,
        )
    )
    assert load == pytest.approx(
        {"phase A of F": 5, "phase B of F": 1, "phase C of F": 3, "phase A of T1": 5, "phase B of T1": 1}
    )
    most = dict(zip(limits.name.tolist(), limits.limit_kw[:, 0], strict=True))
    assert most["phase A of T1"] == pytest.approx(10.0)
    assert most["phase A of F"] == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        ("C", r"session 'car0', phases = C: circuit T carries AB only; correct one of them, or leave the cell blank"),
        ("ABC", r"session 'car0', phases = ABC: circuit T carries AB only"),
        ("BA", r"session 'car0', phases = BA: must be one of A, B, C, AB, BC, AC, ABC, or blank"),
    ],
)
def test_phases_that_cannot_be_are_refused_with_a_sentence(
    problem_of: Callable[..., Problem], car: Any, phases: str, message: str
) -> None:
    problem = problem_of(
        car(0, 1, 5.0), steps=1, circuits=(Circuit("T", "", CircuitKind.TRANSFORMER, 9.0, phases="AB"),)
    )
    with pytest.raises(InputError, match=message):
        phase_limits(problem, text(phases))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (GivenPhase("T12", "D"), "circuit T12 has no phase 'D': it carries ABC"),
        (
            GivenPhase("T12", "A", limit_kw=-1.0),
            "phase A of circuit T12: limit_kw needs one number of kW, or one a step",
        ),
        (GivenPhase("T12", "A", base_load_kw=np.zeros(5)), "base_load_kw needs one number of kW, or one a step"),
    ],
)
def test_what_cannot_be_given_is_refused(street: Problem, given: GivenPhase, message: str) -> None:
    with pytest.raises(InputError, match=message):
        phase_limits(street, text("A", "", "", ""), [given])


def test_a_circuit_that_is_not_there_is_refused(street: Problem) -> None:
    with pytest.raises(CircuitError, match="T13"):
        phase_limits(street, text("A", "", "", ""), [GivenPhase("T13", "A", limit_kw=1.0)])
