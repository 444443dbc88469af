import importlib.util
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import jsonschema.validators
import pytest
from jsonschema.protocols import Validator

from evenload.domain.station import StationId
from evenload.domain.station_commands import Command, CommandSettled
from evenload.domain.station_events import StationEvent
from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.desk import Desk
from evenload.ocpp.desks import desk_for
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.dossier import DeskPolicy
from evenload.ocpp.events import Answered, Called, Failed, Refused, Violated
from evenload.ocpp.faults import Fault
from evenload.ocpp.outcome import Refusal
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
from evenload.ocpp.records import MemoryRecords, Records
from evenload.ocpp.v16 import OCPP16


class PlainConnection(Connection):
    """A connection that is spoken to in plain JSON."""

    def take(self, frame: Any, now: float = 0.0) -> None:
        self.receive(frame if isinstance(frame, bytes) else json.dumps(frame).encode(), now)

    def sent(self) -> list[Any]:
        return [json.loads(frame) for frame in self.to_send()]

    def faults(self) -> list[Fault]:
        return [event.violation.fault for event in self.events() if isinstance(event, Violated)]


@pytest.fixture
def connection() -> Callable[..., PlainConnection]:
    """Make the end of a CSMS, strict unless told otherwise, whose message ids are o1, o2 and so on."""

    def make(dialect: Dialect = OCPP16, **numbers: Any) -> PlainConnection:
        ids = itertools.count(1)
        policy = Policy(**({"inbound": Inbound.STRICT} | numbers))
        return PlainConnection(dialect, Role.CSMS, lambda: f"o{next(ids)}", policy)

    return make


# a desk, spoken to in plain JSON by the station across


E = TypeVar("E", bound=StationEvent)
SPEC = importlib.util.find_spec("ocpp")
assert SPEC is not None
assert SPEC.origin is not None
SCHEMAS = Path(SPEC.origin).parent
START = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)


@cache
def validator(subprotocol: str, action: str, kind: str) -> Validator:
    """The official schema of a message, as the `ocpp` package ships it."""
    folder, suffix = ("v16", "") if subprotocol == "ocpp1.6" else ("v201", "Request")
    stem = action + (suffix if kind == "request" else "Response")
    text = (SCHEMAS / folder / "schemas" / f"{stem}.json").read_text(encoding="utf-8-sig")
    schema = json.loads(text, parse_float=Decimal)
    return jsonschema.validators.validator_for(schema)(schema)


def hold_against_schema(subprotocol: str, action: str, kind: str, payload: Any) -> None:
    """Numbers as decimals, as JSON writes them: in binary 15.2 is no multiple of 0.1."""
    validator(subprotocol, action, kind).validate(json.loads(json.dumps(payload), parse_float=Decimal))


