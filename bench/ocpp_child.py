"""What servers under load have in common: each is a process that prints its port and then answers line by line.

``mark`` gives processor seconds, memory and counts; ``command SECONDS RATE`` round trips of commands; JSON each.
"""

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens: its port, what it counted, and how a command is carried out at some station."""

    port: int
    counts: Callable[[], Mapping[str, object]]
    command: Callable[[], Awaitable[bool]]


def now() -> datetime:
    return datetime.now(UTC)


def usage() -> dict[str, float]:
    """What this process has used of the processor, in seconds, and holds of memory, in KiB."""
    times = os.times()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"processor_s": times.user + times.system, "memory_kib": pages * os.sysconf("SC_PAGE_SIZE") // 1024}


async def commands(command: Callable[[], Awaitable[bool]], seconds: float, rate: float) -> dict[str, object]:
    """Issue commands at a steady rate, whether or not the former are done."""
    took: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        if await command():
            took.append(time.perf_counter() - began)

    tasks, began = [], time.perf_counter()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    await asyncio.wait(tasks, timeout=10)
    took.sort()
    p50, p99 = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
    return {"commands": len(took), "failed": len(tasks) - len(took), "p50_ms": p50, "p99_ms": p99}


async def obey(served: Served) -> None:
    """Answer until the input ends."""
    gc.collect()
    gc.freeze()
    print(served.port, flush=True)
    loop = asyncio.get_running_loop()
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        answer: dict[str, object]
        if line[0] == "mark":
            answer = {**usage(), **served.counts()}
        else:
            answer = await commands(served.command, float(line[1]), float(line[2]))
        print(json.dumps(answer), flush=True)
    os._exit(0)
