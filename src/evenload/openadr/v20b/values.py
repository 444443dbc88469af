"""Text of elements as values and back: instants, durations, numbers, flags, words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Any, Final

from evenload.base.errors import InstantError
from evenload.base.instants import as_utc
from evenload.openadr.v20b.faults import Code, ProtocolError

TEXT_LENGTH_MAX: Final = 4096
WHOLE_MAX: Final = 2**32 - 1
LONGEST: Final = timedelta(days=36525)
"""Durations stop here: a hundred years is for ever."""
_DURATION: Final = re.compile(
    r"\+?P(?=\d|T\d)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"(?:T?(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?",
    re.ASCII,
)
_INSTANT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d*)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)  # fmt: skip
_UNIT_S: Final = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)
_WHOLE: Final = re.compile(r"\+?\d{1,10}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kind:
    """How text of an element becomes a value, and a value text."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


def _refused(text: str, what: str) -> ProtocolError:
    return ProtocolError(Code.INVALID_DATA, f"{text[:60]!r} is not {what}")


def read_instant(text: str) -> datetime:
    """An instant in UTC. Without an offset nobody knows what it means, so it is refused."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise _refused(text, "an instant such as 2026-01-12T17:00:00Z")
    seconds, fraction, offset = found.groups()
    if offset is None:
        raise _refused(text, "an instant in UTC: it has no Z at its end")
    fraction = (fraction or ".")[:7]
    try:
        return as_utc(datetime.fromisoformat(seconds + (fraction if fraction != "." else "") + offset))
    except (ValueError, InstantError) as error:
        raise _refused(text, "a day or time there is") from error


def write_instant(instant: datetime) -> str:
    """An aware instant in UTC."""
    utc = instant.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds") + "Z"


def read_duration(text: str) -> timedelta:
    """A duration, 0 or more; a year is 365 days and a month 30."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise _refused(text, "a duration such as PT15M")
    seconds = sum(unit * float(count or 0) for unit, count in zip(_UNIT_S, found.groups(), strict=True))
    return min(timedelta(seconds=min(seconds, LONGEST.total_seconds())), LONGEST)


def write_duration(duration: timedelta) -> str:
    """A duration, 0 or more, in days, hours, minutes and whole seconds (the schema knows no parts of seconds)."""
    hours, rest = divmod(round(duration.total_seconds()), 3600)
    minutes, seconds = divmod(rest, 60)
    days, hours = divmod(hours, 24)
    clock = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    date = f"{days}D" if days else ""
    return f"P{date}{'T' + clock if clock else ''}" if date or clock else "PT0S"


def _read_text(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        raise ProtocolError(Code.INVALID_DATA, f"a text of {len(text)} characters, at most {TEXT_LENGTH_MAX}")
    return text


def _read_flag(text: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise _refused(text, "true or false")
    return text in {"true", "1"}


def _read_whole(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) > WHOLE_MAX:
        raise _refused(text, f"a whole number from 0 to {WHOLE_MAX}")
    return int(text)


def _read_number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not isfinite(float(text)):
        raise _refused(text, "a finite number")
    return float(text)


def word_of(words: type[StrEnum]) -> Kind:
    """One of a few words; case is not looked at while reading, since peers differ in it."""
    folded = {str(word).casefold(): word for word in words}

    def read(text: str) -> StrEnum:
        found = folded.get(text.casefold())
        if found is None:
            raise _refused(text, f"one of {', '.join(words)}")
        return found

    return Kind(read, str)


TEXT: Final = Kind(_read_text, str)
FLAG: Final = Kind(_read_flag, lambda flag: "true" if flag else "false")
WHOLE: Final = Kind(_read_whole, str)
NUMBER: Final = Kind(_read_number, lambda number: f"{number:.10g}")
INSTANT: Final = Kind(read_instant, write_instant)
DURATION: Final = Kind(read_duration, write_duration)
