"""Values counted by size."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.distribution import SECONDS, Distribution


def test_a_value_at_a_bound_is_counted_below_it() -> None:
    found = Distribution((1.0, 10.0))
    for value in (0.0, 1.0, 1.1, 10.0, 10.1, 1e9):
        found.add(value)
    assert found.counts == [2, 2, 2]
    assert found.total == pytest.approx(1e9 + 22.2)


@given(st.lists(st.floats(0, 100), max_size=50))
def test_every_value_is_counted_once_and_where_it_belongs(values: Sequence[float]) -> None:
    found = Distribution()
    for value in values:
        found.add(value)
    below = [int(np.sum(np.array(values) <= bound)) for bound in SECONDS]
    assert np.cumsum(found.counts).tolist() == [*below, len(values)]
    assert found.total == pytest.approx(sum(values))
