"""One server of stations in a process of its own: evenload's, or what a user of the PyPI `ocpp` package would write.

It prints the port it listens on, then answers each line on its standard input with a line of JSON:
``mark`` with processor seconds, memory and counts; ``command SECONDS RATE`` with round trips of commands.
"""

import asyncio
import gc
import itertools
import json
import logging
import os
import random
import ssl
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

KEY = b"0123456789abcdef0123"


def now() -> datetime:
    return datetime.now(UTC)


def processor_s() -> float:
    times = os.times()
    return times.user + times.system


def memory_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


async def evenload_server(profile: str) -> "tuple[int, Any, Any]":
    from evenload.domain.station import StationId
    from evenload.domain.station_commands import ClearCache, SendData
    from evenload.domain.station_events import StationEvent, TransactionStarted
    from evenload.net.ocpp_server import OcppServer, ServerLimits
    from evenload.net.password import hash_key
    from evenload.net.ports import SecurityProfile, StationRecord, TenantRecord
    from evenload.net.tls import server_tls
    from evenload.ocpp.desk import Desk
    from evenload.ocpp.dialect import Dialect
    from evenload.ocpp.dossier import DeskPolicy
    from evenload.ocpp.records import MemoryRecords
    from evenload.ocpp.v16 import OCPP16
    from evenload.ocpp.v16.desk import desk16
    from evenload.ocpp.v201.desk import desk201

    counted: Counter[str] = Counter()
    tenant, record = TenantRecord(), StationRecord(SecurityProfile.BASIC == 1, SecurityProfile.NONE, hash_key(KEY, KEY))

    class Everyone:
        async def look_up(self, station: StationId) -> tuple[TenantRecord, StationRecord]:
            return tenant, record

        def hold(self, station: StationId, address: str) -> None: ...

    class Count:
        async def commit(self, events: Sequence[StationEvent]) -> None:
            counted["groups"] += 1
            counted["events"] += len(events)
            counted["starts"] += sum(type(event) is TransactionStarted for event in events)

    desks: dict[StationId, Desk] = {}
    policy = DeskPolicy()

    def desk_for(station: StationId, dialect: Dialect) -> Desk:
        if station not in desks:
            make = desk16 if dialect is OCPP16 else desk201
            desks[station] = make(station, MemoryRecords(), policy)
        return desks[station]

    server = OcppServer(
        desk_for=desk_for, directory=Everyone(), sink=Count(), clock=now, secret=os.urandom(32), name="b",
        limits=ServerLimits(silence_s_max=600),
    )  # fmt: skip
    files = json.loads(os.environ.get("BENCH_TLS", "null"))
    tls: ssl.SSLContext | None = server_tls(*map(Path, files)) if profile == "tls" else None
    port = await server.listen("127.0.0.1", 0, tls)
    numbers = itertools.count()

    def marks() -> dict[str, Any]:
        return {"messages": server.counts.messages_in, **counted, "connected": len(server.connected),
                "violations": dict(server.counts.violations)}  # fmt: skip

    async def command() -> bool:
        station, dialect = random.choice(list(server.connected.items()))
        name = f"c{next(numbers)}"
        one = ClearCache(command_id=name) if dialect is OCPP16 else SendData(command_id=name, vendor="v")
        return (await server.command(station, one)).settlement.good

    return port, marks, command


async def package_server(version: str) -> "tuple[int, Any, Any]":
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]
    import ocpp.v16
    import ocpp.v16.call
    import ocpp.v16.call_result as r16
    import ocpp.v201
    import ocpp.v201.call_result as r201
    import websockets
    from ocpp.routing import on

    logging.getLogger("ocpp").setLevel(logging.ERROR)
    counted: Counter[str] = Counter()
    peers: dict[str, Any] = {}
    numbers = itertools.count(1)

    class Peer16(ocpp.v16.ChargePoint):
        @on("BootNotification")
        def boot(self, **_: Any) -> Any:
            return r16.BootNotification(current_time=now().isoformat(), interval=300, status="Accepted")

        @on("Heartbeat")
        def beat(self) -> Any:
            counted["messages"] += 1
            return r16.Heartbeat(current_time=now().isoformat())

        @on("StatusNotification")
        def status(self, **_: Any) -> Any:
            counted["messages"] += 1
            return r16.StatusNotification()

        @on("MeterValues")
        def meter(self, **_: Any) -> Any:
            counted["messages"] += 1
            return r16.MeterValues()

        @on("StartTransaction")
        def begin(self, **_: Any) -> Any:
            counted["messages"] += 1
            counted["starts"] += 1
            return r16.StartTransaction(transaction_id=next(numbers), id_tag_info={"status": "Accepted"})

        @on("StopTransaction")
        def end(self, **_: Any) -> Any:
            counted["messages"] += 1
            return r16.StopTransaction()

    class Peer201(ocpp.v201.ChargePoint):
        @on("BootNotification")
        def boot(self, **_: Any) -> Any:
            return r201.BootNotification(current_time=now().isoformat(), interval=300, status="Accepted")

        @on("Heartbeat")
        def beat(self) -> Any:
            counted["messages"] += 1
            return r201.Heartbeat(current_time=now().isoformat())

        @on("StatusNotification")
        def status(self, **_: Any) -> Any:
            counted["messages"] += 1
            return r201.StatusNotification()

        @on("TransactionEvent")
        def happened(self, event_type: str, **_: Any) -> Any:
            counted["messages"] += 1
            counted["starts"] += event_type == "Started"
            return r201.TransactionEvent()

    async def serve(socket: Any) -> None:
        name = socket.request.path.rpartition("/")[2]
        peer = (Peer16 if version == "ocpp1.6" else Peer201)(name, socket)
        peers[name] = peer
        try:
            await peer.start()
        except websockets.ConnectionClosed:
            if peers.get(name) is peer:
                del peers[name]

    server = await websockets.serve(
        serve, "127.0.0.1", 0, subprotocols=[version], compression=None, max_queue=None, backlog=4096
    )

    def marks() -> dict[str, Any]:
        return {**counted, "connected": len(peers)}

    async def command() -> bool:
        peer = random.choice(list(peers.values()))
        answer = await peer.call(ocpp.v16.call.ClearCache())
        return bool(answer.status == "Accepted")

    return next(iter(server.sockets)).getsockname()[1], marks, command


async def commands(command: Any, seconds: float, rate: float) -> dict[str, Any]:
    """Issue commands at a steady rate, whether or not the former are done."""
    took: list[float] = []
    failed = 0

    async def one() -> None:
        nonlocal failed
        began = time.perf_counter()
        if await command():
            took.append(time.perf_counter() - began)
        else:
            failed += 1

    tasks, began = [], time.perf_counter()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.wait(tasks, timeout=10)
    took.sort()
    return {"commands": len(took), "failed": failed, "p50_ms": 1000 * took[len(took) // 2],
            "p99_ms": 1000 * took[int(len(took) * 0.99)]}  # fmt: skip


async def main(kind: str, variant: str) -> None:
    make = evenload_server if kind == "evenload" else package_server
    port, marks, command = await make(variant)
    gc.collect()
    gc.freeze()
    print(port, flush=True)
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if line[0] == "mark":
            answer = {"processor_s": processor_s(), "memory_kib": memory_kib(), **marks()}
        else:
            answer = await commands(command, float(line[1]), float(line[2]))
        print(json.dumps(answer), flush=True)
    os._exit(0)


if __name__ == "__main__":
    runner = uvloop.run if sys.argv[1] == "evenload" else asyncio.run
    runner(main(sys.argv[1], sys.argv[2]))
