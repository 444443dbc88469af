import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from evenload.report.chart.heat import Grid, heat_cells

GRID = Grid(10, 20, 5, 4)


def covered(path: str) -> np.ndarray:
    """Cells (6 rows, 24 columns) that a path of rectangles covers, counted."""
    cells = np.zeros((6, 24), dtype=int)
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v4h-\d+z", path):
        row, start = (int(y) - 20) // 4, (int(x) - 10) // 5
        cells[row, start : start + int(width) // 5] += 1
    return cells


@given(arrays(np.bool_, (6, 24)))
def test_a_path_covers_exactly_the_cells_of_its_mask(mask: np.ndarray) -> None:
    assert np.array_equal(covered(GRID.cells(mask)), mask.astype(int))


@pytest.mark.parametrize(
    ("loading", "kind", "over"),
    [(0.0, 0, False), (0.2, 0, False), (0.21, 1, False), (1.0, 4, False), (1.001, 5, True), (9, 7, True)],
)
def test_classes_and_the_mark_above_the_rating(loading: float, kind: int, over: bool) -> None:
    made = heat_cells(GRID, np.array([[loading]]))
    assert re.findall(r"heat h(\d)", made) == [str(kind)]
    assert ("over-cell" in made) is over


def test_a_value_that_is_missing_is_no_cell() -> None:
    assert heat_cells(GRID, np.array([[np.nan]])) == ""
