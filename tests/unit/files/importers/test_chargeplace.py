from math import isnan

import numpy as np
import pytest

from evenload.files.importers import chargeplace
from evenload.files.importers.outcome import RowFlag, RowRepair
from evenload.files.problems import RowReason

ROW = {
    "_id": "10",
    "CP ID": "51249",
    "Connector": "1",
    "Start Date": "2017-07-20T00:00:00",
    "Start Time": "23:30",
    "End Date": "2017-07-21T00:00:00",
    "End Time": "00:30",
    "Total kWh": 7.0,
    "Site": "Canal Street",
    "Model": "APT 22kW Dual Outlet",
    "file": "September 2016 - August 2017",
}


def dated(number: int, start: str, end: str, **changes: object) -> dict[str, object]:
    stamps = {"Start Date": f"{start}T00:00:00", "End Date": f"{end}T00:00:00"}
    return ROW | stamps | {"_id": str(number)} | changes


def test_a_good_row_becomes_utc_with_its_rating() -> None:
    history = chargeplace.read_records([ROW]).history
    assert str(history.plugged_at[0]) == "2017-07-20T22:30:00"
    assert history.connected_h.tolist() == [1.0]
    assert (history.session_id[0], history.port_id[0], history.power_kw_max[0]) == ("PK_2016_10", "51249-1", 22.0)


def test_dundee_events_keep_their_number_and_user() -> None:
    history = chargeplace.read_records([ROW | {"Charging event": "4032740", "User ID": "u1"}]).history
    assert (history.session_id[0], history.user_id[0]) == ("DU_4032740", "u1")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"End Time": None}, RowReason.MISSING_UNPLUG),
        ({"Start Time": None}, RowReason.BLANK),
        ({"End Time": "25:99"}, RowReason.NOT_A_TIMESTAMP),
        ({"Start Date": "2017-13-45T00:00:00"}, RowReason.NOT_A_TIMESTAMP),
        ({"_id": None}, RowReason.BLANK),
        ({"End Date": "1970-01-01T00:00:00"}, RowReason.MISSING_UNPLUG),
        ({"Total kWh": "0"}, RowReason.ZERO_ENERGY),
        ({"Total kWh": None}, RowReason.MISSING_ENERGY),
        ({"Total kWh": 60.1}, RowReason.IMPOSSIBLE_POWER),
        ({"End Date": "2017-07-28T00:00:00"}, RowReason.OUT_OF_RANGE),
        ({"Start Date": "2015-07-20T00:00:00"}, RowReason.OUTSIDE_FILE_PERIOD),
    ],
)
def test_a_bad_row_is_refused(changes: dict[str, object], reason: RowReason) -> None:
    (problem,) = chargeplace.read_records([ROW | changes]).problems
    assert problem.reason is reason


def test_one_row_that_reads_both_ways_is_refused_not_guessed() -> None:
    """8 July or 7 August: both are in the file's year, and one row has no order to judge by."""
    for repair in (False, True):
        (problem,) = chargeplace.read_records([dated(1, "2017-07-08", "2017-07-08", **{"End Time": "23:45"})],
                                              repair_dates=repair).problems  # fmt: skip
        assert problem.reason is RowReason.AMBIGUOUS_DATE


def test_a_file_already_newest_first_is_read_as_it_stands() -> None:
    rows = [dated(n, f"2017-06-{29 - n:02d}", f"2017-06-{30 - n:02d}") for n in range(1, 29)]
    outcome = chargeplace.read_records(rows)
    assert len(outcome.history) == 28
    assert outcome.repairs == ()


def test_repair_also_finds_dates_that_look_right() -> None:
    """12 to 14 July 2017 as the publisher writes them; 12 July stands as 7 December, 7 June as 6 July."""
    rows = [
        dated(1, "2017-07-14", "2017-07-15"),
        dated(2, "2017-07-13", "2017-07-14"),
        dated(3, "2017-12-07", "2017-07-13"),
        dated(4, "2017-07-06", "2017-08-06"),
    ]
    strict = chargeplace.read_records(rows)
    assert [problem.reason for problem in strict.problems] == [
        RowReason.OUTSIDE_FILE_PERIOD,
        RowReason.AMBIGUOUS_DATE,
    ]
    repaired = chargeplace.read_records(reversed(rows), repair_dates=True)
    assert repaired.problems == ()
    by_id = dict(
        zip(repaired.history.session_id.tolist(), repaired.history.plugged_at.astype(str).tolist(), strict=True)
    )
    assert by_id["PK_2016_3"] == "2017-07-12T22:30:00"
    assert by_id["PK_2016_4"] == "2017-06-07T22:30:00"
    assert set(repaired.repairs) == {
        ("PK_2016_3", RowRepair.DAY_MONTH_EXCHANGED),
        ("PK_2016_4", RowRepair.DAY_MONTH_EXCHANGED),
    }


def test_clock_change_is_flagged() -> None:
    outcome = chargeplace.read_records([dated(1, "2017-03-25", "2017-03-26", **{"End Time": "08:30"})])
    assert outcome.history.connected_h.tolist() == [8.0]
    assert outcome.flags == (("PK_2016_1", RowFlag.CROSSES_CLOCK_CHANGE),)


def test_a_rating_the_session_contradicts_is_left_blank_and_flagged() -> None:
    """23 kWh in an hour is within 5 % of 22 kW, 23.2 kWh is not."""
    assert chargeplace.read_records([ROW | {"Total kWh": 23.0}]).history.power_kw_max.tolist() == [22.0]
    outcome = chargeplace.read_records([ROW | {"Total kWh": 23.2}])
    assert np.isnan(outcome.history.power_kw_max).tolist() == [True]
    assert outcome.flags == (("PK_2016_10", RowFlag.POWER_CONTRADICTED),)


def test_rating_is_known_only_where_the_model_names_it() -> None:
    assert chargeplace.rating_kw("Siemens 7 kW Dual Outlet") == 7.0
    assert isnan(chargeplace.rating_kw("APT Triple Rapid Charger"))
