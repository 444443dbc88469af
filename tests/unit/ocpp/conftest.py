import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from evenload.ocpp.action import Role
from evenload.ocpp.connection import Connection
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Violated
from evenload.ocpp.faults import Fault
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy
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
