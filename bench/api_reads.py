#!/usr/bin/env python3
"""The REST API read beside 100,000 stored devices: how long answers take, over the loopback.

    python3 run.py bench api                   everything, some two minutes (most of it makes the database)
    python3 run.py bench api --devices 5000    fewer
    python3 run.py bench api --json            JSON instead of a table

The server is a process of its own: uvicorn, the API and an SQLite file, as `evenload serve` runs them. Clients are
threads with a connection each; seconds are theirs, from asking to the last byte. Nothing here asserts a time.
"""

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.service import keys
from evenload.service.access_rows import Role
from evenload.service.live_rows import (
    CircuitRow,
    DecisionRow,
    DeviceRow,
    LoadRow,
    PlannedSession,
    PlanRow,
    SessionRow,
    SiteRow,
)
from evenload.service.rows import ReadingRow, StationRow
from evenload.service.scope import Scope
from evenload.store.sql.store import opened

NOW = datetime(2026, 1, 12, 18, tzinfo=UTC)
TARGET_MS = 100.0
SITES, SESSIONS = 2_000, 20_000
CHILD = """
import asyncio, sys, uvicorn, uvloop
from datetime import UTC, datetime
from pathlib import Path
from evenload.store.sql.store import opened
from evenload.web.api import api
from evenload.web.options import ApiOptions, Services
from evenload.web.passwords import Argon2
async def main():
    with opened(Path(sys.argv[1])) as store:
        now = datetime.fromisoformat(sys.argv[2])
        services = Services(store, lambda: now, ApiOptions(b"k" * 32), Argon2(), lambda _: "", lambda: "0" * 32)
        app = api(services, asyncio.get_running_loop().time)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await task
uvloop.run(main())
"""


def fill(path: Path, devices: int) -> str:
    """A tenant with so many devices, a fifth of them with a car; a key to it."""
    names = [f"d{i:06}" for i in range(devices)]
    site = [f"site{i % SITES:05}" for i in range(devices)]
    busy = range(0, devices, max(1, devices // SESSIONS))
    with opened(path) as store:
        with store.writing() as unit:
            unit.circuits.put(CircuitRow("home", one) for one in grid())
            unit.sites.put(SiteRow("home", f"site{i:05}", made_at=NOW) for i in range(SITES))
            unit.stations.put(StationRow(StationId("home", f"CP{i:06}"), approved=True) for i in range(devices))
            unit.devices.put(DeviceRow("home", names[i], site[i], f"CP{i:06}") for i in range(devices))
            unit.loads.put(
                LoadRow("home", f"site{i:05}", NOW - timedelta(minutes=15), 900.0, 7.0) for i in range(SITES)
            )
        with store.writing() as unit:
            plugged = NOW - timedelta(hours=1)
            unit.sessions.put(
                SessionRow("home", f"s{i:06}", names[i], site[i], plugged, NOW + timedelta(hours=12), 20.0)
                for i in busy
            )
            unit.readings.put(
                ReadingRow(
                    StationId("home", f"CP{i:06}"), 1,
                    Reading(at=NOW - timedelta(minutes=5 * k), kind=ReadingKind.INSTANT, power_kw=7.0),
                )
                for i in busy for k in range(1, 13)
            )  # fmt: skip
            unit.decisions.add(
                DecisionRow("home", NOW, names[i], f"s{i:06}", "planned", "cheapest hours") for i in busy
            )
            planned = tuple(PlannedSession(f"s{i:06}", 0, (7.0,) * 48, "cheapest hours") for i in busy)
            unit.plans.add(PlanRow("home", "P", NOW, "tick", NOW, 15.0, 48, "{}", planned))
        secret = secrets.token_hex(32)
        keys.add_key(
            Scope("home", "bench", Role.ADMIN), store, "bench0", secret, NOW, name="bench", role=Role.DRIVER_AGENT
        )
    return keys.key_text("bench0", secret)


def grid() -> Iterator[Circuit]:
    yield Circuit("system", "", CircuitKind.SYSTEM)
    for f in range(20):
        yield Circuit(f"F{f:02}", "system", CircuitKind.FEEDER, 5_000.0)
    for i in range(SITES):
        yield Circuit(f"site{i:05}", f"F{i % 20:02}", CircuitKind.SITE, 100.0)


def paths(devices: int) -> dict[str, Callable[[random.Random], str]]:
    """What is read, by name."""
    busy = list(range(0, devices, max(1, devices // SESSIONS)))
    return {
        "one device": lambda r: f"/v1/devices/d{r.randrange(devices):06}",
        "100 devices": lambda r: f"/v1/devices?after=d{r.randrange(devices):06}",
        "devices of a site": lambda r: f"/v1/devices?site_id=site{r.randrange(SITES):05}",
        "100 sites": lambda r: f"/v1/sites?after=site{r.randrange(SITES):05}",
        "100 circuits": lambda r: f"/v1/circuits?after=site{r.randrange(SITES):05}",
        "one session": lambda r: f"/v1/sessions/s{r.choice(busy):06}",
        "100 sessions": lambda r: f"/v1/sessions?after=s{r.choice(busy):06}",
        "sessions of a device": lambda r: f"/v1/sessions?device_id=d{r.choice(busy):06}",
        "why a session": lambda r: f"/v1/sessions/s{r.choice(busy):06}/explanation",
        "readings of an hour": lambda r: f"/v1/readings?device_id=d{r.choice(busy):06}",
        "100 last loads": lambda _: "/v1/loads?latest=true",
        "100 decisions": lambda r: f"/v1/decisions?after={r.randrange(100, len(busy))}",
        "100 stations": lambda r: f"/v1/stations?after=CP{r.randrange(devices):06}",
        "who asks": lambda _: "/v1/me",
    }


@contextmanager
def served(path: Path) -> Iterator[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), NOW.isoformat()], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout
        yield f"http://127.0.0.1:{child.stdout.readline().strip()}"
    finally:
        child.terminate()
        child.wait(10)


def measured(url: str, key: str, path: Callable[[random.Random], str], clients: int, seconds: float) -> FloatArray:
    """Seconds of each answer."""

    def one(seed: int) -> list[float]:
        dice, took = random.Random(seed), []
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
            client.get("/v1/me")
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                began = time.perf_counter()
                answer = client.get(path(dice))
                took.append(time.perf_counter() - began)
                answer.raise_for_status()
        return took

    with ThreadPoolExecutor(clients) as pool:
        return np.concatenate([np.array(took) for took in pool.map(one, range(clients))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each row is measured")
    parser.add_argument("--only", default="", help="run the rows whose name holds this text")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        began = time.perf_counter()
        key = fill(file, chosen.devices)
        print(f"{chosen.devices:,} devices stored in {time.perf_counter() - began:.0f} s", file=sys.stderr)
        with served(file) as url:
            for name, path in paths(chosen.devices).items():
                if chosen.only not in name:
                    continue
                for clients in (1, 4):
                    took = 1e3 * measured(url, key, path, clients, chosen.seconds)
                    p50, p99 = np.percentile(took, [50, 99])
                    rows.append({"read": name, "clients": clients, "p50_ms": round(p50, 2), "p99_ms": round(p99, 2),
                                 "per_second": round(took.size / chosen.seconds)})  # fmt: skip
                    if not chosen.json:
                        verdict = "" if p99 < TARGET_MS else f"   above {TARGET_MS:.0f} ms"
                        print(f"{name:24s} {clients} clients  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  "
                              f"{took.size / chosen.seconds:7.0f}/s{verdict}", flush=True)  # fmt: skip
    if chosen.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
