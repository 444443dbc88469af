"""The server that charging stations connect to (OCPP-J 1.6 and 2.0.1 Part 4): one WebSocket a station."""

import asyncio
import itertools
import logging
import os
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled, Settlement
from evenload.net.admission import Doorkeeper, Refusal
from evenload.net.gate import Gate, Rebuff, Welcome
from evenload.net.group_commit import CommitCounts, CommitTimes, GroupCommit
from evenload.net.knock import Knock, Line, read_head, read_knock, station_of
from evenload.net.link import Counts, Link, Look, Surroundings
from evenload.net.password import Verified
from evenload.net.ports import Clock, DeskFor, Directory, Sink
from evenload.net.seldom import Seldom
from evenload.net.websocket import POLICY, PROTOCOL_ERROR, RESTART, Socket
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.policy import Policy
from evenload.ocpp.versions import DIALECTS
from evenload.service.ports import StoreError

_log = logging.getLogger("evenload.net.ocpp")

_SAID_SELDOM: Final = (Refusal.NOT_APPROVED, Refusal.NO_STORE)
TICK_S: Final = 0.25
"""How late a time-out of a call may be noticed."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What the server lets happen; times in seconds, sizes in bytes.

    Frames beyond the policy's size are answered with an error, beyond twice that the connection is closed.
    A station that is silent for ``silence_s_max`` is pinged, and let go where it does not answer within as long again.
    """

    connections_max: int = 20_000
    opening_max: int = 1_000
    opening_s_max: float = 10.0
    silence_s_max: float = 60.0
    backlog: int = 4096
    commit: CommitTimes = field(default_factory=CommitTimes)
    policy: Policy = field(default_factory=Policy)


