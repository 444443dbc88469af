"""A day of a problem: cut by hand, and days one after another that make the whole."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.schedule.problem_parts import Across, Batteries, Tariffs
from evenload.schedule.sites.days import day_of, day_starts


def test_days_begin_at_local_midnight_over_a_change_of_clocks() -> None:
    horizon = Horizon(datetime(2019, 3, 9, 14, tzinfo=UTC), 60, 60)  # 06:00 in Los Angeles, clocks change on the 10th
    assert day_starts(horizon, "America/Los_Angeles").tolist() == [0, 18, 41, 60]


@pytest.fixture
def three_days(problem_of: Any, car: Any) -> Any:
    """Cars of the first day, over the first midnight, of the second day; 4 steps of an hour a day."""
    problem = problem_of(
        car(0, 3, 5.0), car(2, 4, 12.0), car(5, 2, 3.0), car(9, 2, 3.0), steps=12,
        base_kw=np.arange(12.0)[None, :], price=np.arange(12.0),
    )  # fmt: skip
    batteries = replace(
        Batteries.charging_only(4), discharge_kw_max=np.full(4, 2.0), down_kwh=np.full(4, 3.0), up_kwh=np.full(4, 20.0)
    )
    across = Across(
        np.array(["group"]), np.arange(12.0)[None, :], np.ones((1, 12)), np.zeros(3, dtype=np.int64),
        np.array([0, 1, 3]), np.array([1.0, 0.5, 0.25]),
    )  # fmt: skip
    tariffs = Tariffs(np.arange(4), np.outer(np.arange(4.0), np.arange(12.0)), np.zeros((4, 12)))
    return replace(problem, batteries=batteries, across=across, tariffs=tariffs, minimum_kwh=np.full(4, 2.0))


def test_a_day_has_who_is_there_with_what_is_left(three_days: Any) -> None:
    done = np.zeros(11)
    done[3:5] = (2.0, 3.0)  # the second car, before midnight
    day, slot = day_of(three_days, 4, 8, done, np.zeros(4, dtype=np.bool_))
    assert day.minimum_kwh is not None
    assert day.batteries is not None
    assert day.across is not None
    assert day.session_id.tolist() == ["car1", "car2"]
    assert (day.first_step.tolist(), np.diff(day.offset).tolist()) == ([0, 1], [2, 2])
    assert day.energy_kwh.tolist() == [7.0, 3.0]
    assert day.minimum_kwh.tolist() == [0.0, 2.0]
    assert slot.tolist() == [5, 6, 7, 8]
    assert (day.horizon.start.hour, day.horizon.steps) == (22, 4)
    assert day.base_load_kw[0].tolist() == day.price_per_kwh.tolist() == [4.0, 5.0, 6.0, 7.0]
    assert day.batteries.down_kwh.tolist() == [8.0, 3.0]
    assert day.batteries.up_kwh.tolist() == [15.0, 20.0]
    assert (day.across.session.tolist(), day.across.weight.tolist()) == ([0], [0.5])
    assert day.across.limit_kw.tolist() == [[4.0, 5.0, 6.0, 7.0]]
    assert day.import_price()[day.tariff_of_session()].tolist() == [[4.0, 5.0, 6.0, 7.0], [8.0, 10.0, 12.0, 14.0]]


def test_a_day_lasts_until_its_cars_leave(three_days: Any) -> None:
    day, _ = day_of(three_days, 0, 4, np.zeros(11), np.zeros(4, dtype=np.bool_))
    assert day.session_id.tolist() == ["car0", "car1"]
    assert day.horizon.steps == 6


def test_storage_ends_with_the_day(three_days: Any) -> None:
    day, slot = day_of(three_days, 0, 4, np.zeros(11), np.array([False, True, False, False]))
    assert np.diff(day.offset).tolist() == [3, 2]
    assert day.horizon.steps == 4
    assert slot.tolist() == [0, 1, 2, 3, 4]


def test_a_day_without_sessions_is_a_problem_too(problem_of: Any, car: Any) -> None:
    day, slot = day_of(problem_of(car(0, 1, 1.0), steps=8), 4, 8, np.zeros(1), np.zeros(1, dtype=np.bool_))
    assert (day.sessions, slot.size, day.horizon.steps) == (0, 0, 4)
