"""Instants are UTC-aware, intervals are half-open ``[start, end)``; arrays of instants are ``datetime64[s]`` in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import InstantError, did_you_mean

InstantArray = NDArray[np.datetime64]


def as_utc(instant: datetime) -> datetime:
    """Return the instant in UTC; a naive one is refused, since nobody can know what it means."""
    if instant.tzinfo is None:
        raise InstantError(
            f"{instant.isoformat()} has no offset from UTC; write for example {instant.isoformat()}+00:00"
        )
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise InstantError(f"{instant.isoformat()} is outside the years 1 to 9999 in UTC") from error


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 timestamp with an offset, such as ``2020-01-06T17:00:00+01:00``."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InstantError(f"{text!r} is not an ISO 8601 timestamp such as 2020-01-06T17:00:00+01:00") from error
    return as_utc(instant)


def to_datetime64(instant: datetime) -> np.datetime64:
    """Return an aware instant as ``datetime64[s]`` in UTC (fractions of a second are dropped)."""
    return np.datetime64(as_utc(instant).replace(tzinfo=None), "s")


def to_datetime(instant: np.datetime64) -> datetime:
    """Return a ``datetime64`` in UTC as an aware datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(instant.astype("datetime64[s]").astype(np.int64)))


def time_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name, such as ``Europe/Oslo``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = did_you_mean(name, available_timezones())
        raise InstantError(f"{name!r} is not an IANA time zone such as Europe/Oslo.{near}") from error


@dataclass(frozen=True, slots=True)
class Interval:
    """A half-open span of time ``[start, end)``."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if as_utc(self.start) >= as_utc(self.end):
            raise InstantError(
                f"an interval must end after it starts: {self.start.isoformat()} to {self.end.isoformat()}"
            )

    @property
    def hours(self) -> float:
        """Length in elapsed hours (23 or 25 on a day the clocks change)."""
        return (as_utc(self.end) - as_utc(self.start)).total_seconds() / 3600

    def __contains__(self, instant: datetime) -> bool:
        return as_utc(self.start) <= as_utc(instant) < as_utc(self.end)
