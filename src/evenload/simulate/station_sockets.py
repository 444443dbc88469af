"""Drives virtual stations over real WebSockets: one process, one event loop, thousands of stations."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

import picows

from evenload.simulate.station import VirtualStation

_TICK_S = 0.05
_READ_BUFFER_BYTES = 2048


class _Listener(picows.WSListener):
    """Picows' callbacks for one station."""

    def __init__(self, fleet: "SocketFleet", station: VirtualStation) -> None:
        self._fleet = fleet
        self._station = station
        self.transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self.transport = transport
        self._station.connected(self._fleet.now)
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
    """Stations that dial ``url_of`` themselves and dial again when cut off. ``speed`` virtual seconds pass a second,
    and so do the stations' time-outs: the faster, the sooner a busy server is asked again.

    ``password_of`` gives the key for Basic authentication, ``None`` where it has none.
    """

    def __init__(
        self,
        stations: Iterable[VirtualStation],
        url_of: Callable[[VirtualStation], str],
        *,
        speed: float = 1.0,
        redial_s: float = 5.0,
        dialling_max: int = 200,
        password_of: Callable[[VirtualStation], bytes | None] = lambda _: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.stations = list(stations)
        self.refused = 0
        self._loop_time = loop.time
        self._began = loop.time()
        self._speed = speed
        self._redial_s = redial_s
        self._url_of = url_of
        self._password_of = password_of
        self._tls = tls
        self._dialling = asyncio.Semaphore(dialling_max)
        self._lines: dict[str, _Listener] = {}
        self._due: list[tuple[float, int]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def now(self) -> float:
        """Virtual seconds since the fleet was made."""
        return (self._loop_time() - self._began) * self._speed

    @property
    def connected(self) -> int:
        """How many stations have a connection."""
        return sum(line.transport is not None for line in self._lines.values())

    def start(self) -> None:
        """Dial, and let time pass."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._keep_dialled(station)) for station in self.stations]
        self._due = [(0.0, number) for number in range(len(self.stations))]
        self._tasks.append(loop.create_task(self._tick()))

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
            await asyncio.sleep(self._redial_s / self._speed)

    async def _dial(self, station: VirtualStation) -> picows.WSTransport | None:
        line = _Listener(self, station)
        self._lines[station.spec.identity] = line
        headers = [("Sec-WebSocket-Protocol", station.spec.subprotocol)]
        password = self._password_of(station)
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

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = self.now
            while self._due and self._due[0][0] <= now:
                _, number = heappop(self._due)
                station = self.stations[number]
                station.tick(now)
                self.attend(station)
                # A message may bring the next thing forward: looked at again within a second, whatever is due.
                due = min(station.next_due(), now + self._speed)
                heappush(self._due, (max(due, now + _TICK_S * self._speed), number))
