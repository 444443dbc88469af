from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.audit import ViolationKind, audit
from evenload.schedule.problem_parts import Batteries, CircuitTerms
from evenload.schedule.why.summary import Outcome
from evenload.testing import rich_problem

FEEDER = (
    Circuit("F", "", CircuitKind.FEEDER, 10.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 6.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)


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


def test_load_that_base_load_explains_is_no_breach(problem_of: Any, car: Any) -> None:
    base_kw = np.zeros((3, 8))
    base_kw[:2, 1] = 7.0
    problem = problem_of(car(0, 2, 9.0, 7.0, node="T1"), circuits=FEEDER, base_kw=base_kw)
    assert Outcome.of(problem, np.array([6.0, 0.0])).residuals().kept
    assert Outcome.of(problem, np.array([6.0, 0.1])).residuals().circuit_kw == pytest.approx(0.1)


def test_a_battery_is_measured_at_its_level(problem_of: Any, car: Any) -> None:
    # a kWh given back takes 2 kWh of charging to replace; band from -3 to 7, need 4, taper from 4 to 8 kWh of 6 kW
    problem = problem_of(car(0, 4, 4.0, 6.0, node="T2"), circuits=FEEDER, steps=4)
    batteries = Batteries(
        discharge_kw_max=np.array([2.0]), round_trip=np.array([0.5]), down_kwh=np.array([3.0]),
        up_kwh=np.array([7.0]), wear_per_kwh=np.zeros(1), knee_kwh=np.array([4.0]), full_kwh=np.array([8.0]),
    )  # fmt: skip
    export_kw = np.full((3, 1), 2.0)
    problem = replace(problem, batteries=batteries, export_limit_kw=export_kw)
    kept = Outcome.of(problem, np.array([-1.0, 6.0, 0.0, 0.0]))  # levels -2, 4, 4, 4
    assert kept.residuals().kept
    assert (kept.final_kwh.tolist(), kept.highest_kwh.tolist()) == ([4.0], [4.0])
    assert kept.discharged_kwh() == 1.0
    worst = Outcome.of(problem, np.array([-2.5, 6.0, 6.0, 5.0])).residuals()  # levels -5, 1, 7, 12
    assert not worst.kept
    # 0.5 kW beyond 2 kW; 2 kWh below -3 and 5 kWh above 7; at 7 kWh 1.5 kW at most; 12 of 4 kWh; 0.5 kW beyond 2 kW
    found = (worst.power_kw, worst.level_kwh, worst.taper_kw, worst.energy_kwh_above_need, worst.export_kw)
    assert found == pytest.approx((0.5, 5.0, 3.5, 8.0, 0.5))


@pytest.mark.requirement("R30", "R40")
def test_minimum_energy_may_use_the_emergency_limit_and_the_rest_may_not(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 14.0, 12.0, node="T1"), circuits=FEEDER, steps=2)
    problem = replace(problem, minimum_kwh=np.array([8.0]), emergency_limit_kw=np.array([[12.0], [8.0], [np.inf]]))
    powers = np.array([8.0, 6.0])
    assert Outcome.of(problem, powers, np.array([8.0, 0.0])).residuals().kept
    assert Outcome.of(problem, powers).residuals().circuit_kw == pytest.approx(2.0)
    worst = Outcome.of(problem, np.array([9.0, 5.0]), np.array([8.0, 0.0])).residuals()
    assert (worst.emergency_kw, worst.circuit_kw, worst.kept) == (pytest.approx(1.0), pytest.approx(0.0), False)


def test_unserved_energy_is_left_over_and_no_breach(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 2, 14.0, 12.0, node="T1"), car(0, 2, 3.0, 3.0, node="T2"), circuits=FEEDER, steps=2)
    problem = replace(problem, minimum_kwh=np.array([8.0, 1.0]))
    left = Outcome.of(problem, np.array([3.0, 4.0, 2.0, 0.0])).residuals()
    assert left.kept
    assert (left.minimum_kwh_unserved, left.energy_kwh_unserved) == pytest.approx((1.0, 8.0))


def test_terms_cost_what_charging_adds(problem_of: Any, car: Any) -> None:
    # base 4, 2: squares 20; with charging 5, 7: squares 74; half-hours. Peak 7, 5 paid already: 2 kW above
    base_kw = np.array([[4.0, 2.0], [4.0, 2.0], [0.0, 0.0]])
    problem = problem_of(car(0, 2, 3.0, 6.0, node="T1"), circuits=FEEDER, steps=2, step_minutes=30, base_kw=base_kw)
    terms = CircuitTerms(np.array([1]), np.array([0.1]), np.array([10.0]), np.array([5.0]))
    outcome = Outcome.of(replace(problem, terms=terms), np.array([1.0, 5.0]))
    assert outcome.terms_cost() == pytest.approx((20.0, 0.1 * 54 * 0.5))
    assert Outcome.of(problem, np.array([1.0, 5.0])).terms_cost() == (0.0, 0.0)


@given(st.integers(0, 10_000))
def test_residuals_of_any_powers_are_what_the_audit_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = rich_problem(rng, taper=True, smoothing=True, peak=True, minimum=True)
    back_kw = 0.0 if problem.batteries is None else problem.batteries.discharge_kw_max[problem.slot_sessions()]
    power_kw = rng.uniform(-0.3, 1.05, problem.cap_kw.size) * np.where(rng.random(problem.cap_kw.size) < 0.5, 1, 0)
    power_kw *= np.where(power_kw < 0, back_kw, problem.cap_kw)
    minimum_kw = np.maximum(power_kw, 0.0) * 0.3
    outcome, found = Outcome.of(problem, power_kw, minimum_kw), audit(problem, power_kw, minimum_kw)
    left, hours = outcome.residuals(), problem.horizon.hours_per_step
    worst = {kind: max((one.excess_kw for one in found if one.kind is kind), default=0.0) for kind in ViolationKind}
    measured = {
        ViolationKind.BOUNDS: left.power_kw, ViolationKind.TAPER: left.taper_kw,
        ViolationKind.LEVEL: left.level_kwh / hours, ViolationKind.NEED: left.energy_kwh_above_need / hours,
        ViolationKind.EMERGENCY: left.emergency_kw, ViolationKind.CIRCUIT: left.circuit_kw,
        ViolationKind.EXPORT: left.export_kw,
    }  # fmt: skip
    for kind, amount in measured.items():
        assert worst[kind] == pytest.approx(amount, abs=1e-5)
    final_kwh = problem.level_kwh(power_kw)[problem.offset[1:] - 1]
    assert outcome.final_kwh == pytest.approx(final_kwh)
    assert sum(outcome.terms_cost()) == pytest.approx(problem.terms_cost(power_kw), abs=1e-6, rel=1e-6)
