"""Packed days: what went in comes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.store.sql.packing import DAY_US, merged, packed, unpacked

pytestmark = pytest.mark.requirement("R106")

METER = 7
KINDS = st.sampled_from(["interval", "register", "instant"])
QUALITIES = st.sampled_from(["measured", "estimated", "missing"])
DECIMALS = st.none() | st.integers(-9_999_999, 9_999_999).map(lambda n: n / 10_000)
ANY = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=64)
PHASES = st.none() | st.sampled_from(['{"current_a":[1.0,null,2.5]}', '{"voltage_v":[230.1,231.0,229.9]}'])
WORDS = st.text(max_size=5)


def rows_of(numbers: st.SearchStrategy[float | None]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    at = st.integers(20_000 * DAY_US, 20_001 * DAY_US - 1)
    row = st.tuples(at, st.just(METER), KINDS, *[numbers] * 5, QUALITIES, WORDS, PHASES, WORDS)
    return st.lists(row, min_size=1, max_size=40, unique_by=lambda one: one[:3])


@given(rows_of(DECIMALS))
def test_decimals_come_back_to_the_bit(rows: list[tuple[Any, ...]]) -> None:
    assert unpacked(packed(rows), METER) == sorted(rows, key=lambda row: row[:3])


@given(rows_of(ANY))
def test_any_number_comes_back_to_a_tenth_of_a_watt(rows: list[tuple[Any, ...]]) -> None:
    back = unpacked(packed(rows), METER)
    for kept, row in zip(back, sorted(rows, key=lambda row: row[:3]), strict=True):
        assert kept[:3] == row[:3]
        assert kept[8:] == row[8:]
        for told, number in zip(kept[3:8], row[3:8], strict=True):
            assert (told is None) == (number is None)
            if number is not None:
                assert told == pytest.approx(number, rel=1e-12, abs=0.5001e-4)


def test_a_day_of_a_charger_takes_little_room() -> None:
    day = [
        (20_000 * DAY_US + n * 30_000_000, METER, "instant", None, 7.36 + n % 7 / 100, 1000 + n * 0.0613, None, None,
         "measured", "periodic", None, "17")
        for n in range(2880)
    ]  # fmt: skip
    assert len(packed(day)) < 2.5 * len(day)  # bytes; 70 a row before


def test_what_is_told_later_completes_what_was_told_before() -> None:
    plain = (1, METER, "instant", None, 7.0, None, None, None, "measured", "periodic", '{"current_a":[1.0]}', "17")
    later = (1, METER, "instant", None, None, None, None, 0.5, "estimated", "clock", '{"voltage_v":[230.0]}', "17")
    assert merged([plain, later]) == [
        (1, METER, "instant", None, 7.0, None, None, 0.5, "estimated", "clock",
         '{"current_a":[1.0],"voltage_v":[230.0]}', "17")
    ]  # fmt: skip
