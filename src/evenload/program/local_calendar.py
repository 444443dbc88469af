"""Seasons, weekdays and hours of a program, as its wall clock shows them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from evenload.base.errors import InputError, InstantError
from evenload.base.local_clock import parse_clock
from evenload.base.units import MINUTES_PER_DAY
from evenload.program.term import Term

_MONTH_DAY: Final = re.compile(r"(\d\d)-(\d\d)")
_LEAP_YEAR: Final = 2000


class Weekday(StrEnum):
    """Days of the week, Monday first as ``date.weekday`` counts them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK: Final = tuple(Weekday)


def weekday_of(day: date) -> Weekday:
    """The day of the week of a date."""
    return _WEEK[day.weekday()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Season(Term):
    """Days of every year, both ends included; it may run over the new year (``11-15`` to ``03-15``)."""

    name: str
    """what it is called, such as summer"""
    first: str
    """its first day, MM-DD"""
    last: str
    """its last day, MM-DD; a season that ends on 02-29 ends on 02-28 in other years"""

    def __post_init__(self) -> None:
        for key in ("first", "last"):
            _month_day(f"season {self.name!r}: {key}", getattr(self, key))

    def holds(self, day: date) -> bool:
        """Whether a local date lies in it."""
        return self.span(day) is not None

    def span(self, day: date) -> tuple[date, date] | None:
        """First and last day of the one that a date lies in; None where it lies in none."""
        for year in (day.year - 1, day.year):
            first = _in_year(self.first, year, end=False)
            last = _in_year(self.last, year + (self.last < self.first), end=True)
            if first <= day <= last:
                return first, last
        return None

    def __str__(self) -> str:
        return f"{self.name} ({self.first} to {self.last})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Term):
    """A part of the day; where it ends before it starts it runs over midnight and is of the day it starts on."""

    start: str
    """from when, HH:MM local time"""
    end: str
    """until when, HH:MM local time; 24:00 is the end of the day"""

    def __post_init__(self) -> None:
        try:
            start, end = parse_clock(self.start), parse_clock(self.end)
        except InstantError as error:
            raise InputError(f"hours {self}: {error}") from error
        if start == end:
            raise InputError(f"hours {self} are empty; all day is 00:00 to 24:00")
        if start == MINUTES_PER_DAY:
            raise InputError(f"hours {self} start at the end of the day; write 00:00")

    @property
    def minutes(self) -> tuple[int, int]:
        """Minutes since midnight of start and end; the end is beyond a day where it runs over midnight."""
        start, end = parse_clock(self.start), parse_clock(self.end)
        return start, end if end > start else end + MINUTES_PER_DAY

    def day_of(self, day: date, minute: int) -> date | None:
        """The day whose hours hold a minute of a date; None where they do not hold it."""
        start, end = self.minutes
        if start <= minute < end:
            return day
        return day - timedelta(days=1) if start <= minute + MINUTES_PER_DAY < end else None

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


ALL_DAY: Final = Hours(start="00:00", end="24:00")


def _month_day(where: str, text: str) -> None:
    matched = _MONTH_DAY.fullmatch(text)
    try:
        if matched is None:
            raise ValueError(text)
        date(_LEAP_YEAR, int(matched[1]), int(matched[2]))
    except ValueError as error:
        raise InputError(f"{where} = {text!r} is no day of the year such as 06-01 (month, day)") from error


def _in_year(month_day: str, year: int, *, end: bool) -> date:
    month, day = int(month_day[:2]), int(month_day[3:])
    try:
        return date(year, month, day)
    except ValueError:  # 29 February in a year without one
        return date(year, 2, 28) if end else date(year, 3, 1)
