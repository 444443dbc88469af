"""Callbacks of subscriptions: sent, tried again, refused, and never in each other's way."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from evenload.net import openadr3_webhooks
from evenload.net.openadr3_webhooks import CallbackSender
from evenload.openadr.v3.notices import Webhook
from evenload.openadr.v3.vtn import Answer

Allowed = Callable[[str], Awaitable[bool]]
Answered = Callable[[httpx.Request], httpx.Response]


async def anywhere(_: str) -> bool:
    return True


def sent_to(answer: Answered, *urls: str, allowed: Allowed = anywhere, room: int = 9) -> CallbackSender:
    async def sent() -> CallbackSender:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
            sender = CallbackSender(http, allowed, waiting_max=room, at_once=3)
            sender.deliver(Answer(201, b"", tuple(Webhook(url, b"{}", "t") for url in urls)))
            task = asyncio.create_task(sender.run())
            while sender.counts.sent + sender.counts.failed + sender.counts.dropped < len(urls):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return sender

    return asyncio.run(asyncio.wait_for(sent(), 10))


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openadr3_webhooks, "_WAITS_S", (0.0, 0.0))


def test_a_callback_is_sent_with_its_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    assert sent_to(answer, "https://ven.example/cb").counts.sent == 1
    assert seen[0].headers["authorization"] == "Bearer t"
    assert seen[0].content == b"{}"


@pytest.mark.parametrize(("statuses", "tries", "is_sent"), [
    ([503, 200], 2, True), ([503, 503, 503, 200], 3, False), ([404, 200], 1, False), ([0, 0, 200], 3, True),
])  # fmt: skip
def test_a_callback_is_tried_again_where_that_may_help(statuses: list[int], tries: int, is_sent: bool) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        status = statuses[len(asked) - 1]
        if not status:
            raise httpx.ConnectError("refused")
        return httpx.Response(status)

    counts = sent_to(answer, "https://ven.example/cb").counts
    assert (len(asked), counts.sent, counts.failed) == (tries, int(is_sent), int(not is_sent))


def test_addresses_that_are_not_allowed_are_not_called_and_no_queue_grows_for_ever() -> None:
    async def nowhere(_: str) -> bool:
        return False

    counts = sent_to(lambda _: httpx.Response(200), *["http://127.0.0.1/x"] * 5, allowed=nowhere, room=3).counts
    assert (counts.sent, counts.failed, counts.dropped) == (0, 3, 2)
