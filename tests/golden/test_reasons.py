"""Reasons of missing energy, worked out by hand for what no study file can say: one session, told to the minute.

A car at 7 kW is plugged in at 18:00; steps of one hour; 20:00 is the cheapest hour, 23:00 the next.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.history import History
from evenload.domain.session import Sessions
from evenload.domain.signal import Signal
from evenload.grid.build import HomeGrid
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.price import Price
from evenload.simulate.inputs import StudyInputs
from evenload.simulate.measures import unserved_by_reason
from evenload.simulate.world import Cars, problem_of

NOON = datetime(2024, 1, 15, 12, tzinfo=UTC)
HORIZON = Horizon(NOON, 60, 24)


def at(clock: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array([f"2024-01-15T{clock}"], dtype="datetime64[s]")


def no_cars(*_: object) -> History:
    raise AssertionError(f"the session is given in {Path(__file__).name}")


def missing(energy_kwh: float, declared: str, unplugged: str) -> dict[str, float]:
    """What the price strategy leaves missing, kWh by reason."""
    price = np.full(24, 0.30)
    price[[8, 11]] = 0.05, 0.10
    tree = CircuitTree.of([Circuit("system", "", CircuitKind.SYSTEM)])
    inputs = StudyInputs(
        HORIZON,
        LocalClock("UTC"),
        HomeGrid.of(tree, 1),
        Signal(HORIZON, price, "EUR"),
        np.ones((1, 24)),
        None,
        no_cars,
        {},
    )
    sessions = Sessions.of(
        session_id=np.array(["s1"]), plugged_at=at("18:00"), departs_at=at(declared), energy_kwh=np.array([energy_kwh]),
        power_kw_max=np.array([7.0]),
    )  # fmt: skip
    cars = Cars(sessions, at(unplugged), np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.int64), 1, 0.0, 0.0)
    problem = problem_of(inputs, cars, np.zeros((1, 24)))
    return by_reason(problem, cars.early_h)


def by_reason(problem: Problem, early_h: FloatArray) -> dict[str, float]:
    power_kw = Price().power_kw(problem, np.random.default_rng(0))
    lacking = problem.energy_kwh - problem.delivered_kwh(power_kw)
    reasons = unserved_by_reason(problem, lacking, Price.shortfall, early_h)
    return {reason.value: kwh for reason, kwh in reasons.items() if kwh > 0}


def test_a_need_beyond_power_times_stay_is_too_short() -> None:
    # 18:00-20:00 as declared: 14 of 20 kWh
    assert missing(20, declared="20:00", unplugged="20:00") == {"too_short": pytest.approx(6)}


def test_a_car_that_leaves_before_its_cheap_hour_left_early() -> None:
    # planned 7 kWh at 20:00, gone at 19:30 although 22:00 was declared
    assert missing(7, declared="22:00", unplugged="19:30") == {"left_early": pytest.approx(7)}


def test_what_even_the_declared_time_could_not_give_is_too_short_and_the_rest_left_early() -> None:
    # declared 18:00-21:00 gives 21 of 30 kWh: 9 too short; of the 21, 18:00-20:00 gave 14: 7 left early
    assert missing(30, declared="21:00", unplugged="20:00") == {
        "too_short": pytest.approx(9), "left_early": pytest.approx(7)
    }  # fmt: skip


def test_nothing_is_missing_where_the_car_stays_longer_than_declared() -> None:
    # declared 18:30, which leaves no whole hour: charges at once until 19:30
    assert missing(10, declared="18:30", unplugged="19:30") == {}


def test_a_car_that_leaves_inside_the_last_step_before_its_declared_departure_left_early() -> None:
    # planned 7 kWh at 20:00-21:00, gone at 20:20: 7 kW x 20 min = 2.333 kWh came, 4.667 are missing
    assert missing(7, declared="21:00", unplugged="20:20") == {"left_early": pytest.approx(14 / 3)}
