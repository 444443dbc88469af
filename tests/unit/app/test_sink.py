"""The sink: patient with a store that is busy, honest about one that does not take what it is given."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evenload.app import sink as module
from evenload.app.sink import StoreSink
from evenload.cli.ocpp_words import opened
from evenload.domain.station import ConnectorStatus, StationId
from evenload.domain.station_events import (
    DataReceived,
    StationEvent,
    StationSeen,
    StatusChanged,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.net.ports import CommitError
from evenload.service.ports import Store, StoreError
from evenload.store.memory import MemoryStore

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = StationSeen(station=StationId("home", "A"), at=T0, received_at=T0)


def commit(monkeypatch: pytest.MonkeyPatch, failures: int) -> tuple[int, list[StationEvent]]:
    monkeypatch.setattr(module, "_PATIENCE_S", (0.0, 0.0))
    calls, lost = 0, list[StationEvent]()

    def keep(_store: Store, _events: Sequence[StationEvent], _logged: Any) -> None:
        nonlocal calls
        calls += 1
        if calls <= failures:
            raise StoreError("database is locked")

    monkeypatch.setattr(module, "observe", keep)

    async def run() -> None:
        with ThreadPoolExecutor(1) as writer:
            await StoreSink(MemoryStore(), writer, lost.extend).commit([EVENT])

    if failures < 3:
        asyncio.run(run())
    else:
        with pytest.raises(CommitError, match="locked"):
            asyncio.run(run())
    return calls, lost


@pytest.mark.parametrize(("failures", "expected"), [(0, (1, [])), (2, (3, [])), (9, (3, [EVENT]))])
def test_a_busy_store_is_asked_again_and_a_broken_one_is_told(
    monkeypatch: pytest.MonkeyPatch, failures: int, expected: tuple[int, list[StationEvent]]
) -> None:
    assert commit(monkeypatch, failures) == expected


def apart(
    monkeypatch: pytest.MonkeyPatch, events: list[StationEvent], refuses: Callable[[StationEvent], Exception | None]
) -> tuple[list[StationEvent], list[StationEvent], frozenset[StationId] | None]:
    """What was kept, what ``failed`` was told, and the stations named."""
    monkeypatch.setattr(module, "_PATIENCE_S", (0.0,))
    kept, lost = list[StationEvent](), list[StationEvent]()

    def keep(_store: Store, given: Sequence[StationEvent], _logged: Any) -> None:
        for one in given:
            if error := refuses(one):
                raise error
        kept.extend(given)

    monkeypatch.setattr(module, "observe", keep)

    async def run() -> frozenset[StationId] | None:
        with ThreadPoolExecutor(1) as writer:
            try:
                await StoreSink(MemoryStore(), writer, lost.extend).commit(events)
            except CommitError as error:
                return error.stations
        return frozenset()

    return kept, lost, asyncio.run(run())


def seen(identity: str, evse_id: int) -> StationSeen:
    return StationSeen(station=StationId("home", identity), at=T0, received_at=T0, evse_id=evse_id)


@pytest.mark.parametrize("error", [StoreError("it cannot be kept"), OverflowError("too large"), KeyError("a defect")])
def test_an_event_that_can_never_be_kept_costs_its_own_station_its_connection_and_others_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    events: list[StationEvent] = [seen("A", 1), seen("B", 1), seen("B", 666), seen("A", 2), seen("B", 3), seen("C", 1)]
    kept, lost, refused = apart(monkeypatch, events, lambda one: error if one.evse_id == 666 else None)
    assert kept == [seen("A", 1), seen("A", 2), seen("B", 1), seen("B", 3), seen("C", 1)]
    assert lost == [seen("B", 1), seen("B", 666), seen("B", 3)]
    assert refused == frozenset({StationId("home", "B")})
    [record] = [one for one in caplog.records if "event=set_aside" in one.getMessage()]
    assert "station=home/B" in record.getMessage()
    assert "kind=StationSeen" in record.getMessage()
    assert "evse=666" in record.getMessage()


def test_a_store_that_takes_nothing_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_APART_S_MAX", 0.0)
    events: list[StationEvent] = [seen(name, 1) for name in "ABC"]
    asked = list[StationEvent]()

    def away(one: StationEvent) -> StoreError:
        asked.append(one)
        return StoreError("the disk is full")

    kept, lost, refused = apart(monkeypatch, events, away)
    assert (kept, lost) == ([], events)
    assert refused == frozenset(one.station for one in events)
    assert len(asked) == 2  # the group, and once more


TOLD: dict[str, Any] = {"station": StationId("home", "Poison"), "at": T0, "received_at": T0}


@pytest.mark.parametrize(
    "poison",
    [
        TransactionUpdated(**TOLD, transaction_id="t", sequence=10**20),
        TransactionUpdated(**TOLD, transaction_id="t\ud800"),
        StatusChanged(**TOLD, connector_id=2**70, status=ConnectorStatus.AVAILABLE),
    ],
)
def test_what_a_database_cannot_hold_is_set_aside_and_the_rest_of_its_group_kept(
    tmp_path: Path, poison: StationEvent
) -> None:
    good = TransactionStarted(station=StationId("home", "A"), at=T0, received_at=T0, transaction_id="17")
    after = DataReceived(**TOLD, vendor="v", message="m", data="after")
    lost = list[StationEvent]()

    async def run(store: Store) -> None:
        with ThreadPoolExecutor(1) as writer, pytest.raises(CommitError) as caught:
            await StoreSink(store, writer, lost.extend).commit([poison, good, after])
        assert caught.value.stations == frozenset({poison.station})

    with opened(tmp_path / "kept.db", make=True) as store:
        asyncio.run(run(store))
        assert lost == [poison, after]
        with store.reading() as unit:
            assert [row.transaction_id for row in unit.transactions.last("home", 9)] == ["17"]
            assert {row.kind for row in unit.events.last("home", 9)} == {"TransactionStarted", "DataReceived"}
