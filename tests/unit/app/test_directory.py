"""Who may connect: from the store, soon after it changed there."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from evenload.app import directory as module
from evenload.app.directory import StoreDirectory
from evenload.domain.station import StationId
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.service import admission
from evenload.service.admission import Credentials
from evenload.store.memory import MemoryStore

A = StationId("home", "A")
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def within(store: MemoryStore, scene: Callable[[StoreDirectory], Awaitable[None]], *, welcome: bool = False) -> None:
    async def run() -> None:
        with ThreadPoolExecutor(1) as writer:
            tenants = {"home": TenantRecord(7)}
            await scene(StoreDirectory(store, writer, tenants, lambda: T0, welcome=welcome))

    asyncio.run(run())


def test_an_unknown_station_is_held_and_comes_in_once_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_S", 0.0)
    store = MemoryStore()

    async def scene(directory: StoreDirectory) -> None:
        assert await directory.look_up(StationId("nobody", "A")) == (None, None)
        assert await directory.look_up(A) == (TenantRecord(7), None)
        directory.hold(A, "10.0.0.9:1")
        await asyncio.sleep(0.05)
        assert await directory.look_up(A) == (TenantRecord(7), StationRecord(False, SecurityProfile.NONE))
        admission.approve(store, A, Credentials(1, "hash"))
        record = StationRecord(True, SecurityProfile.BASIC, "hash")
        assert await directory.look_up(A) == (TenantRecord(7), record)

    within(store, scene)


def test_an_unknown_station_is_welcome_where_all_are() -> None:
    async def scene(directory: StoreDirectory) -> None:
        assert await directory.look_up(A) == (TenantRecord(7), StationRecord(True, SecurityProfile.NONE))

    store = MemoryStore()
    within(store, scene, welcome=True)
    with store.reading() as unit:
        assert unit.stations.of("home")[0].approved


def test_a_station_that_knocks_often_is_noted_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[StationId] = []
    monkeypatch.setattr(admission, "note", lambda _store, station, *_, **__: noted.append(station))

    async def scene(directory: StoreDirectory) -> None:
        for _ in range(5):
            directory.hold(A, "10.0.0.9:1")
        for number in range(3000):
            directory.hold(StationId("home", f"x{number}"), "10.0.0.9:1")

    within(MemoryStore(), scene)
    assert noted.count(A) == 1
    assert len(noted) <= admission.HELD_MAX
