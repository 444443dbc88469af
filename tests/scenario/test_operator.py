"""What an operator types, at a server that runs, with virtual stations of both versions at it."""

import asyncio
import re
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from evenload.app.clock import utc_now
from evenload.app.tap import tap_of
from evenload.cli import main
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_car import Car
from evenload.simulate.station_sockets import SocketFleet
from evenload.simulate.station_spec import StationSpec

pytestmark = [pytest.mark.requirement("R77", "R79"), pytest.mark.slow]
OLD, NEW = "Old-1", "New-1"
CARD = "04A2B7C1D2E3"


async def until(what: Callable[[], object], seconds: float = 15.0) -> None:
    for _ in range(int(seconds / 0.05)):
        if what():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not become true in time")


@asynccontextmanager
async def serving(database: Path) -> AsyncIterator[SocketFleet]:
    """A server in a process of its own, and a station of each version at it."""
    command = [sys.executable, "-m", "evenload", "serve", "--ocpp", "--port", "0", "--accept-unknown", "--database",
               str(database)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        lines = [await asyncio.to_thread(server.stdout.readline) for _ in range(2)]
        port = re.findall(r":(\d+)/ocpp/home/", lines[1])[0]
        versions = {OLD: "ocpp1.6", NEW: "ocpp2.0.1"}
        stations = [
            VirtualStation(StationSpec(name, version, boot_s=1.0), utc_now(), np.random.default_rng(1))
            for name, version in versions.items()
        ]
        fleet = SocketFleet(stations, lambda one: f"ws://127.0.0.1:{port}/ocpp/home/{one.spec.identity}")
        fleet.start()
        try:
            await until(lambda: all(station.registered for station in stations))
            yield fleet
        finally:
            await fleet.stop()
            server.terminate()
            await asyncio.to_thread(server.wait, 20)


class Operator:
    """Types commands and reads what is printed."""

    def __init__(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = database
        self._capsys = capsys

    async def says(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        left = await asyncio.to_thread(main, ["ocpp", *words, "--database", str(self.database)])
        captured = self._capsys.readouterr()
        printed = captured.out + captured.err
        assert left == code, printed
        return printed

    async def tells(self, *words: str) -> None:
        assert "the station did it" in await self.says(*words)


Play = Callable[[Callable[[Operator, SocketFleet], Awaitable[None]]], None]


@pytest.fixture
def play(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Play:
    """Run a scene at a server of its own."""
    operator = Operator(tmp_path / "kept.db", capsys)

    def run(scene: Callable[[Operator, SocketFleet], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with serving(operator.database) as fleet:
                await scene(operator, fleet)
            assert not tap_of(operator.database).exists()
            assert "no server runs with" in await operator.says("frames", code=2)

        asyncio.run(asyncio.wait_for(whole(), 120))

    return run


async def set_up(operator: Operator, fleet: SocketFleet, station: VirtualStation, key: str) -> None:
    name = station.spec.identity
    await operator.tells("set", name, f"{key}=77")
    assert re.search(rf"{re.escape(key)}\s+77", await operator.says("get", name, key))
    refused = fleet.refused
    await operator.tells("new-password", name)
    assert station.password is not None
    await restarted(operator, fleet, station)
    assert fleet.refused == refused


async def restarted(operator: Operator, fleet: SocketFleet, station: VirtualStation) -> None:
    reboots = station.reboots
    await operator.says("reset", station.spec.identity, "--hard")
    await until(lambda: station.reboots == reboots + 1)
    await until(lambda: station.registered and fleet.connected == len(fleet.stations))


def test_a01_and_b05_to_b06_and_b11_and_16_a01_and_16_5_3_and_16_5_8_and_16_5_14_a_station_is_set_up(
    play: Play,
) -> None:
    async def scene(operator: Operator, fleet: SocketFleet) -> None:
        old, new = fleet.stations
        await set_up(operator, fleet, old, "HeartbeatInterval")
        await set_up(operator, fleet, new, "OCPPCommCtrlr.HeartbeatInterval")

    play(scene)


async def looked_after(operator: Operator, station: VirtualStation) -> None:
    name = station.spec.identity
    for words in ((), ("--evse", "1")):
        await operator.tells("availability", name, "out", *words)
        await until(lambda: station.duties.inoperative == {1})
        await operator.tells("availability", name, "in", *words)
        await until(lambda: not station.duties.inoperative)
    await operator.tells("clear-cache", name)
    await operator.tells("trigger", name, "status", "--evse", "1")
    await operator.tells("unlock", name)


def test_c11_and_f05_to_f06_and_g03_to_g04_and_16_5_2_and_16_5_4_and_16_5_17_and_16_5_18_a_station_is_looked_after(
    play: Play,
) -> None:
    async def scene(operator: Operator, fleet: SocketFleet) -> None:
        for station in fleet.stations:
            await looked_after(operator, station)
        await frames(operator)
        fleet.stations[0].drop(fleet.now, 3600)
        fleet.attend(fleet.stations[0])
        await asyncio.sleep(1.0)
        assert "is not connected (last heard of" in await operator.says("unlock", OLD, code=4)
        assert "The order waits for it" in await operator.says("set", OLD, "HeartbeatInterval=9", code=4)

    play(scene)


async def charged(operator: Operator, fleet: SocketFleet, station: VirtualStation) -> None:
    name = station.spec.identity
    await operator.tells("set-limit", name, "--kw", "9", "--evse", "1")
    table = await operator.says("composite", name, "--evse", "1", "--hours", "1")
    assert re.search(r"\b[89]\.\d\d$", table, re.MULTILINE), table
    station.plug_in(1, Car(battery_kwh=50), fleet.now)
    fleet.attend(station)
    await operator.tells("start", name, "--token", CARD, "--evse", "1", "--kw", "5")
    await until(lambda: station.outlets[1].power_kw > 0)
    assert 4.0 < station.outlets[1].power_kw <= 5.0
    await until_listed(operator, name)
    listed = await operator.says("transactions", "--open")
    transaction_id = next(line.split()[1] for line in listed.splitlines() if line.startswith(name))
    await operator.says("stop", name, transaction_id)
    await until(lambda: station.outlets[1].power_kw == 0)
    assert "refused" in await operator.says("stop", name, "999", code=4)
    await operator.tells("start", name, "--token", CARD, "--evse", "1")
    await until(lambda: station.outlets[1].power_kw > 0)
    await restarted(operator, fleet, station)
    assert station.outlets[1].power_kw == 0


def test_b12_and_f01_and_f03_and_k01_and_k05_and_k08_and_16_5_7_and_16_5_11_and_16_5_12_and_16_5_16_a_car_is_charged(
    play: Play,
) -> None:
    async def scene(operator: Operator, fleet: SocketFleet) -> None:
        for station in fleet.stations:
            await charged(operator, fleet, station)

    play(scene)


async def until_listed(operator: Operator, name: str) -> None:
    for _ in range(100):
        if name in await operator.says("transactions", "--open"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the transaction is not listed")


async def frames(operator: Operator) -> None:
    tap = tap_of(operator.database)
    assert stat.S_IMODE(tap.stat().st_mode) == 0o600
    looking = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "evenload", "ocpp", "frames", "--station", NEW, "--database", str(operator.database),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert looking.stdout is not None
    assert looking.stderr is not None
    assert b"from now on" in await asyncio.wait_for(looking.stderr.readline(), 30)
    await operator.says("trigger", NEW, "heartbeat")
    await operator.says("trigger", OLD, "heartbeat")
    printed = b""
    while b"Heartbeat =" not in printed:
        printed += await asyncio.wait_for(looking.stdout.readline(), 10)
    looking.kill()
    await looking.wait()
    text = printed.decode()
    assert f"{NEW} < TriggerMessage" in text
    assert f"{NEW} > Heartbeat" in text
    assert OLD not in text
