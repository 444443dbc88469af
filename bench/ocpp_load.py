#!/usr/bin/env python3
"""The server of stations under load, beside one built on the PyPI `ocpp` package; one table, the targets beside.

    python3 run.py bench ocpp                      everything, some three minutes
    python3 run.py bench ocpp --only message       the rows whose name holds this text
    python3 run.py bench ocpp --connections 2000   fewer connections where few files may be open
    python3 run.py bench ocpp --json               JSON instead of a table

Server and traffic are a process each, over the loopback. The numbers are the server's: processor time by the system's
account, memory resident. evenload: its own server and desks on uvloop, Basic authentication, events counted and let go;
in rows with `store and all` it is `evenload serve` with its SQLite file. The package: websockets and asyncio, its
validation as it comes. Of twenty messages 14 hold six metered values, 3 are heartbeats, 2 states and 1 starts or ends a
transaction. Nothing here asserts a time.
"""

import argparse
import asyncio
import json
import os
import resource
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import trustme
import uvloop

from ocpp_traffic import Crowd

CHILDREN = {name: Path(__file__).resolve().parent / f"ocpp_{name}.py" for name in ("evenload", "package", "whole")}
SPARE_FILES = 200
MESSAGES_EACH = 5
NEXT_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Row:
    """One number of both servers and the target it is held against."""

    name: str
    unit: str
    evenload: float | None
    package: float | None
    target: str


class Server:
    """A server in a process of its own."""

    def __init__(self, kind: str, variant: str, environment: dict[str, str] | None = None) -> None:
        self._child = subprocess.Popen(
            [sys.executable, str(CHILDREN[kind]), variant], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | (environment or {}),
        )  # fmt: skip
        assert self._child.stdout
        self.port = int(self._child.stdout.readline())

    async def ask(self, line: str = "mark") -> dict[str, Any]:
        return await asyncio.get_running_loop().run_in_executor(None, self._ask, line)

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())  # type: ignore[no-any-return]

    def stop(self) -> None:
        self._child.terminate()
        self._child.wait(10)


@contextmanager
def serving(kind: str, variant: str, environment: dict[str, str] | None = None) -> Iterator[Server]:
    server = Server(kind, variant, environment)
    try:
        yield server
    finally:
        server.stop()


async def per_message(kind: str, version: str, seconds: float) -> tuple[float, float]:
    """Microseconds of processor for a message, and messages a second, 200 stations sending on every answer."""
    with serving(kind, version) as server:
        crowd = Crowd(server.port, 200, version)
        await crowd.connect()
        await crowd.talk(1.0)
        before, began = await server.ask(), time.perf_counter()
        await asyncio.sleep(seconds)
        after, took = await server.ask(), time.perf_counter() - began
        said(f"  {kind} {version}: {crowd.tally.errors} errors {crowd.tally.bad[:1]}")
        crowd.hang_up()
    messages = after["messages"] - before["messages"]
    return 1e6 * (after["processor_s"] - before["processor_s"]) / messages, messages / took


async def whole_per_message(version: str, stations: int, rate: float, seconds: float) -> tuple[float, float, float]:
    """Microseconds of processor for a message with everything behind it, messages a second that were answered, and
    milliseconds that readings were acknowledged and not on the disk yet, at most."""
    with tempfile.TemporaryDirectory() as folder, serving("whole", str(Path(folder) / "evenload.db")) as server:
        crowd = Crowd(server.port, stations, version)
        await crowd.connect()
        pacing = asyncio.create_task(crowd.pace(seconds + 3, rate))
        await asyncio.sleep(2.0)
        before, sent, began = await server.ask(), crowd.tally.answered, time.perf_counter()
        await asyncio.sleep(seconds)
        after, messages, took = await server.ask(), crowd.tally.answered - sent, time.perf_counter() - began
        await pacing
        said(f"  whole {version}: {crowd.tally.errors} errors {crowd.tally.bad[:1]}")
        said(f"  readings at risk: p99 {after['risk_p99_ms']:.0f} ms, at most {after['risk_max_ms']:.0f} ms")
        crowd.hang_up()
    cost_us = 1e6 * (after["processor_s"] - before["processor_s"]) / messages
    return cost_us, messages / took, after["risk_max_ms"]


