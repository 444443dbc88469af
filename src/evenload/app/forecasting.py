"""Base load ahead, kept fresh: what is metered at circuits from the store, a forecast of each, handed to the brain."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from evenload.app.aside import Aside
from evenload.app.load_memory import LoadMemory, Wanted, meters_of, read_loads
from evenload.base.errors import EvenloadError
from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitTree
from evenload.files import packaged
from evenload.forecast.class_profile import ClassProfile
from evenload.forecast.forecast import Basis, Forecast
from evenload.service.base_load import COLD_DAYS, Loads, Metered, base_load_ahead
from evenload.service.ports import Store
from evenload.service.problem_of import HOURS_AHEAD, STEP_MINUTES, horizon_at, tree_of
from evenload.service.snapshot import Expected
from evenload.store.sql.store import opened

_log = logging.getLogger("evenload.app.forecasting")

_STALE: Final = 3
_MANY: Final = 100
"""So many meters are forecast in a process of its own: a thread would have the event loop wait for its turn."""
_MUCH: Final = 100_000
"""So many loads are read in a process of its own, where another can open the store."""
_HOMES: Final = "homes"


@dataclass(slots=True)
class _Kept:
    """What is remembered of a tenant's meters, and the forecast made of it."""

    memory: LoadMemory = field(default_factory=LoadMemory)
    forecast: Forecast | None = None
    made_s: float = 0.0
    tried: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a forecast is made of; goes to another process where there is much of it."""

    metered: Metered
    tree: CircuitTree
    now: datetime
    horizon: Horizon


class Forecasting:
    """Forecasts for tenants, made anew every ``period_s`` of the event loop.

    Where nothing was metered yet nothing is expected, and the plan says so. ``roll_up`` has quarter hours of what cars
    drew made of readings, up to an instant: main meters tell of cars too, which are taken off. ``where`` the store is
    opened again by a process that reads much of it.
    """

    def __init__(
        self, store: Store, tenants: Iterable[str], clock: Callable[[], datetime], quantile: float, period_s: float,
        roll_up: Callable[[datetime], object] | None = None, where: str | Path | None = None,
    ) -> None:  # fmt: skip
        self._store = store
        self._tenants = tuple(tenants)
        self._clock = clock
        self._quantile = quantile
        self._period_s = period_s
        self._roll_up = roll_up
        self._where = where
        self._kept: dict[str, _Kept] = {}
        self._aside = Aside()
        self._one_at_a_time = Lock()

    async def run(self) -> None:
        """Forecast for ever."""
        try:
            while True:
                for tenant in self._tenants:
                    await asyncio.to_thread(self.refresh, tenant)
                await asyncio.sleep(self._period_s)
        finally:
            self._aside.stop()

    def refresh(self, tenant: str) -> None:
        """Read what was metered since, and forecast. For any thread."""
        with self._one_at_a_time:
            self._refresh(tenant)

    def _refresh(self, tenant: str) -> None:
        kept, now = self._kept.setdefault(tenant, _Kept()), self._clock()
        try:
            meters = meters_of(self._store, tenant)
            if self._roll_up is not None and any(is_total for _, is_total in meters):
                self._roll_up(now)
            for span in kept.memory.due(now, sum(meters.values())):
                for wanted in kept.memory.wanted(tenant, meters, now, span):
                    kept.memory.take(wanted, self._read(wanted))
                kept.forecast = self._made(tenant, kept.memory.metered, now)
                kept.made_s = time.monotonic()
        except EvenloadError as error:
            _log.error("tenant=%s event=no_forecast why=%s", tenant, error)
        except Exception:  # noqa: BLE001  # the boundary between tenants: a defect met with one is its own
            _log.exception("tenant=%s event=forecast_defect", tenant)
        kept.tried = True

    def _read(self, wanted: Wanted) -> Loads:
        if self._where is not None and wanted.size > _MUCH:
            return self._aside.do(_read_from, (self._where, wanted))
        return read_loads(self._store, wanted)

    def _made(self, tenant: str, metered: Metered, now: datetime) -> Forecast | None:
        with self._store.reading() as unit:
            tree = tree_of(unit.circuits.of(tenant))
        if not metered.nodes:
            _log.info("tenant=%s event=forecast nothing is metered", tenant)
            return None
        asked = _Asked(metered, tree, now, horizon_at(now, hours=HOURS_AHEAD + 1))
        found = self._aside.do(_forecast, asked) if len(metered.nodes) >= _MANY else _forecast(asked)
        bases = [] if found is None else list(found.basis)
        told = " ".join(f"{one.value}={bases.count(one)}" for one in Basis if one in bases)
        _log.info("tenant=%s event=forecast %s", tenant, told or "nothing is metered")
        return found

    def expected(self, tenant: str) -> Expected | None:
        """What base load is expected of a tenant's circuits, ``None`` where nothing was metered yet."""
        found = self.quantiles(tenant)
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

    def tried(self, tenant: str) -> bool:
        """Whether a forecast of a tenant was tried: where there is none then, nothing was metered."""
        kept = self._kept.get(tenant)
        return kept is not None and kept.tried

    def age_s(self, tenant: str) -> float | None:
        """How long ago a tenant's forecast was made, by a clock nobody can set; ``None`` where there is none."""
        kept = self._kept.get(tenant)
        return time.monotonic() - kept.made_s if kept and kept.forecast is not None else None

    def stale(self) -> list[str]:
        """Tenants whose forecast was to be made anew thrice and was not."""
        ages = {tenant: self.age_s(tenant) for tenant in self._tenants}
        return [tenant for tenant, age_s in ages.items() if age_s is not None and age_s > _STALE * self._period_s]


def _forecast(asked: _Asked) -> Forecast | None:
    is_cold = bool((asked.metered.days < COLD_DAYS).any())
    return base_load_ahead(asked.metered, asked.tree, asked.now, asked.horizon, _homes() if is_cold else None)


def _homes() -> ClassProfile:
    """What homes are like, from the profiles that come with evenload."""
    return ClassProfile.of_days(_HOMES, packaged.households(step_minutes=STEP_MINUTES))


def _read_from(given: tuple[str | Path, Wanted]) -> Loads:
    where, wanted = given
    with opened(where) as store:
        return read_loads(store, wanted)
