"""Instants as OpenADR 3 writes them: RFC 3339, and ``0001-01-01`` for what follows or begins at once."""

import re
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import as_utc

FOLLOWS: Final = "0001-01-01"
"""A start that says: at once, or right after the interval before."""
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)  # fmt: skip
_FOLLOWS: Final = re.compile(r"0001-01-01(?:[Tt ]00:00:00(?:\.0+)?(?:[Zz]|[+-]\d{2}:\d{2})?)?", re.ASCII)


def parse_start(text: str) -> datetime | None:
    """An instant in UTC, or ``None`` for one that follows; ``InputError`` where it is neither.

    An instant without an offset is refused: OpenADR has no time zones, so nobody can know what it means.
    """
    if _FOLLOWS.fullmatch(text):
        return None
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise InputError(f"{text[:40]!r} is not an instant of RFC 3339 with an offset, such as 2026-01-12T17:00:00Z")
    day, minute, second, fraction, offset = found.groups()
    second = "59" if second == "60" else second  # a leap second, which Python does not know
    whole = f"{day}T{minute}:{second}{(fraction or '')[:7]}{'+00:00' if offset in 'Zz' else offset}"
    try:
        return as_utc(datetime.fromisoformat(whole))
    except ValueError as error:
        raise InputError(f"{text[:40]!r} is no day or time there is") from error


def written_instant(instant: datetime) -> str:
    """An aware instant as RFC 3339 in UTC."""
    return as_utc(instant).isoformat().replace("+00:00", "Z")
