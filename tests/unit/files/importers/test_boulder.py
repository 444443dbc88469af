import pytest

from evenload.files.importers import boulder
from evenload.files.problems import RowReason

ROW = {
    "Station_Name": "BOULDER / ALPINE ST1",
    "Address": "1275 Alpine Ave",
    "Start_Date___Time": "2018/01/03 16:19:00+00",
    "Start_Time_Zone": "MST",
    "End_Date___Time": "2018/01/03 18:14:00+00",
    "Total_Duration__hh_mm_ss_": "1:54:31",
    "Energy__kWh_": 6.947,
    "ObjectId": 55,
}


def test_stamps_are_utc_whatever_the_zone_label_says() -> None:
    """The same session stands in the prepared file as 09:19 to 11:14 at -07:00."""
    history = boulder.read_records([ROW]).history
    assert history.session_id.tolist() == ["BO_55"]
    assert str(history.plugged_at[0]) == "2018-01-03T16:19:00"
    assert history.port_id.tolist() == ["BOULDER / ALPINE ST1"]


def test_an_exact_repeat_under_another_object_id_is_a_duplicate() -> None:
    (problem,) = boulder.read_records([ROW, ROW | {"ObjectId": 56}]).problems
    assert (problem.reason, problem.line) == (RowReason.DUPLICATE, 3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Total_Duration__hh_mm_ss_": "1:50:00"}, RowReason.DURATION_CONTRADICTS),
        ({"Total_Duration__hh_mm_ss_": "long"}, RowReason.NOT_A_NUMBER),
        ({"Start_Date___Time": "2018/01/03 16:19:00"}, RowReason.NO_OFFSET),
        ({"Energy__kWh_": 0.0}, RowReason.ZERO_ENERGY),
        (
            {"End_Date___Time": "2018/01/03 16:19:00+00", "Total_Duration__hh_mm_ss_": "0:00:25"},
            RowReason.NONPOSITIVE_DURATION,
        ),
        ({"End_Date___Time": None}, RowReason.MISSING_UNPLUG),
    ],
)
def test_a_bad_row_is_refused(changes: dict[str, object], reason: RowReason) -> None:
    (problem,) = boulder.read_records([ROW | changes]).problems
    assert problem.reason is reason
