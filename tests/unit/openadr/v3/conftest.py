"""A VTN on a store in memory, its clients, and short ways to ask it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest

from evenload.openadr.v3.access import BUSINESS_SCOPES, VEN_SCOPES, Claims
from evenload.openadr.v3.notices import Broker
from evenload.openadr.v3.vtn import Answer, Request, Vtn
from evenload.store.memory_openadr3 import MemoryOpenAdrObjects

T0 = datetime(2026, 1, 12, 17, tzinfo=UTC)
BUSINESS = Claims("home", "bl", frozenset(BUSINESS_SCOPES))


def ven_claims(client_id: str, tenant: str = "home") -> Claims:
    return Claims(tenant, client_id, frozenset(VEN_SCOPES))


@dataclass
class Bench:
    """A VTN and what it keeps; ``now`` may be moved."""

    objects: MemoryOpenAdrObjects = field(default_factory=MemoryOpenAdrObjects)
    now: datetime = T0
    broker: Broker | None = None
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, method: str, path: str, body: object = None, claims: Claims | None = BUSINESS) -> Answer:
        where, _, query = path.partition("?")
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else b""
        vtn = Vtn(lambda: f"id{next(self.numbers)}", self.broker)
        self.now += timedelta(milliseconds=1)
        return vtn.answer(Request(method, where, query, raw), claims, self.objects, self.now)

    def get(self, path: str, claims: Claims = BUSINESS) -> Any:
        answer = self.ask("GET", path, claims=claims)
        assert answer.status == 200, answer.body
        return msgspec.json.decode(answer.body)

    def post(self, path: str, body: object, claims: Claims = BUSINESS) -> Any:
        answer = self.ask("POST", path, body, claims)
        assert answer.status == 201, answer.body
        return msgspec.json.decode(answer.body)

    def problem(self, method: str, path: str, body: object = None, claims: Claims | None = BUSINESS) -> tuple[int, str]:
        answer = self.ask(method, path, body, claims)
        told = msgspec.json.decode(answer.body)
        assert told["status"] == answer.status
        assert told["title"]
        return answer.status, told["detail"]

    def program(self, name: str = "tou", **more: object) -> str:
        return str(self.post("/programs", {"programName": name, **more})["id"])

    def event(self, program_id: str, **more: object) -> str:
        return str(self.post("/events", {"programID": program_id, **more})["id"])

    def ven(self, client_id: str, *targets: str) -> str:
        body = {"objectType": "BL_VEN_REQUEST", "clientID": client_id, "venName": client_id, "targets": targets}
        return str(self.post("/vens", body)["id"])


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ids_of() -> Callable[[list[dict[str, Any]]], list[str]]:
    return lambda found: [str(one["id"]) for one in found]
