#!/usr/bin/env python3
"""The live platform: what the server takes of a processor core, and how soon a car that is plugged in is told.

    python3 run.py bench live                  everything, some nine minutes
    python3 run.py bench live --only steady    without the day of the town (some four minutes)
    python3 run.py bench live --json           JSON instead of a table

The server is `evenload serve` as a process of its own with an SQLite file; only its processor time counts. Its stations
are virtual ones in this process, of both versions, each with a car and telling its meter every 30 seconds; the brain
plans every minute and whenever something happens. Latency is from the plug to the first charging profile at the
station. The day of the town is the whole of it, drivers and stations included. Nothing here asserts a time.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import uvloop

from evenload.app.town.enrol import TENANT, enrol_town
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.town import Town
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_grid import TownShape
from evenload.store.sql.store import opened
from table import Row, show

CORE_SHARE_MAX = 0.30
FIRST_COMMAND_S_MAX = 2.0
DAY_S_MAX = 300.0
TELEMETRY_S = 30
PLUGS_PER_S = 1.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
DAY = """
import json, os, sys
from pathlib import Path
from evenload.app.town.live import Told, TownSettings, live_town
report = live_town(TownSettings(speed=float(sys.argv[1]), days=1, api_port=0, folder=Path(sys.argv[2])),
                   Told(lambda _: None, lambda _: None))
times = os.times()
print(json.dumps({"seconds": report.seconds, "processor_s": times.user + times.system, "broken": report.broken,
                  "lag_s": report.lag_s_worst}))
"""


class Timed(VirtualStation):
    """A station that notes when it is sent a charging profile (seconds of this process)."""

    told_at: float | None = None

    def receive(self, data: bytes, now: float) -> None:
        """Take a message."""
        if self.told_at is None and b'"SetChargingProfile"' in data[:100]:
            self.told_at = time.perf_counter()
        super().receive(data, now)


def town_of(devices: int) -> Town:
    """A town with so many devices, nine in ten at homes, that is too small for all to charge at once."""
    homes, work = round(0.9 * devices), round(0.07 * devices)
    shape = TownShape(
        transformers=2 + -(-homes // 8), home_stations=homes, workplace_stations=work, workplace_drivers=2 * work,
        public_stations=devices - homes - work, public_drivers=2 * (devices - homes - work),
        feeder_kva=2.6 * devices, workplace_kva=0.5 * devices, workplace_site_kw=0.3 * devices,
        public_kva=0.4 * devices,
    )  # fmt: skip
    return Town(1, shape, start=datetime.now(UTC).date())


def stations_of(town: Town, clock: TownClock) -> list[Timed]:
    """A station for every device, each telling at its own moment."""
    share = TELEMETRY_S / len(town.devices)
    return [
        Timed(
            StationSpec(one.station, one.subprotocol, current_a_max=one.current_a_max, phases=one.phases,
                        meter_s=TELEMETRY_S, meter_offset_s=share * number),
            clock.epoch, np.random.default_rng(number),
        )
        for number, one in enumerate(town.devices)
    ]  # fmt: skip


@contextmanager
def served(database: Path) -> Iterator[tuple[int, int]]:
    """`evenload serve` with that database: its process and its port for stations."""
    command = [sys.executable, "-m", "evenload", "serve", "--port", "0", "--api-port", "0", "--tenant", TENANT,
               "--database", str(database)]  # fmt: skip
    environment = os.environ | {
        "EVENLOAD_SAMPLE_S": str(TELEMETRY_S), "EVENLOAD_SECRET_FILE": str(database.with_name("secret")),
    }  # fmt: skip
    with database.with_name("log.txt").open("w") as log:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            assert child.stdout
            line = next(one for one in child.stdout if "/ocpp/" in one)
            yield child.pid, int(line.partition("/ocpp/")[0].rpartition(":")[2])
        finally:
            child.terminate()
            child.wait(30)


def processor_s(process: int) -> float:
    """What a process has used of the processor so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def plug_in(fleet: SocketFleet, town: Town, number: int) -> None:
    """Plug an empty car in at a station."""
    device, station = town.devices[number], fleet.stations[number]
    owners = [one.token for one in town.vehicles if one.station == device.station] or [town.vehicles[-1].token]
    car = Car(battery_kwh=70.0, soc=0.1, current_a_max=device.current_a_max, phases=device.phases)
    station.plug_in(1, car, fleet.now, owners[0])
    fleet.attend(station)


