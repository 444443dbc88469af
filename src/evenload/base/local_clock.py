"""Local clock and calendar of UTC instants, days of 23 and 25 hours included."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from evenload.base.errors import InstantError
from evenload.base.instants import InstantArray, time_zone
from evenload.base.units import MINUTES_PER_DAY, BoolArray, IntArray

_SATURDAY = 5
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall-clock or UTC origin, made aware by the caller


@dataclass(frozen=True, slots=True)
class LocalClock:
    """The wall clock of one IANA time zone, for arrays of UTC instants (``datetime64``, any unit)."""

    zone: str

    def __post_init__(self) -> None:
        time_zone(self.zone)

    def offset_minutes(self, instants: InstantArray) -> IntArray:
        """Minutes the local clock is ahead of UTC at each instant."""
        zone = time_zone(self.zone)
        return _by_quarter_hour(instants, lambda utc: utc.replace(tzinfo=UTC).astimezone(zone))

    def local(self, instants: InstantArray) -> InstantArray:
        """What the wall clock shows, as naive ``datetime64[s]``: for labels and calendars, never for durations."""
        shift = (self.offset_minutes(instants) * 60).astype("timedelta64[s]")
        return np.asarray(instants.astype("datetime64[s]") + shift)

    def minute_of_day(self, instants: InstantArray) -> IntArray:
        """Minutes since local midnight on the wall clock, 0 to 1439."""
        return np.asarray(self.local(instants).astype("datetime64[m]").astype(np.int64) % MINUTES_PER_DAY)

    def date(self, instants: InstantArray) -> InstantArray:
        """Local calendar date, ``datetime64[D]``."""
        return np.asarray(self.local(instants).astype("datetime64[D]"))

    def weekday(self, instants: InstantArray) -> IntArray:
        """Local day of the week, 0 = Monday to 6 = Sunday."""
        return weekday_of(self.date(instants))

    def utc(self, local: InstantArray) -> InstantArray:
        """UTC instants of wall-clock times; a repeated hour is read as its first pass, a skipped one moves forward."""
        zone = time_zone(self.zone)
        offset = _by_quarter_hour(local, lambda clock: clock.replace(tzinfo=zone, fold=0))
        return np.asarray(local.astype("datetime64[s]") - (offset * 60).astype("timedelta64[s]"))


def _by_quarter_hour(times: InstantArray, aware: Callable[[datetime], datetime]) -> IntArray:
    """Offset from UTC in minutes of each time, asking ``aware`` once a quarter hour: no zone changes inside one."""
    quarters, inverse = np.unique(times.astype("datetime64[s]").astype(np.int64) // 900, return_inverse=True)
    offsets = np.empty(quarters.size, dtype=np.int64)
    for i, quarter in enumerate(quarters.tolist()):
        shift = aware(_EPOCH + timedelta(seconds=900 * quarter)).utcoffset()
        offsets[i] = 0 if shift is None else shift // timedelta(minutes=1)
    return offsets[inverse].reshape(times.shape)


def weekday_of(dates: InstantArray) -> IntArray:
    """Day of the week of calendar dates, 0 = Monday to 6 = Sunday (1970-01-01 was a Thursday)."""
    return np.asarray((dates.astype("datetime64[D]").astype(np.int64) + 3) % 7)


def is_weekend(dates: InstantArray) -> BoolArray:
    """Whether calendar dates fall on a Saturday or Sunday."""
    return np.asarray(weekday_of(dates) >= _SATURDAY)


def parse_clock(text: str) -> int:
    """Minutes since midnight of a wall-clock time ``HH:MM``; ``24:00`` is the end of the day."""
    hours, colon, minutes = text.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise InstantError(f"{text!r} is not a clock time such as 23:00")
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > MINUTES_PER_DAY:
        raise InstantError(f"{text!r} is not a clock time between 00:00 and 24:00")
    return total


def clock_text(minute_of_day: int) -> str:
    """``HH:MM`` of minutes since midnight."""
    return f"{minute_of_day // 60:02d}:{minute_of_day % 60:02d}"
