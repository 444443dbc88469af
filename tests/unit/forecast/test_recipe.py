"""Smoothing covers the same time whatever the step."""

import pytest

from evenload.forecast.recipe import LOAD, PV


@pytest.mark.parametrize(("step_minutes", "steps"), [(5, 9), (15, 3), (30, 1), (60, 1)])
def test_quantiles_are_smoothed_over_three_quarters_of_an_hour(step_minutes: int, steps: int) -> None:
    assert LOAD.smooth_steps(step_minutes) == steps
    assert PV.smooth_steps(step_minutes) == 1
