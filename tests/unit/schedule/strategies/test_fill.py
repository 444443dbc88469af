from typing import Any

import numpy as np
import pytest

from evenload.schedule.strategies.fill import after_declared, follow_plan, planned_slots
from evenload.schedule.strategies.unmanaged import Unmanaged


def test_unmanaged_charges_at_full_power_from_plug_in(problem_of: Any, car: Any, rng: Any) -> None:
    problem = problem_of(car(0, 4, 18.5, first_share=0.5), car(3, 2, 50.0))
    assert Unmanaged().power_kw(problem, rng).tolist() == pytest.approx([3.7, 7.4, 7.4, 0, 7.4, 7.4])


def test_a_plan_is_followed_within_what_the_car_can_draw(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 3, 12.0, last_share=0.5), car(0, 2, 7.4, opted_out=True), car(0, 3, 9.0, declared=1))
    planned = np.array([2.0, 0.0, 7.4, 0.0, 3.0, 1.0, 0.0, 0.0])
    followed = follow_plan(problem, planned)
    assert followed.tolist() == pytest.approx([2.0, 0.0, 3.7, 7.4, 0.0, 1.0, 7.4, 0.6])


def test_slots_from_the_declared_departure_on_are_told_apart(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 3, 1.0, declared=2), car(1, 2, 1.0, declared=5), car(1, 1, 1.0, declared=0))
    assert after_declared(problem).tolist() == [False, False, True, False, False, True]


def test_planning_ends_with_the_horizon(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(6, 1, 1.0, declared=5), car(0, 2, 1.0, declared=3), steps=8)
    assert planned_slots(problem).tolist() == [2, 3]
