"""Webhooks: events are posted to who asked for them: signed, in order, at least once, never into this network."""

import asyncio
import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import httpx

from evenload.base.errors import InputError
from evenload.service import webhooks
from evenload.service.access_rows import WebhookRow
from evenload.service.ports import Store, StoreError
from evenload.service.rows import EventRow

_log = logging.getLogger("evenload.app.webhooks")

BATCH: Final = 100
AT_ONCE: Final = 20
BACK_OFF_S: Final = 2.0
BACK_OFF_S_MAX: Final = 600.0
GIVES_UP_S: Final = 86_400.0
_TIMEOUT_S: Final = 10.0
_POLL_S: Final = 1.0
_GONE: Final = 410

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class _Failing:
    """A webhook that does not answer."""

    since_s: float
    times: int
    again_s: float


class WebhookSender:
    """Posts new events to the webhooks of tenants.

    ``clock`` dates and signs. With ``private`` addresses of this network are allowed. What fails is tried again after
    2 s, 4 s ... 10 min; after a day without an answer the webhook is disabled. After a restart what was not
    acknowledged is sent again: receivers go by ``number``.
    """

    def __init__(
        self, store: Store, tenants: Sequence[str], clock: Callable[[], datetime], *, private: bool = False,
        transport: httpx.AsyncBaseTransport | None = None, resolve: Resolve | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._private = private
        self._transport = transport
        self._resolve = resolve or _resolved
        self._failing: dict[tuple[str, str], _Failing] = {}
        self._places = asyncio.Semaphore(AT_ONCE)

    @property
    def failing(self) -> int:
        """How many webhooks do not answer now."""
        return len(self._failing)

    async def run(self) -> None:
        """Send until cancelled."""
        async with httpx.AsyncClient(
            timeout=_TIMEOUT_S, transport=self._transport, follow_redirects=False, trust_env=False
        ) as client:
            while True:
                more = await self.round(client, asyncio.get_running_loop().time())
                await asyncio.sleep(0 if more else _POLL_S)

    async def round(self, client: httpx.AsyncClient, now_s: float) -> bool:
        """Send each webhook what is new for it, once; whether there may be more at once."""
        try:
            due = await asyncio.to_thread(self._due, now_s)
        except StoreError as error:
            _log.warning("event=webhooks_wait %s", error)
            return False
        full = await asyncio.gather(*(self._serve(client, row, events, now_s) for row, events in due))
        return any(full)

    def _due(self, now_s: float) -> list[tuple[WebhookRow, Sequence[EventRow]]]:
        found = []
        with self._store.reading() as unit:
            for tenant in self._tenants:
                for row in unit.webhooks.of(tenant):
                    failing = self._failing.get((tenant, row.webhook_id))
                    if row.disabled_at is None and (failing is None or failing.again_s <= now_s):
                        events = unit.events.after(tenant, row.told_to, BATCH)
                        found += [(row, events)] if events else []
        return found

    async def _serve(
        self, client: httpx.AsyncClient, row: WebhookRow, events: Sequence[EventRow], now_s: float
    ) -> bool:
        wanted = [one for one in events if not row.kinds or one.kind in row.kinds]
        fault = ""
        if wanted:
            async with self._places:
                fault = await self._post(client, row, wanted)
        place = (row.tenant, row.webhook_id)
        if not fault:
            self._failing.pop(place, None)
            await self._kept(partial(webhooks.told, self._store, *place, events[-1].number))
            return len(events) == BATCH
        await self._failed(row, fault, now_s)
        return False

    async def _post(self, client: httpx.AsyncClient, row: WebhookRow, events: Sequence[EventRow]) -> str:
        """Why it did not work, ``""`` where it did."""
        body = json.dumps({"webhook_id": row.webhook_id, "events": [_shown(one) for one in events]}).encode()
        at = int(self._clock().timestamp())
        headers = {
            "Content-Type": "application/json", "User-Agent": "evenload",
            "Evenload-Signature": f"t={at},v1={signature(row.secret, at, body)}",
        }  # fmt: skip
        try:
            url, extensions = await self._pinned(row.url)
            request = client.build_request(
                "POST", url, content=body, headers=headers | {"Host": httpx.URL(row.url).netloc.decode()},
                extensions=extensions,
            )  # fmt: skip
            answer = await client.send(request, stream=True)  # what it says is not read
            await answer.aclose()
        except (httpx.HTTPError, OSError, InputError) as error:
            return f"{type(error).__name__}: {error}"
        return "" if answer.is_success else f"it answered {answer.status_code}"

    async def _pinned(self, url: str) -> tuple[httpx.URL, dict[str, Any]]:
        """The address with its host resolved once and checked: a name that points elsewhere a moment later helps
        nobody in. TLS still asks for the name."""
        webhooks.check_url(url, private=self._private)
        told = httpx.URL(url)
        addresses = await self._resolve(told.host, told.port or (443 if told.scheme == "https" else 80))
        if not addresses or (not self._private and any(webhooks.is_private(one) for one in addresses)):
            raise InputError(f"{told.host} is inside this network; the setting webhooks_private allows that")
        return told.copy_with(host=addresses[0]), {"sni_hostname": told.host}

    async def _failed(self, row: WebhookRow, fault: str, now_s: float) -> None:
        place = (row.tenant, row.webhook_id)
        before = self._failing.get(place, _Failing(now_s, 0, now_s))
        wait_s = min(BACK_OFF_S * 2**before.times, BACK_OFF_S_MAX)
        self._failing[place] = _Failing(before.since_s, before.times + 1, now_s + wait_s)
        _log.warning("event=webhook_failed tenant=%s webhook=%s again_s=%g %s", *place, wait_s, fault)
        if now_s - before.since_s >= GIVES_UP_S or fault == f"it answered {_GONE}":
            self._failing.pop(place)
            await self._kept(partial(webhooks.disable, self._store, *place, fault, self._clock()))

    async def _kept(self, keep: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(keep)
        except StoreError as error:  # it is sent again then
            _log.warning("event=webhook_not_noted %s", error)


def signature(secret: str, at: int, body: bytes) -> str:
    """HMAC-SHA256 over the time in seconds, a dot and the body, in hexadecimal."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def _shown(row: EventRow) -> dict[str, Any]:
    return {
        "number": row.number, "at": row.at.isoformat(), "identity": row.station.identity, "evse_id": row.evse_id,
        "kind": row.kind, "body": json.loads(row.body),
    }  # fmt: skip


async def _resolved(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]
