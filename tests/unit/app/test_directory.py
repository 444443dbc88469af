"""Who may connect: from the store, soon after it changed there."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from evenload.app import directory as module
from evenload.app.directory import StoreDirectory, record_of
from evenload.domain.station import StationId
from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
from evenload.service import admission, station_access
from evenload.service.admission import Credentials
from evenload.service.rows import StationRow
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


def test_a_revoked_station_is_welcome_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    admission.add(store, A, Credentials(), T0)
    station_access.revoke(store, A, "r", T0)

    async def scene(directory: StoreDirectory) -> None:
        _, record = await directory.look_up(A)
        assert record == StationRecord(False, SecurityProfile.NONE, revoked=True)
        directory.hold(A, "10.0.0.9:1")
        await asyncio.sleep(0.05)

    within(store, scene, welcome=True)
    assert "event=revoked_knocked address=10.0.0.9:1" in caplog.text


def test_a01_and_16_a01_two_passwords_are_known_until_the_hour_that_was_set() -> None:
    row = StationRow(A, approved=True, profile=2, password_hash="old", password_hash_next="new")  # noqa: S106
    both = StationRecord(True, SecurityProfile.BASIC_OVER_TLS, "old", "", "new")
    assert record_of(row, T0) == both
    assert record_of(replace(row, password_until=T0 + timedelta(seconds=1)), T0) == both
    only = StationRecord(True, SecurityProfile.BASIC_OVER_TLS, "new")
    assert record_of(replace(row, password_until=T0), T0) == only
    bare = StationRow(A, approved=True, password_hash_next="new", password_until=T0)  # noqa: S106
    assert record_of(bare, T0) == StationRecord(True, SecurityProfile.BASIC, "new")


def test_what_changed_is_read_anew_at_once() -> None:
    store = MemoryStore()
    admission.add(store, A, Credentials(1, "old"), T0)

    async def scene(directory: StoreDirectory) -> None:
        await directory.look_up(A)
        admission.approve(store, A, Credentials(1, "new"))
        assert (await directory.look_up(A))[1] == StationRecord(True, SecurityProfile.BASIC, "old")
        directory.forget(A)
        assert (await directory.look_up(A))[1] == StationRecord(True, SecurityProfile.BASIC, "new")
        directory.forget(StationId("home", "nobody"))

    within(store, scene)