async def share_of_core(process: int, seconds: float) -> float:
    """What a process uses of one core."""
    before, began = processor_s(process), time.perf_counter()
    await asyncio.sleep(seconds)
    return (processor_s(process) - before) / (time.perf_counter() - began)


async def first_commands(fleet: SocketFleet, town: Town, numbers: Sequence[int]) -> list[float]:
    """Seconds from the plug to the first charging profile, one station after the other."""
    stations: list[Timed] = [one for one in fleet.stations if isinstance(one, Timed)]
    for number in numbers:
        stations[number].unplug(1, fleet.now)
        fleet.attend(stations[number])
    await asyncio.sleep(10)
    plugged_at: dict[int, float] = {}
    began = time.perf_counter()
    for turn, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, began + turn / PLUGS_PER_S - time.perf_counter()))
        stations[number].told_at, plugged_at[number] = None, time.perf_counter()
        plug_in(fleet, town, number)
    await asyncio.sleep(15)
    return [(stations[number].told_at or np.inf) - at for number, at in plugged_at.items()]


async def live(process: int, port: int, town: Town, chosen: argparse.Namespace) -> list[Row]:
    """Stations at a server: a steady while, then cars that come."""
    clock = TownClock(datetime.now(UTC), time.monotonic, 1.0)
    stations = stations_of(town, clock)
    fleet = SocketFleet(stations, lambda one: f"ws://127.0.0.1:{port}/ocpp/{TENANT}/{one.spec.identity}", clock=clock)
    fleet.start()
    while not all(one.registered for one in stations):
        await asyncio.sleep(0.1)
    for number in range(len(stations)):
        plug_in(fleet, town, number)
        await asyncio.sleep(0.02)
    await asyncio.sleep(chosen.settle)
    share = await share_of_core(process, chosen.seconds)
    numbers = np.random.default_rng(1).choice(len(stations), chosen.plugs, replace=False).tolist()
    took = await first_commands(fleet, town, numbers)
    await fleet.stop()
    p50, p99 = np.percentile(took, [50, 99], method="higher")
    return [
        Row(f"{len(stations):,} devices, {TELEMETRY_S} s telemetry: share of one core", share, "", CORE_SHARE_MAX),
        Row("plug-in to first command, p50", float(p50), "s"),
        Row("plug-in to first command, p99", float(p99), "s", FIRST_COMMAND_S_MAX),
    ]


def day_of_town(speed: float) -> list[Row]:
    """A whole day of the town of the demonstration, everything in one process."""
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-c", DAY, str(speed), folder]
        found = json.loads(subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout)
    if found["broken"]:
        print("\n".join(found["broken"]), file=sys.stderr)
    return [
        Row("a day of the town: seconds", found["seconds"], "s", DAY_S_MAX),
        Row("a day of the town: processor, stations included", found["processor_s"], "s"),
        Row("a day of the town: worst lag (virtual)", found["lag_s"], "s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("steady", "day"))
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--settle", type=float, default=75.0, help="seconds before the steady while")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the steady while is")
    parser.add_argument("--plugs", type=int, default=100, help="how many cars come")
    parser.add_argument("--speed", type=float, default=360.0, help="of the town's day: virtual seconds a second")
    parser.add_argument("--keep", type=Path, help="a folder for the database and the server's log")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows: list[Row] = []
    if chosen.only != "day":
        with tempfile.TemporaryDirectory() as made:
            folder = chosen.keep or Path(made)
            town = town_of(chosen.devices)
            with opened(folder / "live.db") as store:
                enrol_town(
                    store, town, datetime.now(UTC).replace(minute=0, second=0, microsecond=0), "bench001", "s" * 32
                )
            with served(folder / "live.db") as (process, port):
                rows += uvloop.run(live(process, port, town, chosen))
    if chosen.only != "steady":
        rows += day_of_town(chosen.speed)
    show(rows, as_json=chosen.json)


if __name__ == "__main__":
    main()
