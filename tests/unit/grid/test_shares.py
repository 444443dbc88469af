"""Fair shares against the hand and against the definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.grid.shares import fair_shares_kw

TREE = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER, 20.0),
        Circuit("T1", "F", CircuitKind.TRANSFORMER, 6.0),
        Circuit("T2", "F", CircuitKind.TRANSFORMER, 50.0),
    ]
)


def test_by_hand() -> None:
    node = TREE.find(["T1", "T1", "T1", "T2", "T2"])
    shares = fair_shares_kw(TREE, TREE.limit_kw, node, np.array([11.0, 1.0, 11.0, 11.0, 5.0]))
    # T1 has 6: one device uses 1, two share 5. The feeder has 14 left: 5 for one, 9 for the other.
    assert shares == pytest.approx([2.5, 1.0, 2.5, 9.0, 5.0])


def test_no_room_is_no_share() -> None:
    assert fair_shares_kw(TREE, np.array([-3.0, 6.0, 6.0]), TREE.find(["T1"]), np.array([11.0])).tolist() == [0.0]
    assert fair_shares_kw(TREE, TREE.limit_kw, np.zeros(0, dtype=np.int64), np.zeros(0)).size == 0


@given(
    st.lists(st.tuples(st.sampled_from(["F", "T1", "T2"]), st.floats(0, 30)), min_size=1, max_size=15),
    st.tuples(st.floats(0, 60), st.floats(0, 30), st.floats(0, 30)),
)
def test_nobody_can_have_more_without_taking_from_somebody_poorer(
    devices: list[tuple[str, float]], room: tuple[float, float, float]
) -> None:
    node, most, room_kw = TREE.find([name for name, _ in devices]), np.array([kw for _, kw in devices]), np.array(room)
    shares = fair_shares_kw(TREE, room_kw, node, most)
    load = TREE.sum_up(np.bincount(node, weights=shares, minlength=3).astype(float)[:, None])[:, 0]
    assert (load <= room_kw + 1e-6).all()
    assert (shares <= most + 1e-9).all()
    full = load >= room_kw - 1e-6
    for i, share in enumerate(shares):
        bottlenecks = [n for n in TREE.path(int(node[i])) if full[n]]
        largest_there = [
            share >= max(s for k, s in enumerate(shares) if n in TREE.path(int(node[k]))) - 1e-6 for n in bottlenecks
        ]
        assert share >= most[i] - 1e-6 or any(largest_there)
