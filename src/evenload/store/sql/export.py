"""Readings as a canonical Parquet file, a day and some meters at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from evenload.base.instants import Interval
from evenload.files.replacing import replacing
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.packing import DAY_US, ReadingTuple, day_of, merged, unpacked
from evenload.store.sql.readings import RAW
from evenload.store.sql.schema import meters, readings, readings_packed
from evenload.store.sql.schema_live import devices
from evenload.store.sql.store import SqlStore

_AT_ONCE: Final = 500
_SCHEMA: Final = pa.schema(
    [
        ("timestamp", pa.timestamp("us", tz="UTC")), ("device_id", pa.string()), ("source", pa.string()),
        ("kind", pa.string()), ("duration_s", pa.float64()), ("power_kw", pa.float64()),
        ("energy_kwh_import", pa.float64()), ("energy_kwh_export", pa.float64()), ("soc", pa.float64()),
        ("quality", pa.string()),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    """How many readings were written, and left out since nothing that the file has a column for was metered."""

    rows: int
    left_out: int


def export_readings(store: SqlStore, tenant: str, window: Interval, path: Path) -> Exported:
    """Write the readings of a tenant that lie in a window, by day and device. Whole or not at all."""
    start, end = to_microseconds(window.start), to_microseconds(window.end)
    with store.reading_connection() as connection:
        names = _names(connection, tenant)
    rows = left_out = 0
    with replacing(path) as file, pq.ParquetWriter(file, _SCHEMA, compression="zstd") as writer:
        for day in _days(store, start, end):
            for some in _portions(sorted(names)):
                with store.reading_connection() as connection:
                    found = _readings(connection, day, some, start, end)
                told = [row for row in found if any(value is not None for value in row[4:8])]
                rows, left_out = rows + len(told), left_out + len(found) - len(told)
                if told:
                    writer.write_table(_table(told, names))
    return Exported(rows, left_out)


def _names(connection: Connection, tenant: str) -> dict[int, str]:
    """Names of a tenant's meters: the device's, else the station's and its EVSE."""
    live = devices.c.retired_at.is_(None)
    own = select(devices.c.device_id, devices.c.identity, devices.c.evse_id).where(devices.c.tenant == tenant, live)
    known = {(row.identity, row.evse_id): row.device_id for row in connection.execute(own)}
    found = select(meters.c.meter, meters.c.identity, meters.c.evse_id).where(meters.c.tenant == tenant)
    return {
        row.meter: known.get((row.identity, row.evse_id), f"{row.identity}/{row.evse_id}")
        for row in connection.execute(found)
    }


def _days(store: SqlStore, start: int, end: int) -> list[int]:
    """Days of a window that may hold something."""
    of = readings_packed.c
    with store.reading_connection() as connection:
        days = set(
            connection.execute(
                select(of.day).distinct().where(of.day >= day_of(start), of.day <= day_of(end - 1))
            ).scalars()
        )
        at = start
        while True:
            later = select(readings.c.at).where(readings.c.at >= to_instant(at), readings.c.at < to_instant(end))
            first = connection.execute(later.order_by(readings.c.at).limit(1)).scalar()
            if first is None:
                return sorted(days)
            days.add(day_of(to_microseconds(first)))
            at = (day_of(to_microseconds(first)) + 1) * DAY_US


def _portions(numbers: list[int]) -> Iterator[list[int]]:
    for place in range(0, len(numbers), _AT_ONCE):
        yield numbers[place : place + _AT_ONCE]


def _readings(connection: Connection, day: int, some: list[int], start: int, end: int) -> list[ReadingTuple]:
    of, wanted = readings.c, set(some)
    low, high = max(start, day * DAY_US), min(end, (day + 1) * DAY_US)
    kept = readings_packed.c
    own = select(kept.meter, kept.body).where(kept.day == day, kept.meter >= some[0], kept.meter <= some[-1])
    old = [row for meter, body in connection.execute(own) if meter in wanted for row in unpacked(body, meter)]
    near = RAW.where(of.at >= to_instant(low), of.at < to_instant(high), of.meter >= some[0], of.meter <= some[-1])
    new = [tuple(row) for row in connection.execute(near) if row.meter in wanted]
    return sorted(
        (row for row in merged([*old, *new]) if low <= row[0] < high), key=lambda row: (row[1], row[0], row[2])
    )


def _table(rows: list[ReadingTuple], names: dict[int, str]) -> pa.Table:
    at, meter, kind, duration, power, taken, fed, soc, quality, *_ = zip(*rows, strict=True)
    columns: list[Any] = [
        at, [names[one] for one in meter], ["evse"] * len(rows), kind, duration, power, taken, fed, soc, quality,
    ]  # fmt: skip
    return pa.table(
        [pa.array(column, type=field.type) for column, field in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