class OcppServer:
    """Listens, admits, and keeps one link a station. All methods are for the event loop's thread.

    ``secret`` is 32 random bytes of this process, ``name`` a short text no other run of the server has had: message
    ids begin with it.
    """

    def __init__(
        self, *, desk_for: DeskFor, directory: Directory, sink: Sink, clock: Clock, secret: bytes, name: str,
        limits: ServerLimits | None = None,
    ) -> None:  # fmt: skip
        self.counts = Counts()
        self._limits = limits or ServerLimits()
        self._desk_for = desk_for
        self._door = Doorkeeper(directory, Verified(secret))
        self._links: dict[StationId, Link] = {}
        self._per_tenant: Counter[str] = Counter()
        self._rounds: deque[tuple[float, Link]] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._listening: list[asyncio.Server] = []
        self._secure: list[asyncio.Server] = []
        self._running: list[asyncio.Task[None]] = []
        self._draining = False
        self._commits = GroupCommit(sink, self._limits.commit)
        seconds = asyncio.get_running_loop().time
        self._seldom = Seldom(seconds)
        self._around = Surroundings(
            clock, seconds, _ids(name), self._commits, self.counts, busy=set(), gone=self._forget
        )

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen on one more address; the port taken, which matters where ``port`` is 0."""
        server = await self._serve(tls, host=host, port=port)
        if not self._running:
            loop = asyncio.get_running_loop()
            self._running = [loop.create_task(self._commits.run()), loop.create_task(self._look_after())]
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, tls: ssl.SSLContext | None, **where: Any) -> asyncio.Server:  # noqa: ANN401
        gate = partial(
            Gate, self._judge, self._limits.opening_s_max, 2 * self._limits.policy.frame_bytes_max_in, self._opening
        )
        patience_s = self._limits.opening_s_max if tls else None
        server = await asyncio.get_running_loop().create_server(
            gate, ssl=tls, ssl_handshake_timeout=patience_s, backlog=self._limits.backlog, **where
        )
        self._listening.append(server)
        if tls:
            self._secure.append(server)
        return server

    async def renew_tls(self, tls: ssl.SSLContext) -> None:
        """Meet new connections with other certificates from now on, on the same addresses; none is turned away.

        A new context on the same sockets, not the old one changed: nobody resumes a session that the old one granted.
        """
        former, self._secure = self._secure, []
        for server in former:
            for one in server.sockets:
                await self._serve(tls, sock=socket.socket(fileno=os.dup(one.fileno())))
            self._listening.remove(server)
            server.close()

    async def watch(self) -> None:
        """Wait for the end: returns once drained, raises what broke, such as a sink that failed in an unforeseen way.

        A server whose sink broke must not go on: nothing could be acknowledged any more.
        """
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not task.cancelled():
                task.result()

    @property
    def connected(self) -> Mapping[StationId, Dialect]:
        """The stations connected now, and the version each speaks."""
        return {station: link.dialect for station, link in self._links.items()}

    @property
    def versions(self) -> Mapping[str, int]:
        """How many stations speak each version. For any thread."""
        return Counter(link.dialect.subprotocol for link in list(self._links.values()))

    @property
    def commits(self) -> CommitCounts:
        """What was handed to the sink."""
        return self._commits.counts

    @property
    def is_listening(self) -> bool:
        """Whether stations can connect."""
        return not self._draining and any(one.is_serving() for one in self._listening)

    async def command(self, station: StationId, command: Command) -> CommandSettled:
        """Carry out a command; how it ended, which is also committed as an event where the station was connected."""
        link = self._links.get(station)
        if link is None or self._draining:
            return self._unsettled(station, command, "the server restarts" if link else "the station is not connected")
        return await link.order(command) or self._unsettled(station, command, "the connection ended")

    def _unsettled(self, station: StationId, command: Command, why: str) -> CommandSettled:
        now = self._around.clock()
        return CommandSettled(
            station=station, at=now, received_at=now, evse_id=command.evse_id, command_id=command.command_id,
            settlement=Settlement.NO_ANSWER, info=why,
        )  # fmt: skip

    def show_frames(self, look: Look | None) -> None:
        """Have every frame from now on told, in both directions and as it is, secrets too; ``None`` ends it."""
        self._around.peephole.look = look

    def disconnect(self, station: StationId, reason: str) -> bool:
        """Close a station's connection, such as after its password changed; whether it had one."""
        link = self._links.get(station)
        if link is not None:
            link.leave(POLICY, reason)
        return link is not None

    async def drain(self, seconds_max: float = 10.0) -> None:
        """Take nothing new, give the answers that are due, then close every connection and stop."""
        self._draining = True
        for server in self._listening:
            server.close()
        deadline = self._around.seconds() + seconds_max
        while self._around.busy and self._around.seconds() < deadline - seconds_max / 2:
            await asyncio.sleep(TICK_S / 5)
        await self._flush(deadline)
        for link in list(self._links.values()):
            link.leave(RESTART, "the server restarts")
        await self._flush(deadline)
        for task in (*self._running, *self._opening):
            task.cancel()
        await asyncio.gather(*self._running, *self._opening, return_exceptions=True)

    async def _flush(self, deadline: float) -> None:
        try:
            await asyncio.wait_for(self._commits.drained(), max(0.1, deadline - self._around.seconds()))
        except TimeoutError:
            _log.error("event=drain_timed_out; what waited for the store was not acknowledged")

    async def _judge(self, head: bytes, line: Line) -> Welcome | Rebuff:
        """Decide on an opening request."""
        try:
            verdict = await self._knocked(head, line)
        except StoreError as error:
            verdict = Refusal.NO_STORE
            if self._seldom.is_due(verdict):
                _log.error("event=nobody_comes_in why=%s", error)
        if not isinstance(verdict, Refusal):
            return verdict
        self.counts.refused[verdict] += 1
        shown = head.partition(b"\r\n")[0].decode("latin-1")[:200]
        level = logging.WARNING if self._is_news(verdict, shown) else logging.DEBUG
        _log.log(level, "event=refused why=%s address=%s request=%r", verdict, line.address, shown,
                 extra={"event": "refused", "why": str(verdict), "address": line.address})  # fmt: skip
        if verdict is Refusal.NO_SUBPROTOCOL:
            return Welcome(_Farewell(PROTOCOL_ERROR, verdict.sentence), "")  # as OCPP-J 1.6, section 3.2 wants it
        return Rebuff(verdict.status, verdict.sentence, _HEADERS.get(verdict.status, ()))

    def _is_news(self, verdict: Refusal, request: str) -> bool:
        """Whether to say so again; what led to throttling was said."""
        if verdict in _SAID_SELDOM:
            return self._seldom.is_due((verdict, request))
        return verdict is not Refusal.THROTTLED

    async def _knocked(self, head: bytes, line: Line) -> Welcome | Refusal:
        if self._draining:
            return Refusal.DRAINING
        if len(self._opening) > self._limits.opening_max:
            return Refusal.SERVER_FULL
        request = read_head(head)
        if request is None or "websocket" not in request.headers.get("upgrade", "").lower():
            return Refusal.BAD_REQUEST
        station = station_of(request.path)
        if station is None:
            return Refusal.BAD_PATH
        knock = read_knock(request, station, line)
        return await self._admit(knock) if knock else Refusal.BAD_CREDENTIALS

    async def _admit(self, knock: Knock) -> Welcome | Refusal:
        subprotocol = next((name for name in knock.subprotocols if name in DIALECTS), "")
        if not subprotocol:  # who cannot be talked to is not noted either
            return Refusal.NO_SUBPROTOCOL
        admitted = await self._door.admit(knock)
        if isinstance(admitted, Refusal):
            return admitted
        if self._draining:
            return Refusal.DRAINING
        if knock.station not in self._links:  # who only comes back takes no place
            if len(self._links) >= self._limits.connections_max:
                return Refusal.SERVER_FULL
            if self._per_tenant[knock.station.tenant] >= admitted.tenant.connections_max:
                return Refusal.TENANT_FULL
        return Welcome(self._link(knock, DIALECTS[subprotocol]), subprotocol)

    def _link(self, knock: Knock, dialect: Dialect) -> Link:
        station = knock.station
        former = self._links.get(station)
        if former is not None:
            self.counts.replaced += 1
            _log.warning("station=%s event=replaced address=%s", station, knock.line.address)
            former.leave(POLICY, "replaced by a newer connection of this station")
        link = Link(station, dialect, self._desk_for(station, dialect), self._limits.policy, self._around)
        self.counts.admitted += 1
        self._links[station] = link
        self._per_tenant[station.tenant] += 1
        self._rounds.append((self._around.seconds() + self._limits.silence_s_max, link))
        _log.info("station=%s event=connected version=%s profile=%d address=%s", station,
                  dialect.subprotocol, knock.profile, knock.line.address)  # fmt: skip
        return link

    def _forget(self, link: Link) -> None:
        self._around.busy.discard(link)
        del self._links[link.station]  # it is there: a former link is gone before the next one is made
        self._per_tenant[link.station.tenant] -= 1
        _log.info("station=%s event=disconnected", link.station)

    async def _look_after(self) -> None:
        """Time-outs of calls every tick; silence in rounds, each link once in ``silence_s_max``."""
        while True:
            await asyncio.sleep(TICK_S)
            now = self._around.seconds()
            for link in list(self._around.busy):
                link.tick(now)
            while self._rounds and self._rounds[0][0] <= now:
                _, link = self._rounds.popleft()
                if self._links.get(link.station) is link:
                    link.look_after(now, self._limits.silence_s_max)
                    self._rounds.append((now + self._limits.silence_s_max, link))


_HEADERS: Final[Mapping[int, tuple[tuple[str, str], ...]]] = {
    401: (("WWW-Authenticate", 'Basic realm="ocpp", charset="UTF-8"'),),
    429: (("Retry-After", "60"),),
    503: (("Retry-After", "10"),),
}


def _ids(name: str) -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{name}-{next(numbers):x}"


class _Farewell:
    """A receiver that closes what it is handed at once."""

    name = "-"

    def __init__(self, code: int, reason: str) -> None:
        self._close = (code, reason)

    def opened(self, socket: Socket) -> None:
        """Close."""
        socket.close(*self._close)

    def received(self, text: bytes) -> None:
        """Nothing."""

    def ponged(self) -> None:
        """Nothing."""

    def blocked(self, *, blocked: bool) -> None:
        """Nothing."""

    def gone(self) -> None:
        """Nothing."""
