from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.report.chart.labels import beside_points, spread, text_width


def test_two_labels_too_close_part_by_equal_shares() -> None:
    assert spread([100, 104], 14, 0, 300) == pytest.approx([95, 109])
    assert spread([104, 100], 14, 0, 300) == pytest.approx([109, 95])
    assert spread([10, 100], 14, 0, 300) == [10, 100]
    assert spread([1, 1, 1], 10, 0, 300) == pytest.approx([0, 10, 20])


@given(st.lists(st.floats(0, 300), max_size=8))
def test_spread_labels_keep_their_gap_their_order_and_inside(wanted: list[float]) -> None:
    placed = spread(wanted, 14, 0, 300)
    ordered = sorted(placed)
    assert all(b - a >= 14 - 1e-6 for a, b in pairwise(ordered))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in placed)
    pairs = sorted(zip(wanted, placed, strict=True))
    assert all(a[1] <= b[1] + 1e-9 for a, b in pairwise(pairs) if a[0] < b[0])


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=14), st.floats(0, 400), st.floats(0, 300)), max_size=8))
def test_placed_labels_never_overprint(points: list[tuple[str, float, float]]) -> None:
    placed = [label for label in beside_points(points, (0, 400), (20, 340)) if label is not None]
    for i, one in enumerate(placed):
        assert 20 <= one.y <= 340
        assert one.x - text_width(one.text) / 2 >= -1e-6
        assert not any(one.touches(other) for other in placed[:i])


def test_a_single_label_sits_right_above_its_point() -> None:
    (label,) = beside_points([("Timer", 200, 150)], (0, 400), (20, 340))
    assert label is not None
    assert (label.x, label.y) == (200, 141)


def test_a_label_keeps_clear_of_lines_where_it_can() -> None:
    x = np.arange(0, 400, 5.0)
    above = (x, np.full(x.size, 138.0))
    (label,) = beside_points([("Timer", 200, 150)], (0, 400), (20, 340), [above])
    assert label is not None
    assert not 138 - 4 < label.y < 138 + 12
