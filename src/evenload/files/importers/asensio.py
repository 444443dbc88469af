"""Workplace charging of one US Midwest firm, 2014-2015 (Asensio et al. 2021, doi:10.7910/DVN/QF1PMO).

Columns read: ``sessionId``, ``userId``, ``stationId``, ``locationId``, ``created``, ``ended``, ``kwhTotal``. Years are
written 0014 and 0015. No zone is stated; the hours of the day only make sense as UTC, which is an inference: every row
carries ``CLOCK_HOUR_UNRELIABLE`` and only durations and energy should be used.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from evenload.files.importers.fields import energy_kwh, refuse_unless_after, required, text, timestamp
from evenload.files.importers.outcome import ImportOutcome, Record, Row, RowFlag, RowRepair, collect
from evenload.files.problems import RowReason

_CENTURY: Final = 2000


def read_records(records: Iterable[Record], file: str = "asensio_workplace") -> ImportOutcome:
    """Read station sessions."""
    return collect(records, _row, file=file, site_type="workplace")


def _row(record: Record) -> Row:
    written_start = timestamp(record, "created")
    written_end = timestamp(record, "ended", RowReason.MISSING_UNPLUG)
    start, end = _in_century(written_start), _in_century(written_end)
    refuse_unless_after(start, end, "ended")
    repaired = min(written_start.year, written_end.year) < _CENTURY
    return Row(
        session_id=f"AS_{required(record, 'sessionId')}",
        plugged_at=start,
        unplugged_at=end,
        energy_kwh=energy_kwh(record, "kwhTotal"),
        user_id=text(record, "userId"),
        port_id=text(record, "stationId"),
        site_id=text(record, "locationId"),
        flags=(RowFlag.CLOCK_HOUR_UNRELIABLE,),
        repairs=(RowRepair.YEAR_CENTURY_ADDED,) if repaired else (),
    )


def _in_century(written: datetime) -> datetime:
    year = written.year + _CENTURY if written.year < 100 else written.year
    return written.replace(year=year, tzinfo=UTC)