async def whole_storms(version: str, connections: int) -> list[tuple[float, float, int]]:
    """As ``storm``, with everything behind it: of stations that were cut off, and then of all after a server's start.

    After a start they boot as well. Transactions are lost that are not in the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evenload.db"
        with serving("whole", str(path)) as server:
            crowd = Crowd(server.port, connections, version)
            await crowd.connect()
            await asyncio.sleep(2.0)
            crowd.hang_up()
            await asyncio.sleep(4.0)
            cut_off = await back_again(server, crowd, path, boot=False)
            crowd.hang_up()
        with serving("whole", str(path)) as server:
            crowd = Crowd(server.port, connections, version)
            for station in crowd.stations:
                station.minute = NEXT_DAY
            started = await back_again(server, crowd, path, boot=True)
            crowd.hang_up()
    return [cut_off, started]


async def back_again(server: Server, crowd: Crowd, path: Path, *, boot: bool) -> tuple[float, float, int]:
    before, known, began = await server.ask(), transactions(path), time.perf_counter()
    await crowd.connect(boot=boot, start=True)
    took = time.perf_counter() - began
    await asyncio.sleep(2.0)
    after = await server.ask()
    return after["processor_s"] - before["processor_s"], took, known + len(crowd.stations) - transactions(path)


def transactions(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        (count,) = file.execute("SELECT count(*) FROM transactions").fetchone()
    return int(count)


async def memory(kind: str, version: str, connections: int, tls: dict[str, str] | None = None) -> tuple[float, float]:
    """KiB for a connection that has booted and sent some messages, and milliseconds of processor to come so far."""
    context = ssl.create_default_context(cafile=tls["CA"]) if tls else None
    with serving(kind, "tls" if tls else version, tls) as server:
        before = await server.ask()
        crowd = Crowd(server.port, connections, version, tls=context)
        await crowd.connect()
        await asyncio.sleep(1.0)
        booted = await server.ask()
        await crowd.each(MESSAGES_EACH)
        after = await server.ask()
        assert after["connected"] == connections, after
        crowd.hang_up()
    connect_ms = 1000 * (booted["processor_s"] - before["processor_s"]) / connections
    return float(after["memory_kib"] - before["memory_kib"]) / connections, connect_ms


async def storm(kind: str, version: str, connections: int) -> tuple[float, float, int]:
    """Processor seconds, seconds, and transactions that were lost, when all come back at once and start one each."""
    with serving(kind, version) as server:
        crowd = Crowd(server.port, connections, version)
        await crowd.connect()
        await asyncio.sleep(2.0)
        crowd.hang_up()
        while (await server.ask())["connected"]:
            await asyncio.sleep(0.1)
        before, began = await server.ask(), time.perf_counter()
        await crowd.connect(boot=False, start=True)
        took = time.perf_counter() - began
        await asyncio.sleep(1.0)
        after = await server.ask()
        crowd.hang_up()
    lost = connections - (after.get("starts", 0) - before.get("starts", 0))
    return after["processor_s"] - before["processor_s"], took, lost


async def round_trip(kind: str, version: str, stations: int, rate: float, seconds: float) -> dict[str, Any]:
    """Commands while ``rate`` messages come in a second."""
    with serving(kind, version) as server:
        crowd = Crowd(server.port, stations, version)
        await crowd.connect()
        pacing = asyncio.create_task(crowd.pace(seconds + 3, rate))
        await asyncio.sleep(2.0)
        before, began = await server.ask(), time.perf_counter()
        answer = await server.ask(f"command {seconds} 50")
        after, took = await server.ask(), time.perf_counter() - began
        await pacing
        crowd.hang_up()
    answer["rate"] = (after["messages"] - before["messages"]) / took
    said(f"  {kind}: {answer}")
    return answer


def said(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def message_rows(options: argparse.Namespace) -> list[Row]:
    rows = []
    for version, what in (("ocpp1.6", "1.6, MeterValues"), ("ocpp2.0.1", "2.0.1, TransactionEvent")):
        ours, rate = await per_message("evenload", version, options.seconds)
        theirs, their_rate = await per_message("package", version, options.seconds)
        rows.append(Row(f"message, {what}", "us of processor", ours, theirs, "at most 40"))
        rows.append(Row(f"message, {what}", "messages/s reached", rate, their_rate, ""))
    return rows


async def memory_rows(options: argparse.Namespace) -> list[Row]:
    many, some = options.connections, min(options.connections, 2000)
    ours, ours_ms = await memory("evenload", "ocpp1.6", many)
    theirs, theirs_ms = await memory("package", "ocpp1.6", many)
    with tempfile.TemporaryDirectory() as folder:
        encrypted, encrypted_ms = await memory("evenload", "ocpp1.6", some, tls_files(Path(folder)))
    return [
        Row(f"memory, {many:,} connections", "KiB each", ours, theirs, "under 40"),
        Row("connect, boot and set up", "ms of processor each", ours_ms, theirs_ms, ""),
        Row(f"memory over TLS, {some:,} connections", "KiB each", encrypted, None, "at most 120"),
        Row("connect over TLS, boot and set up", "ms of processor each", encrypted_ms, None, ""),
    ]


async def whole_rows(options: argparse.Namespace) -> list[Row]:
    rows, size = [], min(5000, options.connections)
    for version, what in (("ocpp1.6", "1.6"), ("ocpp2.0.1", "2.0.1")):
        ours, rate, risk_ms = await whole_per_message(version, 1000, 4000, options.seconds)
        rows.append(Row(f"message, {what}, store and all", "us of processor", ours, None, ""))
        rows.append(Row(f"message, {what}, store and all", "messages/s reached", rate, None, "4,000 are sent"))
        rows.append(Row(f"readings at risk, {what}", "ms at most", risk_ms, None, "250"))
    cut_off, started = await whole_storms("ocpp1.6", size)
    for name, (spent, took, lost) in (("reconnect", cut_off), ("boot after a restart", started)):
        rows += [
            Row(f"storm, {size:,} {name}, store and all", "s of processor", spent, None, "under 3"),
            Row(f"storm, {size:,} {name}, store and all", "s until all are back", took, None, ""),
            Row(f"storm, {size:,} {name}, store and all", "transactions lost", lost, None, "0"),
        ]
    return rows


def tls_files(folder: Path) -> dict[str, str]:
    ca = trustme.CA()
    server = ca.issue_cert("localhost")
    paths = [folder / name for name in ("server.pem", "server.key", "ca.pem")]
    contents = (server.cert_chain_pems[0], server.private_key_pem, ca.cert_pem)
    for path, content in zip(paths, contents, strict=True):
        content.write_to_path(str(path))
    return {"BENCH_TLS": json.dumps([str(path) for path in paths[:2]]), "CA": str(paths[2])}


async def storm_rows(options: argparse.Namespace) -> list[Row]:
    size = min(5000, options.connections)
    (ours, took, lost), (theirs, their_took, their_lost) = (
        await storm("evenload", "ocpp1.6", size), await storm("package", "ocpp1.6", size),
    )  # fmt: skip
    name = f"storm, {size:,} reconnect and start"
    return [
        Row(name, "s of processor", ours, theirs, "under 3"),
        Row(name, "s until all are back", took, their_took, ""),
        Row(name, "transactions lost", lost, their_lost, "0"),
    ]


async def command_rows(options: argparse.Namespace) -> list[Row]:
    ours = await round_trip("evenload", "ocpp1.6", 1000, 2000, options.seconds)
    theirs = await round_trip("package", "ocpp1.6", 1000, 500, options.seconds)
    return [
        Row("command, round trip p99", "ms", ours["p99_ms"], theirs["p99_ms"], "under 50 at 2,000 messages/s"),
        Row("command, round trip p50", "ms", ours["p50_ms"], theirs["p50_ms"], ""),
        Row("command, meanwhile", "messages/s", ours["rate"], theirs["rate"], "2,000 (the package: 500)"),
    ]


PARTS = {
    "message": message_rows, "memory": memory_rows, "storm": storm_rows, "command": command_rows, "whole": whole_rows,
}  # fmt: skip


async def measured(options: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    for name, part in PARTS.items():
        if not options.only or options.only in name:
            said(f"{name} ...")
            rows += await part(options)
    return rows


def table(rows: list[Row]) -> str:
    lines = [f"{'':52} {'':20} {'evenload':>10} {'`ocpp`':>10} {'ratio':>7}  target"]
    for row in rows:
        numbers = [f"{value:>10,.1f}" if value is not None else f"{'':>10}" for value in (row.evenload, row.package)]
        ratio = f"{row.package / row.evenload:>7.1f}" if row.evenload and row.package else f"{'':>7}"
        lines.append(f"{row.name:52} {row.unit:20} {' '.join(numbers)} {ratio}  {row.target}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="the parts whose name holds this text: " + ", ".join(PARTS))
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=6.0, help="how long a rate is measured")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    options.connections = min(options.connections, (hard if hard > 0 else soft) - SPARE_FILES)
    rows = uvloop.run(measured(options))
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))


if __name__ == "__main__":
    main()
