"""A site and the server that plans for it, each killed (SIGKILL) in the middle: nothing is lost or comes twice."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenload.app.clock import utc_now
from evenload.base.instants import Interval
from evenload.service.access_rows import Role
from evenload.store.sql.store import SqlStore, opened

pytestmark = [pytest.mark.requirement("R86", "R131"), pytest.mark.slow]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``evenload serve`` in a process of its own, on ports it keeps."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        folder.mkdir(exist_ok=True)
        self.database, self.port, self.api_port = folder / "evenload.db", free_port(), free_port()
        told = {
            "port": self.port, "api_port": self.api_port, "database": self.database, "secret_file": folder / "secret",
            "sample_s": 1, "unknown_stations": "accept", **settings,
        }  # fmt: skip
        self._environment = os.environ | {f"EVENLOAD_{name.upper()}": str(value) for name, value in told.items()}
        self._log = folder / "log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "evenload", "serve", env=self._environment, stdout=log, stderr=log
            )
        async with httpx.AsyncClient() as client:
            for _ in range(400):
                try:
                    await client.get(f"{self.url}/healthz")
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return
        raise AssertionError(self._log.read_text()[-2000:])

    async def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()


def told_by(store: SqlStore) -> dict[str, Any]:
    """Everything about sessions that both sides must agree on."""
    now = utc_now()
    window = Interval(now - timedelta(days=1), now + timedelta(days=1))
    with store.reading() as unit:
        sessions = unit.sessions.within("home", window)
        stations = sorted(one.station for one in unit.stations.of("home"))
        return {
            "sessions": [
                (row.session_id, row.energy_kwh_delivered, row.unplugged_at, row.transaction_id) for row in sessions
            ],
            "transactions": set(unit.transactions.last("home", 1000)),
            "readings": [
                (row.station, row.evse_id, row.reading, row.transaction_id)
                for station in stations
                for row in unit.readings.within(station, window, 100_000)
            ],
        }


def relayed(store: SqlStore) -> list[tuple[Any, ...]]:
    """The log of what happened, but what is only here: readings, and lines that were lost while nobody could tell."""
    with store.reading() as unit:
        rows = unit.events.after("home", 0, 100_000)
    left_out = {"MeterSampled", "StationLost", "StationSeen"}
    return [(row.station, row.at, row.evse_id, row.kind, row.body) for row in rows if row.kind not in left_out]


async def agree(far: SqlStore, near: SqlStore, seconds: float = 25.0) -> None:
    for _ in range(int(seconds / 0.2)):
        await asyncio.sleep(0.2)
        if told_by(far) == told_by(near) and relayed(far) == relayed(near):
            return
    assert told_by(far) == told_by(near)
    assert relayed(far) == relayed(near)


def each(site: Any, act: Callable[[Any], object]) -> None:
    for station in site.stations:
        act(station)
        site.fleet.attend(station)


def test_either_side_is_killed_in_the_middle_and_both_tell_the_same_in_the_end(depots: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        cloud = Server(tmp_path / "cloud")
        far = opened(cloud.database)
        depots.furnish(far, "")
        key = depots.key(far, Role.OPERATOR, utc_now())
        near_server = Server(
            tmp_path / "site", role="site", upstream=cloud.url, upstream_key=key, relay_every_s=0.1, alone_after_s=600
        )
        near = opened(near_server.database)
        clock = type(depots.clock(1.0))(utc_now(), asyncio.get_running_loop().time, 1.0)
        await cloud.start()
        await near_server.start()
        try:
            async with depots.fleet(clock, near_server.port, meter_s=1.0) as site:
                site.plug_in()
                await site.for_virtual(2.5)
                await cloud.kill()
                await site.for_virtual(1)
                each(site, lambda one: one.unplug(1, site.fleet.now))
                await cloud.start()
                await site.for_virtual(1)
                site.plug_in()
                await site.for_virtual(2)
                await near_server.kill()
                await site.for_virtual(1)
                await near_server.start()
                await depots.eventually(lambda: site.fleet.connected == len(site.stations))
                await site.for_virtual(1)
                each(site, lambda one: one.unplug(1, site.fleet.now))
                await depots.eventually(lambda: all(one.owed == 0 for one in site.stations))
                await agree(far, near)
            delivered = {f"CP{n}:1": one.outlets[1].register_kwh for n, one in enumerate(site.stations)}
            totals = dict.fromkeys(delivered, 0.0)
            for name, kwh, unplugged_at, _ in told_by(far)["sessions"]:
                totals[name.partition("@")[0]] += kwh
                assert unplugged_at is not None
            assert totals == pytest.approx(delivered, abs=5e-3)
            assert len(told_by(far)["sessions"]) == 2 * len(site.stations)
            with far.reading() as unit:
                assert any(row.settlement == "done" for row in unit.orders.last("home", 100))
        finally:
            await near_server.kill()
            await cloud.kill()
            far.close()
            near.close()

    asyncio.run(asyncio.wait_for(scenario(), 120))
