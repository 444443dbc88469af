#!/usr/bin/env python3
"""VENs that list events at a VTN of OpenADR 3.1 with 10,000 open events: how many a second, and how long each takes.

    python3 run.py bench openadr3                   about a minute
    python3 run.py bench openadr3 --events 1000     fewer events
    python3 run.py bench openadr3 --json            JSON instead of a table

Each of 1,000 VENs holds a target of its own and one of a group; an event is for one of these. In process, a VEN is one
call of the VTN on an SQLite file. Over HTTP the server is a process of its own (uvicorn, as `evenload serve` runs it),
clients are threads with a connection each, and both share this machine's cores. Nothing here asserts a time.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from evenload.net.openadr3_tokens import Tokens, secret_hash
from evenload.openadr.v3.access import BUSINESS_SCOPES, VEN_SCOPES, Claims
from evenload.openadr.v3.objects import ClientRow
from evenload.openadr.v3.vtn import BASE_PATH, Request, Vtn
from evenload.store.sql.store import opened

NOW = datetime(2026, 1, 12, 18, tzinfo=UTC)
SECRET = b"k" * 32
PER_SECOND, P99_MS = 500.0, 50.0
THREADS = 8
CHILD = """
import asyncio, sys, time, uvicorn, uvloop
from datetime import datetime
from pathlib import Path
from evenload.net.openadr3_server import OpenAdrOptions, openadr3_app
from evenload.store.sql.store import opened
async def main():
    with opened(Path(sys.argv[1])) as store:
        now = datetime.fromisoformat(sys.argv[2])
        app = openadr3_app(store, OpenAdrOptions(b"k" * 32), lambda: now, lambda: "x", time.monotonic)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await task
uvloop.run(main())
"""


def fill(path: Path, events: int, vens: int) -> None:
    """A business, VENs with a target of their own and one of a group, and open events for these in turn."""
    numbers = count()
    vtn, bl = Vtn(lambda: f"{next(numbers):08x}"), Claims("home", "bl", frozenset(BUSINESS_SCOPES))
    with opened(path) as store, store.writing() as unit:

        def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            answer = vtn.answer(Request("POST", path, "", msgspec.json.encode(body)), bl, unit.openadr3, NOW)
            if answer.status != 201:
                raise SystemExit(answer.body.decode())
            return dict(msgspec.json.decode(answer.body))

        unit.openadr3.put_clients(
            ClientRow(f"ven{i}", "home", secret_hash("s"), VEN_SCOPES, NOW) for i in range(vens)
        )  # fmt: skip
        program = post("/programs", {"programName": "managed charging"})["id"]
        for i in range(vens):
            targets = [f"ven{i}", f"group{i % 100}"]
            post(
                "/vens", {"objectType": "BL_VEN_REQUEST", "clientID": f"ven{i}", "venName": f"v{i}", "targets": targets}
            )
        for number in range(events):
            post("/events", event(program, number, vens))


def event(program: str, number: int, vens: int) -> dict[str, Any]:
    target = f"group{number // 2 % 100}" if number % 2 else f"ven{number % vens}"
    payload = {"type": "IMPORT_CAPACITY_LIMIT", "values": [float(number % 50)]}
    return {
        "programID": program, "eventName": f"limit {number}", "targets": [target], "priority": number % 5,
        "payloadDescriptors": [
            {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT", "units": "KW"}
        ],
        "intervalPeriod": {"start": "2026-01-12T19:00:00Z", "duration": "PT15M"},
        "intervals": [{"id": i, "payloads": [payload]} for i in range(4)],
    }  # fmt: skip


def query(ven: int) -> str:
    return f"active=true&targets=ven{ven}&targets=group{ven % 100}"


def in_process(path: Path, vens: int, seconds: float) -> list[float]:
    """Seconds of each listing, one after the other."""
    vtn, took = Vtn(secrets.token_hex), []
    with opened(path) as store:
        until = time.perf_counter() + seconds
        for number in count():
            claims = Claims("home", f"ven{number % vens}", frozenset(VEN_SCOPES))
            begun = time.perf_counter()
            with store.reading() as unit:
                answer = vtn.answer(Request("GET", "/events", query(number % vens)), claims, unit.openadr3, NOW)
            took.append(time.perf_counter() - begun)
            if answer.status != 200 or len(answer.body) < 100:
                raise SystemExit(answer.body.decode())
            if time.perf_counter() > until:
                break
    return took


@contextmanager
def served(path: Path) -> Iterator[int]:
    """The port of a server of its own."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), NOW.isoformat()], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()


def over_http(path: Path, vens: int, seconds: float) -> tuple[list[float], float]:
    """Seconds of each listing by several connections at once, and how long all took."""
    tokens = Tokens(SECRET)
    with served(path) as port, ThreadPoolExecutor(THREADS) as pool:
        begun = time.perf_counter()
        parts = [
            pool.submit(one_client, port, tokens, range(i, vens, THREADS), begun + seconds) for i in range(THREADS)
        ]
        took = [each for part in parts for each in part.result()]
        return took, time.perf_counter() - begun


def one_client(port: int, tokens: Tokens, vens: range, until: float) -> list[float]:
    took: list[float] = []
    connection = HTTPConnection("127.0.0.1", port)
    while time.perf_counter() < until:
        for ven in vens:
            headers = {"Authorization": f"Bearer {tokens.made(f'ven{ven}', VEN_SCOPES, NOW)}"}
            begun = time.perf_counter()
            connection.request("GET", f"{BASE_PATH}/events?{query(ven)}", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            took.append(time.perf_counter() - begun)
            if answer.status != 200 or len(body) < 100:
                raise SystemExit(body.decode())
            if time.perf_counter() > until:
                break
    connection.close()
    return took


def row(name: str, took: list[float], whole: float) -> dict[str, Any]:
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    return {"what": name, "per_second": len(took) / whole, "p50_ms": p50, "p99_ms": p99, "listings": len(took)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--vens", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vtn.db"
        fill(path, told.events, told.vens)
        alone = in_process(path, told.vens, told.seconds)
        http, whole = over_http(path, told.vens, told.seconds)
    rows = [row("in process", alone, sum(alone)), row(f"HTTP, {THREADS} connections", http, whole)]
    if told.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return 0
    sys.stdout.write(f"{told.events} open events, {told.vens} VENs, SQLite\n")
    sys.stdout.write(f"{'':24}{'lists/s':>10}{'p50 ms':>10}{'p99 ms':>10}\n")
    for one in rows:
        sys.stdout.write(f"{one['what']:24}{one['per_second']:10.0f}{one['p50_ms']:10.1f}{one['p99_ms']:10.1f}\n")
    sys.stdout.write(f"{'aimed at':24}{f'>= {PER_SECOND:.0f}':>10}{'':10}{f'< {P99_MS:.0f}':>10}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
