"""Fallbacks together with base load stay inside every limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.grid.allotment import FallbackClaims, allotted_kw, room_kw

TREE = CircuitTree.of(
    [
        Circuit("F", "", CircuitKind.FEEDER, 20.0),
        Circuit("T1", "F", CircuitKind.TRANSFORMER, 9.0),
        Circuit("T2", "F", CircuitKind.TRANSFORMER),
    ]
)


def claims_at(
    *node: int, own: tuple[float, ...] | None = None, priority: tuple[int, ...] | None = None
) -> FallbackClaims:
    count = len(node)
    return FallbackClaims(
        np.array(node, dtype=np.int64), np.full(count, 1.4), np.full(count, 11.0),
        np.full(count, np.nan) if own is None else np.array(own),
        np.zeros(count, dtype=np.int64) if priority is None else np.array(priority, dtype=np.int64),
    )  # fmt: skip


@pytest.mark.requirement("R147")
def test_what_circuits_leave_is_shared_at_every_level() -> None:
    # T1 leaves 6 kW for two devices; of the feeder's 14 the one at T2 has the other 8
    given_kw = allotted_kw(TREE, np.array([6.0, 3.0, 2.0]), claims_at(1, 1, 2))
    assert given_kw.tolist() == [3.0, 3.0, 8.0]


def test_own_fallbacks_stay_and_what_does_not_fit_shows_as_room_below_none() -> None:
    claims, base = claims_at(1, 1, own=(11.0, np.nan)), np.array([6.0, 3.0, 2.0])
    chosen = allotted_kw(TREE, base, claims)
    assert chosen.tolist() == [11.0, 0.0]
    assert room_kw(TREE, base, claims.node, chosen).tolist() == [3.0, -5.0, np.inf]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=30), st.floats(0, 25), st.floats(0, 12))
def test_nothing_is_exceeded_but_by_base_load(devices: list[tuple[int, int]], feeder: float, first: float) -> None:
    base = np.array([max(feeder, first), first, 0.0])
    claims = claims_at(*(one for one, _ in devices), priority=tuple(rank for _, rank in devices))
    chosen = allotted_kw(TREE, base, claims)
    alone = room_kw(TREE, base, claims.node, np.zeros(len(devices)))
    assert (room_kw(TREE, base, claims.node, chosen) >= np.minimum(alone, 0.0) - 1e-6).all()
    assert ((chosen == 0) | ((chosen >= 1.39) & (chosen <= 11.0))).all()


def test_columns_go_together() -> None:
    with pytest.raises(ColumnsError, match="priority"):
        claims_at(0, 1, priority=(1,))


def test_an_unlimited_circuit_holds_nobody_back() -> None:
    tree = CircuitTree.of([Circuit("F", "", CircuitKind.FEEDER), Circuit("T", "F", CircuitKind.TRANSFORMER, 4.0)])
    claims = FallbackClaims(
        np.array([0, 1, 1]), np.full(3, 1.4), np.array([11.0, 1.6, 11.0]), np.full(3, np.nan), np.zeros(3, np.int64)
    )
    assert allotted_kw(tree, np.zeros(2), claims).tolist() == [11.0, 1.6, 2.4]
