"""Upkeep beside everything else: by the clock it is given, never fatal, ended early at the end."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from evenload.app import upkeep as module
from evenload.app.settings import Settings
from evenload.app.upkeep import Upkeep, retention_of
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service.ports import StoreError
from evenload.service.rows import ReadingRow
from evenload.store.memory import MemoryStore
from evenload.store.sql.pack import Packed
from evenload.store.sql.schema import readings_packed
from evenload.store.sql.store import SqlStore, opened
from evenload.store.sql.upkeep import Done, Retention

pytestmark = pytest.mark.requirement("R106")
T0 = datetime(2026, 3, 1, tzinfo=UTC)
DONE = Done(0, Packed(), 0)


async def eventually(what: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.005)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_it_is_done_when_a_quarter_has_passed_by_the_clock_and_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[datetime] = []
    clock = [T0]

    def note(_store: SqlStore, now: datetime, *_: Any) -> Done:
        done.append(now)
        return DONE

    async def body() -> None:
        with opened(tmp_path / "a.db") as store:
            task = asyncio.create_task(Upkeep(store, lambda: clock[0], Retention(), 0.01).run())
            await eventually(lambda: done == [T0])
            clock[0] = T0 + timedelta(minutes=14)
            await asyncio.sleep(0.1)
            assert done == [T0]
            for at in (T0 + timedelta(minutes=15), T0 + timedelta(days=2), T0):
                clock[0] = at
                await eventually(lambda at=at: done[-1] == at)
            assert len(done) == 4
            await stopped(task)

    monkeypatch.setattr(module, "upkeep", note)
    asyncio.run(body())


@pytest.mark.parametrize("error", [StoreError("the disk is full"), ZeroDivisionError("a defect")])
def test_what_breaks_is_logged_and_tried_again(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter(range(10**6))
    tries: list[int] = []

    def fail(*_: Any) -> Done:
        tries.append(1)
        raise error

    async def body() -> None:
        with opened(tmp_path / "a.db") as store:
            work = Upkeep(store, lambda: T0 + next(clock) * timedelta(hours=1), Retention(), 0.01)
            task = asyncio.create_task(work.run())
            await eventually(lambda: len(tries) > 2)
            assert not task.done()
            await stopped(task)

    monkeypatch.setattr(module, "upkeep", fail)
    with caplog.at_level(logging.WARNING, "evenload"):
        asyncio.run(body())
    assert "event=upkeep_" in caplog.text
    assert str(error) in caplog.text


def test_what_was_begun_ends_before_the_worker_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = Event(), Event()

    def long(_store: SqlStore, _now: datetime, _kept: Retention, going_on: Callable[[], bool]) -> Done:
        begun.set()
        while going_on():
            time.sleep(0.005)
        time.sleep(0.05)
        ended.set()
        return DONE

    async def body() -> None:
        with opened(tmp_path / "a.db") as store:
            task = asyncio.create_task(Upkeep(store, lambda: T0, Retention(), 0.01).run())
            await eventually(begun.is_set)
            await stopped(task)
            assert ended.is_set()

    monkeypatch.setattr(module, "upkeep", long)
    asyncio.run(body())


def test_days_are_packed_while_the_worker_runs(tmp_path: Path) -> None:
    def days() -> int:
        with store.reading_connection() as connection:
            return len(connection.execute(readings_packed.select()).all())

    async def body() -> None:
        task = asyncio.create_task(Upkeep(store, lambda: T0 + timedelta(days=9), Retention(), 0.01).run())
        await eventually(lambda: days() == 1)
        await stopped(task)

    with opened(tmp_path / "a.db") as store:
        with store.writing() as unit:
            reading = Reading(at=T0, kind=ReadingKind.INSTANT, soc=0.5)
            unit.readings.put([ReadingRow(StationId("home", "A"), 1, reading)])
        asyncio.run(body())


def test_a_store_in_memory_needs_none() -> None:
    async def body() -> None:
        task = asyncio.create_task(Upkeep(MemoryStore(), lambda: T0, Retention(), 0.001).run())
        await asyncio.sleep(0.05)
        assert not task.done()
        await stopped(task)

    asyncio.run(body())


def test_settings_say_how_long_and_nought_is_for_good() -> None:
    assert retention_of(Settings()) == Retention(plans=2)
    chosen = Settings(readings_days=0, quarters_days=7, events_days=0, plans_hours=12, readings_days_hot=3)
    assert retention_of(chosen) == Retention(hot=3, readings=None, slots=7, loads=7, events=None, plans=0.5)


def test_what_is_kept_by_default_is_said_in_one_place() -> None:
    assert retention_of(Settings()) == Retention()
