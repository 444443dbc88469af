"""Borrowed prices: matched by month, weekday and local clock."""

import numpy as np
import pytest

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.local_clock import LocalClock, weekday_of
from evenload.domain.signal import Series
from evenload.simulate.matched_signal import matched

AMSTERDAM = LocalClock("Europe/Amsterdam")
OSLO = LocalClock("Europe/Oslo")


def year_of_hours(year: int) -> Series:
    """A year whose value says its own local date and hour: day of year + hour / 100."""
    start, end = np.datetime64(f"{year - 1}-12-31T23:00:00"), np.datetime64(f"{year}-12-31T23:00:00")
    stamps = np.arange(start, end, np.timedelta64(1, "h")).astype("datetime64[s]")
    local = AMSTERDAM.local(stamps)
    day = (local.astype("datetime64[D]") - np.datetime64(f"{year}-01-01")).astype(int)
    hour = AMSTERDAM.minute_of_day(stamps) // 60
    return Series(stamps, day + hour / 100, "price")


def test_each_day_takes_a_day_of_the_same_month_and_weekday() -> None:
    horizon = Horizon.between(parse_instant("2019-11-01T00:00:00+01:00"), parse_instant("2020-02-01T00:00:00+01:00"))
    value = matched(year_of_hours(2021), AMSTERDAM, horizon, OSLO)
    borrowed = np.datetime64("2021-01-01") + np.floor(value).astype(int)
    own = OSLO.date(horizon.starts())
    assert (weekday_of(borrowed) == weekday_of(own)).all()
    assert (borrowed.astype("datetime64[M]").astype(int) % 12 == own.astype("datetime64[M]").astype(int) % 12).all()
    assert (
        np.abs(
            (borrowed - borrowed.astype("datetime64[M]")).astype(int) - (own - own.astype("datetime64[M]")).astype(int)
        )
        <= 6
    ).all()
    hour = np.round((value % 1) * 100).astype(int)
    assert (hour == OSLO.minute_of_day(horizon.starts()) // 60).all()


def test_the_hour_a_clock_change_skips_takes_the_one_before() -> None:
    horizon = Horizon.between(
        parse_instant("2019-03-31T00:00:00+01:00"), parse_instant("2019-03-31T03:00:00+00:00"), 60
    )
    value = matched(year_of_hours(2020), AMSTERDAM, horizon, OSLO)
    assert np.round((value % 1) * 100).astype(int).tolist() == [0, 1, 3, 4]
    sunday = Horizon.between(parse_instant("2020-03-29T00:00:00+00:00"), parse_instant("2020-03-29T03:00:00+00:00"), 60)
    flat = LocalClock("Etc/GMT")
    skipped = matched(year_of_hours(2020), AMSTERDAM, sunday, flat)
    assert np.round((skipped % 1) * 100).astype(int).tolist() == [0, 1, 1]


def test_a_month_the_series_lacks_is_refused() -> None:
    series = year_of_hours(2021)
    january = Series(series.timestamp[: 31 * 24], series.value[: 31 * 24], "price")
    horizon = Horizon.between(parse_instant("2020-06-01T00:00:00+02:00"), parse_instant("2020-06-02T00:00:00+02:00"))
    with pytest.raises(SignalError, match="price has no complete day in the month and on the weekday of 2020-06-01"):
        matched(january, AMSTERDAM, horizon, OSLO)
