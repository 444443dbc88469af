from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import ColumnsError
from evenload.base.units import FloatArray, TextArray
from evenload.domain.columns import Columns


@dataclass(frozen=True)
class Rows(Columns):
    name: TextArray
    power_kw: FloatArray

    def _check(self) -> None:
        self._first_bad(~(self.power_kw >= 0), "power_kw", "must be 0 or more", "name")


def rows(*power_kw: float) -> Rows:
    return Rows(np.array([f"r{i}" for i in range(len(power_kw))], dtype=np.str_), np.array(power_kw, dtype=np.float64))


POWERS = st.lists(st.floats(0, 100), max_size=8)


@given(st.lists(POWERS, min_size=1, max_size=4))
def test_joining_and_selecting_give_the_rows_back(parts: list[list[float]]) -> None:
    joined = Rows.concatenate([rows(*part) for part in parts])
    assert len(joined) == sum(map(len, parts))
    start = 0
    for part in parts:
        chosen = joined.take(slice(start, start + len(part)))
        assert chosen.power_kw.tolist() == part
        start += len(part)


@given(POWERS)
def test_a_mask_and_its_indices_choose_the_same_rows(power_kw: list[float]) -> None:
    given_rows = rows(*power_kw)
    mask = given_rows.power_kw > 50
    np.testing.assert_array_equal(given_rows.take(mask).name, given_rows.take(np.flatnonzero(mask)).name)


def test_columns_cannot_be_written_to_and_the_callers_arrays_still_can() -> None:
    mine = np.array([1.0, 2.0])
    held = Rows(np.array(["a", "b"]), mine)
    with pytest.raises(ValueError, match="read-only"):
        held.power_kw[0] = 5.0
    with pytest.raises(AttributeError, match="cannot assign to field"):
        held.power_kw = mine  # type: ignore[misc]
    mine[0] = 3.0
    assert mine[0] == 3.0


def test_names_and_columns_keep_their_order() -> None:
    assert Rows.names() == ("name", "power_kw") == tuple(rows(1.0).columns())


@pytest.mark.parametrize("power_kw", [np.array([1.0]), np.array([[1.0, 2.0]]), np.array(1.0)])
def test_a_column_of_another_shape_is_refused_by_name(power_kw: FloatArray) -> None:
    with pytest.raises(ColumnsError, match=r"Rows\.power_kw has shape .*, expected \(2,\)"):
        Rows(np.array(["a", "b"]), power_kw)


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_the_first_bad_row_is_named_with_its_value(bad: float) -> None:
    with pytest.raises(ColumnsError, match=f"name r1: power_kw {bad} must be 0 or more"):
        rows(0.0, bad, -7.0)
