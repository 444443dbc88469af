"""News for pages: each topic's latest state, encoded once for all who look (server-sent events)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from pydantic_core import to_json

from evenload.base.errors import EvenloadError

_log = logging.getLogger("evenload.web.hub")

HEARTBEAT: Final = b": still here\n\n"


class Topic(StrEnum):
    """What there is news of."""

    LOAD = "load"
    SESSIONS = "sessions"
    DECISIONS = "decisions"
    EVENTS = "events"
    STATE = "state"


Source = Callable[[str, Topic], object]
"""The state of a topic for a tenant, as JSON can hold it. Called in a thread, only while somebody looks."""


@dataclass(slots=True)
class _Channel:
    """One topic of one tenant. ``event`` is set and replaced when there is news."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    looking: int = 0
    number: int = 0
    data: bytes = b""


class Hub:
    """Latest wins: who is slow misses states in between, never the last. Nobody has a queue.

    ``epoch`` is a word of this process: after a restart numbers begin anew.
    """

    def __init__(self, source: Source, epoch: str, *, period_s: float = 1.0, heartbeat_s: float = 15.0) -> None:
        self._source = source
        self._epoch = epoch
        self._period_s = period_s
        self._heartbeat_s = heartbeat_s
        self._channels: dict[tuple[str, Topic], _Channel] = {}
        self._wake = asyncio.Event()
        self._closing = False

    @property
    def looking(self) -> int:
        """How many look, each topic counted."""
        return sum(one.looking for one in list(self._channels.values()))

    async def run(self) -> None:
        """Ask for news of what is looked at, each ``period_s``; runs until it is cancelled."""
        while True:
            await self._wake.wait()
            watched = [(place, one) for place, one in self._channels.items() if one.looking]
            if not watched:
                self._wake.clear()
            for (tenant, topic), channel in watched:
                await self._refresh(tenant, topic, channel)
            await asyncio.sleep(self._period_s if watched else 0)

    def close(self) -> None:
        """End every stream, so that a server can stop."""
        self._closing = True
        for channel in self._channels.values():
            channel.event.set()

    async def listen(
        self, tenant: str, topics: Sequence[Topic], last_id: str, lifetime_s: float
    ) -> AsyncIterator[bytes]:
        """What to send to one who looks, for ``lifetime_s`` at most; ``last_id`` is the last that was seen."""
        channels = {topic: self._channels.setdefault((tenant, topic), _Channel()) for topic in topics}
        seen = dict.fromkeys(topics, 0) | self._read_id(last_id)
        for channel in channels.values():
            channel.looking += 1
        self._wake.set()
        loop = asyncio.get_running_loop()
        end = loop.time() + lifetime_s
        yield b"retry: 2000\n\n"
        try:
            while loop.time() < end and not self._closing:
                events = [channel.event for channel in channels.values()]
                for topic, channel in channels.items():
                    if channel.number > seen[topic]:
                        seen[topic] = channel.number
                        yield self._framed(topic, channel, seen)
                if not await self._news(events):
                    yield HEARTBEAT
        finally:
            for channel in channels.values():
                channel.looking -= 1

    async def _news(self, events: Sequence[asyncio.Event]) -> bool:
        waits = [asyncio.ensure_future(one.wait()) for one in events]
        try:
            done, _ = await asyncio.wait(waits, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED)
            return bool(done)
        finally:
            for one in waits:
                one.cancel()

    async def _refresh(self, tenant: str, topic: Topic, channel: _Channel) -> None:
        try:
            data = to_json(await asyncio.to_thread(self._source, tenant, topic))
        except EvenloadError as error:
            _log.warning("event=no_news tenant=%s topic=%s %s", tenant, topic, error)
            return
        if data != channel.data:
            channel.data, channel.number = data, channel.number + 1
            event, channel.event = channel.event, asyncio.Event()
            event.set()

    def _framed(self, topic: Topic, channel: _Channel, seen: dict[Topic, int]) -> bytes:
        told = ".".join(f"{one}={number}" for one, number in seen.items())
        return b"id: %s/%s\nevent: %s\ndata: %s\n\n" % (
            self._epoch.encode(),
            told.encode(),
            topic.encode(),
            channel.data,
        )

    def _read_id(self, text: str) -> dict[Topic, int]:
        epoch, _, told = text.partition("/")
        if epoch != self._epoch:
            return {}
        parts = [one.partition("=") for one in told.split(".")]
        return {Topic(name): int(number) for name, _, number in parts if name in set(Topic) and number.isdecimal()}
