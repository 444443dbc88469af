"""What main meters show, kept as loads of quarter hours, of which forecasts are made. Who tells by REST tells those."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import EvenloadError
from evenload.service.guard import Guarded, Sight
from evenload.service.live_rows import LoadKind, LoadRow
from evenload.service.ports import Store
from evenload.service.problem_of import STEP_MINUTES, horizon_at

_log = logging.getLogger("evenload.app.main_meters")

_LOOK_S: Final = 1.0
_SPANNED: Final = timedelta(minutes=STEP_MINUTES / 2)
_BY_REST: Final = "rest"

Site = tuple[str, str]


@dataclass(slots=True)
class _Quarter:
    """What was read of a meter in a quarter of an hour: powers held until the next, from the first to the last."""

    start: datetime
    first_at: datetime
    last_at: datetime
    power_kw: float
    kwh: float = 0.0

    def add(self, at: datetime, power_kw: float) -> None:
        self.kwh += self.power_kw * (at - self.last_at).total_seconds() / 3600
        self.last_at, self.power_kw = at, power_kw

    def mean_kw(self) -> float | None:
        """``None`` where less than half of it was seen."""
        seen = self.last_at - self.first_at
        return None if seen < _SPANNED else self.kwh * 3600 / seen.total_seconds()


class MainMeters:
    """Watches what the guard reads, by tenant and site, and keeps the mean of each quarter of an hour that ended."""

    def __init__(self, store: Store, states: Callable[[], Mapping[Site, Guarded]]) -> None:
        self._store = store
        self._states = states
        self._quarters: dict[Site, _Quarter] = {}

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            ended = self.look()
            if ended:
                await asyncio.to_thread(self.keep, ended)
            await asyncio.sleep(_LOOK_S)

    def look(self) -> list[LoadRow]:
        """See what is read now; what ended with it."""
        ended: list[LoadRow] = []
        for site, state in self._states().items():
            metered, quarter = state.metered, self._quarters.get(site)
            if metered is None or state.sight is not Sight.CLEAR or (quarter and metered.at <= quarter.last_at):
                continue
            start = horizon_at(metered.at).start
            if quarter is not None and quarter.start == start:
                quarter.add(metered.at, metered.power_kw)
                continue
            mean_kw = quarter.mean_kw() if quarter else None
            if quarter is not None and mean_kw is not None:
                ended.append(LoadRow(*site, quarter.start, 60.0 * STEP_MINUTES, round(mean_kw, 3), LoadKind.TOTAL))
            self._quarters[site] = _Quarter(start, metered.at, metered.at, metered.power_kw)
        return ended

    def keep(self, rows: list[LoadRow]) -> None:
        """Put loads into the store, but for meters that are told by REST. For any thread."""
        try:
            with self._store.writing() as unit:
                sites = {(one.tenant, one.node): unit.sites.find(one.tenant, one.node) for one in rows}
                own = {key for key, site in sites.items() if site is not None and site.meter != _BY_REST}
                unit.loads.put(one for one in rows if (one.tenant, one.node) in own)
        except EvenloadError as error:
            _log.warning("event=main_meters_not_kept loads=%d why=%s", len(rows), error)
