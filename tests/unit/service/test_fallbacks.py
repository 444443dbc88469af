"""Fallbacks fit together, or it is said where they do not."""

from dataclasses import replace

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.service.fallbacks import allot
from evenload.service.live_rows import DeviceRow

TREE = CircuitTree.of(
    [
        Circuit("T", "", CircuitKind.TRANSFORMER, 25.0),
        *(Circuit(f"S{i}", "T", CircuitKind.SITE, 17.0) for i in range(4)),
    ]
)
BASE = np.array([10.0, 2.0, 2.0, 2.0, 2.0])


def devices(*fallback_kw: float | None) -> list[DeviceRow]:
    return [
        DeviceRow("t", f"d{i}", f"S{i}", f"CP{i}", power_kw_min=1.38, fallback_kw=kw)
        for i, kw in enumerate(fallback_kw)
    ]


@pytest.mark.requirement("R147")
def test_what_is_left_is_shared() -> None:
    found = allot(TREE, BASE, devices(None, None, None, None))
    assert found.fallback_kw == {f"d{i}": 3.75 for i in range(4)}
    assert not found.shortfalls


def test_a_share_too_small_to_charge_with_goes_to_others() -> None:
    found = allot(TREE, np.array([21.0, 2, 2, 2, 2]), devices(None, None, None, None))
    assert sorted(found.fallback_kw.values()) == [0.0, 0.0, 2.0, 2.0]
    assert not found.shortfalls


def test_own_fallbacks_stay_and_what_does_not_fit_is_said() -> None:
    found = allot(TREE, BASE, devices(11.0, 11.0, None, None))
    assert found.fallback_kw == {"d0": 11.0, "d1": 11.0, "d2": 0.0, "d3": 0.0}
    assert [(one.node, one.kw_over) for one in found.shortfalls] == [("T", pytest.approx(7.0))]


def test_nobody_is_no_error() -> None:
    assert allot(TREE, BASE, []).fallback_kw == {}


def test_higher_priorities_are_served_first() -> None:
    rows = [replace(one, priority=int(one.device_id == "d3")) for one in devices(None, None, None, None)]
    found = allot(TREE, np.array([23.0, 2, 2, 2, 2]), rows)
    assert found.fallback_kw == {"d0": 0.0, "d1": 0.0, "d2": 0.0, "d3": 2.0}
