"""Fatigue weights, worked by hand."""

import numpy as np
import pytest

from evenload.base.errors import ColumnsError, InputError
from evenload.schedule.fairness.fatigue import fatigue, fatigue_of


def test_past_shortages_count_half_after_each_half_life() -> None:
    share = np.array([[0.5, 0.0, 1.0], [0.0, np.nan, 0.0]])
    weight = fatigue(share, np.array([0.0, 7.0, 28.0]), 14.0)
    assert weight == pytest.approx([1.0 + 0.5 + 0.25, 1.0])


def test_nobody_has_a_past_on_the_first_day() -> None:
    assert fatigue(np.zeros((2, 0)), np.zeros(0), 14.0).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("share", "days", "half_life", "error", "text"),
    [
        (0.5, 1.0, 0.0, InputError, "half_life_days must be a number above 0, such as 14, not 0"),
        (0.5, 1.0, np.nan, InputError, "half_life_days"),
        (1.5, 1.0, 14.0, InputError, "unserved_share = 1.5: a share of the need lies between 0 and 1"),
        (0.5, -1.0, 14.0, InputError, "days_ago must be numbers of 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(
    share: float, days: float, half_life: float, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        fatigue(np.array([[share]]), np.array([days]), half_life)


def test_days_and_shares_go_together() -> None:
    with pytest.raises(ColumnsError):
        fatigue(np.zeros((2, 3)), np.zeros(2), 14.0)


def test_stays_of_the_past_count_for_whose_they_were() -> None:
    drivers = np.array(["ann", "bo", "", "ann", "dee"])
    past, share, days = (
        np.array(["ann", "bo", "ann", ""]),
        np.array([0.5, 1.0, 0.4, 1.0]),
        np.array([0.0, 14.0, 28.0, 0.0]),
    )
    weight = fatigue_of(drivers, past, share, days, 14.0)
    assert weight == pytest.approx([1 + 0.5 + 0.1, 1.5, 1.0, 1.6, 1.0])
    nothing = np.zeros(0)
    assert fatigue_of(drivers, drivers[:0], nothing, nothing, 14.0).tolist() == [1.0] * 5
    with pytest.raises(ColumnsError, match="4 stays do not go with 3 shares"):
        fatigue_of(drivers, past, share[:3], days, 14.0)
