"""Durations of ISO 8601 as OpenADR 3 writes them; what runs past the calendar stops at its ends."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from evenload.base.errors import InputError

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)
"""What P9999Y after anything comes to: for ever."""
_DURATION: Final = re.compile(
    r"(-?)P(?=\d|T\d)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})([DW]))?"
    r"(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_DAYS_A_YEAR: Final = 365.2425


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration; ``sign`` is 1 or -1. Years and months are of the calendar, days are 24 hours."""

    months: int = 0
    seconds: float = 0.0
    sign: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one such as ``PT15M`` or ``P9999Y``; ``InputError`` where it is none."""
        found = _DURATION.fullmatch(text)
        if found is None:
            raise InputError(f"{text[:40]!r} is not a duration of ISO 8601 such as PT15M")
        minus, years, months, days, unit, hours, minutes, seconds = found.groups()
        in_days = int(days or 0) * (7 if unit == "W" else 1)
        total = 86400.0 * in_days + 3600.0 * int(hours or 0) + 60.0 * int(minutes or 0) + float(seconds or 0)
        return cls(12 * int(years or 0) + int(months or 0), total, -1 if minus else 1)

    @property
    def about_s(self) -> float:
        """Its length in seconds, months as long as they are on average; negative where it goes back."""
        return self.sign * (86400.0 * _DAYS_A_YEAR / 12 * self.months + self.seconds)

    def after(self, instant: datetime) -> datetime:
        """The instant this much after another, no further than the ends of the calendar."""
        return later(_months_later(instant, self.sign * self.months), self.sign * self.seconds)


def later(instant: datetime, seconds: float) -> datetime:
    """An instant so many seconds after another, no further than the ends of the calendar."""
    if instant in (END_OF_TIME, BEGINNING):
        return instant
    try:
        return instant + timedelta(seconds=seconds)
    except OverflowError:
        return END_OF_TIME if seconds > 0 else BEGINNING


def written(seconds: float) -> str:
    """Seconds, 0 or more, as a duration; ``P9999Y`` where they never end."""
    if seconds >= 9998 * _DAYS_A_YEAR * 86400:
        return "P9999Y"
    whole = round(seconds, 6)
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{int(hours)}H" if hours else "", f"{int(minutes)}M" if minutes else ""]
    parts.append(f"{rest:.6f}".rstrip("0").rstrip(".") + "S" if rest else "")
    return "PT" + ("".join(parts) or "0S")


def _months_later(instant: datetime, months: int) -> datetime:
    if not months:
        return instant
    year, month = divmod(12 * instant.year + instant.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        return END_OF_TIME if months > 0 else BEGINNING
    return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))
