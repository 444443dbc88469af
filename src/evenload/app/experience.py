"""What finished sessions teach, learned once a day for every tenant: early departures, and who was left short."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import EvenloadError
from evenload.base.instants import Interval
from evenload.service.experience import DAYS_BACK, SESSIONS_LEAST, Experience, experience_of
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store

_log = logging.getLogger("evenload.app.experience")

_AGAIN: Final = timedelta(days=1)
_DAY: Final = timedelta(days=1)
_SESSIONS_MAX: Final = 20_000
_NOTHING: Final = Experience()


class Learning:
    """Looks every ``period_s`` of the event loop whether a day has gone by since it last learned."""

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], period_s: float
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tuple(tenants)
        self._clock = clock
        self._period_s = period_s
        self._learned: dict[str, tuple[datetime, Experience]] = {}

    async def run(self) -> None:
        """Learn for ever."""
        while True:
            for tenant in self._tenants:
                if self._is_due(tenant):
                    await asyncio.to_thread(self.learn, tenant)
            await asyncio.sleep(self._period_s)

    def of(self, tenant: str) -> Experience:
        """What is known of a tenant's drivers. For any thread."""
        return self._learned.get(tenant, (None, _NOTHING))[1]

    def _is_due(self, tenant: str) -> bool:
        before = self._learned.get(tenant)
        return before is None or self._clock() - before[0] >= _AGAIN

    def learn(self, tenant: str) -> None:
        """Learn from what is finished by now; what was known stays where that fails, and is tried again in a day."""
        now, found = self._clock(), self.of(tenant)
        try:
            found = experience_of(self._finished(tenant, now), now)
        except EvenloadError as error:
            _log.error("tenant=%s event=nothing_learned why=%s", tenant, error)
        except Exception:  # noqa: BLE001  # the boundary between tenants: a defect met with one is its own
            _log.exception("tenant=%s event=learning_defect", tenant)
        self._learned[tenant] = now, found
        _log.info(
            "tenant=%s event=learned sessions=%d departures=%s short_lately=%d", tenant, found.sessions,
            "known" if found.risk is not None else f"unknown, {SESSIONS_LEAST} sessions are needed", len(found.weights),
        )  # fmt: skip

    def _finished(self, tenant: str, now: datetime) -> Iterator[SessionRow]:
        """The last ones that ended, a day at a time."""
        count = 0
        for day in range(DAYS_BACK):
            window = Interval(now - (day + 1) * _DAY, now - day * _DAY)
            with self._store.reading() as unit:
                rows = [one for one in unit.sessions.within(tenant, window) if one.plugged_at in window]
            ended = [one for one in rows if one.unplugged_at is not None]
            yield from ended
            count += len(ended)
            if count >= _SESSIONS_MAX:
                return
