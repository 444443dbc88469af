"""Quarter hours from readings, by hand."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.store.slot_means import SLOT_US, slot_means

pytestmark = pytest.mark.requirement("R106")

START = 1_780_000_000 // 900 * 900 * 1_000_000
MINUTE = 60_000_000


def told(minute: float, kind: str, meter: int = 1, quality: str = "measured", **values: float) -> tuple[Any, ...]:
    names = ("duration_s", "power_kw", "taken", "fed", "soc")
    return (START + round(minute * MINUTE), meter, kind, *(values.get(name) for name in names), quality)


def test_registers_are_differenced_and_spread() -> None:
    means = slot_means([told(-5, "register", taken=10.0), told(25, "register", taken=16.0)], START, 3)
    assert means.power_kw[0] == pytest.approx([12.0, 8.0, 0.0])  # 6 kWh over 30 min: 12 kW, for 10 of 15 min
    assert means.covered[0] == pytest.approx([1, 2 / 3, 0])
    assert not means.estimated.any()


def test_intervals_go_before_registers_and_these_before_moments() -> None:
    rows = [
        told(0, "interval", duration_s=900, taken=1.0, fed=0.25),
        told(0, "register", taken=5.0), told(15, "register", taken=9.0), told(30, "register", taken=11.0),
        told(0, "instant", power_kw=99.0), told(30, "instant", power_kw=99.0),
        told(30, "instant", power_kw=6.0), told(45, "instant", power_kw=0.0),
    ]  # fmt: skip
    means = slot_means(rows, START, 3)
    assert means.power_kw[0] == pytest.approx([3.0, 8.0, 6.0])
    assert means.estimated[0].tolist() == [False, False, True]


def test_gaps_resets_and_other_meters_are_not_bridged() -> None:
    rows = [
        told(0, "register", taken=5.0), told(75, "register", taken=50.0),  # longer than an hour apart
        told(80, "register", taken=1.0), told(90, "register", taken=2.0),  # fell: another meter stands there
        told(0, "instant", meter=2, power_kw=3.0), told(20, "instant", meter=2, power_kw=3.0),  # held too long
    ]  # fmt: skip
    means = slot_means(rows, START, 6)
    assert means.meters.tolist() == [1, 2]
    assert means.power_kw[0] == pytest.approx([0, 0, 0, 0, 0, 4.0])
    assert means.covered[0] == pytest.approx([0, 0, 0, 0, 0, 2 / 3])
    assert not means.covered[1].any()


def test_intervals_that_overlap_count_once() -> None:
    rows = [told(0, "interval", duration_s=900, power_kw=4.0), told(10, "interval", duration_s=300, power_kw=7.0)]
    means = slot_means(rows, START, 1)
    assert means.power_kw[0] == pytest.approx([(4 * 10 + 7 * 5) / 15])
    assert means.covered[0] == pytest.approx([1])


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 40), st.floats(0, 20)), min_size=2, max_size=30), min_size=1, max_size=5)
)
def test_energy_is_neither_lost_nor_made(meters: list[list[tuple[int, float]]]) -> None:
    rows, wanted, count = [], [], 0
    for meter, steps in enumerate(meters):
        minute, register = 0, 100.0
        rows.append(told(0, "register", meter=meter, taken=register))
        for length, energy in steps:
            minute, register = minute + length, register + energy
            rows.append(told(minute, "register", meter=meter, taken=register))
        count = max(count, -(-minute // 15))
        wanted.append(register - 100.0)
    means = slot_means(rows, START, count)
    assert (means.power_kw * (SLOT_US / 3.6e9)).sum(axis=1) == pytest.approx(wanted, abs=1e-6)
    assert means.covered.max() <= 1 + 1e-9
