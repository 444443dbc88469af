"""Keeps history in order while everything runs: quarter hours, closed days packed, what is too old forgotten."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event
from typing import Final

from evenload.app.settings import Settings
from evenload.base.errors import EvenloadError
from evenload.service.ports import Store
from evenload.store.sql.store import SqlStore
from evenload.store.sql.upkeep import Done, Retention, upkeep

_log = logging.getLogger("evenload.app.upkeep")

EVERY: Final = timedelta(minutes=15)
PAUSE_S: Final = 10.0
"""A pause of the world's time, however fast the clock runs."""
_HOURS_A_DAY: Final = 24


class Upkeep:
    """Does upkeep every quarter of an hour by ``clock``, in a thread; what breaks there is logged and tried again.

    A store in memory needs none.
    """

    def __init__(
        self, store: Store, clock: Callable[[], datetime], retention: Retention, pause_s: float = PAUSE_S
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._retention = retention
        self._pause_s = pause_s
        self._stopped = Event()

    async def run(self) -> None:
        """Do it until cancelled; what was begun is ended early then, between two units of work."""
        last: datetime | None = None
        while True:
            await asyncio.sleep(self._pause_s)
            now = self._clock()
            if isinstance(self._store, SqlStore) and (last is None or not timedelta(0) <= now - last < EVERY):
                last = now
                await self._do(self._store, now)

    async def _do(self, store: SqlStore, now: datetime) -> None:
        work = asyncio.create_task(asyncio.to_thread(upkeep, store, now, self._retention, self._goes_on))
        try:
            await asyncio.wait([work])
        finally:
            if not work.done():
                self._stopped.set()
                await asyncio.wait([work])
        _tell(work)

    def _goes_on(self) -> bool:
        return not self._stopped.is_set()


def _tell(work: asyncio.Task[Done]) -> None:
    error = work.exception()
    if isinstance(error, EvenloadError):
        _log.warning("event=upkeep_waits why=%s", error)
    elif error is not None:  # history must not take the present down with it
        _log.error("event=upkeep_defect", exc_info=error)
    elif (done := work.result()).packed.rows or done.forgotten:
        _log.info("event=upkeep days_packed=%d readings_packed=%d rows_forgotten=%d", done.packed.days,
                  done.packed.rows, done.forgotten)  # fmt: skip


def retention_of(settings: Settings) -> Retention:
    """How long things are kept by the settings, where 0 days are for good."""
    return Retention(
        hot=settings.readings_days_hot,
        readings=settings.readings_days or None,
        slots=settings.quarters_days or None,
        loads=settings.quarters_days or None,
        events=settings.events_days or None,
        orders=settings.orders_days or None,
        decisions=settings.decisions_days or None,
        promises=settings.decisions_days or None,
        plans=settings.plans_hours / _HOURS_A_DAY or None,
    )
