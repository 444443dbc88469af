"""Coincidence: the unmanaged peak of N cars, real against generated, since it is what sets a transformer's peak."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import Interval, to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_DAY, FloatArray, TextArray
from evenload.domain.history import History
from evenload.simulate.population.fit import fit
from evenload.simulate.population.generate import generate
from evenload.simulate.population.profile import minutes_of, unmanaged_kw
from evenload.simulate.population.resample import replay

CARS: Final = (10, 50, 130)
WEEKS: Final = 9
DRAWS: Final = 60

_POOL: Final = 300
_STEP_MINUTES: Final = 15
_EPOCH_MONDAY: Final = 4  # 1970-01-05
_EDGE_DAYS: Final = 3
_MARGIN: Final = timedelta(weeks=1)


@dataclass(frozen=True)
class PeakRow:
    """Unmanaged kW per car of ``cars`` cars, quarter-hour means: mean of daily peaks, and the highest of the weeks.

    Means over 60 draws of cars. ``drivers`` real ones were watched throughout, so that real peaks are simultaneous.
    """

    cars: int
    drivers: int
    daily_kw_real: float
    daily_kw_generated: float
    highest_kw_real: float
    highest_kw_generated: float

    @property
    def daily_error(self) -> float:
        """Generated over real mean daily peak, less 1."""
        return self.daily_kw_generated / self.daily_kw_real - 1

    @property
    def highest_error(self) -> float:
        """Generated over real highest peak, less 1."""
        return self.highest_kw_generated / self.highest_kw_real - 1

    def text(self) -> str:
        """One line for people."""
        return (
            f"peak of {self.cars:3d} cars, kW per car: daily {self.daily_kw_real:.3f} real, "
            f"{self.daily_kw_generated:.3f} generated ({self.daily_error:+.1%}); highest {self.highest_kw_real:.3f} "
            f"real, {self.highest_kw_generated:.3f} generated ({self.highest_error:+.1%})"
        )


def held_out_peaks(history: History, clock: LocalClock, folds: int, rng: np.random.Generator) -> tuple[PeakRow, ...]:
    """Peaks of real drivers over the nine weeks with the most of them, and of cars generated for the same weeks.

    A fold's share of the N generated cars comes from a model that has not seen that fold's drivers. Real cars are
    drawn without repeats as long as there are drivers; repeats are shifted by whole weeks (``resample.replay``).
    """
    weeks, drivers = _densest(history, clock)
    mine = history.take(np.isin(history.user_id, drivers))
    pools = [
        _pool(mine.take(~np.isin(mine.user_id, fold)), weeks, clock, rng)
        for fold in np.array_split(rng.permutation(drivers), folds)
    ]
    edges = _edges(weeks)
    rows = []
    for cars in CARS:
        real = np.mean([_peaks(_real(mine, drivers, cars, weeks, clock, rng), edges) for _ in range(DRAWS)], axis=0)
        made = np.mean([_peaks(_made(pools, cars, rng), edges) for _ in range(DRAWS)], axis=0)
        rows.append(PeakRow(cars, drivers.size, real[0] / cars, made[0] / cars, real[1] / cars, made[1] / cars))
    return tuple(rows)


def _densest(history: History, clock: LocalClock) -> tuple[Interval, TextArray]:
    """The nine weeks from a Monday that most drivers were watched through, and those drivers."""
    drivers, driver = np.unique(history.user_id, return_inverse=True)
    day = clock.date(history.plugged_at).astype(np.int64)
    first, last = np.full(drivers.size, 2**40), np.full(drivers.size, -(2**40))
    np.minimum.at(first, driver, day)
    np.maximum.at(last, driver, day)
    monday = np.arange(_EPOCH_MONDAY + (first.min() - _EPOCH_MONDAY) // 7 * 7, last.max(), 7)
    through = (first <= monday[:, None] + _EDGE_DAYS) & (last >= monday[:, None] + 7 * WEEKS - _EDGE_DAYS)
    best = int(through.sum(axis=1).argmax())
    if not through[best].any():
        raise InputError(f"no driver was watched for {WEEKS} weeks, so peaks cannot be compared")
    span = clock.utc(np.array([monday[best], monday[best] + 7 * WEEKS]).astype("datetime64[D]"))
    return Interval(to_datetime(span[0]), to_datetime(span[1])), drivers[through[best]]


def _edges(weeks: Interval) -> FloatArray:
    start = minutes_of(np.array([to_datetime64(weeks.start)]))
    return start + _STEP_MINUTES * np.arange(7 * WEEKS * MINUTES_PER_DAY // _STEP_MINUTES + 1)


def _peaks(history: History, edges: FloatArray) -> tuple[float, float]:
    """Mean of daily peaks and highest peak, kW; days of 24 h from the first edge."""
    daily = unmanaged_kw(history, edges).reshape(7 * WEEKS, -1).max(axis=1)
    return float(daily.mean()), float(daily.max())


def _pool(history: History, weeks: Interval, clock: LocalClock, rng: np.random.Generator) -> list[History]:
    """Generated cars, one history each."""
    made = generate(fit(history, clock), _POOL, weeks.start - _MARGIN, weeks.end + _MARGIN, rng)
    order = np.argsort(made.user_id, kind="stable")
    names, begin = np.unique(made.user_id[order], return_index=True)
    idle = [made.take(order[:0])] * (_POOL - names.size)
    return [made.take(rows) for rows in np.split(order, begin[1:])] + idle


def _real(
    history: History, drivers: TextArray, cars: int, weeks: Interval, clock: LocalClock, rng: np.random.Generator
) -> History:
    rounds = -(-cars // drivers.size)
    drawn = np.concatenate([rng.permutation(drivers) for _ in range(rounds)])[:cars]
    return replay(history, drawn, (weeks.start - _MARGIN, weeks.end + _MARGIN), rng, clock)


def _made(pools: list[list[History]], cars: int, rng: np.random.Generator) -> History:
    """``cars`` cars, as many of each fold's pool."""
    share = np.bincount(np.arange(cars) % len(pools), minlength=len(pools))
    chosen = [
        pool[one]
        for pool, count in zip(pools, share.tolist(), strict=True)
        for one in rng.choice(_POOL, size=count, replace=False).tolist()
    ]
    return History.concatenate(chosen)
