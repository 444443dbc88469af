import pytest

from evenload.files.importers import asensio
from evenload.files.importers.outcome import RowFlag, RowRepair
from evenload.files.problems import RowReason

ROW = {
    "sessionId": 7093670,
    "kwhTotal": 5.61,
    "created": "0014-11-18 15:01:17",
    "ended": "0014-11-18 18:26:04",
    "userId": 30828105,
    "stationId": 632920,
    "locationId": 461655,
}


def test_the_century_is_put_back_and_the_clock_hour_distrusted() -> None:
    """The same session opens the prepared file: AS_7093670, 2014-11-18 15:01:17 to 18:26:04."""
    outcome = asensio.read_records([ROW])
    assert str(outcome.history.plugged_at[0]) == "2014-11-18T15:01:17"
    assert str(outcome.history.unplugged_at[0]) == "2014-11-18T18:26:04"
    assert outcome.repairs == (("AS_7093670", RowRepair.YEAR_CENTURY_ADDED),)
    assert outcome.flags == (("AS_7093670", RowFlag.CLOCK_HOUR_UNRELIABLE),)
    assert outcome.counts() == {"accepted": 1, "clock_hour_unreliable": 1, "year_century_added": 1}


def test_a_full_year_needs_no_repair() -> None:
    row = ROW | {"created": "2015-01-09 13:59:09", "ended": "2015-01-09 14:21:03"}
    assert asensio.read_records([row]).repairs == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kwhTotal": 0.0}, RowReason.ZERO_ENERGY),
        ({"ended": None}, RowReason.MISSING_UNPLUG),
        ({"ended": "0014-11-18 15:01:17"}, RowReason.NONPOSITIVE_DURATION),
    ],
)
def test_a_bad_row_is_refused(changes: dict[str, object], reason: RowReason) -> None:
    (problem,) = asensio.read_records([ROW | changes]).problems
    assert problem.reason is reason
