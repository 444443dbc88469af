"""Where the events of stations go: to the store, in groups, by the one thread that writes."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from evenload.domain.station import StationId
from evenload.domain.station_events import StationEvent
from evenload.net.ports import CommitError
from evenload.service.event_text import is_logged
from evenload.service.observe import observe
from evenload.service.ports import Store, StoreError

_log = logging.getLogger("evenload.app.sink")

_PATIENCE_S: Final = (0.05, 0.5)
_APART_S_MAX: Final = 5.0


@dataclass(slots=True)
class SinkCounts:
    """What the store took, was asked to take again, and never took: events, groups, events."""

    kept: int = 0
    again: int = 0
    aside: int = 0


class StoreSink:
    """A ``Sink``. A group the store does not take is tried again, then station by station and event by event.

    So an event that can never be kept costs its own station its connection, and the others nothing. ``failed`` is told
    the events of stations some of whose events were not kept, ``kept`` those that were, and the tenants that have to
    be planned for anew.
    """

    def __init__(
        self, store: Store, writer: Executor, failed: Callable[[Sequence[StationEvent]], None],
        kept: Callable[[Sequence[StationEvent], frozenset[str]], None] = lambda _events, _tenants: None,
        logged: Callable[[StationEvent], bool] = is_logged,
    ) -> None:  # fmt: skip
        self.counts = SinkCounts()
        self._store = store
        self._writer = writer
        self._failed = failed
        self._kept = kept
        self._logged = logged

    async def commit(self, events: Sequence[StationEvent]) -> None:
        """Make events durable; ``CommitError`` names the stations of which some could not be."""
        for patience_s in (*_PATIENCE_S, None):
            error = await self._keep(events)
            if error is None:
                return
            if patience_s is None or not isinstance(error, StoreError):  # a defect does not mend itself
                await self._apart(events, error)
                return
            self.counts.again += 1
            _log.warning("event=commit_again events=%d why=%s", len(events), error)
            await asyncio.sleep(patience_s)

    async def _keep(self, events: Sequence[StationEvent]) -> Exception | None:
        """Keep events, all or none; what hindered it."""
        try:
            news = await asyncio.get_running_loop().run_in_executor(
                self._writer, observe, self._store, events, self._logged
            )
        except StoreError as error:
            return error
        except Exception as error:  # noqa: BLE001  # the boundary between stations: a defect met at one is its own
            _log.exception("event=commit_defect events=%d", len(events))
            return error
        self.counts.kept += len(events)
        self._kept(events, news)
        return None

    async def _apart(self, events: Sequence[StationEvent], why: Exception) -> None:
        """Keep what can be kept. A store that takes nothing at all is not asked for ever."""
        seconds = asyncio.get_running_loop().time
        give_up_at = seconds() + _APART_S_MAX
        stations = _by_station(events)
        refused: set[StationId] = set()
        aside: list[tuple[StationEvent, Exception]] = []
        for station, own in stations.items():
            if len(stations) > 1 and seconds() < give_up_at and await self._keep(own) is None:
                continue
            refused.add(station)
            for event in own:
                error = why if len(events) == 1 or seconds() >= give_up_at else await self._keep([event])
                if error is not None:
                    aside.append((event, error))
        if refused:
            self.counts.aside += len(aside)
            _log_aside(aside, all_of_them=len(aside) == len(events) > 1)
            self._failed([one for one in events if one.station in refused])
            raise CommitError(str(why), frozenset(refused)) from why


def _log_aside(aside: Sequence[tuple[StationEvent, Exception]], *, all_of_them: bool) -> None:
    if all_of_them:
        _log.error("event=not_kept events=%d why=%s", len(aside), aside[0][1])
        return
    for event, error in aside:
        _log.error("station=%s event=set_aside kind=%s at=%s evse=%d why=%s", event.station, type(event).__name__,
                   event.at.isoformat(), event.evse_id, error)  # fmt: skip


def _by_station(events: Sequence[StationEvent]) -> dict[StationId, list[StationEvent]]:
    found: dict[StationId, list[StationEvent]] = {}
    for event in events:
        found.setdefault(event.station, []).append(event)
    return found
