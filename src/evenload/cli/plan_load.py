"""Load beside charging that `evenload plan` reckons with: the load file, at a quantile, and cars nobody manages."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np

from evenload.base.errors import CircuitError, InputError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.cli.reading import read
from evenload.domain.circuit import CircuitTree
from evenload.domain.history import History
from evenload.files import packaged
from evenload.files.history import history_of
from evenload.files.load import direct_load_of, has_quantiles
from evenload.files.naming import naming
from evenload.files.specs import HISTORY, LOAD
from evenload.files.unmanaged_part import UnmanagedAsked
from evenload.forecast.car_weeks import weeks_of_cars_kw
from evenload.forecast.unmanaged_cars import unmanaged_cars_kw
from evenload.simulate.population import preset
from evenload.simulate.population.fit import power_kw

_PRESET_CARS: Final = 200
_PRESET_WEEKS: Final = timedelta(weeks=6)
_PRESET_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class LoadAsked:
    """The load file, and at which quantile it is read (None: ``load_kw``)."""

    file: Path | None = None
    quantile: float | None = None

    def refuse(self) -> None:
        """Say what cannot be before anything is read."""
        if self.quantile is None:
            return
        if not 0 < self.quantile < 1:
            raise InputError(f"--load-quantile {self.quantile:g}: give a probability between 0 and 1, such as 0.9")
        if self.file is None:
            raise InputError("--load-quantile needs --load: a load file with load_kw_p10, load_kw_p50 and load_kw_p90")


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """What the problem file says of cars nobody manages, and where it stands."""

    asked: UnmanagedAsked
    path: Path


def base_load_kw(
    load: LoadAsked, unmanaged: Unmanaged | None, horizon: Horizon, tree: CircuitTree, skip_bad_rows: bool
) -> tuple[FloatArray, tuple[str, ...]]:
    """Load through each circuit beside charging, kW, (nodes, steps), and what there is to say of it."""
    load.refuse()
    through, notes = np.zeros((len(tree), horizon.steps)), list[str]()
    if load.file is not None:
        table = read(load.file, LOAD, skip_bad_rows)
        through = tree.sum_up(direct_load_of(table, horizon, tree, load.quantile))
        if load.quantile is None and has_quantiles(table):
            notes.append("the load file has quantiles; load_kw is used (--load-quantile chooses one)")
    if unmanaged is not None:
        cars_kw = _unmanaged_kw(unmanaged, load.quantile, horizon, tree, skip_bad_rows)
        through = through + cars_kw
        notes.append(_words(unmanaged.asked, cars_kw, horizon))
    return through, tuple(notes)


def _unmanaged_kw(
    unmanaged: Unmanaged, quantile: float | None, horizon: Horizon, tree: CircuitTree, skip_bad_rows: bool
) -> FloatArray:
    asked, zone = unmanaged.asked, tree.circuits[0].timezone or "UTC"
    with naming(unmanaged.path, CircuitError):
        node = tree.find(list(asked.counts))
    count: FloatArray = np.bincount(node, weights=list(asked.counts.values()), minlength=len(tree)).astype(np.float64)
    below = np.rint(tree.sum_up(count[:, None])[:, 0]).astype(np.int64)
    level = quantile if asked.quantile is None else asked.quantile
    with naming(unmanaged.path, InputError):
        past = _history(unmanaged, horizon, LocalClock(zone), skip_bad_rows)
        with naming(Path(asked.history or asked.dataset or asked.preset), InputError):
            sample_kw = weeks_of_cars_kw(past, horizon, LocalClock(zone))
        if level is None:
            return np.asarray(np.outer(below, asked.share_of_counts * sample_kw.mean(axis=0)))
        return unmanaged_cars_kw(sample_kw, below, asked.share_of_counts, level)


def _history(unmanaged: Unmanaged, horizon: Horizon, clock: LocalClock, skip_bad_rows: bool) -> History:
    """Sessions of such cars, their powers estimated where they are not known."""
    asked = unmanaged.asked
    if asked.preset:
        began, rng = horizon.start - _PRESET_WEEKS, np.random.default_rng(_PRESET_SEED)
        return preset(asked.preset).draw(_PRESET_CARS, began, horizon.start, rng, clock)
    if asked.dataset:
        past = packaged.history(asked.dataset)
    else:
        past = history_of(read(unmanaged.path.parent / asked.history, HISTORY, skip_bad_rows))
    past = past.take(np.flatnonzero(past.user_id != ""))
    return replace(past, power_kw_max=power_kw(past, np.unique(past.user_id, return_inverse=True)[1]))


def _words(asked: UnmanagedAsked, cars_kw: FloatArray, horizon: Horizon) -> str:
    """What was added at the top of the grid."""
    number = sum(asked.counts.values()) * asked.share_of_counts
    peak, kwh = float(cars_kw[0].max()), float(cars_kw[0].sum()) * horizon.hours_per_step
    return f"load of {number:,.4g} unmanaged cars is added: up to {peak:,.1f} kW at the top, {kwh:,.1f} kWh"
