"""Day and month of the ChargePlace Scotland exports: which way a file's dates are written.

The exports run newest-first. In most of them every date whose day is 12 or less was written with day and month
exchanged. One row cannot show that; a whole file can, because only one reading is newest-first throughout.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_BY_MONTH: Final = re.compile(r"([A-Za-z]+)\s+(\d{4})\s*-\s*([A-Za-z]+)\s+(\d{4})")
_BY_DAY: Final = re.compile(r"\b(\d\d)(\d\d)(\d\d)\s*-\s*(\d\d)(\d\d)(\d\d)\b")


class DateOrder(StrEnum):
    """How the dates of one file are to be read."""

    PLAIN = "plain"
    EXCHANGED = "exchanged"
    UNDECIDED = "undecided"


def exchanged(day: date) -> date:
    """The date with day and month exchanged, or itself where that is no other date."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


def order_of(days: Sequence[date]) -> DateOrder:
    """Judge the dates of one file, in its row order: the one reading that never goes forward in time is right."""
    plain = _newest_first(days)
    if plain == _newest_first([exchanged(day) for day in days]):
        return DateOrder.UNDECIDED
    return DateOrder.PLAIN if plain else DateOrder.EXCHANGED


def _newest_first(days: Sequence[date]) -> bool:
    return all(day >= following for day, following in pairwise(days))


@dataclass(frozen=True, slots=True)
class FilePeriod:
    """The days a file says it covers, both ends included."""

    first: date
    last: date

    @classmethod
    def named(cls, file: str) -> Self | None:
        """The period in names such as ``September 2016 - August 2017`` or ``... 010917 - 011217``, else None."""
        if found := _BY_DAY.search(file):
            day, month, year, last_day, last_month, last_year = (int(part) for part in found.groups())
            return cls._of((2000 + year, month, day), (2000 + last_year, last_month, last_day))
        if found := _BY_MONTH.search(file):
            month_name, year_text, last_name, last_text = found.groups()
            if month_name.lower() in _MONTHS and last_name.lower() in _MONTHS:
                return cls(_month(month_name, year_text), _month_end(_month(last_name, last_text)))
        return None

    @classmethod
    def _of(cls, first: tuple[int, int, int], last: tuple[int, int, int]) -> Self | None:
        try:
            return cls(date(*first), date(*last))
        except ValueError:
            return None

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def _month(name: str, year: str) -> date:
    return date(int(year), _MONTHS.index(name.lower()) + 1, 1)


def _month_end(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
