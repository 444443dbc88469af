"""A VTN over HTTP in this process, and its clients."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import httpx
import pytest
from starlette.types import ASGIApp

from evenload.net.openadr3_server import OpenAdrOptions, openadr3_app
from evenload.net.openadr3_tokens import secret_hash
from evenload.openadr.v3.access import BUSINESS_SCOPES, VEN_SCOPES
from evenload.openadr.v3.objects import ClientRow
from evenload.openadr.v3.vtn import BASE_PATH, Answer
from evenload.service.ports import Store

T0 = datetime(2026, 1, 12, 17, tzinfo=UTC)
URL = f"http://vtn.example{BASE_PATH}"
SECRET = b"s" * 32


def add_clients(store: Store, *names: str) -> None:
    """The business ``bl`` and VENs; the secret of each is its name with ``-secret``."""
    with store.writing() as unit:
        unit.openadr3.put_clients(
            ClientRow(name, "home", secret_hash(f"{name}-secret"), BUSINESS_SCOPES if name == "bl" else VEN_SCOPES, T0)
            for name in ("bl", *names)
        )


@dataclass
class Door:
    """A VTN on a store; ``now`` and ``seconds`` may be moved, ``delivered`` is what it wanted sent."""

    store: Store
    now: datetime = T0
    seconds: float = 0.0
    prefix: str = "o"
    body_bytes_max: int = 1 << 20
    delivered: list[Answer] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def app(self) -> ASGIApp:
        options = OpenAdrOptions(SECRET, URL, self.body_bytes_max)
        draw: Callable[[], str] = lambda: f"{self.prefix}{next(self.numbers)}"  # noqa: E731
        return openadr3_app(self.store, options, lambda: self.now, draw, lambda: self.seconds, self.delivered.append)

    def send(self, *requests: httpx.Request) -> list[httpx.Response]:
        async def sent() -> list[httpx.Response]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app())) as http:
                return [await http.send(one) for one in requests]

        return asyncio.run(sent())

    def token(self, name: str, **more: str) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_id": name, "client_secret": f"{name}-secret"} | more
        (answer,) = self.send(httpx.Request("POST", f"{URL}/auth/token", data=form))
        return answer

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        content = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        (answer,) = self.send(httpx.Request(method, URL + path, headers=headers, **content))
        return answer


@pytest.fixture
def door_at() -> Callable[..., Door]:
    """Makes a door to a store that knows the business and some VENs."""

    def made(store: Store, *vens: str, **more: object) -> Door:
        add_clients(store, *vens)
        return Door(store, **more)  # type: ignore[arg-type]

    return made