@dataclass
class Talk:
    """A station's side of one connection to a desk. Every frame of the desk's is held against its official schema."""

    desk: Desk
    connection: PlainConnection
    now: datetime = START
    events: list[StationEvent] = field(default_factory=list)
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    durable: bool = False
    numbers: Any = field(default_factory=itertools.count)

    @property
    def seconds(self) -> float:
        return (self.now - START).total_seconds()

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.connection.tick(self.seconds)
        self.collect()

    def says(self, action: str, payload: Any) -> Any:
        """Call the desk; its answer, or the code of its refusal."""
        message_id = f"s{next(self.numbers)}"
        hold_against_schema(self.desk.dossier.subprotocol, action, "request", payload)
        self.connection.take([2, message_id, action, payload], self.seconds)
        self.collect(action)
        return self.answers.pop(message_id)

    def orders(self, command: Command) -> list[StationEvent]:
        before = len(self.events)
        self.events += self.desk.order(command, self.now)
        self.collect()
        return self.events[before:]

    def next_call(self) -> tuple[str, Any]:
        """The call of the desk's that waits for an answer."""
        assert self.calls, "the desk calls nothing"
        return self.calls[0][1:]

    def answer(self, payload: Any) -> list[StationEvent]:
        """Answer the call that waits."""
        before = len(self.events)
        message_id, action, _ = self.calls.pop(0)
        hold_against_schema(self.desk.dossier.subprotocol, action, "response", payload)
        self.connection.take([3, message_id, payload], self.seconds)
        self.collect()
        return self.events[before:]

    def refuse(self, code: str) -> list[StationEvent]:
        before = len(self.events)
        message_id, *_ = self.calls.pop(0)
        self.connection.take([4, message_id, code, "no", {}], self.seconds)
        self.collect()
        return self.events[before:]

    def answer_all(self, given: dict[str, Any] | None = None) -> list[tuple[str, Any]]:
        """Answer calls until none is left: by action, or as a plain station does. What was called, in order."""
        called, given = [], {**SET_UP, **(given or {})}
        while self.calls:
            action, payload = self.next_call()
            called.append((action, payload))
            self.answer(given[action](payload) if callable(given.get(action)) else given.get(action, ACCEPTED))
        return called

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if type(event) is kind]

    def settled(self, command_id: str) -> CommandSettled:
        [event] = [one for one in self.of(CommandSettled) if one.command_id == command_id]
        return event

    def collect(self, action: str = "") -> None:
        """Carry everything there is between connection, desk and station."""
        moving = True
        while moving:
            moving = False
            for event in self.connection.events():
                moving = True
                self.happened(event)
            for request in self.desk.to_call():
                moving = True
                taken = self.connection.call(request.message, self.seconds, request.terms)
                self.events += self.desk.sent(request, taken, self.now)
            for frame in self.connection.sent():
                moving = True
                self.arrive(frame, action)

    def happened(self, event: object) -> None:
        if isinstance(event, Called):
            outcome = self.desk.take(event, self.now)
            self.events += outcome.events
            self.durable = outcome.durable
            if isinstance(outcome.answer, Refusal):
                refusal = outcome.answer
                self.connection.refuse(event.message_id, refusal.code, refusal.sentence, self.seconds)
            else:
                assert self.connection.answer(event.message_id, outcome.answer, self.seconds) is None
        elif isinstance(event, Answered | Refused | Failed):
            self.events += self.desk.settle(event, self.now)

    def arrive(self, frame: Any, action: str) -> None:
        subprotocol = self.desk.dossier.subprotocol
        if frame[0] == 2:
            hold_against_schema(subprotocol, frame[2], "request", frame[3])
            self.calls.append((frame[1], frame[2], frame[3]))
        elif frame[0] == 3:
            hold_against_schema(subprotocol, action, "response", frame[2])
            self.answers[frame[1]] = frame[2]
        else:
            self.answers[frame[1]] = frame[2]


ACCEPTED = {"status": "Accepted"}


@pytest.fixture
def talk(connection: Callable[..., PlainConnection]) -> Callable[..., Talk]:
    """Make a talk with a desk of the version given; ``set_up`` has its opening calls answered already."""

    def make(dialect: Dialect = OCPP16, records: Records | None = None, **policy: Any) -> Talk:
        station = StationId("acme", "CP-1")
        desk = desk_for(station, dialect, records or MemoryRecords(), DeskPolicy(**policy))
        return Talk(desk, connection(dialect, queue_max=200))

    return make


BOOTS = {
    "ocpp1.6": {"chargePointVendor": "Acme", "chargePointModel": "One", "firmwareVersion": "1.2"},
    "ocpp2.0.1": {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}},
}


@pytest.fixture
def booted(talk: Callable[..., Talk]) -> Callable[..., Talk]:
    """Make a talk with a station that has booted and been set up; ``details`` go over its boot notification."""

    def make(dialect: Dialect = OCPP16, details: dict[str, Any] | None = None, **rest: Any) -> Talk:
        made = talk(dialect, **rest)
        payload = {**BOOTS[dialect.subprotocol], **(details or {})}
        assert made.says("BootNotification", payload)["status"] == "Accepted"
        made.answer_all()
        made.events.clear()
        return made

    return make


def accept_variables(payload: Any) -> Any:
    results = [
        {"attributeStatus": "Accepted", "component": one["component"], "variable": one["variable"]}
        for one in payload["setVariableData"]
    ]
    return {"setVariableResult": results}


def know_no_variables(payload: Any) -> Any:
    results = [
        {"attributeStatus": "UnknownVariable", "component": one["component"], "variable": one["variable"]}
        for one in payload["getVariableData"]
    ]
    return {"getVariableResult": results}


SET_UP: dict[str, Any] = {
    "GetConfiguration": {},
    "SetVariables": accept_variables,
    "GetVariables": know_no_variables,
    "GetChargingProfiles": {"status": "NoProfiles"},
    "GetCompositeSchedule": {"status": "Rejected"},
}


@pytest.fixture
def schema_of() -> Callable[[str, str], Any]:
    """The official schema of a request."""
    return lambda subprotocol, action: validator(subprotocol, action, "request").schema
