"""Values over time made one local day at a time, whenever they are asked for, and the same on every asking."""

from collections.abc import Callable
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray
from evenload.domain.signal import Signal
from evenload.files import packaged
from evenload.grid.build import HomeGrid
from evenload.simulate.base_load import HouseholdLoad
from evenload.simulate.matched_signal import matched

STEP_MINUTES: Final = 5
SEASON_LOW: Final = 0.6
_PRICES: Final = ("day-ahead-nl", "price_per_kwh", "", "Europe/Amsterdam")
_CARBON: Final = ("carbon-avert", "carbon_g_per_kwh", "AVERT_NE", "Etc/GMT+5")
_ONE_DAY: Final = np.timedelta64(1, "D")


class Daily:
    """``make`` gives the values of a local day, shape (rows, steps of five minutes), for the horizon it is told."""

    def __init__(self, clock: LocalClock, make: Callable[[Horizon], FloatArray]) -> None:
        self._clock = clock
        self._make = make
        self._made: dict[np.datetime64, FloatArray] = {}

    def onto(self, horizon: Horizon) -> FloatArray:
        """Mean over each step, shape (rows, steps)."""
        starts = horizon.starts()
        first, last = self._clock.date(starts[[0, -1]])
        dates = np.arange(first, last + _ONE_DAY)
        by_minute = np.repeat(np.concatenate([self._of(date) for date in dates], axis=1), STEP_MINUTES, axis=1)
        begins = self._clock.utc(dates[:1].astype("datetime64[s]"))[0]
        skipped = int((starts[0] - begins).astype("timedelta64[m]").astype(np.int64))
        needed = by_minute[:, skipped : skipped + horizon.steps * horizon.step_minutes]
        return np.asarray(needed.reshape(len(needed), horizon.steps, horizon.step_minutes).mean(axis=2))

    def _of(self, date: np.datetime64) -> FloatArray:
        if date not in self._made:
            self._made[date] = self._make(day_horizon(date, self._clock))
        return self._made[date]


def day_horizon(date: np.datetime64, clock: LocalClock) -> Horizon:
    """A local day in steps of five minutes, of which there are 276, 288 or 300."""
    midnights: InstantArray = np.array([date, date + _ONE_DAY]).astype("datetime64[s]")
    start, end = (to_datetime(one) for one in clock.utc(midnights))
    return Horizon.between(start, end, STEP_MINUTES)


def base_load(homes: HomeGrid, kw_peak_per_home: float, clock: LocalClock, seed: int) -> Daily:
    """Base load through each circuit, one row each."""
    load = HouseholdLoad(packaged.households(), kw_peak_per_home, SEASON_LOW)

    def make(horizon: Horizon) -> FloatArray:
        day = int(to_datetime64(horizon.start).astype("datetime64[D]").astype(np.int64))
        rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(2, day)))
        return load.through_nodes(homes, horizon, clock, rng)

    return Daily(clock, make)


def signals(clock: LocalClock) -> Daily:
    """Price (EUR per kWh) and carbon (g per kWh), two rows, borrowed from packaged years by month and weekday."""
    price, carbon = ((packaged.series(name, column, node), LocalClock(zone)) for name, column, node, zone in
                     (_PRICES, _CARBON))  # fmt: skip

    def make(horizon: Horizon) -> FloatArray:
        return np.array([matched(series, source, horizon, clock) for series, source in (price, carbon)])

    return Daily(clock, make)


def signal_of(rows: FloatArray, horizon: Horizon) -> Signal:
    """The signal of ``signals`` on a horizon."""
    return Signal(horizon, rows[0], packaged.dataset(_PRICES[0]).currency, rows[1], "marginal")
