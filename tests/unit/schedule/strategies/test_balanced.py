from typing import Any

import pytest

from evenload.schedule.strategies.balanced import Balanced


def test_the_need_is_spread_evenly_over_the_declared_time(problem_of: Any, car: Any, rng: Any) -> None:
    power = Balanced().power_kw(problem_of(car(1, 4, 12.0)), rng)
    assert power.tolist() == pytest.approx([3.0, 3.0, 3.0, 3.0])


def test_a_step_covered_in_part_counts_in_part(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(1, 4, 7.0, first_share=0.5))  # 3.5 h plugged in: 2 kW
    assert Balanced().power_kw(problem, rng).tolist() == pytest.approx([1.0, 2.0, 2.0, 2.0])


def test_where_the_time_is_too_short_it_is_full_power(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(1, 3, 50.0, first_share=0.5))
    assert Balanced().power_kw(problem, rng).tolist() == pytest.approx([3.7, 7.4, 7.4])


def test_who_leaves_early_goes_with_what_was_given_until_then(problem_of: Any, car: Any, rng: Any) -> None:
    assert Balanced().power_kw(problem_of(car(1, 2, 12.0, declared=4)), rng).tolist() == pytest.approx([3.0, 3.0])


def test_who_stays_past_the_declared_departure_with_need_left_charges_at_once(
    problem_of: Any, car: Any, rng: Any
) -> None:
    power = Balanced().power_kw(problem_of(car(1, 5, 25.0, declared=2)), rng)
    assert power.tolist() == pytest.approx([7.4, 7.4, 7.4, 2.8, 0.0])


def test_a_session_of_less_than_a_step_charges_at_full_power(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(1, 1, 5.0, declared=0, first_share=0.5))
    assert Balanced().power_kw(problem, rng).tolist() == pytest.approx([3.7])
