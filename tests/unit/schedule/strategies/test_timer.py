import re
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.strategies.timer import Timer

HOUSE_TRANSFORMER = (Circuit("T", "", CircuitKind.TRANSFORMER, limit_kw=10.0),)


@pytest.mark.requirement("R6", "R7", "R39")
def test_two_cars_with_one_timer_draw_14_8_kw_at_23_00_on_a_10_kw_transformer(
    problem_of: Any, car: Any, rng: Any
) -> None:
    problem = problem_of(car(0, 13, 14.8), car(1, 12, 22.2), steps=13, circuits=HOUSE_TRANSFORMER)  # from 18:00
    power = Timer(start="23:00", end="07:00").power_kw(problem, rng)
    assert problem.ev_load_kw(power)[0].tolist() == pytest.approx([0, 0, 0, 0, 0, 14.8, 14.8, 7.4, 0, 0, 0, 0, 0])


def test_a_window_within_one_day_is_kept_to_on_both_sides(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 8, 100.0), steps=8)  # 18:00 to 02:00
    power = Timer(start="19:00", end="21:00", too_short="wait").power_kw(problem, rng)
    assert power.tolist() == pytest.approx([0, 7.4, 7.4, 0, 0, 0, 0, 0])


def test_a_start_inside_a_step_counts_as_its_share(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 8, 100.0), steps=8)
    power = Timer(start="19:45", end="21:30", too_short="wait").power_kw(problem, rng)
    assert power.tolist() == pytest.approx([0, 7.4 / 4, 7.4, 7.4 / 2, 0, 0, 0, 0])


def test_a_timer_for_the_whole_day_charges_at_once(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(2, 3, 14.8), steps=8)
    assert Timer(start="00:00", end="24:00").power_kw(problem, rng).tolist() == pytest.approx([7.4, 7.4, 0])


@pytest.mark.requirement("R46")
def test_a_driver_whose_need_does_not_fit_the_hours_overrides_the_timer(problem_of: Any, car: Any, rng: Any) -> None:
    fits, too_much = car(0, 8, 22.2), car(0, 8, 22.3)  # 23:00 to 02:00 gives 3 h x 7.4 kW = 22.2 kWh
    problem = problem_of(fits, too_much, steps=8)
    power = Timer().power_kw(problem, rng).reshape(2, 8)
    assert power[0].tolist() == pytest.approx([0, 0, 0, 0, 0, 7.4, 7.4, 7.4])
    assert power[1].tolist() == pytest.approx([7.4, 7.4, 7.4, 0.1, 0, 0, 0, 0])


@pytest.mark.requirement("R46")
def test_waiting_leaves_the_rest_unserved(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 8, 30.0), steps=8)
    power = Timer(too_short="wait").power_kw(problem, rng)
    assert problem.delivered_kwh(power).tolist() == pytest.approx([22.2])


def test_whether_the_hours_do_is_judged_by_the_declared_departure_not_the_real_one(
    problem_of: Any, car: Any, rng: Any
) -> None:
    leaves_early = car(0, 6, 22.0, declared=8)
    power = Timer().power_kw(problem_of(leaves_early, steps=8), rng)
    assert power.tolist() == pytest.approx([0, 0, 0, 0, 0, 7.4])


@pytest.mark.requirement("R7")
def test_a_spread_delays_each_start_by_its_own_time(problem_of: Any, car: Any, rng: Any) -> None:
    cars = [car(0, 52, 7.4) for _ in range(400)]
    problem = problem_of(*cars, steps=52, step_minutes=15)
    load = problem.ev_load_kw(Timer(spread_hours=2.0).power_kw(problem, rng))[0]
    assert problem.delivered_kwh(Timer(spread_hours=2.0).power_kw(problem, rng)).min() == pytest.approx(7.4)
    assert not load[:20].any()  # until 23:00
    assert load.max() < 0.65 * 400 * 7.4  # one hour of charging in a three-hour span: about half of all at a time
    assert not load[33:].any()  # 23:00 + 2 h + 1 h, and the step that ends there


@pytest.mark.requirement("R7")
def test_a_timer_follows_the_wall_clock_on_the_day_the_clocks_change(problem_of: Any, car: Any, rng: Any) -> None:
    """In Oslo 2025-03-30 has no 02:00: the three clock hours 01:00 to 04:00 are two hours of charging."""
    problem = problem_of(
        car(0, 12, 100.0), steps=12, start=datetime(2025, 3, 29, 20, tzinfo=UTC), zone="Europe/Oslo"
    )  # local 21:00 on
    assert problem.minute_of_day.tolist() == [1260, 1320, 1380, 0, 60, 180, 240, 300, 360, 420, 480, 540]
    power = Timer(start="01:00", end="04:00", too_short="wait").power_kw(problem, rng)
    assert np.flatnonzero(power).tolist() == [4, 5]


@pytest.mark.requirement("R7")
def test_a_timer_charges_in_both_passes_of_the_repeated_hour(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 12, 100.0), steps=12, start=datetime(2025, 10, 25, 20, tzinfo=UTC), zone="Europe/Oslo")
    power = Timer(start="02:00", end="03:00", too_short="wait").power_kw(problem, rng)
    assert np.flatnonzero(power).tolist() == [4, 5]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"start": "07:00", "end": "07:00"}, "never charges"),
        ({"start": "25:00"}, "between 00:00 and 24:00"),
        ({"spread_hours": -1.0}, "spread_hours must be 0 or more"),
        ({"spread_hours": 8.0}, "less than the 8 h from 23:00 to 07:00"),
        ({"spread_hours": float("nan")}, "spread_hours must be 0 or more"),
        ({"too_short": "panic"}, "charge_now or wait"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        Timer(**settings)
