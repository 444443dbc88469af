"""Group commit: events of all stations are handed to the sink together, and answers wait for it where they must."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from evenload.base.distribution import Distribution
from evenload.domain.station import StationId
from evenload.domain.station_events import StationEvent
from evenload.net.ports import CommitError, Sink

_log = logging.getLogger("evenload.net.commit")

Done = Callable[[bool], None]
_SIZES: Final = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)


@dataclass(frozen=True, slots=True)
class CommitTimes:
    """How long events gather before they are committed, in seconds, and how many may wait.

    ``urgent_s`` where an answer waits for them; with the time the sink takes it should stay within 50 ms.
    ``relaxed_s`` bounds what is at risk where none does. Beyond ``waiting_max`` events nothing more should be read.
    """

    urgent_s: float = 0.01
    relaxed_s: float = 0.2
    waiting_max: int = 50_000


@dataclass(slots=True)
class CommitCounts:
    """What was committed since the server began: the sizes of groups, the seconds each took, and how many failed."""

    sizes: Distribution = field(default_factory=lambda: Distribution(_SIZES))
    seconds: Distribution = field(default_factory=Distribution)
    failures: int = 0


class GroupCommit:
    """Collects events and commits them one group after the other, in order."""

    def __init__(self, sink: Sink, times: CommitTimes) -> None:
        self.counts = CommitCounts()
        self._sink = sink
        self._times = times
        self._events: list[StationEvent] = []
        self._done: list[tuple[StationId | None, Done]] = []
        self._relieved: list[Callable[[], None]] = []
        self._since = 0.0  # when the first of those that wait came, maybe while others were committed
        self._pending = asyncio.Event()
        self._urgent = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def full(self) -> bool:
        """Whether the sink is so far behind that nothing more should be read."""
        return len(self._events) >= self._times.waiting_max

    def put(self, events: Sequence[StationEvent], done: Done | None = None) -> None:
        """Add events of one station; ``done`` is told whether they were committed, and makes them urgent."""
        self._events += events
        if not self._pending.is_set():
            self._since = asyncio.get_running_loop().time()
            self._idle.clear()
            self._pending.set()
        if done is not None:
            self._done.append((events[0].station if events else None, done))
            if not self._urgent.is_set():
                self._urgent.set()

    def when_relieved(self, call: Callable[[], None]) -> None:
        """Call once the sink has caught up."""
        self._relieved.append(call)

    async def run(self) -> None:
        """Commit for ever."""
        while True:
            await self._pending.wait()
            await self._gather()
            await self._commit()

    async def drained(self) -> None:
        """Wait until nothing waits any more."""
        if self._events or self._done:
            self._urgent.set()
        await self._idle.wait()

    async def _gather(self) -> None:
        try:
            waited_s = asyncio.get_running_loop().time() - self._since
            await asyncio.wait_for(self._urgent.wait(), max(0.0, self._times.relaxed_s - waited_s))
        except TimeoutError:
            return
        await asyncio.sleep(self._times.urgent_s)

    async def _commit(self) -> None:
        events, self._events = self._events, []
        done, self._done = self._done, []
        self._pending.clear()
        self._urgent.clear()
        failure: CommitError | None = None
        seconds = asyncio.get_running_loop().time
        began = seconds()
        try:
            await self._sink.commit(events)
        except CommitError as error:
            _log.error("event=not_committed events=%d why=%s; stations that wait are told to try again", len(events),
                       error)  # fmt: skip
            self.counts.failures += 1
            failure = error
        self.counts.sizes.add(len(events))
        self.counts.seconds.add(seconds() - began)
        for station, call in done:
            call(failure is None or (failure.stations is not None and station not in failure.stations))
        if not self._pending.is_set():
            self._idle.set()
        relieved, self._relieved = self._relieved, []
        for resume in relieved:
            resume()
