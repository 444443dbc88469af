"""Readiness: each thing that hinders the platform is told in a sentence, and only while it does."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from evenload.app import forecasting
from evenload.app.platform import Platform
from evenload.app.settings import Settings
from evenload.app.steady import SteadyClock
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service.live_rows import CircuitRow, LoadRow
from evenload.service.ports import StoreError
from evenload.store.sql.store import SqlStore, opened

pytestmark = pytest.mark.requirement("R116")
NOW = datetime(2026, 3, 2, 18, 5, tzinfo=UTC)


class Wall:
    """A wall clock that is set, and seconds that pass."""

    now, s = NOW, 0.0


@asynccontextmanager
async def platform(folder: Path, wall: Wall) -> AsyncIterator[tuple[Platform, SqlStore]]:
    """The platform, whose stations can connect."""
    settings = Settings(port=0, database=folder / "evenload.db", secret_file=folder / "secret", drain_s=0.1)
    clock = SteadyClock(lambda: wall.now, lambda: wall.s)
    with opened(settings.store) as store, ThreadPoolExecutor(1) as writer:
        made = Platform(settings, store, writer, clock, asyncio.get_running_loop().time)
        assert any("nothing listens" in one for one in await faults(made))
        await made.stations.listen()
        yield made, store
        await made.stations.drain()


async def faults(made: Platform) -> list[str]:
    transport = httpx.ASGITransport(made.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/readyz")
    told: list[str] = answer.json()["faults"]
    assert answer.status_code == (503 if told else 200)
    return told


def test_faults_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        wall = Wall()
        async with platform(tmp_path, wall) as (made, store):
            assert await faults(made) == []
            with store.writing() as unit:
                unit.circuits.put([CircuitRow("home", Circuit("depot", "", CircuitKind.SITE, 20.0))])
                unit.loads.put([LoadRow("home", "depot", NOW.replace(hour=hour), 3600.0, 4.0) for hour in range(17)])
            made.forecasting.refresh("home")
            assert await faults(made) == []

            monkeypatch.setattr(forecasting.time, "monotonic", lambda: 1e9)
            (said,) = await faults(made)
            assert "forecast" in said
            made.forecasting.refresh("home")
            assert await faults(made) == []

            wall.now -= timedelta(hours=1)
            made.brain.plan("home", "test")
            (said,) = await faults(made)
            assert "set back by 3600 s" in said
            wall.now += timedelta(hours=1)
            made.brain.plan("home", "test")
            assert await faults(made) == []

            with monkeypatch.context() as patch:
                patch.setattr(SqlStore, "reading", _broken)
                made.brain.plan("home", "test")
                said_two = await faults(made)
            assert [("not planned for" in said_two[0]), said_two[1:]] == [True, ["the store does not answer"]]
            assert len(await faults(made)) == 1
            made.brain.plan("home", "test")
            assert await faults(made) == []
        assert any("nothing listens" in one for one in await faults(made))

    asyncio.run(body())


def _broken(_: SqlStore) -> None:
    raise StoreError("the disk is gone")
