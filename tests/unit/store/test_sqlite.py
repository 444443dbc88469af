"""What is particular to SQLite: the file, other processes, settings that make it durable."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.ports import Store, StoreError
from evenload.service.rows import EventRow, ReadingRow, StationRow
from evenload.store.sql import sqlite as module
from evenload.store.sql.schema import HEAD
from evenload.store.sql.store import opened

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    row = StationRow(StationId("home", "A"), approved=True)
    with opened(tmp_path / "a.db") as store, store.writing() as unit:
        unit.stations.put([row])
    with opened(tmp_path / "a.db", make=False) as store, store.reading() as unit:
        assert unit.stations.of("home") == [row]


def test_writing_reaches_the_disk_before_it_is_acknowledged(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store, store.writing_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_two_stores_on_one_file_do_not_lose_each_others_writing(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as one, opened(tmp_path / "a.db") as other:
        given = []
        for store in (one, other, one, other):
            with store.writing() as unit:
                given.append(unit.transactions.reserve_ids("home", 10))
    assert given == [1, 11, 21, 31]


def test_readings_of_one_and_orders_to_give_are_found_by_an_index(tmp_path: Path) -> None:
    asked: list[str] = []
    with opened(tmp_path / "a.db") as store:
        with store.writing() as unit:
            unit.readings.put(
                [ReadingRow(StationId("home", "A"), 1, Reading(at=T0, kind=ReadingKind.INSTANT, soc=0.5))]
            )
        with store.reading() as unit:
            unit.connection.connection.driver_connection.set_trace_callback(asked.append)
            assert unit.readings.within(StationId("home", "A"), Interval(T0, T0.replace(hour=1)), 9)
            assert unit.orders.to_give(0) == []
            unit.connection.connection.driver_connection.set_trace_callback(None)
        with store.reading_connection() as connection:
            for table, index in (("readings ", "readings_by_time"), ("orders ", "orders_to_give")):
                (text,) = (one for one in asked if f"FROM {table}" in " ".join(one.split()) + " ")
                plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
                assert index in plan
                assert f"SCAN {table}" not in f"{plan} "


def test_a_database_that_another_process_holds_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PRAGMAS", ("journal_mode=WAL", "busy_timeout=50"))
    with opened(tmp_path / "a.db") as store:
        holding = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        holding.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"a\.db cannot be used: database is locked"), store.writing():
            pass
        holding.close()
        with store.writing() as unit:  # and it goes on afterwards
            unit.stations.put([StationRow(StationId("home", "A"))])


def test_a_file_that_is_no_database_or_a_later_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is not a database, whatever its name says " * 20)
    with pytest.raises(StoreError, match=r"text\.db cannot be used: file is not a database"):
        opened(tmp_path / "text.db")
    later = sqlite3.connect(tmp_path / "later.db")
    later.execute("PRAGMA user_version = 99")
    later.close()
    with pytest.raises(
        InputError, match=rf"later\.db was made by a later evenload \(it is at layout 99, this evenload knows {HEAD}\)"
    ):
        opened(tmp_path / "later.db")
    with pytest.raises(InputError, match=r"there is no database .*none\.db; `evenload serve` makes it"):
        opened(tmp_path / "none.db", make=False)
    with pytest.raises(StoreError, match="unable to open database file"):
        opened(tmp_path / "no" / "folder.db")


def test_a_full_disk_is_a_sentence_and_what_was_acknowledged_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PRAGMAS", ("journal_mode=WAL", "max_page_count=200"))
    station = StationId("home", "A")
    with opened(tmp_path / "a.db") as store:
        numbers = count()
        with pytest.raises(StoreError, match=r"database or disk is full \(make room, and it goes on\)"):
            _write_until_it_fails(store, station, numbers)
        kept = next(numbers) - 1
        assert kept > 1
        with store.reading() as unit:
            assert len(unit.events.last("home", 999)) == kept
        with store.writing_connection() as connection:  # somebody makes room
            connection.exec_driver_sql("PRAGMA max_page_count=9999")
            connection.exec_driver_sql("DELETE FROM events WHERE number > 1")
        _write_events(store, station, 0)
        _write_events(store, station, 1000)


def _write_until_it_fails(store: Store, station: StationId, numbers: Iterator[int]) -> None:
    for number in numbers:
        _write_events(store, station, number)


def _write_events(store: Store, station: StationId, number: int) -> None:
    with store.writing() as unit:
        unit.events.add([EventRow(station, T0, T0, number, "x", "x" * 20_000)])


def test_a_file_that_may_only_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(tmp_path / "a.db").close()
    monkeypatch.setattr(module, "_PRAGMAS", ("query_only=ON",))  # as the system would, but for root
    with (
        opened(tmp_path / "a.db") as store,
        pytest.raises(StoreError, match=r"attempt to write a readonly database .this account may not write"),
        store.writing() as unit,
    ):
        unit.stations.put([StationRow(StationId("home", "A"))])


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    with opened(tmp_path / "a.db") as store:
        for number in range(20):
            _write_events(store, StationId("home", "A"), number)
    whole = (tmp_path / "a.db").read_bytes()
    (tmp_path / "a.db").write_bytes(whole[: len(whole) // 3 // 4096 * 4096])
    with pytest.raises(StoreError, match="malformed"), opened(tmp_path / "a.db") as store, store.reading() as unit:
        unit.events.last("home", 99)
