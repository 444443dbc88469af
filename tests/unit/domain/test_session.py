from typing import Any

import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.history import History
from evenload.domain.session import DEFAULTS, Control, Sessions


def sessions(**changed: Any) -> Sessions:
    columns: dict[str, Any] = {
        "session_id": np.array(["s1", "s2"]),
        "plugged_at": np.array(["2020-01-06T17:00", "2020-01-06T18:00"], dtype="datetime64[s]"),
        "departs_at": np.array(["2020-01-07T07:00", "2020-01-07T08:00"], dtype="datetime64[s]"),
        "energy_kwh": np.array([12.0, 0.0]),
        "power_kw_max": np.array([7.2, 3.6]),
    }
    return Sessions.of(**(columns | changed))


def history(**changed: Any) -> History:
    columns: dict[str, Any] = {
        "session_id": np.array(["s1", "s2"]),
        "plugged_at": np.array(["2020-01-06T17:00", "2020-01-06T18:00"], dtype="datetime64[s]"),
        "unplugged_at": np.array(["2020-01-07T07:30", "2020-01-06T18:15"], dtype="datetime64[s]"),
        "energy_kwh_metered": np.array([12.0, 0.0]),
    }
    return History.of(**(columns | changed))


def test_columns_not_given_take_the_canonical_default() -> None:
    made = sessions(priority=np.array([2, 0]))
    assert made.efficiency.tolist() == [1.0, 1.0]
    assert made.energy_kwh_minimum.tolist() == [0.0, 0.0]
    assert made.control.tolist() == [Control.CONTINUOUS, Control.CONTINUOUS]
    assert np.isnan(made.battery_kwh).all()
    assert made.node.tolist() == ["", ""]
    assert made.priority.tolist() == [2, 0]
    assert made.priority.dtype == np.int64


def test_every_column_is_required_or_has_a_default() -> None:
    required = {"session_id", "plugged_at", "departs_at", "energy_kwh", "power_kw_max"}
    assert set(Sessions.names()) == required | set(DEFAULTS)


def test_a_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="power_kw_maximum"):
        sessions(power_kw_maximum=np.array([1.0, 1.0]))


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        (
            "departs_at",
            ["2020-01-06T17:00", "2020-01-07T08:00"],
            "session_id s1: departs_at .* is not after plugged_at",
        ),
        ("departs_at", ["2020-01-07T07:00", "NaT"], "session_id s2: departs_at NaT is not after plugged_at"),
        ("energy_kwh", [1.0, -0.1], "session_id s2: energy_kwh -0.1 must be 0 or more"),
        ("energy_kwh", [np.nan, 1.0], "session_id s1: energy_kwh nan must be 0 or more"),
        ("power_kw_max", [0.0, 1.0], "session_id s1: power_kw_max 0.0 must be above 0"),
        ("efficiency", [1.0, 1.01], "session_id s2: efficiency 1.01 must be above 0 and at most 1"),
        ("efficiency", [0.0, 1.0], "session_id s1: efficiency 0.0 must be above 0 and at most 1"),
    ],
)
def test_an_impossible_session_is_refused_by_its_id(column: str, values: list[Any], sentence: str) -> None:
    array = np.array(values, dtype="datetime64[s]" if column == "departs_at" else np.float64)
    with pytest.raises(ColumnsError, match=sentence):
        sessions(**{column: array})


def test_history_counts_connected_hours_and_leaves_unknowns_unknown() -> None:
    made = history()
    assert made.connected_h.tolist() == [14.5, 0.25]
    assert np.isnat(made.departs_at_declared).all()
    assert np.isnan(made.power_kw_max).all()


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("unplugged_at", ["2020-01-06T16:00", "2020-01-06T18:15"], "session_id s1: unplugged_at .* is not after"),
        ("unplugged_at", ["2020-01-07T07:30", "NaT"], "session_id s2: unplugged_at NaT is not after plugged_at"),
        ("energy_kwh_metered", [1.0, np.nan], "session_id s2: energy_kwh_metered nan must be 0 or more"),
    ],
)
def test_an_impossible_record_is_refused_by_its_id(column: str, values: list[Any], sentence: str) -> None:
    array = np.array(values, dtype="datetime64[s]" if column == "unplugged_at" else np.float64)
    with pytest.raises(ColumnsError, match=sentence):
        history(**{column: array})
