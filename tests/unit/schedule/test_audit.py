from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import Violation, ViolationKind, audit
from evenload.schedule.problem_parts import Batteries

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
        "T at step 3: 1.25 kW above the limit that neither base load nor opted-out cars nor minimum energy explain"
    )


def rows(found: tuple[Violation, ...]) -> list[tuple[str, str, int, float]]:
    return [(one.kind.value, one.where, one.step, round(one.excess_kw, 9)) for one in found]


@pytest.fixture
def storing(problem_of: Any, car: Any) -> Any:
    """One car, plugged in for half of the first hour: 6 kW in, 4 kW back, half of what goes in comes back.

    Levels from -3 to 9, need 8, taper in a straight line from 6 kW at 5 kWh to none at 11 kWh.
    """
    batteries = Batteries(
        discharge_kw_max=np.array([4.0]), round_trip=np.array([0.5]), down_kwh=np.array([3.0]),
        up_kwh=np.array([9.0]), wear_per_kwh=np.zeros(1), knee_kwh=np.array([5.0]), full_kwh=np.array([11.0]),
    )  # fmt: skip
    problem = problem_of(car(0, 4, 8.0, 6.0, first_share=0.5), steps=4, circuits=FEEDER)
    return replace(problem, batteries=batteries, export_limit_kw=np.array([[3.0], [5.0]]))


@pytest.mark.requirement("R30")
def test_a_battery_that_is_kept_within_its_band_has_no_violation(storing: Any) -> None:
    assert audit(storing, np.array([-1.5, 6.0, 4.0, -0.5])) == ()  # levels -3, 3, 7, 6
    assert audit(storing, np.array([3.0, 2.0, 4.0, -0.5])) == ()  # levels 3, 5, 9, 8: over the need in between


@pytest.mark.requirement("R30")
def test_power_back_beyond_the_device_in_part_of_a_step_is_found(storing: Any) -> None:
    # half a step of 4 kW is 2 kW on the mean; 2.5 kW back lowers the level to -5, 2 below the floor
    found = rows(audit(storing, np.array([-2.5, 6.0, 0.0, 0.0])))
    assert found == [("bounds", "car0", 0, 0.5), ("level", "car0", 0, 2.0)]


@pytest.mark.requirement("R30")
def test_more_than_a_nearly_full_battery_takes_is_found(storing: Any) -> None:
    # levels 3, 8, then 3 kW of 6 at most: 1 kW too much, which also leaves it 4 kWh above the need and 3 above the band
    found = rows(audit(storing, np.array([3.0, 5.0, 4.0, 0.0])))
    assert found == [("taper", "car0", 2, 1.0), ("level", "car0", 2, 3.0), ("level", "car0", 3, 3.0),
                     ("need", "car0", 3, 4.0)]  # fmt: skip


@pytest.mark.requirement("R40")
def test_power_back_beyond_an_export_limit_is_found_unless_generation_explains_it(storing: Any) -> None:
    out = replace(storing, export_limit_kw=np.array([[1.0], [5.0]]))
    assert rows(audit(out, np.array([-1.5, 6.0, 0.0, 0.0]))) == [("export", "F", 0, 0.5)]
    base_kw = np.array([[-2.0, 0.0, 0.0, 0.0], [0.0] * 4])  # generation alone is 1 kW beyond: no more may be added
    sunny = replace(out, base_load_kw=base_kw)
    assert audit(sunny, np.zeros(4)) == ()
    assert rows(audit(sunny, np.array([-1.5, 6.0, 0.0, 0.0]))) == [("export", "F", 0, 1.5)]


@pytest.mark.requirement("R30", "R40")
def test_minimum_energy_explains_load_up_to_the_emergency_limit_only(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 20.0, 16.0), steps=2, circuits=FEEDER)
    problem = replace(problem, minimum_kwh=np.array([14.0]), emergency_limit_kw=np.array([[20.0], [12.0]]))
    powers = np.array([12.0, 2.0])
    assert audit(problem, powers, np.array([12.0, 2.0])) == ()
    assert rows(audit(problem, powers)) == [("circuit", "T", 0, 2.0)]
    assert rows(audit(problem, powers, np.array([11.0, 2.0]))) == [("circuit", "T", 0, 1.0)]
    above = rows(audit(problem, np.array([13.0, 1.0]), np.array([13.0, 1.0])))
    assert above == [("emergency", "T", 0, 1.0)]


@pytest.mark.requirement("R30")
def test_not_everything_can_be_called_minimum_energy(problem_of: Any, car: Any) -> None:
    problem = replace(problem_of(car(0, 3, 20.0, 8.0), steps=3, circuits=FEEDER), minimum_kwh=np.array([6.0]))
    powers = np.array([5.0, 4.0, 0.0])
    assert audit(problem, powers, np.array([5.0, 1.0, 0.0])) == ()
    found = rows(audit(problem, powers, np.array([5.0, 4.0, 0.5])))  # 3 too much, then 0.5 too much and not even drawn
    assert found == [("minimum", "car0", 1, 3.0), ("minimum", "car0", 2, 0.5)]
    assert rows(audit(replace(problem, minimum_kwh=None), powers, powers))[0] == ("minimum", "car0", 0, 5.0)
    with pytest.raises(ColumnsError, match="powers of shape"):
        audit(problem, powers, np.zeros(2))


def test_violations_of_cars_come_by_kind_then_those_of_circuits(storing: Any) -> None:
    found = audit(storing, np.array([3.5, 6.0, 6.0, 6.0]))
    places = [list(ViolationKind).index(one.kind) for one in found]
    assert places == sorted(places)
    assert len({one.kind for one in found}) > 2
