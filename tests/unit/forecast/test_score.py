"""Pinball loss and coverage, by hand."""

import numpy as np
import pytest

from evenload.forecast.score import coverage, pinball_loss


def test_pinball_loss_by_hand() -> None:
    actual = np.array([[10.0, 10.0, np.nan]])
    quantiles = np.array([[[8.0, 13.0, 1.0], [10.0, 14.0, 1.0]]])
    # P10: 0.1 x 2 under, 0.9 x 3 over; P90: 0 and 0.1 x 4.
    assert pinball_loss(actual, quantiles, (0.1, 0.9))[0] == pytest.approx([(0.2 + 2.7) / 2, (0.0 + 0.4) / 2])


def test_nothing_known_has_no_loss_and_no_coverage() -> None:
    nothing = np.full((1, 2), np.nan)
    assert np.isnan(pinball_loss(nothing, np.zeros((1, 1, 2)), (0.5,))).all()
    assert np.isnan(coverage(nothing, np.zeros((1, 2)), np.ones((1, 2))))


def test_coverage_counts_the_bounds_and_leaves_unknown_steps_out() -> None:
    actual = np.array([[1.0, 2.0, 3.0, 4.0, np.nan]])
    assert coverage(actual, np.full((1, 5), 2.0), np.full((1, 5), 3.0)) == 0.5
