"""Base load ahead, kept fresh: histories of circuits from the store, a forecast of each, handed to the brain."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

import numpy as np

from evenload.base.errors import EvenloadError
from evenload.base.horizon import Horizon
from evenload.base.instants import Interval, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.forecast.conditions import Calendar
from evenload.forecast.forecast import Forecast
from evenload.forecast.forecaster import fit
from evenload.forecast.history import LoadHistory
from evenload.service.live_rows import LoadKind, LoadRow
from evenload.service.ports import Store
from evenload.service.problem_of import HOURS_AHEAD, STEP_MINUTES, horizon_at, tree_of
from evenload.service.snapshot import Expected

_log = logging.getLogger("evenload.app.forecasting")

PAST: Final = timedelta(days=42)
_STALE: Final = 3
_LATE: Final = timedelta(days=3)
"""How long after it was metered a load may still come."""


@dataclass(slots=True)
class _Kept:
    """The history of a tenant so far, and the forecast made of it."""

    nodes: tuple[str, ...]
    horizon: Horizon
    load_kw: FloatArray
    forecast: Forecast | None = None
    read_from: datetime | None = None
    made_s: float = 0.0


class Forecasting:
    """Forecasts for tenants, made anew every ``period_s`` of the event loop.

    Where nothing was metered yet nothing is expected, and the plan says so.
    """

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], quantile: float, period_s: float
    ) -> None:
        self._store = store
        self._tenants = tuple(tenants)
        self._clock = clock
        self._quantile = quantile
        self._period_s = period_s
        self._kept: dict[str, _Kept] = {}
        self._one_at_a_time = Lock()

    async def run(self) -> None:
        """Forecast for ever."""
        while True:
            for tenant in self._tenants:
                await asyncio.to_thread(self.refresh, tenant)
            await asyncio.sleep(self._period_s)

    def refresh(self, tenant: str) -> None:
        """Read what was metered since, and forecast. For any thread."""
        with self._one_at_a_time:
            self._refresh(tenant)

    def _refresh(self, tenant: str) -> None:
        now = self._clock()
        try:
            with self._store.reading() as unit:
                tree = tree_of(unit.circuits.of(tenant))
                kept = self._history(tenant, now)
                rows = unit.loads.within(tenant, Interval(kept.read_from or now - PAST, now))
            self._take(kept, rows)
            kept.read_from = max(now - _LATE, now - PAST)
            kept.forecast = _forecast(kept, tree, now)
            kept.made_s = time.monotonic()
        except EvenloadError as error:
            _log.error("tenant=%s event=no_forecast why=%s", tenant, error)
        except Exception:  # noqa: BLE001  # the boundary between tenants: a defect met with one is its own
            _log.exception("tenant=%s event=forecast_defect", tenant)

    def expected(self, tenant: str) -> Expected | None:
        """What base load is expected of a tenant's circuits, ``None`` where nothing was metered yet."""
        kept = self._kept.get(tenant)
        found = kept.forecast if kept else None
        if found is None:
            return None
        load_kw = found.quantile_kw(self._quantile)
        known = np.isfinite(load_kw).all(axis=1)
        names = tuple(found.nodes[row] for row in np.flatnonzero(known).tolist())
        basis = {node: one.value for node, one in zip(found.nodes, found.basis, strict=True)}
        return Expected(
            names, found.horizon.start, found.horizon.step_minutes, load_kw[known], self._quantile, basis
        )  # fmt: skip

    def quantiles(self, tenant: str) -> Forecast | None:
        """The whole forecast of a tenant."""
        kept = self._kept.get(tenant)
        return kept.forecast if kept else None

    def age_s(self, tenant: str) -> float | None:
        """How long ago a tenant's forecast was made, by a clock nobody can set; ``None`` where there is none."""
        kept = self._kept.get(tenant)
        return time.monotonic() - kept.made_s if kept and kept.forecast is not None else None

    def stale(self) -> list[str]:
        """Tenants whose forecast was to be made anew thrice and was not."""
        ages = {tenant: self.age_s(tenant) for tenant in self._tenants}
        return [tenant for tenant, age_s in ages.items() if age_s is not None and age_s > _STALE * self._period_s]

    def _history(self, tenant: str, now: datetime) -> _Kept:
        """The history of a tenant, moved on to end with the step that goes on now."""
        steps = int(PAST / timedelta(minutes=STEP_MINUTES))
        end = horizon_at(now).start
        horizon = Horizon(end - PAST, STEP_MINUTES, steps)
        kept = self._kept.get(tenant)
        if kept is None:
            kept = self._kept[tenant] = _Kept((), horizon, np.zeros((0, steps)))
        moved = int((horizon.start - kept.horizon.start) / timedelta(minutes=STEP_MINUTES))
        if moved > 0:
            fresh = np.full((len(kept.nodes), min(moved, steps)), np.nan)
            kept.load_kw = np.hstack([kept.load_kw, fresh])[:, -steps:]
            kept.horizon = horizon
        return kept

    def _take(self, kept: _Kept, rows: Sequence[LoadRow]) -> None:
        """Fill in loads of what is connected at circuits; each is a mean that covers whole steps."""
        direct = [one for one in rows if one.kind is LoadKind.DIRECT]
        names = dict.fromkeys((*kept.nodes, *(one.node for one in direct)))
        if len(names) > len(kept.nodes):
            new = np.full((len(names) - len(kept.nodes), kept.horizon.steps), np.nan)
            kept.nodes, kept.load_kw = tuple(names), np.vstack([kept.load_kw, new])
        at = {name: row for row, name in enumerate(kept.nodes)}
        if not direct:
            return
        starts = kept.horizon.position(np.array([to_datetime64(one.at) for one in direct]))
        for one, start in zip(direct, np.round(starts).astype(int).tolist(), strict=True):
            steps = max(1, round(one.duration_s / (60 * STEP_MINUTES)))
            first, last = max(start, 0), min(start + steps, kept.horizon.steps)
            kept.load_kw[at[one.node], first:last] = one.load_kw


def _forecast(kept: _Kept, tree: CircuitTree, now: datetime) -> Forecast | None:
    """Forecasts of every circuit that has anything metered below it, each on its own sum."""
    placed = [row for row, node in enumerate(kept.nodes) if node in tree.index]
    if not placed:
        return None
    sums = _sums(tree, {kept.nodes[row]: place for place, row in enumerate(placed)})
    own = LoadHistory(tuple(f"={kept.nodes[row]}" for row in placed), kept.horizon, kept.load_kw[placed])
    history = own.with_sums(sums)
    whole = slice(len(placed), None)
    summed = LoadHistory(history.nodes[whole], kept.horizon, history.load_kw[whole])
    zone = tree.circuits[0].timezone or "UTC"
    horizon = horizon_at(now, hours=HOURS_AHEAD + 1)
    return fit(summed, Calendar(LocalClock(zone))).predict(now, horizon)


def _sums(tree: CircuitTree, rows: Mapping[str, int]) -> dict[str, IntArray]:
    """For every circuit the rows of what is metered at it and below it."""
    below: dict[int, list[int]] = {}
    for node, row in rows.items():
        for above in tree.path(tree.index[node]):
            below.setdefault(above, []).append(row)
    return {tree.circuits[node].node: np.array(members, dtype=np.int64) for node, members in below.items()}
