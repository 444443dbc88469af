"""Fallbacks by default: what devices draw that nobody reaches is allotted anew as base load and devices change."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final

import numpy as np

from evenload.app.forecasting import Forecasting
from evenload.base.errors import EvenloadError
from evenload.base.units import FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.forecast.forecast import Forecast
from evenload.service.expected import base_load
from evenload.service.fallbacks import Renewed, renew
from evenload.service.ports import Store
from evenload.service.snapshot import Expected

_log = logging.getLogger("evenload.app.fallbacks")

SELDOM_EXCEEDED: Final = 0.95
_PERIOD_S: Final = 4 * 3600.0
_SETTLE_S: Final = 10.0
_LOOK_S: Final = 5.0


class Fallbacks:
    """Allots fallbacks every few hours, and ``settle_s`` of the event loop after devices or circuits changed.

    Nothing is allotted to a tenant before its base load was forecast, or it was found that nothing is metered.
    """

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], new_id: Callable[[], str],
        forecasting: Forecasting, ordered: Callable[[], None], settle_s: float = _SETTLE_S,
    ) -> None:  # fmt: skip
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._forecasting = forecasting
        self._ordered = ordered
        self._settle_s = settle_s
        self._loop = asyncio.get_running_loop()
        self._due = dict.fromkeys(tenants, 0.0)
        self._changed = asyncio.Event()
        self._last: dict[str, Renewed] = {}

    @property
    def last(self) -> Mapping[str, Renewed]:
        """What became of each tenant's fallbacks the last time."""
        return self._last

    def wake(self, tenant: str) -> None:
        """Allot anew soon: devices or circuits of a tenant changed. For any thread."""
        self._loop.call_soon_threadsafe(self._note, tenant)

    def _note(self, tenant: str) -> None:
        if tenant in self._due:
            self._due[tenant] = min(self._due[tenant], self._loop.time() + self._settle_s)
            self._changed.set()

    async def run(self) -> None:
        """Allot for ever."""
        while True:
            self._changed.clear()
            for tenant, due_s in self._due.items():
                if due_s <= self._loop.time() and self._forecasting.tried(tenant):
                    self._due[tenant] = self._loop.time() + _PERIOD_S
                    await asyncio.to_thread(self.renew, tenant)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._wait_s())

    def _wait_s(self) -> float:
        return max(min(self._due.values(), default=_LOOK_S) - self._loop.time(), min(_LOOK_S, self._settle_s))

    def renew(self, tenant: str) -> None:
        """Allot to the devices of a tenant. For any thread."""
        found = self._forecasting.quantiles(tenant)
        try:
            renewed = renew(self._store, tenant, lambda tree: highest_kw(tree, found), self._clock(), self._new_id)
        except EvenloadError as error:
            _log.error("tenant=%s event=no_fallbacks why=%s", tenant, error)
            return
        except Exception:  # noqa: BLE001  # the boundary between tenants: a defect met with one is its own
            _log.exception("tenant=%s event=fallbacks_defect", tenant)
            return
        before = self._last.get(tenant, Renewed())
        self._last[tenant] = renewed
        if renewed.given:
            _log.info("tenant=%s event=fallbacks_allotted devices=%d", tenant, len(renewed.given))
            self._ordered()
        for one in renewed.shortfalls:
            if one.node not in {known.node for known in before.shortfalls}:
                _log.warning("tenant=%s node=%s event=fallbacks_do_not_fit kw_over=%.2f", tenant, one.node, one.kw_over)


def highest_kw(tree: CircuitTree, found: Forecast | None) -> FloatArray:
    """The highest base load of every circuit (nodes,) that is seldom exceeded as far as a forecast reaches."""
    if found is None:
        return np.zeros(len(tree))
    load_kw = found.quantile_kw(SELDOM_EXCEEDED)
    known = np.isfinite(load_kw).all(axis=1)
    names = tuple(found.nodes[row] for row in np.flatnonzero(known).tolist())
    told = Expected(names, found.horizon.start, found.horizon.step_minutes, load_kw[known], SELDOM_EXCEEDED)
    return np.asarray(base_load(tree, found.horizon, told).load_kw.max(axis=1))
