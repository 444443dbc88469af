"""The sink: patient with a store that is busy, honest about one that does not take what it is given."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from evenload.app import sink as module
from evenload.app.sink import StoreSink
from evenload.domain.station import StationId
from evenload.domain.station_events import StationEvent, StationSeen
from evenload.net.ports import CommitError
from evenload.service.ports import Store, StoreError
from evenload.store.memory import MemoryStore

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = StationSeen(station=StationId("home", "A"), at=T0, received_at=T0)


def commit(monkeypatch: pytest.MonkeyPatch, failures: int) -> tuple[int, list[StationEvent]]:
    monkeypatch.setattr(module, "_PATIENCE_S", (0.0, 0.0))
    calls, lost = 0, list[StationEvent]()

    def keep(_store: Store, _events: Sequence[StationEvent]) -> None:
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
