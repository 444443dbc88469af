"""Stationary storage as sessions: by hand, and beside HiGHS."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.session import Control
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import CircuitTerms, Devices, Tariffs
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.solver.optimum import Settings, solve

USUAL: dict[str, Any] = {
    "name": "storage",
    "node": 0,
    "capacity_kwh": 20.0,
    "level_kwh": 10.0,
    "charge_kw_max": 5.0,
    "discharge_kw_max": 5.0,
}


def storage(**more: Any) -> Storage:
    return Storage(**(USUAL | more))


def site(problem_of: Any, *cars: Any, limit_kw: float = np.inf, **more: Any) -> Problem:
    problem: Problem = problem_of(*cars, circuits=(Circuit("S", "", CircuitKind.SITE, limit_kw),), **more)
    return problem


def test_it_moves_energy_from_dear_to_cheap_hours(problem_of: Any, car: Any) -> None:
    """Two cheap hours, then two dear ones in which building and car draw 10 kW: 5 kW in, 0.8 * 5 kW out."""
    base, price = np.array([[0.0, 0.0, 6.0, 6.0]]), np.array([0.1, 0.1, 0.5, 0.5])
    bare = site(problem_of, car(2, 2, 8.0, 4.0), steps=4, base_kw=base, price=price)
    lossy = storage(efficiency=0.8, discharge_efficiency=1.0, level_kwh=0.0, wear_per_kwh=0.02)
    problem = with_storage(bare, [lossy])
    assert problem.session_id.tolist() == ["car0", "storage"]
    found = solve(problem, Settings(gap=1e-6))
    assert found.plan.power_kw[2:] == pytest.approx([5.0, 5.0, -4.0, -4.0], abs=1e-3)
    assert found.certificate.objective == pytest.approx(4.0 + 10 * 0.1 - 8 * (0.5 - 0.02), rel=1e-5)


@pytest.mark.parametrize(("start", "end", "delivered"), [(10.0, None, 0.0), (10.0, 14.0, 5.0)])
def test_it_ends_at_the_level_it_began_with_or_the_one_wanted(
    problem_of: Any, car: Any, start: float, end: float | None, delivered: float
) -> None:
    base, price = np.full((1, 6), 5.0), np.array([0.1, 0.5, 0.1, 0.5, 0.1, 0.3])
    bare = site(problem_of, car(0, 1, 1.0), steps=6, base_kw=base, price=price)
    kept = storage(level_kwh=start, level_kwh_end=end, efficiency=0.8, discharge_efficiency=0.9)
    problem = with_storage(bare, [kept])
    found = solve(problem, Settings(gap=1e-5))
    assert problem.level_kwh(found.plan.power_kw)[-1] == pytest.approx(delivered, abs=1e-6)
    assert found.plan.power_kw[1:].min() < -1.0


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_levels_stay_in_the_band_and_cost_is_that_of_highs(problem_of: Any, car: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    cars = [car(int(rng.integers(0, 6)), int(rng.integers(3, 6)), float(rng.uniform(1, 10))) for _ in range(5)]
    base, price = 10 * rng.random((1, 12)), rng.uniform(0.05, 0.5, 12)
    kept = storage(
        level_kwh=float(rng.uniform(4, 16)), level_kwh_min=4.0, efficiency=float(rng.uniform(0.7, 1)),
        discharge_efficiency=float(rng.uniform(0.7, 1)), wear_per_kwh=0.02,
    )  # fmt: skip
    bare = site(problem_of, *cars, limit_kw=40.0, steps=12, base_kw=base, price=price)
    terms = CircuitTerms(np.array([0]), np.zeros(1), np.array([3.0]), np.array([8.0]))
    problem = with_storage(replace(bare, terms=terms, export_limit_kw=np.array([[2.0]])), [kept])
    found = solve(problem, Settings(gap=1e-4))
    best = least_cost(problem).objective
    stored = kept.level_kwh + problem.level_kwh(found.plan.power_kw)[-12:] * kept.efficiency
    assert stored.min() >= 4.0 - 1e-6
    assert stored.max() <= 20.0 + 1e-6
    assert found.certificate.bound <= best + 1e-6 * abs(best)
    assert best - 1e-6 * abs(best) <= found.certificate.objective <= best + 0.01 * abs(best)


def test_a_storage_larger_than_the_site_limit_is_planned_inside_it(problem_of: Any, car: Any) -> None:
    base = np.array([[3.0] * 4])
    huge = storage(capacity_kwh=2000.0, level_kwh=1000.0, charge_kw_max=500.0, discharge_kw_max=500.0)
    bare = site(problem_of, car(0, 4, 6.0), limit_kw=8.0, steps=4, base_kw=base, price=np.array([0.1, 0.5, 0.1, 0.5]))
    problem = with_storage(replace(bare, export_limit_kw=np.array([[1.0]])), [huge])
    found = solve(problem, Settings(gap=1e-5))
    load = base[0] + problem.ev_load_kw(found.plan.power_kw)[0]
    assert load[[0, 2]] == pytest.approx([8.0, 8.0], abs=1e-3)
    assert load[1] + load[3] == pytest.approx(12 + 6 - 16, abs=1e-3)  # building and car, less what came in before
    assert load.min() >= -1.0 - 1e-6
    assert found.certificate.energy_kwh_unserved < 1e-6


def test_it_comes_beside_devices_minima_and_tariffs(problem_of: Any, car: Any) -> None:
    bare = site(problem_of, car(0, 4, 6.0), steps=4)
    tariffs = Tariffs(np.array([0]), np.ones((2, 4)), np.ones((2, 4)))
    devices = Devices(
        np.array([Control.STEPPED.value]), np.array([1.4]), np.array([np.nan]), np.array([1]),
        np.array([0.23]), np.array([2]), np.array([10]),
    )  # fmt: skip
    problem = with_storage(
        replace(bare, tariffs=tariffs, devices=devices, minimum_kwh=np.array([1.0])), [storage()], [1]
    )
    assert problem.devices is not None
    assert problem.devices.control.tolist() == ["stepped", "continuous"]
    assert problem.devices.commands_max is not None
    assert problem.devices.commands_max.tolist() == [10, -1]
    assert problem.tariff_of_session().tolist() == [0, 1]
    assert problem.minimum_kwh is not None
    assert problem.minimum_kwh.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"capacity_kwh": 0.0}, "storage: capacity_kwh must be above 0, not 0"),
        ({"charge_kw_max": -1.0}, "charge_kw_max must be above 0"),
        ({"discharge_kw_max": np.inf}, "discharge_kw_max must be a number of 0 or more"),
        ({"efficiency": 1.1}, "efficiency must be above 0 and at most 1, not 1.1"),
        ({"discharge_efficiency": 0.0}, "discharge_efficiency"),
        ({"level_kwh": 21.0}, "level_kwh 21 must be between 0 and capacity_kwh 20"),
        ({"level_kwh_min": 11.0}, "level_kwh 10 is below level_kwh_min 11"),
        ({"level_kwh_end": 9.0}, "level_kwh_end 9 is below level_kwh 10"),
        ({"wear_per_kwh": np.nan}, "wear_per_kwh"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, float], says: str) -> None:
    with pytest.raises(InputError, match=says):
        storage(**wrong)


def test_an_end_level_out_of_reach_is_refused(problem_of: Any, car: Any) -> None:
    bare = site(problem_of, car(0, 1, 1.0), steps=1)
    with pytest.raises(InputError, match=r"level_kwh_end 20 needs 10 kWh, but 5 kW for 1 h bring 5 kWh"):
        with_storage(bare, [storage(level_kwh_end=20.0)])


def test_a_name_that_a_session_has_is_refused(problem_of: Any, car: Any) -> None:
    with pytest.raises(InputError, match="'car0' is already in the problem"):
        with_storage(site(problem_of, car(0, 1, 1.0)), [storage(name="car0")])


def test_no_storage_changes_nothing(problem_of: Any, car: Any) -> None:
    bare = site(problem_of, car(0, 1, 1.0))
    assert with_storage(bare, []) is bare
