"""One connected station: its socket, its call machine and its desk, bound together."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled
from evenload.domain.station_events import StationEvent
from evenload.net.group_commit import GroupCommit
from evenload.net.ports import Clock, Desk
from evenload.net.websocket import GOING_AWAY, INTERNAL, Socket
from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Called, CallRefusal, Violated
from evenload.ocpp.faults import Fault, MessageError
from evenload.ocpp.outcome import Refusal, Request
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
from evenload.ocpp.wire import Wire
from evenload.service.ports import StoreError

_log = logging.getLogger("evenload.net.station")

TIMEOUTS_IN_ROW_MAX: Final = 3
_NOT_STORED: Final = Refusal("InternalError", "not stored; try again")
_NO_ANSWER: Final = Refusal("InternalError", "no answer could be made")


@dataclass(slots=True)
class Counts:
    """What happened since the server began, for metrics: never reset, never per station."""

    admitted: int = 0
    replaced: int = 0
    messages_in: int = 0
    messages_out: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)


Look = Callable[[StationId, bool, bytes], None]
"""Is told of every frame: whose it is, whether the station sent it, and the text."""


@dataclass(slots=True)
class Peephole:
    """Where frames can be looked at; ``look`` is ``None`` while nobody does."""

    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all links of a server share. ``seconds`` is a clock that never goes back, ``busy`` the links with calls."""

    clock: Clock
    seconds: Callable[[], float]
    new_id: Callable[[], str]
    commits: GroupCommit
    counts: Counts
    busy: set["Link"]
    gone: Callable[["Link"], None]
    peephole: Peephole = field(default_factory=Peephole)


