from math import nan

import numpy as np
import pyarrow as pa
import pytest

from evenload.base.errors import InputError
from evenload.files.cells import convert
from evenload.files.columns import Column, Kind
from evenload.files.problems import RowReason

POWER = Column("power_kw", "", blank=nan, low=0, high=1000, unit="kW", wrong_unit="W")
START = Column("start", "", Kind.INSTANT, required=True)
WORD = Column("control", "", Kind.WORD, blank="continuous", words=("continuous", "on_off"))
NAME = Column("node", "", Kind.TEXT, required=True)


def test_blanks_take_their_meaning_and_lie_in_no_range() -> None:
    values, bad = convert(POWER, pa.array(["7.2", None, "  "]))
    np.testing.assert_array_equal(values, [7.2, nan, nan])
    assert bad == []
    assert convert(WORD, pa.array(["on_off", None, " on_off"]))[0].tolist() == ["on_off", "continuous", "on_off"]


def test_a_unit_question_is_asked_only_where_the_value_is_too_large() -> None:
    _, bad = convert(POWER, pa.array(["7200", "-3"]))
    assert [cell.sentence for cell in bad] == [
        "7200 is outside 0 to 1000 kW; is it in W?",
        "-3 is outside 0 to 1000 kW; check its sign and unit",
    ]


def test_not_a_number_and_infinity_are_not_numbers() -> None:
    _, bad = convert(POWER, pa.array(["nan", "inf", "1"]))
    assert [(cell.row, cell.reason) for cell in bad] == [(0, RowReason.NOT_A_NUMBER), (1, RowReason.NOT_A_NUMBER)]


def test_a_bad_cell_of_a_required_column_is_told_once() -> None:
    _, bad = convert(START, pa.array(["2020-01-06T17:00:00", None, "2020-01-06T17:00:00Z"]))
    assert [(cell.row, cell.reason) for cell in bad] == [(0, RowReason.NO_OFFSET), (1, RowReason.BLANK)]


@pytest.mark.parametrize("year", ["1970", "0202", "2100"])
def test_a_year_no_device_lived_in_is_refused(year: str) -> None:
    _, (bad,) = convert(START, pa.array([f"{year}-01-06T17:00:00Z"]))
    assert bad.reason is RowReason.OUT_OF_RANGE
    assert "check the year" in bad.sentence


def test_texts_stand_as_they_are_on_one_line() -> None:
    values, bad = convert(NAME, pa.array(["T 1", 'é,"', "a\nb", " ", "T 1"]))
    assert values[[0, 1, 4]].tolist() == ["T 1", 'é,"', "T 1"]
    assert [(cell.row, cell.reason) for cell in bad] == [(2, RowReason.CONTROL_CHARACTER), (3, RowReason.BLANK)]


def test_typed_cells_are_taken_as_they_are_stored() -> None:
    utc = pa.timestamp("us", tz="Europe/Oslo")
    stamps = pa.array([1_600_000_000_999_999], pa.int64()).cast(utc)
    assert convert(START, stamps)[0].tolist() == [np.datetime64(1_600_000_000, "s").item()]
    for typed in (pa.array([7, None]), pa.array([7.0, nan], pa.float32()), pa.array(["7", ""], pa.large_string())):
        np.testing.assert_array_equal(convert(POWER, typed)[0], [7.0, nan])
    coded = pa.array(["on_off", None, "on_off"]).dictionary_encode()
    assert convert(WORD, coded)[0].tolist() == ["on_off", "continuous", "on_off"]
    assert convert(NAME, pa.array([12, 7]))[0].tolist() == ["12", "7"]
    np.testing.assert_array_equal(convert(POWER, pa.nulls(2))[0], [nan, nan])


@pytest.mark.parametrize(
    ("column", "cells", "sentence"),
    [
        (START, pa.array([0]).cast(pa.timestamp("s")), "column start holds timestamps without a time zone"),
        (START, pa.array([0]), "column start holds int64; it must hold timestamps in UTC"),
        (POWER, pa.array([True]), "column power_kw holds bool; it must hold numbers"),
        (NAME, pa.array([[1]]), "it must hold texts"),
        (Column("n", "", Kind.INTEGER, blank=0), pa.array([1.5]), "column n must hold whole numbers"),
    ],
)
def test_a_column_of_another_type_is_refused(column: Column, cells: pa.Array, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence.replace("[", r"\[")):
        convert(column, cells)
