"""Public chargers of Perth & Kinross and Dundee, exported from ChargePlace Scotland (OGL v3).

Columns read: ``_id``, ``CP ID``, ``Connector``, ``Start Date``, ``Start Time``, ``End Date``, ``End Time``,
``Total kWh``, ``Site``, ``Model``, ``file``; Dundee adds ``Charging event`` and ``User ID``. Times are the wall clock
of Europe/London. In most files every date whose day is 12 or less has day and month exchanged: see ``date_order``.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time
from math import nan
from operator import itemgetter
from typing import Final

from evenload.base.instants import time_zone
from evenload.files.importers.date_order import DateOrder, FilePeriod, exchanged, order_of
from evenload.files.importers.fields import (
    crosses_clock_change,
    energy_kwh,
    localised,
    refuse_unless_after,
    required,
    text,
    timestamp,
)
from evenload.files.importers.outcome import (
    ImportOutcome,
    Record,
    Row,
    RowFlag,
    RowRefused,
    RowRepair,
    collect,
)
from evenload.files.problems import RowReason

_ZONE: Final = time_zone("Europe/London")
_POWER_KW_AVERAGE_MAX: Final = 60.0
_CONNECTED_H_MAX: Final = 7 * 24.0
_PLACEHOLDER: Final = date(1970, 1, 1)
_RATING: Final = re.compile(r"(\d+)\s*kW", re.IGNORECASE)


def read_records(records: Iterable[Record], file: str = "chargeplace", *, repair_dates: bool = False) -> ImportOutcome:
    """Read charging events of whole files, in any order; the ``file`` field of a record groups it.

    ``repair_dates`` puts day and month back in files that are newest-first only after that exchange. Without it,
    or where the order proves nothing, a date outside the file's period is refused as ``OUTSIDE_FILE_PERIOD`` and one
    that could be read both ways as ``AMBIGUOUS_DATE``: never guessed.
    """
    batch = list(records)
    orders = {name: order_of(days) for name, days in _start_days(batch).items()}

    def read(record: Record) -> Row:
        order = orders.get(text(record, "file"), DateOrder.UNDECIDED)
        return _row(record, order, repair_dates)

    return collect(batch, read, file=file, site_type="public")


def _start_days(batch: list[Record]) -> dict[str, list[date]]:
    """Start dates as written, by file, in the file's own row order; what cannot be read says nothing about it."""
    found: dict[str, list[tuple[int, date]]] = {}
    for record in batch:
        try:
            placed = int(text(record, "_id")), date.fromisoformat(text(record, "Start Date")[:10])
        except ValueError:
            continue
        found.setdefault(text(record, "file"), []).append(placed)
    return {name: [day for _, day in sorted(rows, key=itemgetter(0))] for name, rows in found.items()}


def _row(record: Record, order: DateOrder, repair_dates: bool) -> Row:
    written = _clock(record, "Start"), _clock(record, "End")
    repair = repair_dates and order is DateOrder.EXCHANGED
    start, end = (_exchanged_clock(at) if repair else at for at in written)
    period = FilePeriod.named(text(record, "file"))
    one_day = start.date() == end.date()
    doubtful = order is not DateOrder.PLAIN and not repair
    if not one_day:
        _refuse_dates(record, (start.date(), end.date()), period, doubtful)
    row = _session(record, start, end)
    if one_day:  # the stay is as long whichever day it was, so what is wrong with it is the surer reason
        _refuse_dates(record, (start.date(), end.date()), period, doubtful)
    return replace(row, repairs=(RowRepair.DAY_MONTH_EXCHANGED,)) if (start, end) != written else row


def _refuse_dates(record: Record, days: tuple[date, date], period: FilePeriod | None, doubtful: bool) -> None:
    """Refuse a start outside the file's period, and dates that would be others with day and month exchanged."""
    written = text(record, "Start Date")
    if period is not None and days[0] not in period:
        raise RowRefused(
            RowReason.OUTSIDE_FILE_PERIOD,
            "Start Date",
            written,
            f"{days[0]} is outside {period}, the period in the file's name; day and month may be exchanged",
        )
    if doubtful and any(exchanged(day) != day for day in days):
        raise RowRefused(
            RowReason.AMBIGUOUS_DATE,
            "Start Date",
            written,
            "day and month may be exchanged, as in most of these files; read the whole file with repair_dates",
        )


def _exchanged_clock(at: datetime) -> datetime:
    return datetime.combine(exchanged(at.date()), at.time())


def _session(record: Record, clock_start: datetime, clock_end: datetime) -> Row:
    start, end = localised(clock_start, clock_end, _ZONE)
    refuse_unless_after(start, end, "End Time")
    row = Row(
        session_id=_session_id(record),
        plugged_at=start,
        unplugged_at=end,
        energy_kwh=energy_kwh(record, "Total kWh"),
        power_kw_max=rating_kw(text(record, "Model")),
        user_id=text(record, "User ID"),
        port_id=f"{text(record, 'CP ID')}-{text(record, 'Connector')}",
        site_id=text(record, "Site"),
        flags=(RowFlag.CROSSES_CLOCK_CHANGE,) if crosses_clock_change(start, end, _ZONE) else (),
    )
    _refuse_impossible(row)
    return row


def _session_id(record: Record) -> str:
    """Dundee numbers its events; Perth & Kinross only the rows of a file, so the file's first year goes before."""
    if event := text(record, "Charging event"):
        return f"DU_{event}"
    period = FilePeriod.named(text(record, "file"))
    return f"PK_{period.first.year if period else text(record, 'file')}_{required(record, '_id')}"


def rating_kw(model: str) -> float:
    """Rating in a charger's model name (kW), such as ``APT 22kW Dual Outlet``; NaN where it names none."""
    found = _RATING.search(model)
    return float(found.group(1)) if found else nan


def _refuse_impossible(row: Row) -> None:
    average_kw = row.energy_kwh / row.connected_h
    if average_kw > _POWER_KW_AVERAGE_MAX:
        raise RowRefused(
            RowReason.IMPOSSIBLE_POWER,
            "Total kWh",
            row.energy_kwh,
            f"{average_kw:.0f} kW on average; no charger of this publisher exceeds 50 kW",
        )
    if row.connected_h > _CONNECTED_H_MAX:
        raise RowRefused(
            RowReason.OUT_OF_RANGE,
            "End Date",
            row.unplugged_at.isoformat(),
            f"connected for {row.connected_h / 24:.1f} days; more than 7 is a plug-out that was missed",
        )


def _clock(record: Record, which: str) -> datetime:
    missing = RowReason.MISSING_UNPLUG if which == "End" else RowReason.BLANK
    day = timestamp(record, f"{which} Date", missing).date()
    if which == "End" and day == _PLACEHOLDER:
        raise RowRefused(
            missing, "End Date", day, "1970-01-01 stands for a date that was not stored: the plug-out is unknown"
        )
    written = text(record, f"{which} Time")
    if not written:
        raise RowRefused(missing, f"{which} Time", None, f"{which} Time is blank")
    try:
        return datetime.combine(day, time.fromisoformat(written))
    except ValueError as error:
        raise RowRefused(
            RowReason.NOT_A_TIMESTAMP, f"{which} Time", written, f"{written!r} is not a clock time"
        ) from error
