"""Loading, time over the limit and hosting capacity against hand-worked and naive answers."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.grid.loading import hosting_capacity, loading, longest_run, periods_over


@pytest.mark.requirement("R39", "R42")
def test_loading_of_a_transformer_worked_by_hand() -> None:
    load = np.array([[5.0, 12.0, 11.0, 10.0, 13.0, 0.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    worked = loading(load, np.array([10.0, np.inf]), step_minutes=15)
    assert worked.loading_max.tolist() == [1.3, 0.0]
    assert worked.minutes_over.tolist() == [45.0, 0.0]
    assert worked.minutes_over_longest.tolist() == [30.0, 0.0]
    assert worked.overload_kwh.tolist() == [pytest.approx((2 + 1 + 3) * 0.25), 0.0]


def test_a_load_at_its_limit_is_not_over_it() -> None:
    assert loading(np.array([[10.0 + 1e-6]]), np.array([10.0]), 15).minutes_over[0] == 0


@given(st.lists(st.lists(st.booleans(), min_size=7, max_size=7), min_size=1, max_size=4))
def test_longest_run_equals_the_naive_count(rows: list[list[bool]]) -> None:
    naive = [max((len(list(run)) for flag, run in groupby(row) if flag), default=0) for row in rows]
    assert longest_run(np.array(rows)).tolist() == naive


def test_a_run_counts_only_inside_its_night() -> None:
    over = np.array([[True] * 3 + [True] * 3 + [False] * 2])
    night = np.array([0, 0, 0, 1, 1, 1, -1, -1])
    assert periods_over(over, night, minutes=45, step_minutes=15).tolist() == [[True, True]]
    assert periods_over(over, night, minutes=60, step_minutes=15).tolist() == [[False, False]]


@pytest.mark.parametrize(
    ("share", "capacity"),
    [([0.0, 0.005, 0.02, 0.0], 0.5), ([0.02, 0.0, 0.0, 0.0], -1.0), ([0.0, 0.0, 0.0, 0.01], 1.0)],
)
def test_hosting_capacity_stops_at_the_first_failure(share: list[float], capacity: float) -> None:
    penetrations = np.array([0.25, 0.5, 0.75, 1.0])
    assert hosting_capacity(penetrations, np.array(share), 0.01) == capacity
    order = np.array([2, 0, 3, 1])
    assert hosting_capacity(penetrations[order], np.array(share)[order], 0.01) == capacity
