"""Sites that have a server of their own: one that is silent for too long has lost its stations, as far as seen here."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from evenload.domain.station_events import StationEvent
from evenload.service.ports import Store, StoreError
from evenload.service.relay import lose_site

_log = logging.getLogger("evenload.app.relay")

_PERIOD_S: Final = 1.0
SILENT: Final = timedelta(minutes=1)


class FarSites:
    """When each was heard of last. ``lost`` is told what became of its stations, in the event loop's thread."""

    def __init__(
        self, store: Store, writer: Executor, clock: Callable[[], datetime],
        lost: Callable[[Sequence[StationEvent], str], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._writer = writer
        self._clock = clock
        self._lost = lost
        self._heard: dict[tuple[str, str], datetime] = {}
        self._known: set[tuple[str, str]] = set()

    def heard(self, tenant: str, site_id: str) -> None:
        """A site told something. For any thread."""
        self._heard[tenant, site_id] = self._clock()
        self._known.add((tenant, site_id))

    def has(self, tenant: str, site_id: str) -> bool:
        """Whether a site has a server of its own, as far as was heard since this one began."""
        return (tenant, site_id) in self._known

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            now = self._clock()
            for key in [key for key, at in list(self._heard.items()) if now - at > SILENT]:
                await self._lose(*key, now)
            await asyncio.sleep(_PERIOD_S)

    async def _lose(self, tenant: str, site_id: str, now: datetime) -> None:
        act = partial(lose_site, self._store, tenant, site_id, now)
        try:
            events = await asyncio.get_running_loop().run_in_executor(self._writer, act)
        except StoreError as error:
            _log.warning("tenant=%s site=%s event=site_not_noted why=%s", tenant, site_id, error)
            return
        self._heard.pop((tenant, site_id), None)
        _log.warning("tenant=%s site=%s event=site_silent stations=%d", tenant, site_id, len(events))
        self._lost(events, tenant)
