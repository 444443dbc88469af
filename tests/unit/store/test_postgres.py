"""What is particular to PostgreSQL: a partition a day, a server that goes away, what an address may be."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.ports import StoreError
from evenload.service.rows import ReadingRow, StationRow
from evenload.store.sql import postgres as module
from evenload.store.sql.pack import pack
from evenload.store.sql.store import SqlStore, opened

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def rows(days: int, each: int = 30) -> list[ReadingRow]:
    return [
        ReadingRow(A, 1, Reading(at=T0 + day * DAY + n * timedelta(minutes=1), kind=ReadingKind.INSTANT, power_kw=1.5))
        for day in range(days)
        for n in range(each)
    ]


def partitions(store: SqlStore) -> dict[str, int]:
    with store.reading_connection() as connection:
        names = connection.execute(text(module._CHILDREN)).scalars().all()
        counts = {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}  # noqa: S608
        counts["other"] = connection.execute(text("SELECT count(*) FROM readings_other")).scalar_one()
        return counts


def test_each_day_has_its_partition_which_goes_when_it_is_packed(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        with store.writing() as unit:
            unit.readings.put(rows(4))
        first = (T0 - datetime(1970, 1, 1, tzinfo=UTC)).days
        assert partitions(store) == {**{f"readings_d{first + n}": 30 for n in range(4)}, "other": 0}
        pack(store, T0 + 3 * DAY)
        assert partitions(store) == {**{f"readings_d{first + n}": 30 for n in (1, 2, 3)}, "other": 0}
        with store.writing() as unit:  # late, and of a day whose partition has gone
            unit.readings.put(rows(1, 40))
        with store.reading() as unit:
            assert len(unit.readings.within(A, Interval(T0, T0 + DAY), 99)) == 40


def test_absurd_times_do_not_make_partitions_without_end(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DAYS_MAX", 3)
    told = rows(9, 3)
    with opened(postgres_url) as store:
        for _ in range(2):
            with store.writing() as unit:
                unit.readings.put(told)
        assert sorted(partitions(store).values()) == [3, 3, 3, 18]
        with store.reading() as unit:
            assert unit.readings.within(A, Interval(T0, T0 + 9 * DAY), 99) == told
        monkeypatch.undo()  # such a day gets none later either, while its readings lie elsewhere
        with store.writing() as unit:
            unit.readings.put(rows(10, 4))
        with store.reading() as unit:
            assert unit.readings.within(A, Interval(T0, T0 + 10 * DAY), 99) == rows(10, 4)
        pack(store, T0 + 99 * DAY)
        assert partitions(store) == {"other": 0}
        with store.reading() as unit:
            assert unit.readings.within(A, Interval(T0, T0 + 10 * DAY), 99) == rows(10, 4)


def test_texts_with_a_character_0_are_kept_without_it(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        for count in (1, 50):
            with store.writing() as unit:
                unit.stations.put([StationRow(A, address="a\0b")])
                unit.readings.put([ReadingRow(A, 1, row.reading, "1\0") for row in rows(1, count)])
        with store.reading() as unit:
            assert unit.stations.of("home")[0].address == "a\ufffdb"
            assert {row.transaction_id for row in unit.readings.within(A, Interval(T0, T0 + DAY), 99)} == {"1\ufffd"}


@pytest.mark.slow
def test_a_server_that_dies_is_a_sentence_and_all_goes_on_when_it_is_back(own_postgres: Any) -> None:
    with opened(str(own_postgres.get_uri())) as store:
        with store.writing() as unit:
            unit.readings.put(rows(1))
        with pytest.raises(StoreError, match=r"cannot be used: "):
            _write_while_it_dies(store, own_postgres.get_pid())
        for _ in range(2):
            with pytest.raises(StoreError, match=r"^postgresql://postgres:.*cannot be used: connection"):
                store.reading().__enter__()
        own_postgres.ensure_postgres_running()
        with store.reading() as unit:
            assert len(unit.readings.within(A, Interval(T0, T0 + 9 * DAY), 999)) == 30
        with store.writing() as unit:
            unit.readings.put(rows(3))
        with store.reading() as unit:
            assert len(unit.readings.within(A, Interval(T0, T0 + 9 * DAY), 999)) == 90


def _write_while_it_dies(store: SqlStore, pid: int) -> None:
    with store.writing() as unit:
        unit.readings.put(rows(2))
        os.kill(pid, signal.SIGQUIT)
        _wait_until_gone(pid)
        unit.readings.put(rows(3))


def _wait_until_gone(pid: int) -> None:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)


def test_a_writer_that_holds_on_is_a_sentence(postgres_url: str) -> None:
    hurried = f"{postgres_url}&options=-c%20lock_timeout%3D100ms"
    with opened(hurried) as store, psycopg.connect(postgres_url) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({module._WRITER})")
        with pytest.raises(StoreError, match="another process has been writing to it"):
            store.writing().__enter__()
        other.rollback()
        with store.writing() as unit:
            unit.stations.put([StationRow(A)])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            "mysql://u@h/d",
            "a database mysql:// is not supported: name an SQLite file or postgresql://user@host/database",
        ),
        ("postgresql://u:secret@h:port/d", "the address of the database is not understood"),
    ],
)
def test_addresses_that_mean_nothing(address: str, sentence: str) -> None:
    with pytest.raises(InputError, match="^" + sentence) as raised:
        opened(address)
    assert "secret" not in str(raised.value)


def test_no_sentence_tells_the_password() -> None:
    with pytest.raises(StoreError) as raised:
        opened("postgresql://u:secret@127.0.0.1:1/d")
    assert str(raised.value).startswith("postgresql://u:***@127.0.0.1:1/d cannot be used: ")
    assert "secret" not in str(raised.value)
