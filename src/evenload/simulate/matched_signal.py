"""Prices or carbon of another year brought onto a horizon, matched by month, weekday and local clock.

A study of one winter may have to borrow the prices of another. Each local day of the horizon takes the day of the
series with the same month and weekday that lies nearest in the month (the earlier year where two are as near), hour by
hour on the local clock. What was matched to what is an assumption the report must list.
"""

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.local_clock import LocalClock, weekday_of
from evenload.base.units import HOURS_PER_DAY, FloatArray, IntArray
from evenload.domain.signal import Series


def matched(series: Series, source: LocalClock, horizon: Horizon, clock: LocalClock) -> FloatArray:
    """Value of each step of the horizon, shape (steps,); ``source`` is the clock the series' days are read on."""
    dates, by_hour = _days(series, source)
    starts = horizon.starts()
    wanted, inverse = np.unique(clock.date(starts), return_inverse=True)
    chosen = np.array([_nearest(day, dates, series.name) for day in wanted])
    return np.asarray(by_hour[chosen[inverse], clock.minute_of_day(starts) // 60])


def _days(series: Series, source: LocalClock) -> tuple[InstantArray, FloatArray]:
    """Complete local days of the series, values by hour; the hour a clock change skips takes the one before."""
    dates, row = np.unique(source.date(series.timestamp), return_inverse=True)
    hour = source.minute_of_day(series.timestamp) // 60
    total = np.zeros((dates.size, HOURS_PER_DAY))
    count = np.zeros((dates.size, HOURS_PER_DAY))
    np.add.at(total, (row, hour), series.value)
    np.add.at(count, (row, hour), 1)
    ends = np.stack([dates, dates + 1]).astype("datetime64[s]")
    lasts_h = np.diff(source.utc(ends), axis=0)[0].astype(np.int64) // 3600
    enough = (count > 0).sum(axis=1) >= np.minimum(lasts_h, HOURS_PER_DAY)
    total, count, dates = total[enough], count[enough], dates[enough]
    values = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return dates, _hold(values)


def _hold(values: FloatArray) -> FloatArray:
    """Fill a single missing hour of a day with the hour before it (the hour after it at midnight)."""
    before = np.concatenate([values[:, 1:2], values[:, :-1]], axis=1)
    return np.where(np.isnan(values), before, values)


def _nearest(day: np.datetime64, dates: InstantArray, name: str) -> int:
    month, weekday, day_of_month = _parts(np.array([day]))
    months, weekdays, days = _parts(dates)
    same = np.flatnonzero((months == month) & (weekdays == weekday))
    if not same.size:
        raise SignalError(f"{name} has no complete day in the month and on the weekday of {day}")
    return int(same[np.argmin(np.abs(days[same] - day_of_month))])


def _parts(dates: InstantArray) -> tuple[IntArray, IntArray, IntArray]:
    """Month 0-11, weekday 0-6 and day of the month 0-30 of dates."""
    months = dates.astype("datetime64[M]")
    day_of_month = (dates - months.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(months.astype(np.int64) % 12), weekday_of(dates), np.asarray(day_of_month)
