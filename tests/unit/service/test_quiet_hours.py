"""Quiet hours, on days of 23 and 25 hours too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.service.people.quiet import Quiet, quiet_of

OSLO = ZoneInfo("Europe/Oslo")
NIGHT = Quiet(time(21), time(8))


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-01-12T20:59", None),
        ("2026-01-12T21:00", "2026-01-13T08:00"),
        ("2026-01-13T07:59", "2026-01-13T08:00"),
        ("2026-01-13T08:00", None),
        ("2026-03-28T23:00", "2026-03-29T08:00"),
        ("2026-10-24T23:00", "2026-10-25T08:00"),
    ],
)
def test_over_midnight(local: str, until: str | None) -> None:
    now = datetime.fromisoformat(local).replace(tzinfo=OSLO)
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=OSLO)
    assert NIGHT.until(now.astimezone(UTC), OSLO) == expected


def test_the_hour_that_comes_twice_is_quiet_twice() -> None:
    quiet = Quiet(time(1), time(2, 30))
    first = datetime(2026, 10, 25, 0, 10, tzinfo=UTC)  # 02:10 summer time
    assert quiet.until(first, OSLO) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert quiet.until(first + timedelta(hours=1), OSLO) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    st.integers(0, 95),
    st.integers(1, 95),
    st.sampled_from(["Europe/Oslo", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
def test_it_ends_later_within_a_day_and_then_is_over(now: datetime, start: int, length: int, name: str) -> None:
    zone = ZoneInfo(name)
    begins, ends = ((15 * one) % 1440 for one in (start, start + length))
    quiet = Quiet(time(begins // 60, begins % 60), time(ends // 60, ends % 60))
    until = quiet.until(now, zone)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert until.astimezone(zone).time().replace(fold=0) >= quiet.end or length > 90


def test_what_is_typed() -> None:
    assert quiet_of("") is None
    assert quiet_of("21:00-08:00") == NIGHT
    for wrong in ("21-8", "21:00", "24:00-08:00", "21:00 to 08:00", "08:00-08:00"):
        with pytest.raises(InputError, match="quiet hours"):
            quiet_of(wrong)
