"""Fields of raw records: text, numbers and wall-clock times, refused with a reason where they say nothing."""

from datetime import MAXYEAR, MINYEAR, datetime
from math import isfinite
from zoneinfo import ZoneInfo

from evenload.base.instants import as_utc
from evenload.files.importers.outcome import Record, RowRefused
from evenload.files.problems import RowReason


def text(record: Record, column: str) -> str:
    """The column as text without surrounding blanks; ``""`` where it is null or absent."""
    value = record.get(column)
    return "" if value is None else str(value).strip()


def required(record: Record, column: str) -> str:
    """The column as text, refused where it is blank."""
    written = text(record, column)
    if not written:
        raise RowRefused(RowReason.BLANK, column, None, f"{column} is blank")
    return written


def number(record: Record, column: str, missing: RowReason = RowReason.BLANK) -> float:
    """The column as a finite number; a decimal comma is read as a point, a blank is refused as ``missing``."""
    written = text(record, column)
    if not written:
        raise RowRefused(missing, column, None, f"{column} is blank")
    try:
        value = float(written.replace(",", "."))
    except ValueError as error:
        raise RowRefused(RowReason.NOT_A_NUMBER, column, written, f"{written!r} is not a number") from error
    if not isfinite(value):
        raise RowRefused(RowReason.NOT_A_NUMBER, column, written, f"{written!r} is not a finite number")
    return value


def energy_kwh(record: Record, column: str) -> float:
    """Metered energy above zero (kWh)."""
    value = number(record, column, RowReason.MISSING_ENERGY)
    if value < 0:
        raise RowRefused(RowReason.NEGATIVE_ENERGY, column, value, "energy into a car cannot be negative")
    if value == 0:
        raise RowRefused(RowReason.ZERO_ENERGY, column, value, "no energy was delivered")
    return value


def timestamp(record: Record, column: str, missing: RowReason = RowReason.BLANK) -> datetime:
    """The column as an ISO 8601 date and time, exactly as written (aware only if it carries an offset)."""
    written = text(record, column)
    if not written:
        raise RowRefused(missing, column, None, f"{column} is blank")
    try:
        moment = datetime.fromisoformat(written.replace("/", "-"))
    except ValueError as error:
        raise RowRefused(RowReason.NOT_A_TIMESTAMP, column, written, f"{written!r} is not a date and time") from error
    if not MINYEAR < moment.year < MAXYEAR:
        raise RowRefused(RowReason.OUT_OF_RANGE, column, written, f"the year {moment.year} is no year of charging")
    return moment


def localised(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Wall-clock plug-in and plug-out as instants in UTC, so that their difference is elapsed time.

    In the hour that the autumn clock repeats, the start is read as the first pass and the end as the second: the
    longest stay the stamps allow.
    """
    return as_utc(start.replace(tzinfo=zone, fold=0)), as_utc(end.replace(tzinfo=zone, fold=1))


def crosses_clock_change(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    """Whether the offset of the local clock differs between two aware instants."""
    return start.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset()


def refuse_unless_after(start: datetime, end: datetime, column: str) -> None:
    """Refuse an end that is not after the start (both in UTC)."""
    if end <= start:
        raise RowRefused(RowReason.NONPOSITIVE_DURATION, column, end.isoformat(), "plug-out is not after plug-in")
