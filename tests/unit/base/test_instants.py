from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InstantError
from evenload.base.instants import Interval, as_utc, parse_instant, time_zone, to_datetime, to_datetime64

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
AWARE = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - made aware


def test_a_timestamp_with_an_offset_is_the_same_instant_in_utc() -> None:
    assert parse_instant("2020-01-06T17:00:00+01:00") == datetime(2020, 1, 6, 16, tzinfo=UTC)
    assert parse_instant("2020-01-06T17:00:00Z").tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2020-01-06T17:00:00", r"has no offset from UTC; write for example 2020-01-06T17:00:00\+00:00"),
        ("2020-01-06", "has no offset from UTC"),
        ("06/01/2020 17:00", "'06/01/2020 17:00' is not an ISO 8601 timestamp"),
        ("2020-02-30T00:00:00Z", "is not an ISO 8601 timestamp"),
        ("", "'' is not an ISO 8601 timestamp"),
        ("0001-01-01T00:00:00+01:00", "outside the years 1 to 9999"),
    ],
)
def test_other_texts_are_refused_with_what_to_write(text: str, reason: str) -> None:
    with pytest.raises(InstantError, match=reason):
        parse_instant(text)


@given(AWARE)
def test_numpy_and_back_keeps_the_second(instant: datetime) -> None:
    assert to_datetime(to_datetime64(instant)) == instant.replace(microsecond=0)


@given(AWARE)
def test_iso_text_and_back_keeps_the_instant(instant: datetime) -> None:
    assert parse_instant(instant.isoformat()) == instant


def test_an_array_of_coarser_unit_is_read_as_the_same_instant() -> None:
    assert to_datetime(np.datetime64("2020-01-06", "D")) == datetime(2020, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize("name", ["", "Oslo", "Europe", "../etc/passwd", "x" * 300, "UTC\0"])
def test_an_unknown_time_zone_is_refused_by_name(name: str) -> None:
    with pytest.raises(InstantError, match="is not an IANA time zone such as Europe/Oslo"):
        time_zone(name)


def test_a_day_the_clocks_change_has_23_or_25_hours() -> None:
    oslo = time_zone("Europe/Oslo")
    spring = Interval(datetime(2020, 3, 29, tzinfo=oslo), datetime(2020, 3, 30, tzinfo=oslo))
    autumn = Interval(datetime(2020, 10, 25, tzinfo=oslo), datetime(2020, 10, 26, tzinfo=oslo))
    assert (spring.hours, autumn.hours) == (23.0, 25.0)


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    noon = datetime(2020, 1, 6, 12, tzinfo=UTC)
    hour = Interval(noon, noon + timedelta(hours=1))
    assert noon in hour
    assert noon + timedelta(minutes=59) in hour
    assert noon + timedelta(hours=1) not in hour
    assert noon - timedelta(seconds=1) not in hour


def test_an_interval_that_does_not_end_after_its_start_is_refused() -> None:
    noon = datetime(2020, 1, 6, 12, tzinfo=UTC)
    same_instant = datetime(2020, 1, 6, 13, tzinfo=timezone(timedelta(hours=1)))
    with pytest.raises(InstantError, match="must end after it starts"):
        Interval(noon, same_instant)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(InstantError, match="has no offset"):
        as_utc(datetime(2020, 1, 6))  # noqa: DTZ001 - the point
