"""Where the events of stations go: to the store, in groups, by the one thread that writes."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

from evenload.domain.station_events import StationEvent
from evenload.net.ports import CommitError
from evenload.service.observe import observe
from evenload.service.ports import Store, StoreError

_log = logging.getLogger("evenload.app.sink")

_PATIENCE_S: Final = (0.05, 0.5)


class StoreSink:
    """A ``Sink``. A group the store does not take is tried again; where that does not help, ``failed`` is told."""

    def __init__(self, store: Store, writer: Executor, failed: Callable[[Sequence[StationEvent]], None]) -> None:
        self._store = store
        self._writer = writer
        self._failed = failed

    async def commit(self, events: Sequence[StationEvent]) -> None:
        """Make events durable, all or none; ``CommitError`` where that cannot be."""
        loop = asyncio.get_running_loop()
        for patience_s in (*_PATIENCE_S, None):
            try:
                await loop.run_in_executor(self._writer, observe, self._store, events)
            except StoreError as error:
                if patience_s is None:
                    self._failed(events)
                    raise CommitError(str(error)) from error
                _log.warning("event=commit_again events=%d why=%s", len(events), error)
                await asyncio.sleep(patience_s)
            else:
                return
