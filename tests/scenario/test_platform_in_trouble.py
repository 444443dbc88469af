"""A platform whose database is locked, whose limits fall, whose devices are claimed twice, and which is killed."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from evenload.app.clock import utc_now
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_commands import SetProfile
from evenload.service import keys, orders
from evenload.service.access_rows import Role
from evenload.service.guard import GuardPolicy
from evenload.service.live_rows import CircuitRow, SiteRow
from evenload.service.rows import StationRow
from evenload.service.scope import Scope
from evenload.simulate.town_clock import TownClock
from evenload.store.sql.store import SqlStore, opened

pytestmark = pytest.mark.slow

TOLERANCE_KW = 0.5
SAME_KW = 0.01


@asynccontextmanager
async def calling(url: str, key: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as client:
        yield client


def limit_body(now: Any, limit_kw: float) -> dict[str, Any]:
    ends = now + timedelta(hours=2)
    return {"node": "depot", "start": now.isoformat(), "end": ends.isoformat(), "limit_kw": limit_kw}


async def fault_of(client: httpx.AsyncClient) -> str:
    return str((await client.get("/readyz")).json()["faults"])


async def metrics(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    text = (await client.get("/metrics")).raise_for_status().text
    families = text_string_to_metric_families(text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process writes, and does not end."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.requirement("R79", "R114")
def test_a_locked_database_is_said_and_what_waited_for_it_is_kept_in_the_end(
    depots: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evenload.store.sql.sqlite._PRAGMAS", ("busy_timeout=100", "journal_mode=WAL"))

    async def scenario() -> None:
        chosen, clock = depots.settings(tmp_path, plan_every_s=0.5), depots.clock(20.0)
        with opened(chosen.store) as store:
            depots.furnish(store, "")
            key = depots.key(store, Role.OPERATOR, clock.instant())
            async with (
                depots.platform(chosen, store, clock, GuardPolicy()) as (platform, port, url),
                depots.fleet(clock, port, meter_s=10.0) as site,
                calling(url, key) as client,
            ):
                site.plug_in()
                await depots.eventually(lambda: min(site.cars_kw()) > 0)
                settled = platform.stations.delivery.counts.settled
                await depots.eventually(lambda: settled["done"] >= len(site.stations))
                assert await fault_of(client) == "[]"
                planned = platform.brain.counts.told + platform.brain.counts.kept
                with locked(chosen.database):
                    await depots.eventually(lambda: platform.brain.counts.failures >= 2)
                    said = await fault_of(client)
                    assert "home is not planned for" in said
                    assert "locked" in said
                    assert (await client.get("/v1/sites")).status_code == 200  # reading goes on
                    refused = await client.put("/v1/sites/depot", json={"name": "north"})
                    assert refused.status_code == 503
                    await asyncio.sleep(2.0)
                    assert min(site.cars_kw()) > 0  # cars go on as they were told last
                    told = await metrics(client)
                    assert told["evenload_plan_failing", "home"] == 1
                    assert told["evenload_commit_retries_total",] > 0
                await depots.eventually(lambda: platform.brain.counts.told + platform.brain.counts.kept > planned)
                await depots.eventually(lambda: site.fleet.connected == len(site.stations))
                assert await fault_of(client) == "[]"
                told = await metrics(client)
                assert told["evenload_plan_failing", "home"] == 0
                assert told["evenload_ocpp_connected", "1.6"] == told["evenload_ocpp_connected", "2.0.1"] == 4
                assert told["evenload_orders_settled_total", "done"] >= len(site.stations)
                assert told["evenload_commit_failures_total",] > 0
                assert told["evenload_commit_events_sum",] > told["evenload_commit_events_count",] > 0
                assert min(told["evenload_ocpp_messages_total", way] for way in ("in", "out")) > 10 * len(site.stations)
                for station in site.stations:
                    station.unplug(1, site.fleet.now)
                    site.fleet.attend(station)
                await depots.eventually(lambda: all(one.owed == 0 for one in site.stations))
                await depots.eventually(lambda: delivered(store) == pytest.approx(metered(site), abs=0.01))

    asyncio.run(scenario())


def metered(site: Any) -> list[float]:
    return [one.outlets[1].register_kwh for one in site.stations]


def delivered(store: SqlStore) -> list[float]:
    """What is kept of every station, by transactions that ended."""
    with store.reading() as unit:
        rows = unit.transactions.last("home", 1000)
    sums = dict.fromkeys((f"CP{n}" for n in range(8)), 0.0)
    for row in rows:
        sums[row.station.identity] += row.energy_kwh or 0.0
    return list(sums.values())


@pytest.mark.requirement("R29", "R106")
def test_a_limit_that_falls_below_what_was_told_is_kept_within_two_seconds(depots: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        chosen, clock = depots.settings(tmp_path), depots.clock(1.0)
        with opened(chosen.store) as store:
            depots.furnish(store, "")
            key = depots.key(store, Role.OPERATOR, clock.instant())
            async with (
                depots.platform(chosen, store, clock, GuardPolicy()) as (platform, port, url),
                depots.fleet(clock, port) as site,
                calling(url, key) as client,
            ):
                site.plug_in(soc=0.1)
                await depots.eventually(lambda: platform.brain.counts.told >= len(site.stations))
                await asyncio.sleep(1.0)
                assert sum(site.cars_kw()) > 80.0
                began = time.monotonic()
                answer = await client.post("/v1/limits", json=limit_body(clock.instant(), 40.0))
                assert answer.status_code == 201
                await depots.eventually(lambda: sum(site.cars_kw()) <= 40.0 + TOLERANCE_KW)
                took_s = time.monotonic() - began
                await asyncio.sleep(0.5)
                assert sum(site.cars_kw()) > 20.0  # and no more than that was taken away
                assert took_s < 2.0
                with store.reading() as unit:
                    assert "limits" in {one.trigger for one in unit.plans.last("home", 3)}

    asyncio.run(scenario())


@pytest.mark.requirement("R41", "R88")
def test_nobody_takes_the_charger_of_another_tenant_nor_an_evse_twice(depots: Any, tmp_path: Path) -> None:
    async def scenario() -> None:
        chosen, clock = depots.settings(tmp_path, tenants=("home", "other")), depots.clock(1.0)
        with opened(chosen.store) as store:
            depots.furnish(store, "")
            with store.writing() as unit:
                unit.circuits.put([CircuitRow("other", Circuit("depot", "", CircuitKind.SITE, 100.0))])
                unit.sites.put([SiteRow("other", "depot")])
                unit.stations.put([StationRow(StationId("other", "CP1"), approved=True)])
            mine = depots.key(store, Role.OPERATOR, clock.instant())
            secret = "o" * 32
            keys.add_key(Scope("other", "test", Role.ADMIN), store, "otherkey", secret, clock.instant(), name="o",
                         role=Role.OPERATOR)  # fmt: skip
            body = {"site_id": "depot", "identity": "CP1", "power_kw_max": 11.0}
            async with depots.platform(chosen, store, clock, GuardPolicy()) as (_, _, url):
                async with calling(url, keys.key_text("otherkey", secret)) as other:
                    answer = await other.put("/v1/devices/mine", json=body)
                    assert answer.status_code == 409
                    assert "enrolled by another tenant" in answer.json()["detail"]
                async with calling(url, mine) as client:
                    answer = await client.put("/v1/devices/twice", json=body)
                    assert answer.status_code == 409
                    assert "CP1:1" in answer.json()["detail"]
                    assert (await client.get("/v1/devices/CP1:1")).json()["identity"] == "CP1"

    asyncio.run(scenario())


class Served:
    """`evenload serve` as a process that is killed, on ports it keeps."""

    def __init__(self, folder: Path) -> None:
        self.database, self.log = folder / "evenload.db", folder / "log.txt"
        self.port, self.api_port = _free_port(), _free_port()
        self.url = f"http://127.0.0.1:{self.api_port}"
        told = {
            "port": self.port, "api_port": self.api_port, "database": self.database, "secret_file": folder / "secret",
            "sample_s": 5, "plan_every_s": 5, "log_format": "json",
        }  # fmt: skip
        self._environment = os.environ | {f"EVENLOAD_{name.upper()}": str(value) for name, value in told.items()}

    async def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "evenload", "serve"], env=self._environment, stdout=log, stderr=log
            )
        async with httpx.AsyncClient(base_url=self.url) as client:
            for _ in range(600):
                try:
                    await client.get("/healthz")
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
                else:
                    return
        raise AssertionError(self.log.read_text())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def said(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [one for one in lines if one.get("event") == event]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.requirement("R131", "R106")
def test_killed_in_the_middle_of_a_limit_nothing_is_lost_and_nobody_is_told_the_same_again(
    depots: Any, tmp_path: Path
) -> None:
    async def scenario() -> None:
        served = Served(tmp_path)
        with opened(served.database) as store:
            depots.furnish(store, "")
            key = depots.key(store, Role.OPERATOR, utc_now())
        await served.start()
        try:
            clock = TownClock(utc_now(), asyncio.get_running_loop().time, 1.0)
            async with depots.fleet(clock, served.port, meter_s=5.0) as site, calling(served.url, key) as client:
                told = counted(site)
                site.plug_in(soc=0.1)
                await depots.eventually(lambda: len(told) >= len(site.stations))
                answer = await client.post("/v1/limits", json=limit_body(utc_now(), 40.0))
                limit_id = answer.json()["limit_id"]
                await depots.eventually(lambda: sum(site.cars_kw()) <= 40.0 + TOLERANCE_KW)
                await site.for_virtual(6)
                served.kill()
                before, before_kw = orders_of(served.database), [round(one, 1) for one in site.cars_kw()]
                await depots.eventually(lambda: site.fleet.connected == 0)
                told.clear()
                await site.for_virtual(1)
                assert [round(one, 1) for one in site.cars_kw()] == before_kw
                plans = len(served.said("planned"))
                await served.start()
                await depots.eventually(lambda: site.fleet.connected == len(site.stations))
                await depots.eventually(lambda: len(served.said("planned")) >= plans + 3, 60.0)
                assert sum(site.cars_kw()) <= 40.0 + TOLERANCE_KW
                assert (await client.get(f"/v1/limits/{limit_id}")).json()["limit_kw"] == 40.0
                fresh = [one for one in orders_of(served.database) if one not in before]
                # what stands is given once more, since a station may have forgotten it; nothing else is said twice
                assert sorted(told) == sorted([*{one[1] for one in before}, *(one[1] for one in fresh)])
                for number, (_, identity, limits, made_at) in enumerate(fresh):
                    former = [one[2] for one in [*before, *fresh[:number]] if one[1] == identity][-1]
                    soon = [made_at + timedelta(seconds=10 * n) for n in range(31)]
                    assert max(abs(limits.at(one) - former.at(one)) for one in soon) > SAME_KW
        finally:
            served.kill()

    asyncio.run(scenario())


def orders_of(database: Path) -> list[tuple[str, str, Any, Any]]:
    """Every limit that devices were told, in order: its id, the station, the limits, and when."""
    with opened(database) as store, store.reading() as unit:
        rows = sorted(unit.orders.last("home", 1000), key=lambda one: one.number)
    commands = [(row, orders.command_of(row)) for row in rows]
    return [(row.order_id, row.station.identity, command.limits, row.made_at)
            for row, command in commands if isinstance(command, SetProfile)]  # fmt: skip


def counted(site: Any) -> list[str]:
    """The stations that were sent a charging profile, as it happens."""
    told: list[str] = []

    def listen(station: Any) -> None:
        receive = station.receive

        def received(data: bytes, now: float) -> None:
            if b'"SetChargingProfile"' in data[:100]:
                told.append(station.spec.identity)
            receive(data, now)

        station.receive = received

    for station in site.stations:
        listen(station)
    return told
