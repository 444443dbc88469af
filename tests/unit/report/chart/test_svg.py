import math

import numpy as np
import pytest

from evenload.base.errors import InvariantError
from evenload.report.chart.svg import area_path, element, line_path, number, stairs


def test_children_and_attributes_are_escaped() -> None:
    made = element("text", '<b>&"', class_="a", stroke_width=2, title='"><i>')
    assert made == (
        '<text class="a" stroke-width="2" title="&#34;&gt;&lt;i&gt;">&lt;b&gt;&amp;&#34;</text>'
    )  # fmt: skip
    assert element("g", element("line", x1=1.26, x2=None)) == '<g><line x1="1.3"/></g>'


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_coordinate_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(InvariantError, match="not finite"):
        number(value)


def test_lines_break_at_gaps_and_drop_points_on_a_level() -> None:
    x = np.arange(7.0)
    assert line_path(x, np.array([0, 1, np.nan, 2, 2, 2, 3])) == "M0 0 1 1M3 2 5 2 6 3"
    assert line_path(x, np.full(7, np.nan)) == ""


def test_areas_go_there_and_back() -> None:
    assert area_path(np.array([0.0, 4.0]), np.array([9.0, 9.0]), np.array([1.0, 2.0])) == "M0 1 4 2L4 9 0 9Z"


def test_stairs_hold_each_value_over_its_step() -> None:
    x, y = stairs(np.array([0.0, 1.0, 3.0]), np.array([5.0, 7.0]))
    assert x.tolist() == [0, 1, 1, 3]
    assert y.tolist() == [5, 5, 7, 7]
