"""The tap: free while nobody looks, without secrets, bounded, and honest about what it lost."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evenload.app import tap as module
from evenload.app.tap import Tap, tap_of
from evenload.domain.station import StationId
from evenload.net.link import Look

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, B = StationId("home", "A"), StationId("home", "B")
SET_KEY = b'[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter2hunter2"}]'
START = b'[2,"2","StartTransaction",{"idTag":"04A2B7C1D2E3"}]'


class Server:
    look: Look | None = None

    def show_frames(self, look: Look | None) -> None:
        self.look = look

    def says(self, station: StationId, frame: bytes, *, inbound: bool = True) -> None:
        assert self.look is not None
        self.look(station, inbound, frame)


@asynccontextmanager
async def tapped(path: Path) -> AsyncIterator[Server]:
    server: Any = Server()
    async with Tap(server, path, lambda: T0):
        yield server
    assert server.look is None


class Looker:
    welcome = False

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def next(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 5)
        return json.loads(line) if line else {}

    async def hang_up(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def looking(path: Path, server: Server, limit: int = 1 << 16, **asked: Any) -> Looker:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=limit)
    writer.write(json.dumps({"tenant": "home"} | asked).encode() + b"\n")
    made = Looker(reader, writer)
    made.welcome = await asyncio.wait_for(reader.readline(), 5) == b"{}\n"
    assert not made.welcome or server.look is not None
    return made


async def until_none_looks(server: Server) -> None:
    for _ in range(100):
        if server.look is None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("frames are still looked at")


def run(scene: Any) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


def test_frames_are_shown_without_their_secrets_to_who_asks_and_to_nobody_else(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tap_of(tmp_path / "kept.db")
        async with tapped(path) as server:
            assert path.name == "kept.db.tap"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert server.look is None  # nobody looks: nothing is done for a frame
            one = await looking(path, server)
            server.says(A, SET_KEY, inbound=False)
            server.says(StationId("other", "A"), START)
            server.says(B, START)
            first, second = await one.next(), await one.next()
            assert (first["station"], first.get("inbound", False), first["at"]) == ("A", False, "2026-03-01T12:00:00Z")
            assert "hunter2" not in json.dumps(first)
            assert (second["station"], second["inbound"]) == ("B", True)
            assert "****D2E3" in second["frame"]
            other = await looking(path, server, station="B", show_tokens=True)
            server.says(A, START)
            server.says(B, START)
            assert "04A2B7C1D2E3" in (await other.next())["frame"]
            await one.hang_up()
            await other.hang_up()
            await until_none_looks(server)
        assert not path.exists()

    run(scene())


def test_who_reads_too_slowly_is_told_how_many_frames_were_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING_BYTES_MAX", 100_000)
    frame = json.dumps([2, "1", "DataTransfer", {"vendorId": "v", "data": "x" * 10_000}]).encode()

    async def scene() -> None:
        async with tapped(tmp_path / "tap") as server:
            one = await looking(tmp_path / "tap", server, limit=1 << 20)
            for _ in range(1000):  # more than the sockets between hold
                server.says(A, frame)
                await asyncio.sleep(0)
            shown, lost = 0, 0
            while shown + lost < 1000:
                told = await one.next()
                lost += told.get("lost", 0)
                shown += "frame" in told
            assert (shown + lost, lost > 500, shown > 10) == (1000, True, True)
            server.says(A, START)
            assert "StartTransaction" in (await one.next())["frame"]
            await one.hang_up()
            await until_none_looks(server)

    run(scene())


def test_nonsense_and_too_many_are_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKERS_MAX", 1)

    async def scene() -> None:
        async with tapped(tmp_path / "tap") as server:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "tap"))
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            one = await looking(tmp_path / "tap", server)
            other = await looking(tmp_path / "tap", server)
            assert (one.welcome, other.welcome) == (True, False)
            await one.hang_up()
            await other.hang_up()

    run(scene())


def test_what_a_dead_server_left_gives_way_and_a_file_or_a_living_one_does_not(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "tap"
        made = module._listener(path)
        made.close()
        async with tapped(path) as server:
            async with tapped(path):  # a second server goes on without
                one = await looking(path, server)
                server.says(A, START)
                assert "StartTransaction" in (await one.next())["frame"]
                await one.hang_up()
            assert path.exists()
        path.write_text("mine")
        async with tapped(path):
            pass
        assert path.read_text() == "mine"
        async with tapped(tmp_path / ("long" * 40)):
            pass

    run(scene())
