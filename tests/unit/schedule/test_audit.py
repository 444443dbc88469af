from typing import Any

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import Violation, ViolationKind, audit

FEEDER = (
    Circuit("F", "", CircuitKind.FEEDER, limit_kw=20.0),
    Circuit("T", "F", CircuitKind.TRANSFORMER, limit_kw=10.0),
)


@pytest.fixture
def problem(problem_of: Any, car: Any) -> Any:
    """Two cars for two hours; the second has opted out; base load 4 kW, then 12 kW."""
    base = np.array([[4.0, 12.0], [4.0, 12.0]])
    cars = (car(0, 2, 10.0), car(0, 2, 9.0, opted_out=True))
    return problem_of(*cars, steps=2, circuits=FEEDER, base_kw=base)


def test_a_plan_that_keeps_every_promise_has_no_violation(problem: Any) -> None:
    assert audit(problem, np.array([0.0, 0.0, 7.4, 1.6])) == ()


@pytest.mark.requirement("R39", "R42")
def test_load_above_a_limit_is_explained_by_base_load_and_opted_out_cars_only(problem: Any) -> None:
    found = audit(problem, np.array([2.0, 1.5, 7.4, 1.6]))
    assert [(one.kind, one.where, one.step) for one in found] == [("circuit", "T", 0), ("circuit", "T", 1)]
    # step 0: base 4 + opted out 7.4 = 11.4 of 10; step 1: 12 + 1.6 of 10. Both full already: the rest is excess.
    assert [one.excess_kw for one in found] == pytest.approx([2.0, 1.5])


def test_power_outside_a_cars_bounds_is_found(problem: Any) -> None:
    found = audit(problem, np.array([-0.5, np.nan, 8.4, 0.0]))
    bounds = [one for one in found if one.kind is ViolationKind.BOUNDS]
    assert [(one.where, one.step) for one in bounds] == [("car0", 0), ("car0", 1), ("car1", 0)]
    assert bounds[0].excess_kw == pytest.approx(0.5)
    assert np.isnan(bounds[1].excess_kw)
    assert bounds[2].excess_kw == pytest.approx(1.0)


def test_more_energy_than_the_need_is_found(problem: Any) -> None:
    found = audit(problem, np.array([0.0, 0.0, 7.4, 3.6]))
    assert [(one.kind, one.where, one.step) for one in found] == [("need", "car1", 1)]
    assert found[0].excess_kw == pytest.approx(2.0)


def test_powers_of_another_problem_are_refused(problem: Any) -> None:
    with pytest.raises(ColumnsError, match="4 slots has powers of shape"):
        audit(problem, np.zeros(3))


def test_a_violation_reads_as_a_sentence() -> None:
    assert str(Violation(ViolationKind.CIRCUIT, "T", 3, 1.25)) == (
        "T at step 3: 1.25 kW above the limit that neither base load nor opted-out cars explain"
    )
