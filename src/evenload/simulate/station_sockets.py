"""Drives virtual stations over real WebSockets: one process, one event loop, thousands of stations."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Final

import picows

from evenload.simulate.station import VirtualStation
from evenload.simulate.town_clock import TownClock

_TICK_S: Final = 0.02
_ROUNDS: Final = 50  # ticks in which every station is looked at once, whatever is due
_DIALLING_MAX: Final = 200
_READ_BUFFER_BYTES: Final = 2048
_BEHIND_SHARE: Final = 0.05  # of the stations may be behind: those a server refuses something are
_ANY: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Listener(picows.WSListener):
    """Picows' callbacks for one station."""

    def __init__(self, fleet: "SocketFleet", station: VirtualStation) -> None:
        self._fleet = fleet
        self._station = station
        self.transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self._station.connected(self._fleet.now, self._fleet.wall)
        self._fleet.flush(self._station, self)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.TEXT and frame.fin:
            self._station.receive(frame.get_payload_as_bytes(), self._fleet.now)
            self._fleet.flush(self._station, self)
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(picows.WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: picows.WSTransport) -> None:  # noqa: ARG002  # picows' signature
        self.transport = None
        self._station.disconnected(self._fleet.now)


class SocketFleet:
    """Stations that dial ``url_of`` themselves and dial again when cut off.

    What stations do of their own accord goes by ``clock``, which others may share; without one, ``speed`` virtual
    seconds pass a second. Calls time out, and lines are dialled again, by the wall: however fast the clock, a server
    has the time it has. ``password_of`` gives the key for Basic authentication a station came
    with, ``None`` where it has none; one it was given since goes before.
    """

    def __init__(
        self,
        stations: Iterable[VirtualStation],
        url_of: Callable[[VirtualStation], str],
        *,
        clock: TownClock | None = None,
        speed: float = 1.0,
        redial_s: float = 1.0,
        password_of: Callable[[VirtualStation], bytes | None] = lambda _: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.stations = list(stations)
        self.refused = 0
        self.wall = asyncio.get_running_loop().time
        self._clock = clock or TownClock(_ANY, self.wall, speed)
        self._redial_s = redial_s
        self._url_of = url_of
        self._password_of = password_of
        self._tls = tls
        self._dialling = asyncio.Semaphore(_DIALLING_MAX)
        self._lines: dict[str, _Listener] = {}
        self._due: list[tuple[float, int]] = []
        self._due_at: list[float] = []
        self._late_s = 0.0
        self._behind_s = 0.0
        self._round = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def now(self) -> float:
        """Virtual seconds since the fleet's epoch."""
        return self._clock.seconds()

    @property
    def connected(self) -> int:
        """How many stations have a connection."""
        return sum(line.transport is not None for line in self._lines.values())

    @property
    def lag_s(self) -> float:
        """Virtual seconds the fleet is behind: how late it did what was due last, or how long what most connected
        stations owe has been waiting for its answer, whichever is longer."""
        return max(self._late_s, self._behind_s)

    def start(self) -> None:
        """Dial, and let time pass."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_dialled(station)) for station in self.stations]
        self._due_at = [self.now] * len(self.stations)
        self._due = [(due, number) for number, due in enumerate(self._due_at)]
        heapify(self._due)
        self._tasks.append(loop.create_task(self._keep_working()))

    async def stop(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines.values():
            if line.transport is not None:
                line.transport.disconnect()
        await asyncio.sleep(0)

    def attend(self, station: VirtualStation) -> None:
        """Send what a station has to say, such as after a driver did something."""
        line = self._lines.get(station.spec.identity)
        if line is not None:
            self.flush(station, line)

    def flush(self, station: VirtualStation, line: _Listener) -> None:
        """Send what is to be sent."""
        if line.transport is None:
            return
        for text in station.to_send():
            line.transport.send(picows.WSMsgType.TEXT, text)
        if not station.wants_link(self.now):
            line.transport.disconnect()

    async def _keep_dialled(self, station: VirtualStation) -> None:
        while True:
            if station.wants_link(self.now):
                async with self._dialling:
                    transport = await self._dial(station)
                if transport is not None:
                    await transport.wait_disconnected()
            await asyncio.sleep(self._redial_s)

    async def _dial(self, station: VirtualStation) -> picows.WSTransport | None:
        line = _Listener(self, station)
        self._lines[station.spec.identity] = line
        headers = [("Sec-WebSocket-Protocol", station.spec.subprotocol)]
        password = station.password or self._password_of(station)
        if password is not None:
            credentials = b64encode(station.spec.identity.encode() + b":" + password).decode()
            headers.append(("Authorization", f"Basic {credentials}"))
        try:
            transport, _ = await picows.ws_connect(
                lambda: line, self._url_of(station), ssl_context=self._tls, extra_headers=headers,
                read_buffer_init_size=_READ_BUFFER_BYTES,
            )  # fmt: skip
        except (OSError, picows.WSError):
            self.refused += 1
            return None
        return transport

    async def _keep_working(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._work_off(self.now)
            self._look_round(self.now, self.wall())

    def _work_off(self, now: float) -> None:
        """Do what is due, and note how late the latest of it was."""
        self._late_s = 0.0
        due: list[tuple[float, int]] = []
        while self._due and self._due[0][0] <= now:
            due.append(heappop(self._due))
        for at, number in due:
            if at == self._due_at[number]:  # else it was brought forward, and is done already
                self._late_s = max(self._late_s, self.now - at)
                self._tick(number)

    def _look_round(self, now: float, wall_s: float) -> None:
        """Look at a part of the stations: messages bring things forward, and calls time out by the wall."""
        self._round = (self._round + 1) % _ROUNDS
        for number in range(self._round, len(self.stations), _ROUNDS):
            station = self.stations[number]
            if station.line_due() <= wall_s:
                self._tick(number)
            elif station.next_due() < self._due_at[number]:
                self._plan(number)
        if self._round == 0:
            self._behind_s = self._most_behind_s(now)

    def _most_behind_s(self, now: float) -> float:
        waits = [now - since for station in self.stations if (since := station.owes_since) is not None]
        allowed = int(_BEHIND_SHARE * len(self.stations))
        return sorted(waits)[-1 - allowed] if len(waits) > allowed else 0.0

    def _tick(self, number: int) -> None:
        station = self.stations[number]
        station.tick(self.now)
        self.attend(station)
        self._plan(number)

    def _plan(self, number: int) -> None:
        self._due_at[number] = self.stations[number].next_due()
        heappush(self._due, (self._due_at[number], number))
