"""How well the driver model foretells drivers it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock, is_weekend
from evenload.base.units import FloatArray
from evenload.domain.history import History
from evenload.simulate.population.fit import fit
from evenload.simulate.population.generate import generate
from evenload.simulate.population.peaks import PeakRow, held_out_peaks
from evenload.simulate.population.profile import mean_height, minutes_of, plugged_in

CARS_PER_FOLD: Final = 400
WEEKS: Final = 52


@dataclass(frozen=True)
class Distances:
    """Differences of generated from real sessions: three Kolmogorov-Smirnov distances, and the largest of 48 hourly
    differences (24 of weekdays, 24 of weekends) of the share of cars plugged in, in points of 100."""

    ks_arrival: float
    ks_connected: float
    ks_energy: float
    share_points: float


@dataclass(frozen=True)
class GoodnessReport:
    """K-fold over drivers: the sessions of every driver against cars generated from the other folds' drivers.

    ``pooled`` compares all held-out drivers together, ``fold_mean`` and ``fold_worst`` single folds. ``real_mean`` is
    the same distance between a fold's drivers and the *real* sessions of the drivers fitted: how unlike two groups
    of drivers are, whatever the model. ``peaks``: see ``PeakRow``.
    """

    drivers: int
    folds: int
    pooled: Distances
    fold_mean: Distances
    fold_worst: Distances
    real_mean: Distances
    peaks: tuple[PeakRow, ...]

    def text(self) -> str:
        """A table for people."""
        rows = [("pooled", self.pooled), ("single fold, mean", self.fold_mean),
                ("single fold, worst", self.fold_worst), ("real against real, mean", self.real_mean)]  # fmt: skip
        lines = [f"{'':26}KS arrival  KS stay  KS kWh  plugged-in share, points"]
        lines += [
            f"{name:26}{row.ks_arrival:10.3f} {row.ks_connected:8.3f} {row.ks_energy:7.3f} {row.share_points:8.2f}"
            for name, row in rows
        ]
        return "\n".join(lines + [row.text() for row in self.peaks])


@dataclass(frozen=True)
class _Sample:
    """Sessions with the weight of each, and the spans in which their drivers were watched."""

    history: History
    weight: FloatArray
    begin: FloatArray
    end: FloatArray
    span_weight: FloatArray


def held_out(history: History, clock: LocalClock, folds: int, seed: int) -> GoodnessReport:
    """Fit on all drivers but a fold's, generate, compare with the fold's; ``folds`` times.

    Every driver counts alike: his sessions weigh 1 / days from his first to his last plug-in, and the last session,
    which only closes that span, is left out (as n plug-ins bound n - 1 waits).
    Raises ``InputError`` with fewer drivers than folds, or fewer than two folds.
    """
    rng = np.random.default_rng(seed)
    history = history.take(history.user_id != "")
    drivers = rng.permutation(np.unique(history.user_id))
    if not 2 <= folds <= drivers.size:
        raise InputError(f"{drivers.size} drivers cannot be held out in {folds} folds; use 2 to {drivers.size}")
    generated, single, real = [], [], []
    for fold in np.array_split(drivers, folds):
        out = np.isin(history.user_id, fold)
        made = _generated(history.take(~out), clock, rng)
        generated.append(made)
        seen = _watched(history.take(out))
        single.append(_distances(seen, made, clock))
        real.append(_distances(seen, _watched(history.take(~out)), clock))
    return GoodnessReport(
        drivers=drivers.size,
        folds=folds,
        pooled=_distances(_watched(history), _joined(generated), clock),
        fold_mean=_over(single, np.mean),
        fold_worst=_over(single, np.max),
        real_mean=_over(real, np.mean),
        peaks=held_out_peaks(history, clock, folds, rng),
    )


def _generated(history: History, clock: LocalClock, rng: np.random.Generator) -> _Sample:
    """A year of cars from a fit; sessions that begin inside it, which a margin of weeks lets end outside."""
    start = to_datetime(history.plugged_at.min())
    end, margin = start + timedelta(weeks=WEEKS), timedelta(weeks=3)
    made = generate(fit(history, clock), CARS_PER_FOLD, start - margin, end + margin, rng)
    begin = (made.plugged_at >= to_datetime64(start)) & (made.plugged_at < to_datetime64(end))
    edges = minutes_of(np.array([to_datetime64(start), to_datetime64(end)]))
    made = made.take(begin)
    return _Sample(made, np.ones(len(made)), edges[:1], edges[1:], np.array([float(CARS_PER_FOLD)]))


def _watched(history: History) -> _Sample:
    history = history.take(np.argsort(history.plugged_at, kind="stable"))
    _, driver = np.unique(history.user_id, return_inverse=True)
    plug = minutes_of(history.plugged_at)
    begin, end = np.full(driver.max() + 1, np.inf), np.full(driver.max() + 1, -np.inf)
    np.minimum.at(begin, driver, plug)
    np.maximum.at(end, driver, plug)
    kept = plug < end[driver]
    weight = 1.0 / np.maximum(end - begin, 1.0)
    return _Sample(history.take(kept), weight[driver[kept]], begin, end, weight)


def _joined(parts: list[_Sample]) -> _Sample:
    names = ("weight", "begin", "end", "span_weight")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return _Sample(History.concatenate([part.history for part in parts]), *columns)


def _distances(real: _Sample, made: _Sample, clock: LocalClock) -> Distances:
    columns: tuple[Callable[[History], FloatArray], ...] = (
        lambda history: clock.minute_of_day(history.plugged_at).astype(np.float64),
        lambda history: history.connected_h,
        lambda history: history.energy_kwh_metered,
    )
    arrival, connected, energy = (
        distance_ks(column(real.history), real.weight, column(made.history), made.weight) for column in columns
    )
    gap = np.abs(_shares(real, clock) - _shares(made, clock)).max()
    return Distances(arrival, connected, energy, 100.0 * float(gap))


def distance_ks(a: FloatArray, weight_a: FloatArray, b: FloatArray, weight_b: FloatArray) -> float:
    """Kolmogorov-Smirnov distance between two weighted samples, 0 to 1."""
    values = np.unique(np.concatenate([a, b]))

    def below(sample: FloatArray, weight: FloatArray) -> FloatArray:
        order = np.argsort(sample)
        total = np.concatenate([[0.0], np.cumsum(weight[order])])
        return np.asarray(total[np.searchsorted(sample[order], values, side="right")] / total[-1])

    return float(np.abs(below(a, weight_a) - below(b, weight_b)).max())


def _shares(sample: _Sample, clock: LocalClock) -> FloatArray:
    """Share of watched cars plugged in: 24 hours of weekdays, then of weekends, shape (48,)."""
    edges = np.arange(np.floor(sample.begin.min() / 60) * 60, sample.end.max() + 60, 60.0)
    plugged = plugged_in(sample.history, edges, sample.weight)
    watched = mean_height(sample.begin, sample.end, sample.span_weight, edges)
    middle = ((edges[:-1] + 30) * 60).astype(np.int64).astype("datetime64[s]")
    cell = clock.minute_of_day(middle) // 60 + 24 * is_weekend(clock.date(middle))
    return np.asarray(np.bincount(cell, plugged, 48) / np.bincount(cell, watched, 48))


def _over(rows: list[Distances], summary: Callable[[list[float]], float]) -> Distances:
    names = ("ks_arrival", "ks_connected", "ks_energy", "share_points")
    return Distances(*(float(summary([getattr(row, name) for row in rows])) for name in names))
