"""Public level 2 stations of the City of Boulder, 2018-2021 (city open data).

Columns read: ``ObjectId``, ``Station_Name``, ``Address``, ``Start_Date___Time``, ``End_Date___Time``,
``Total_Duration__hh_mm_ss_``, ``Energy__kWh_``. The stamps are UTC as their ``+00`` says; the zone label beside them
(MST, MDT) is where the station stands, not how the stamp is written.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import as_utc, time_zone
from evenload.files.importers.fields import (
    crosses_clock_change,
    energy_kwh,
    refuse_unless_after,
    required,
    text,
    timestamp,
)
from evenload.files.importers.outcome import ImportOutcome, Record, Row, RowFlag, RowRefused, collect
from evenload.files.problems import RowReason

_ZONE: Final = time_zone("America/Denver")
_CONTRADICTION: Final = timedelta(minutes=2)
_DURATION: Final = "Total_Duration__hh_mm_ss_"


def read_records(records: Iterable[Record], file: str = "boulder") -> ImportOutcome:
    """Read station sessions; a row equal to an earlier one in all but ``ObjectId`` is a ``DUPLICATE``."""
    seen: set[tuple[str, ...]] = set()

    def read(record: Record) -> Row:
        content = tuple(f"{name}={value}" for name, value in sorted(record.items()) if name != "ObjectId")
        row = _row(record)
        if content in seen:
            raise RowRefused(RowReason.DUPLICATE, "ObjectId", record.get("ObjectId"), "the same row was read before")
        seen.add(content)
        return row

    return collect(records, read, file=file, site_type="public")


def _row(record: Record) -> Row:
    start = _instant(record, "Start_Date___Time", RowReason.BLANK)
    end = _instant(record, "End_Date___Time", RowReason.MISSING_UNPLUG)
    _refuse_contradiction(record, end - start)
    energy = energy_kwh(record, "Energy__kWh_")
    refuse_unless_after(start, end, "End_Date___Time")
    crosses = crosses_clock_change(start, end, _ZONE)
    return Row(
        session_id=f"BO_{required(record, 'ObjectId')}",
        plugged_at=start,
        unplugged_at=end,
        energy_kwh=energy,
        port_id=text(record, "Station_Name"),
        site_id=text(record, "Address"),
        flags=(RowFlag.CROSSES_CLOCK_CHANGE,) if crosses else (),
    )


def _instant(record: Record, column: str, missing: RowReason) -> datetime:
    written = timestamp(record, column, missing)
    if written.tzinfo is None:
        raise RowRefused(RowReason.NO_OFFSET, column, text(record, column), "the stamp has no offset from UTC")
    return as_utc(written)


def _refuse_contradiction(record: Record, clock: timedelta) -> None:
    """Refuse clock times (to the minute) more than two minutes away from the duration field (to the second)."""
    reported = _duration(record)
    if abs(clock - reported) > _CONTRADICTION:
        raise RowRefused(
            RowReason.DURATION_CONTRADICTS,
            _DURATION,
            text(record, _DURATION),
            f"the clock times are {clock} apart, the duration field says {reported}",
        )


def _duration(record: Record) -> timedelta:
    written = text(record, _DURATION)
    parts = written.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise RowRefused(RowReason.NOT_A_NUMBER, _DURATION, written, f"{written!r} is not hours:minutes:seconds")
    hours, minutes, seconds = (int(part) for part in parts)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
