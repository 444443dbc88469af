"""Quantiles between those of a forecast."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import FloatArray
from evenload.forecast.level import load_at_level

LEVELS = (0.1, 0.5, 0.9)


def quantiles_of(values: FloatArray) -> FloatArray:
    return np.asarray(np.quantile(values, LEVELS))[None, :, None]


def test_a_normal_load_is_met_exactly() -> None:
    normal = NormalDist(50.0, 8.0)
    known = np.array([normal.inv_cdf(level) for level in LEVELS])[None, :, None]
    for level in (0.1, 0.25, 0.5, 0.8, 0.9):
        assert load_at_level(known, LEVELS, level) == pytest.approx(normal.inv_cdf(level))


def test_a_skewed_load_is_met_within_a_few_percent() -> None:
    values = np.random.default_rng(7).gamma(4.0, 5.0, 200_000)
    for level in (0.2, 0.35, 0.65, 0.8):
        found = float(load_at_level(quantiles_of(values), LEVELS, level)[0, 0])
        assert found == pytest.approx(float(np.quantile(values, level)), rel=0.05)


def test_levels_themselves_are_taken_as_they_are_and_gaps_stay() -> None:
    known = np.array([[[1.0, np.nan], [2.0, 2.0], [4.0, 3.0]]])
    assert load_at_level(known, LEVELS, 0.5).tolist() == [[2.0, 2.0]]
    assert np.isnan(load_at_level(known, LEVELS, 0.3)).tolist() == [[False, True]]
    assert load_at_level(known[:, 1:2], (0.5,), 0.5).tolist() == [[2.0, 2.0]]


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9))
def test_a_higher_level_is_never_a_lower_load(one: float, other: float) -> None:
    known = np.array([1.0, 2.0, 7.0])[None, :, None]
    low, high = (load_at_level(known, LEVELS, level)[0, 0] for level in sorted((one, other)))
    assert low <= high + 1e-12


def test_tails_are_not_guessed() -> None:
    for level in (0.05, 0.95, float("nan")):
        with pytest.raises(InputError, match=r"give one between 0.1 and 0.9"):
            load_at_level(np.zeros((1, 3, 1)), LEVELS, level)
    with pytest.raises(ColumnsError):
        load_at_level(np.zeros((1, 3, 1)), (0.1, 0.9), 0.5)
