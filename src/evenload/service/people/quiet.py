"""Quiet hours: local times of day at which nobody wants to be disturbed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from evenload.base.errors import InputError

_WORDS: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one local time of day to another, over midnight where the second is the earlier."""

    start: time
    end: time

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet ends that an instant falls in, ``None`` where it falls in none."""
        local = now.astimezone(zone)
        clock = local.time().replace(tzinfo=None, fold=0)
        over_midnight = self.end < self.start
        is_quiet = clock >= self.start or clock < self.end if over_midnight else self.start <= clock < self.end
        if not is_quiet:
            return None
        day = local.date() if clock < self.end else local.date() + timedelta(days=1)
        ends = datetime.combine(day, self.end, zone)
        if ends.astimezone(UTC) <= now:  # the hour that comes twice: it is the second one
            ends = ends.replace(fold=1)
        return ends.astimezone(UTC)


def quiet_of(text: str) -> Quiet | None:
    """Quiet hours as they are typed, such as ``21:00-08:00``; ``""`` for none."""
    if not text:
        return None
    if _WORDS.fullmatch(text.strip()) is None:
        raise InputError(f"quiet hours {text!r} are not two times of day such as 21:00-08:00")
    start, end = (time.fromisoformat(one) for one in text.strip().split("-"))
    if start == end:
        raise InputError(f"quiet hours {text!r} begin and end at one time: leave them empty for none")
    return Quiet(start, end)
