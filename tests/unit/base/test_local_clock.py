from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InstantError
from evenload.base.instants import InstantArray, to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock, clock_text, is_weekend, parse_clock, weekday_of

ZONES = ["Europe/Oslo", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CHANGES = [  # (zone, a day the clocks change, hours it has)
    ("Europe/Oslo", "2020-03-29", 23.0),
    ("Europe/Oslo", "2020-10-25", 25.0),
    ("America/Los_Angeles", "2021-03-14", 23.0),
    ("America/Los_Angeles", "2021-11-07", 25.0),
    ("Australia/Lord_Howe", "2021-10-03", 23.5),
    ("Australia/Lord_Howe", "2021-04-04", 24.5),
]
SECONDS = st.integers(
    int(datetime(1990, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2037, 1, 1, tzinfo=UTC).timestamp())
)


def seconds_to_instants(seconds: list[int]) -> InstantArray:
    return np.array(seconds, dtype="datetime64[s]")


def around(date: str) -> InstantArray:
    """Every fifth minute of the three UTC days around a local date."""
    first = np.datetime64(date, "s") - np.timedelta64(1, "D")
    return np.asarray(first + np.arange(3 * 288) * np.timedelta64(300, "s"))


@given(st.sampled_from(ZONES), st.lists(SECONDS, min_size=1, max_size=20))
def test_the_local_clock_is_what_the_standard_library_shows(zone: str, seconds: list[int]) -> None:
    clock, instants = LocalClock(zone), seconds_to_instants(seconds)
    one_by_one = [datetime.fromtimestamp(second, ZoneInfo(zone)) for second in seconds]
    assert [to_datetime(shown).replace(tzinfo=None) for shown in clock.local(instants)] == [
        shown.replace(tzinfo=None) for shown in one_by_one
    ]
    assert clock.minute_of_day(instants).tolist() == [shown.hour * 60 + shown.minute for shown in one_by_one]
    assert clock.weekday(instants).tolist() == [shown.weekday() for shown in one_by_one]
    assert [str(date) for date in clock.date(instants)] == [shown.date().isoformat() for shown in one_by_one]


@given(st.sampled_from(ZONES), st.lists(SECONDS, min_size=1, max_size=20))
def test_local_and_back_is_the_same_instant_but_in_a_repeated_hour(zone: str, seconds: list[int]) -> None:
    clock, instants = LocalClock(zone), seconds_to_instants(seconds)
    expected = []
    for second in seconds:
        shown = datetime.fromtimestamp(second, ZoneInfo(zone))
        expected.append(int(shown.replace(fold=0).timestamp()))  # the first pass of a repeated hour
    assert clock.utc(clock.local(instants)).astype(np.int64).tolist() == expected


@pytest.mark.parametrize(("zone", "date", "hours"), CHANGES)
def test_days_of_odd_length_are_read_as_the_standard_library_reads_them(zone: str, date: str, hours: float) -> None:
    clock, instants = LocalClock(zone), around(date)
    one_by_one = [to_datetime(instant).astimezone(ZoneInfo(zone)) for instant in instants]
    assert clock.minute_of_day(instants).tolist() == [shown.hour * 60 + shown.minute for shown in one_by_one]
    assert clock.offset_minutes(instants).tolist() == [
        int((shown.utcoffset() or timedelta()).total_seconds() / 60) for shown in one_by_one
    ]
    on_the_day = clock.date(instants) == np.datetime64(date, "D")
    assert on_the_day.sum() / 12 == hours


@pytest.mark.parametrize(("zone", "date", "hours"), CHANGES)
def test_midnights_of_a_day_of_odd_length_are_its_hours_apart(zone: str, date: str, hours: float) -> None:
    day = np.datetime64(date, "s")
    midnights = LocalClock(zone).utc(np.array([day, day + np.timedelta64(1, "D")]))
    assert (midnights[1] - midnights[0]) / np.timedelta64(1, "h") == hours


def test_a_skipped_hour_moves_forward_and_a_repeated_one_is_its_first_pass() -> None:
    local = np.array(["2020-03-29T02:30", "2020-10-25T02:30"], dtype="datetime64[s]")
    shown = LocalClock("Europe/Oslo").utc(local)
    assert [to_datetime(instant) for instant in shown] == [
        datetime(2020, 3, 29, 1, 30, tzinfo=UTC),  # 03:30 in summer time
        datetime(2020, 10, 25, 0, 30, tzinfo=UTC),  # still summer time
    ]


def test_shape_is_kept_and_an_empty_array_stays_empty() -> None:
    clock = LocalClock("Europe/Oslo")
    block = (to_datetime64(datetime(2020, 1, 6, tzinfo=UTC)) + np.arange(6) * np.timedelta64(1, "h")).reshape(2, 3)
    assert clock.minute_of_day(block).tolist() == [[60, 120, 180], [240, 300, 360]]
    assert clock.local(block[:0]).shape == (0, 3)


def test_an_unknown_zone_is_refused_at_once() -> None:
    with pytest.raises(InstantError, match="'Mars/Olympus' is not an IANA time zone"):
        LocalClock("Mars/Olympus")


@given(st.dates())
def test_weekday_and_weekend_of_dates(date: object) -> None:
    assert hasattr(date, "weekday")
    dates = np.array([str(date)], dtype="datetime64[D]")
    assert weekday_of(dates)[0] == date.weekday()
    assert is_weekend(dates)[0] == (date.weekday() in {5, 6})


@given(st.integers(0, 1440))
def test_a_clock_time_written_and_read_is_the_same(minute: int) -> None:
    assert parse_clock(clock_text(minute)) == minute


def test_clock_times_by_hand() -> None:
    assert (parse_clock("00:00"), parse_clock("7:05"), parse_clock("24:00")) == (0, 425, 1440)


@pytest.mark.parametrize("text", ["", "23", "23:5", "23.00", "24:01", "12:60", "-1:00", "²3:00", "a:00", "23:00:00"])
def test_what_is_no_clock_time_is_refused(text: str) -> None:
    with pytest.raises(InstantError, match="is not a clock time"):
        parse_clock(text)
