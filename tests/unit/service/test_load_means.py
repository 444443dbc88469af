"""Metered loads as means of steps, against means worked out by hand, second by second."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.horizon import Horizon
from evenload.service.live_rows import LoadRow
from evenload.service.load_means import means_kw

START = datetime(2026, 3, 2, tzinfo=UTC)
HORIZON = Horizon(START, 15, 8)


def row(minutes: float, lasts: float, load_kw: float) -> LoadRow:
    return LoadRow("t", "a", START + timedelta(minutes=minutes), 60 * lasts, load_kw)


def test_short_rows_are_averaged_and_long_ones_spread() -> None:
    rows = [row(0, 5, 10.0), row(5, 5, 10.0), row(10, 5, 40.0), row(15, 60, 7.0)]
    found = means_kw(rows, [0] * 4, 1, HORIZON)
    assert found[0].tolist() == pytest.approx([20.0, 7.0, 7.0, 7.0, 7.0, np.nan, np.nan, np.nan], nan_ok=True)


def test_a_row_between_two_steps_counts_in_both_by_its_time_there() -> None:
    found = means_kw([row(0, 10, 3.0), row(10, 15, 12.0)], [0, 0], 1, HORIZON)
    assert found[0, :2].tolist() == pytest.approx([(10 * 3.0 + 5 * 12.0) / 15, 12.0])


def test_what_is_outside_or_no_number_counts_nothing() -> None:
    rows = [row(-30, 15, 9.0), row(-10, 25, 4.0), row(200, 15, 9.0), row(30, 15, np.nan), row(45, 0, 9.0)]
    found = means_kw(rows, [0] * 5, 1, HORIZON)
    assert found[0, 0] == 4.0
    assert np.isnan(found[0, 1:]).all()
    assert means_kw([], [], 2, HORIZON).shape == (2, 8)


@given(
    st.lists(st.tuples(st.integers(-40, 130), st.integers(1, 90), st.floats(-50, 50), st.integers(0, 1)), max_size=9)
)
@settings(deadline=None)
def test_minute_by_minute_it_is_the_same(told: list[tuple[int, int, float, int]]) -> None:
    found = means_kw([row(at, lasts, kw) for at, lasts, kw, _ in told], [one[3] for one in told], 2, HORIZON)
    total, weight = np.zeros((2, 120)), np.zeros((2, 120))
    for at, lasts, kw, meter in told:
        minutes = slice(max(at, 0), max(min(at + lasts, 120), 0))
        total[meter, minutes] += kw
        weight[meter, minutes] += 1
    sums, counts = total.reshape(2, 8, 15).sum(axis=2), weight.reshape(2, 8, 15).sum(axis=2)
    slow = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    assert found == pytest.approx(slow, nan_ok=True, abs=1e-9)
