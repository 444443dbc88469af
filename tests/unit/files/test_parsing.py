from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.files.columns import Kind
from evenload.files.parsing import parse
from evenload.files.problems import RowReason

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 1, 1), timezones=OFFSETS)  # noqa: DTZ001


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.booleans())
def test_numbers_are_what_python_reads(values: list[float], odd: bool) -> None:
    """``odd`` adds a cell with spaces, which takes the column through the slow pass."""
    texts = [repr(value) for value in values] + [" 1.5 "] * odd
    numbers, bad = parse(Kind.NUMBER, pa.array(texts, pa.string()))
    assert numbers.to_pylist() == values + [1.5] * odd
    assert bad == []


@given(st.lists(INSTANTS), st.booleans())
def test_instants_are_what_python_reads_to_the_second(instants: list[datetime], cut: bool) -> None:
    texts = [instant.isoformat(timespec="seconds" if cut else "microseconds") for instant in instants]
    seconds, bad = parse(Kind.INSTANT, pa.array(texts, pa.string()))
    assert seconds.to_pylist() == [instant.astimezone(UTC).replace(microsecond=0) for instant in instants]
    assert bad == []


@given(st.sets(st.integers(0, 4999), max_size=20), st.sets(st.integers(0, 4999), max_size=20))
def test_exactly_the_bad_cells_are_found_whatever_stands_beside_them(bad_rows: set[int], blank_rows: set[int]) -> None:
    texts: list[str | None] = [str(row) for row in range(5000)]
    for row in blank_rows:
        texts[row] = None
    for row in bad_rows:
        texts[row] = "ten"
    numbers, bad = parse(Kind.NUMBER, pa.array(texts, pa.string()))
    assert [cell.row for cell in bad] == sorted(bad_rows)
    expected = [None if row in bad_rows | blank_rows else float(row) for row in range(5000)]
    assert numbers.to_pylist() == expected


@pytest.mark.parametrize(
    ("kind", "text", "reason", "sentence"),
    [
        (Kind.NUMBER, "7,2", RowReason.NOT_A_NUMBER, "write a decimal point, not a comma"),
        (Kind.NUMBER, "NA", RowReason.NOT_A_NUMBER, "leave the cell blank where nothing is known"),
        (Kind.NUMBER, "1_000", RowReason.NOT_A_NUMBER, "is not a number"),
        (Kind.INTEGER, "2.5", RowReason.NOT_A_NUMBER, "is not a whole number"),
        (Kind.INTEGER, "1e30", RowReason.NOT_A_NUMBER, "is not a whole number"),
        (Kind.INSTANT, "06/01/2020 17:00", RowReason.NOT_A_TIMESTAMP, "such as 2020-01-06T17:00:00+01:00"),
        (Kind.INSTANT, "2020-02-30T00:00:00Z", RowReason.NOT_A_TIMESTAMP, "is not an ISO 8601 timestamp"),
        (Kind.INSTANT, "2020-01-06 17:00", RowReason.NO_OFFSET, "write for example 2020-01-06T17:00:00+00:00"),
        (Kind.FLAG, "yes", RowReason.UNKNOWN_WORD, "is not true or false"),
    ],
)
def test_what_does_not_parse_is_refused_with_a_reason(kind: Kind, text: str, reason: RowReason, sentence: str) -> None:
    _, (bad,) = parse(kind, pa.array([text]))
    assert bad.reason is reason
    assert sentence in bad.sentence


def test_flags_and_whole_numbers_are_read_as_spreadsheets_write_them() -> None:
    assert parse(Kind.FLAG, pa.array(["TRUE", "false", "1", " True "]))[0].to_pylist() == [True, False, True, True]
    assert parse(Kind.INTEGER, pa.array(["2.0", "-3", None]))[0].to_pylist() == [2, -3, None]


def test_an_instant_before_1970_loses_its_fraction_downwards() -> None:
    seconds, _ = parse(Kind.INSTANT, pa.array(["1969-12-31T23:59:59.5+00:00"]))
    assert seconds.to_numpy(zero_copy_only=False)[0] == np.datetime64("1969-12-31T23:59:59")
