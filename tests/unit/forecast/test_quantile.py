"""Weighted quantiles: numpy's where weights are equal, hand-worked where not, and never crossing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from evenload.forecast.quantile import smoothed, weighted_quantiles

LEVELS = (0.1, 0.5, 0.9, 0.95)


def test_equal_weights_give_numpys_hazen_quantiles() -> None:
    samples = np.random.default_rng(1).normal(size=(3, 5, 31))
    expected = np.quantile(samples, LEVELS, axis=-1, method="hazen")
    assert weighted_quantiles(samples, np.ones(31), LEVELS) == pytest.approx(expected)


def test_unequal_weights_by_hand() -> None:
    # Sorted 1, 2, 4 with weights 1, 2, 1: they stand at 0.5, 2.0 and 3.5 of 4. The median stands at 2.0: value 2;
    # the quarter at 1.0, a third of the way from 1 to 2; 0.95 at 3.8, beyond the last.
    found = weighted_quantiles(np.array([4.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), (0.25, 0.5, 0.95))
    assert found == pytest.approx([4 / 3, 2.0, 4.0])


def test_missing_samples_count_for_nothing_and_none_is_missing() -> None:
    samples = np.array([[3.0, np.nan, 1.0], [np.nan, np.nan, np.nan]])
    found = weighted_quantiles(samples, np.array([1.0, 100.0, 1.0]), (0.5,))
    assert found[0, 0] == pytest.approx(2.0)
    assert np.isnan(found[0, 1])


@given(
    arrays(np.float64, (2, 9), elements=st.one_of(st.floats(-1e6, 1e6), st.just(np.nan))),
    arrays(np.float64, (9,), elements=st.floats(0.001, 10.0)),
)
def test_quantiles_do_not_cross_and_stay_among_the_samples(samples: np.ndarray, weights: np.ndarray) -> None:
    found = weighted_quantiles(samples, weights, LEVELS)
    for node in range(2):
        known = samples[node][~np.isnan(samples[node])]
        if known.size:
            assert (np.diff(found[:, node]) >= -1e-9 * np.abs(known).max()).all()
            assert found[0, node] >= known.min() - 1e-9 * np.abs(known).max()
            assert found[-1, node] <= known.max() + 1e-9 * np.abs(known).max()
        else:
            assert np.isnan(found[:, node]).all()


def test_smoothing_is_a_mean_of_neighbours_that_leaves_a_gap_a_gap() -> None:
    values = np.array([[0.0, 3.0, 6.0, 0.0, np.nan, 9.0]])
    assert smoothed(values, 3)[0] == pytest.approx([1.0, 3.0, 3.0, 0.0, np.nan, 9.0], nan_ok=True)
    assert smoothed(values, 1)[0] == pytest.approx(values[0], nan_ok=True)
