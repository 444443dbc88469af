"""A CSMS for virtual stations in memory: a desk behind a connection, its events handed on as they come."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from evenload.domain.station_commands import Command
from evenload.domain.station_events import StationEvent
from evenload.ocpp.connection import Connection
from evenload.ocpp.events import Answered, Called, CallRefusal, Failed, Refused, Violated
from evenload.ocpp.outcome import Outcome, Refusal, Request

Happened = Callable[[Sequence[StationEvent]], None]


class Desk(Protocol):
    """What is used of ``ocpp.desk.Desk``."""

    def take(self, called: Called, now: datetime) -> Outcome:
        """Take a call."""

    def order(self, command: Command, now: datetime) -> Sequence[StationEvent]:
        """Take a command."""

    def to_call(self) -> Sequence[Request]:
        """The calls to make."""

    def sent(self, request: Request, taken: str | CallRefusal, now: datetime) -> Sequence[StationEvent]:
        """What became of one."""

    def settle(self, result: Answered | Refused | Failed, now: datetime) -> Sequence[StationEvent]:
        """How one ended."""

    def lost(self, now: datetime) -> Sequence[StationEvent]:
        """The connection ended."""


class DeskEnd:
    """A ``FarEnd``. ``connection`` is in the role of a CSMS; ``now`` counts seconds from ``epoch``."""

    def __init__(self, connection: Connection, desk: Desk, epoch: datetime, happened: Happened) -> None:
        self.violations: list[Violated] = []
        self._connection = connection
        self._desk = desk
        self._epoch = epoch
        self._happened = happened

    def order(self, command: Command, now: datetime) -> None:
        """Have the desk carry out a command; it ends with an event."""
        self._happened(self._desk.order(command, now))
        self._make_calls((now - self._epoch).total_seconds())

    def receive(self, text: bytes, now: float) -> None:
        """Take a message of the station."""
        self._connection.receive(text, now)
        self._act(now)

    def to_send(self) -> list[bytes]:
        """Take the messages for the station."""
        return self._connection.to_send()

    def tick(self, now: float) -> None:
        """Let time pass."""
        self._connection.tick(now)
        self._act(now)

    def next_due(self) -> float:
        """When ``tick`` has something to do."""
        return self._connection.next_due()

    def closed(self, now: float) -> None:
        """The line is gone."""
        self._connection.close()
        self._act(now)
        self._happened(self._desk.lost(self._at(now)))

    def _at(self, now: float) -> datetime:
        return self._epoch + timedelta(seconds=now)

    def _act(self, now: float) -> None:
        for event in self._connection.events():
            if isinstance(event, Called):
                self._answer(event, now)
            elif isinstance(event, Violated):
                self.violations.append(event)
            else:
                self._happened(self._desk.settle(event, self._at(now)))
        self._make_calls(now)

    def _answer(self, called: Called, now: float) -> None:
        outcome = self._desk.take(called, self._at(now))
        self._happened(outcome.events)
        if isinstance(outcome.answer, Refusal):
            self._connection.refuse(called.message_id, outcome.answer.code, outcome.answer.sentence, now)
        else:
            self._connection.answer(called.message_id, outcome.answer, now)

    def _make_calls(self, now: float) -> None:
        while requests := self._desk.to_call():
            for request in requests:
                taken = self._connection.call(request.message, now, request.terms)
                self._happened(self._desk.sent(request, taken, self._at(now)))
