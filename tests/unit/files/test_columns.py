import numpy as np
import pytest

from evenload.base.errors import InvariantError
from evenload.files.columns import Column, Kind, TableSpec


def test_a_column_that_may_be_left_out_must_say_what_a_blank_means() -> None:
    with pytest.raises(InvariantError, match="column soc may be left out"):
        Column("soc", "state of charge")


def test_instants_are_read_as_seconds() -> None:
    assert Kind.INSTANT.dtype == np.dtype("datetime64[s]")


def test_a_spec_tells_its_required_columns() -> None:
    spec = TableSpec("x", "", (Column("a", "", required=True), Column("b", "", blank=0.0)), ("a",))
    assert spec.names == ("a", "b")
    assert spec.required == ("a",)
