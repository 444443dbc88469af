"""Events that are posted: signed, in order, again after a failure, and never into this network."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from evenload.app.platform import Platform
from evenload.app.settings import Settings
from evenload.app.webhooks import BATCH, GIVES_UP_S, WebhookSender
from evenload.domain.station import StationId
from evenload.service import webhooks
from evenload.service.access_rows import Role, WebhookRow
from evenload.service.rows import EventRow
from evenload.service.scope import Scope
from evenload.store.memory import MemoryStore

NOON = datetime(2026, 1, 12, 12, tzinfo=UTC)
ADMIN = Scope("north", "user:ann", Role.ADMIN)
PUBLIC = "93.184.215.14"


class Receiver:
    """Who is told. ``status`` is what it answers, ``None`` for no answer."""

    def __init__(self) -> None:
        self.status: int | None = 204
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.status is None:
            raise httpx.ConnectTimeout("no answer")
        return httpx.Response(self.status, headers={"Location": "http://127.0.0.1/"})

    @property
    def numbers(self) -> list[list[int]]:
        return [[event["number"] for event in json.loads(one.content)["events"]] for one in self.requests]


def resolving(*addresses: str) -> Any:
    async def resolve(host: str, port: int) -> Sequence[str]:
        assert (host, port) == ("hooks.example", 443)
        return addresses

    return resolve


def furnished(*kinds: str) -> MemoryStore:
    store = MemoryStore()
    hook = WebhookRow("north", "W", "https://hooks.example/in?x=1", kinds, "secret")
    webhooks.put_webhook(ADMIN, store, hook, NOON)
    return store


def happened(store: MemoryStore, *kinds: str) -> None:
    with store.writing() as unit:
        count = len(unit.events.last("north", 10_000))
        unit.events.add(
            EventRow(StationId("north", "CP1"), NOON, NOON, 1, kind, f'{{"n":{count + i}}}')
            for i, kind in enumerate(kinds)
        )


def rounds(
    store: MemoryStore, receiver: Receiver, seconds: Sequence[float], *, between: Callable[[], None] = lambda: None,
    addresses: Sequence[str] = (PUBLIC,), private: bool = False,
) -> list[bool]:  # fmt: skip
    async def whole() -> list[bool]:
        sender = WebhookSender(store, ["north", "south"], lambda: NOON, private=private, resolve=resolving(*addresses))
        told = []
        async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as client:
            for now_s in seconds:
                told.append(await sender.round(client, now_s))
                between()
        return told

    return asyncio.run(whole())


def hook_of(store: MemoryStore) -> WebhookRow:
    return webhooks.webhook(ADMIN, store, "W")


def test_what_is_sent_can_be_verified_and_goes_to_the_address_that_was_checked() -> None:
    store, receiver = furnished(), Receiver()
    happened(store, "StationBooted")
    rounds(store, receiver, [0])
    [request] = receiver.requests
    assert (request.url.host, request.url.path, request.url.query) == (PUBLIC, "/in", b"x=1")
    assert request.headers["host"] == "hooks.example"
    assert request.extensions["sni_hostname"] == "hooks.example"
    told = dict(part.split("=") for part in request.headers["evenload-signature"].split(","))
    assert told["t"] == str(int(NOON.timestamp()))
    wanted = hmac.new(b"secret", told["t"].encode() + b"." + request.content, hashlib.sha256).hexdigest()
    assert told["v1"] == wanted
    assert json.loads(request.content) == {
        "webhook_id": "W",
        "events": [
            {"number": 1, "at": "2026-01-12T12:00:00+00:00", "identity": "CP1", "evse_id": 1,
             "kind": "StationBooted", "body": {"n": 0}},
        ],
    }  # fmt: skip


def test_each_event_once_in_order_and_only_of_the_kinds_asked_for() -> None:
    store, receiver = furnished("StationBooted"), Receiver()
    happened(store, "StationBooted", "StationLost", "StationBooted")
    rounds(store, receiver, [0, 1])
    happened(store, "StationLost")
    rounds(store, receiver, [2, 3])
    assert receiver.numbers == [[1, 3]]
    assert hook_of(store).told_to == 4


def test_a_long_queue_goes_in_parts_without_a_pause() -> None:
    store, receiver = furnished(), Receiver()
    happened(store, *["A"] * (BATCH + 5))
    assert rounds(store, receiver, [0, 0, 0]) == [True, False, False]
    assert [len(one) for one in receiver.numbers] == [BATCH, 5]


@pytest.mark.parametrize("status", [500, 302, 404, None])
def test_what_fails_is_sent_again_later_and_later_and_nothing_is_left_out(status: int | None) -> None:
    store, receiver = furnished(), Receiver()
    receiver.status = status
    happened(store, "A")
    rounds(store, receiver, [0, 1, 2, 3, 5, 6, 7, 13.9, 14])
    assert receiver.numbers == [[1]] * 4  # at 0, 2, 6 and 14 s
    assert hook_of(store).told_to == 0
    receiver.status = 204
    rounds(store, receiver, [0])
    assert hook_of(store).told_to == 1


def test_one_that_fails_does_not_hold_up_another() -> None:
    store, receiver = furnished(), Receiver()
    webhooks.put_webhook(ADMIN, store, WebhookRow("north", "X", "https://hooks.example/x", (), "s"), NOON)
    happened(store, "A")

    def answer(request: httpx.Request) -> httpx.Response:
        receiver(request)
        return httpx.Response(500 if request.url.path == "/in" else 200)

    rounds(store, answer, [0])  # type: ignore[arg-type]
    assert (hook_of(store).told_to, webhooks.webhook(ADMIN, store, "X").told_to) == (0, 1)


def test_after_a_day_without_an_answer_or_when_it_is_gone_it_is_disabled() -> None:
    for status, seconds in ((500, [0.0, GIVES_UP_S]), (410, [0.0])):
        store, receiver = furnished(), Receiver()
        receiver.status = status
        happened(store, "A")
        rounds(store, receiver, seconds)
        assert hook_of(store).disabled_at == NOON
        rounds(store, receiver, [0])
        assert len(receiver.requests) == len(seconds)
        with store.reading() as unit:
            assert unit.audit.last("north", 1)[0].action == "webhooks.disable"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["169.254.169.254"], ["::1"], []])
def test_a_name_that_points_into_this_network_is_sent_nothing(addresses: list[str]) -> None:
    store, receiver = furnished(), Receiver()
    happened(store, "A")
    rounds(store, receiver, [0], addresses=addresses)
    assert receiver.requests == []
    if addresses:
        rounds(store, receiver, [0], addresses=addresses, private=True)
        assert receiver.requests[0].url.host == addresses[0]


def test_the_worker_runs_until_it_is_cancelled() -> None:
    store, receiver = furnished(), Receiver()
    happened(store, "A")

    async def whole() -> None:
        sender = WebhookSender(
            store, ["north"], lambda: NOON, transport=httpx.MockTransport(receiver), resolve=resolving(PUBLIC)
        )
        task = asyncio.create_task(sender.run())
        async with asyncio.timeout(10):
            while not receiver.requests:
                await asyncio.sleep(0.01)
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)

    asyncio.run(whole())


@pytest.mark.parametrize("private", [True, False])
def test_the_platform_sends_and_into_this_network_only_where_it_is_set_so(tmp_path: Path, private: bool) -> None:
    told: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()

    async def body() -> None:
        listening = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/in"
        settings = Settings(
            database=tmp_path / "a.db", secret_file=tmp_path / "secret", tenants=("north",), webhooks_private=private
        )
        store = MemoryStore()
        with store.writing() as unit:
            unit.webhooks.put([WebhookRow("north", "W", url, (), "secret", NOON)])
        happened(store, "Booted")
        with ThreadPoolExecutor(1) as writer:
            platform = Platform(settings, store, writer, lambda: NOON, asyncio.get_running_loop().time)
            running = [asyncio.create_task(one) for one in platform.running()]
            async with asyncio.timeout(10):
                while not told and not platform.webhooks.failing:
                    await asyncio.sleep(0.01)
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        listening.close()

    asyncio.run(body())
    assert bool(told) is private
