import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InvariantError
from evenload.report.chart.scale import Scale, round_ticks, round_top, thinned, tick_labels


def test_a_scale_maps_its_ends_and_may_run_upwards() -> None:
    y = Scale(0, 200, 300, 100)
    assert [y(0.0), y(50.0), y(200.0)] == [300, 250, 100]
    assert y(np.array([100.0])).tolist() == [200]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_a_scale_that_shows_nothing_is_refused(low: float, high: float) -> None:
    with pytest.raises(InvariantError, match="shows nothing"):
        Scale(low, high, 0, 1)


def test_round_ticks_by_hand() -> None:
    assert round_ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert tick_labels(round_ticks(0, 1, 4)) == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert tick_labels(round_ticks(-1, 1, 2)) == ["-1", "0", "1"]
    assert tick_labels([0.0, 2500.0, 5000.0]) == ["0", "2,500", "5,000"]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 8))
def test_ticks_lie_inside_evenly_and_are_not_too_many(low: float, span: float, count: int) -> None:
    ticks = round_ticks(low, low + span, count)
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)
    assert len(ticks) <= count + 1
    assert len(set(tick_labels(ticks))) == len(ticks)


@given(st.floats(1e-6, 1e9))
def test_the_top_of_an_axis_holds_the_highest_value_without_waste(highest: float) -> None:
    assert highest * (1 - 1e-6) <= round_top(highest) <= 2 * highest


def test_the_top_of_an_axis_with_nothing_on_it() -> None:
    assert [round_top(0), round_top(-3), round_top(math.nan), round_top(math.inf)] == [1, 1, 1, 1]


def test_ticks_too_close_lose_their_labels_but_the_ends_keep_them() -> None:
    assert thinned([36, 67, 98, 160, 222], 44) == [True, False, True, True, True]
    assert thinned([0, 10, 20], 44) == [True, False, True]
    assert thinned([5], 44) == [True]
    assert thinned([], 44) == []


@given(st.lists(st.floats(0, 300), min_size=2, max_size=12).map(sorted))
def test_labels_kept_between_the_ends_stay_apart(places: list[float]) -> None:
    keep = thinned(places, 40)
    shown = [place for place, kept in zip(places, keep, strict=True) if kept]
    assert keep[0]
    assert keep[-1]
    assert all(b - a >= 40 for a, b in pairwise(shown)) or len(shown) == 2