class Link:
    """A ``Receiver`` that lets a desk take what a station calls, and carries calls to it."""

    __slots__ = (
        "_around", "_blocked_at", "_closed", "_connection", "_desk", "_holds", "_noted", "_pinged_at", "_socket",
        "_waiting", "heard_at", "station",
    )  # fmt: skip

    def __init__(self, station: StationId, dialect: Dialect, desk: Desk, policy: Policy, around: Surroundings) -> None:
        self.station = station
        self.heard_at = around.seconds()
        self._connection = Connection(dialect, Role.CSMS, around.new_id, policy)
        self._desk = desk
        self._around = around
        self._socket: Socket | None = None
        self._waiting: dict[str, asyncio.Future[CommandSettled | None]] = {}
        self._noted: set[tuple[Fault, str]] = set()
        self._holds: set[str] = set()
        self._blocked_at: float | None = None
        self._pinged_at: float | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """Whose connection it is."""
        return str(self.station)

    @property
    def dialect(self) -> Dialect:
        """The version spoken."""
        return self._connection.dialect

    def opened(self, socket: Socket) -> None:
        """The WebSocket is open."""
        self._socket = socket

    def received(self, text: bytes) -> None:
        """Take a message."""
        if not self._closed:
            if (look := self._around.peephole.look) is not None:
                look(self.station, True, text)
            self._guarded(self._receive, text)

    def _receive(self, text: bytes) -> None:
        now = self.heard_at = self._around.seconds()
        self._around.counts.messages_in += 1
        self._connection.receive(text, now)
        self._work(now)
        if self._around.commits.full:
            self._hold("commits")
            self._around.commits.when_relieved(lambda: self._release("commits"))

    def ponged(self) -> None:
        """The station answered a ping."""
        self.heard_at = self._around.seconds()

    def blocked(self, *, blocked: bool) -> None:
        """The station does not read: nothing more is read from it either, so that nothing piles up."""
        self._blocked_at = self._around.seconds() if blocked else None
        if blocked:
            self._hold("blocked")
        else:
            self._release("blocked")

    def _hold(self, why: str) -> None:
        if not self._holds and self._socket:
            self._socket.pause_reading()
        self._holds.add(why)

    def _release(self, why: str) -> None:
        self._holds.discard(why)
        if not self._holds and self._socket and not self._closed:
            self._socket.resume_reading()

    def gone(self) -> None:
        """The socket is gone, or shall be: calls fail, the desk is told, commands it does not settle end unanswered."""
        if self._closed:
            return
        self._end()
        self._guarded(self._lose)

    def _lose(self) -> None:
        self._work(self._around.seconds())
        self._happened(self._desk.lost(self._around.clock()))
        self._let_go()

    def _end(self) -> None:
        self._closed = True
        self._connection.close()
        self._around.gone(self)

    def _let_go(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_result(None)

    def _guarded(self, act: Callable[..., None], *arguments: object) -> None:
        """The boundary between stations: a defect met at one costs it its connection, and the others nothing."""
        try:
            act(*arguments)
        except StoreError as error:
            _log.error("station=%s event=not_read why=%s; it is told to come again", self.station, error)
            self._let_go()
            self.leave(GOING_AWAY, "out of order; connect again")
        except Exception:  # noqa: BLE001  # see above
            _log.exception("station=%s event=defect", self.station)
            if not self._closed:
                self._end()
            self._let_go()
            if self._socket:
                self._socket.close(INTERNAL, "internal error")

    def leave(self, code: int, reason: str) -> None:
        """Close from this end; what arrives from now on is not read."""
        self.gone()
        if self._socket:
            self._socket.close(code, reason)

    def order(self, command: Command) -> "asyncio.Future[CommandSettled | None]":
        """Hand a command to the desk; the future tells how it ended, or ``None`` where the connection ended."""
        future: asyncio.Future[CommandSettled | None] = asyncio.get_running_loop().create_future()
        self._waiting[command.command_id] = future
        self._happened(self._desk.order(command, self._around.clock()))
        self._work(self._around.seconds())
        return future

    def tick(self, now: float) -> None:
        """Let time pass for the calls under way; a station that answers none of them is half dead and let go."""
        self._guarded(self._tick, now)

    def _tick(self, now: float) -> None:
        if self._connection.next_due() <= now:
            self._connection.tick(now)
            self._work(now)
        if self._connection.timeouts_in_row >= TIMEOUTS_IN_ROW_MAX:
            self._note(logging.WARNING, "half_dead", "timeouts=%d", self._connection.timeouts_in_row)
            self.leave(GOING_AWAY, "calls are not answered")
        elif not self._connection.unanswered and not self._connection.waiting:
            self._around.busy.discard(self)

    def look_after(self, now: float, silence_s_max: float) -> None:
        """Ping a silent station, and let go one that does not answer, or does not read."""
        blocked = self._blocked_at is not None and now - self._blocked_at >= silence_s_max
        pinged_at, self._pinged_at = self._pinged_at, None
        unanswered = pinged_at is not None and self.heard_at < pinged_at
        if blocked or unanswered:
            self._note(logging.WARNING, "not_reading" if blocked else "silent", "seconds=%.0f", now - self.heard_at)
            self.gone()
            if self._socket:
                self._socket.abort()
        elif now - self.heard_at >= silence_s_max and self._socket:
            self._pinged_at = now
            self._socket.ping()

    def _work(self, now: float) -> None:
        """Act on what happened, and send what is to be sent."""
        events = self._connection.events()
        while True:
            for event in events:
                if isinstance(event, Called):
                    self._called(event, now)
                elif isinstance(event, Violated):
                    self._violated(event)
                else:
                    self._happened(self._desk.settle(event, self._around.clock()))
            self._make_calls(now)
            if not (events := self._connection.events()):
                break
        self._send()

    def _send(self) -> None:
        if self._socket is not None:
            for frame in self._connection.to_send():
                if (look := self._around.peephole.look) is not None:
                    look(self.station, False, frame)
                self._socket.send(frame)
                self._around.counts.messages_out += 1

    def _make_calls(self, now: float) -> None:
        while requests := self._desk.to_call():
            for request in requests:
                self._happened(self._desk.sent(request, self._call(request, now), self._around.clock()))

    def _call(self, request: Request, now: float) -> str | CallRefusal:
        try:
            taken = self._connection.call(request.message, now, request.terms)
        except MessageError:  # a value that this version has no room for, or a defect of the desk
            _log.exception("station=%s event=bad_call", self.station)
            return CallRefusal.UNSENDABLE
        self._around.busy.add(self)
        return taken

    def _called(self, called: Called, now: float) -> None:
        outcome = self._desk.take(called, self._around.clock())
        if outcome.durable:
            self._around.commits.put(outcome.events, partial(self._guarded, self._committed, called, outcome.answer))
        else:
            self._happened(outcome.events)
            self._answer(called, outcome.answer, now)

    def _committed(self, called: Called, answer: Wire | Refusal, committed: bool) -> None:
        if self._closed:
            return
        now = self._around.seconds()
        self._answer(called, answer if committed else _NOT_STORED, now)
        self._send()

    def _answer(self, called: Called, answer: Wire | Refusal, now: float) -> None:
        if not isinstance(answer, Refusal):
            try:
                self._connection.answer(called.message_id, answer, now)
                return
            except MessageError:  # a defect of the desk, which must not cost the station its connection
                _log.exception("station=%s event=bad_answer action=%s", self.station, called.action)
                answer = _NO_ANSWER
        self._connection.refuse(called.message_id, answer.code, answer.sentence, now)

    def _happened(self, events: Sequence[StationEvent]) -> None:
        if not events:
            return
        self._around.commits.put(events)
        if self._waiting:
            for event in events:
                future = self._waiting.pop(event.command_id, None) if isinstance(event, CommandSettled) else None
                if future is not None and isinstance(event, CommandSettled) and not future.done():
                    future.set_result(event)

    def _violated(self, event: Violated) -> None:
        """Log each kind of fault once for a connection, and count all."""
        fault = event.violation.fault
        self._around.counts.violations[fault] += 1
        known = (fault, event.action[:50])
        if known not in self._noted:
            self._noted.add(known)
            mended = event.violation.mended and self._connection.policy.inbound is Inbound.LENIENT
            level = logging.INFO if mended else logging.WARNING
            where = event.violation.where or "-"
            self._note(level, fault, "action=%r where=%r text=%r", event.action[:50], where, event.violation.text[:200])

    def _note(self, level: int, event: str, text: str = "", *values: object) -> None:
        extra = {"tenant": self.station.tenant, "station": self.station.identity, "event": str(event)}
        _log.log(level, "station=%s event=%s " + text, self.station, event, *values, extra=extra)
