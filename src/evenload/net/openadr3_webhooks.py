"""Sends what subscriptions are told. A callback that does not answer is tried again, and holds up nobody else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx

from evenload.openadr.v3.notices import Webhook
from evenload.openadr.v3.vtn import Answer

_log = logging.getLogger("evenload.net.openadr3")

_WAITS_S: Final = (1.0, 10.0)
"""Before the second and the third try, the last one."""


@dataclass(slots=True)
class SendCounts:
    """What was sent, refused or not answered in the end, and left out as too many waited."""

    sent: int = 0
    failed: int = 0
    dropped: int = 0


class CallbackSender:
    """Hand ``deliver`` to ``openadr3_app``, and ``run`` beside it. What waits is lost when the process ends: a VEN that
    must know looks at its events. ``allowed`` says whether an address may be called, which is where addresses behind
    the server's own wall are refused.
    """

    def __init__(
        self, http: httpx.AsyncClient, allowed: Callable[[str], Awaitable[bool]], *, waiting_max: int = 10_000,
        at_once: int = 50,
    ) -> None:  # fmt: skip
        self.counts = SendCounts()
        self._http = http
        self._allowed = allowed
        self._queue: asyncio.Queue[Webhook] = asyncio.Queue(waiting_max)
        self._loop = asyncio.get_running_loop()
        self._at_once = at_once

    def deliver(self, answer: Answer) -> None:
        """Send what an answer has to tell; from any thread."""
        self._loop.call_soon_threadsafe(self._enqueue, answer.webhooks)

    async def run(self) -> None:
        """Send, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._at_once):
                tasks.create_task(self._work())

    def _enqueue(self, webhooks: tuple[Webhook, ...]) -> None:
        for one in webhooks:
            try:
                self._queue.put_nowait(one)
            except asyncio.QueueFull:
                self.counts.dropped += 1

    async def _work(self) -> None:
        while True:
            webhook = await self._queue.get()
            if await self._is_sent(webhook):
                self.counts.sent += 1
            else:
                self.counts.failed += 1
                _log.warning("event=openadr3_callback_failed url=%s", webhook.url)

    async def _is_sent(self, webhook: Webhook) -> bool:
        if not await self._allowed(webhook.url):
            return False
        headers = {"Content-Type": "application/json"}
        if webhook.bearer_token:
            headers["Authorization"] = f"Bearer {webhook.bearer_token}"
        for wait_s in (0.0, *_WAITS_S):
            await asyncio.sleep(wait_s)
            try:
                answer = await self._http.post(webhook.url, content=webhook.body, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError, OSError):
                continue
            if answer.status_code < 300:
                return True
            if answer.status_code < 500:
                return False
        return False
