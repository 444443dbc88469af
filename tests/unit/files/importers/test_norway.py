import numpy as np
import pytest

from evenload.base.errors import ColumnsError
from evenload.domain.history import History
from evenload.files.importers import norway
from evenload.files.importers.outcome import RowFlag
from evenload.files.problems import RowReason

GOOD = {
    "location": "ASK",
    "user_id": "ASK_Plass15",
    "session_id": "ASK_1",
    "plugin_time": "2019-01-10 18:00:00",
    "plugout_time": "2019-01-11 06:00:00",
    "connection_time": 12.0,
    "energy_session": 9.5,
}


def test_a_good_row_becomes_utc() -> None:
    outcome = norway.read_records([GOOD])
    assert outcome.counts() == {"accepted": 1}
    assert str(outcome.history.plugged_at[0]) == "2019-01-10T17:00:00"
    assert outcome.history.site_type.tolist() == ["residential"]


def test_repeated_hour_is_read_as_the_longest_stay() -> None:
    """27 Oct 2019, 02:30 happens at 00:30Z and 01:30Z: a start is the first, an end the second."""
    row = GOOD | {"plugin_time": "2019-10-27 02:30:00", "plugout_time": "2019-10-27 02:31:00", "connection_time": 1.0}
    history = norway.read_records([row]).history
    assert str(history.plugged_at[0]) == "2019-10-27T00:30:00"
    assert str(history.unplugged_at[0]) == "2019-10-27T01:31:00"


def test_night_of_the_spring_change_is_an_hour_shorter_and_flagged() -> None:
    row = GOOD | {"plugin_time": "2019-03-30 20:00:00", "plugout_time": "2019-03-31 08:00:00", "connection_time": 12.0}
    outcome = norway.read_records([row])
    assert outcome.history.connected_h.tolist() == [11.0]
    assert outcome.flags == (("ASK_1", RowFlag.CROSSES_CLOCK_CHANGE),)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"plugout_time": None}, RowReason.MISSING_UNPLUG),
        ({"plugin_time": "yesterday"}, RowReason.NOT_A_TIMESTAMP),
        ({"plugin_time": ""}, RowReason.BLANK),
        ({"plugin_time": "0001-01-01 00:00:00"}, RowReason.OUT_OF_RANGE),
        ({"connection_time": 9.9}, RowReason.DURATION_CONTRADICTS),
        ({"energy_session": 0}, RowReason.ZERO_ENERGY),
        ({"energy_session": -1}, RowReason.NEGATIVE_ENERGY),
        ({"energy_session": None}, RowReason.MISSING_ENERGY),
        ({"energy_session": "nine"}, RowReason.NOT_A_NUMBER),
        ({"energy_session": "nan"}, RowReason.NOT_A_NUMBER),
        ({"plugout_time": "2019-01-10 18:00:00", "connection_time": None}, RowReason.NONPOSITIVE_DURATION),
    ],
)
def test_a_bad_row_is_refused_with_its_place(changes: dict[str, object], reason: RowReason) -> None:
    outcome = norway.read_records([GOOD, GOOD | changes | {"session_id": "ASK_2"}])
    (problem,) = outcome.problems
    assert (problem.reason, problem.line, problem.file) == (reason, 3, "norway12")
    assert problem.sentence
    assert len(outcome.history) == 1


def test_a_session_without_an_id_is_refused() -> None:
    (problem,) = norway.read_records([GOOD | {"session_id": None}]).problems
    assert (problem.reason, problem.column) == (RowReason.BLANK, "session_id")


def test_a_session_read_twice_is_refused_the_second_time() -> None:
    outcome = norway.read_records([GOOD, GOOD])
    assert [problem.reason for problem in outcome.problems] == [RowReason.DUPLICATE]


def test_overlap_is_judged_per_user() -> None:
    later = GOOD | {"session_id": "ASK_2", "plugin_time": "2019-01-11 05:00:00", "plugout_time": "2019-01-11 17:00:00"}
    other_user = later | {"user_id": "ASK_Plass29"}
    assert norway.read_records([later, GOOD]).flags == (("ASK_1", RowFlag.OVERLAPS_NEXT),)
    assert norway.read_records([other_user, GOOD]).flags == ()


def test_unknown_power_gets_the_median_and_says_so() -> None:
    history = History.of(
        session_id=np.array(["1", "2", "3"]),
        plugged_at=np.array(["2019-01-01T00", "2019-01-02T00", "2019-01-03T00"], dtype="datetime64[s]"),
        unplugged_at=np.array(["2019-01-01T01", "2019-01-02T01", "2019-01-03T01"], dtype="datetime64[s]"),
        energy_kwh_metered=np.ones(3),
        user_id=np.array(["a", "b", "c"]),
    )
    filled, stood_in = norway.with_power(history, {"a": 3.0, "b": float("nan"), "x": 7.0, "y": 11.0})
    assert filled.power_kw_max.tolist() == [3.0, 7.0, 7.0]
    assert stood_in == ("2", "3")
    with pytest.raises(ColumnsError, match="no user"):
        norway.with_power(history, {})
