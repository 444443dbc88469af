"""Household base load on the circuit tree, from one-day profiles scaled to a stated diversified peak."""

from dataclasses import dataclass

import numpy as np

from evenload.base.errors import LoadError
from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import HOURS_PER_DAY, MINUTES_PER_DAY, FloatArray
from evenload.grid.build import HomeGrid

_COLDEST_DAY_OF_YEAR = 15
HOURS_SHIFTED = 1
"""A drawn profile begins up to this many hours earlier or later."""


@dataclass(frozen=True, slots=True)
class HouseholdLoad:
    """Homes draw fresh one-day profiles every local day; the season scales all of them.

    A home with k times the profiles' diversified peak is the sum of about k draws, so that a heavier load is smoother,
    as more appliances are, and not one household's kettle made k times larger. Each draw begins up to an hour earlier
    or later, since a few dozen profiles would otherwise strike the same minute every day.

    ``profiles_kw`` has shape (profiles, slots of the day). ``kw_peak_per_home`` is the diversified peak: the highest
    point of the average profile in the coldest week. ``season_low`` is midsummer's share of midwinter's load.
    """

    profiles_kw: FloatArray
    kw_peak_per_home: float
    season_low: float = 1.0

    def through_nodes(
        self, grid: HomeGrid, horizon: Horizon, clock: LocalClock, rng: np.random.Generator
    ) -> FloatArray:
        """Base load through each node (everything below it included), kW, shape (nodes, steps)."""
        starts = horizon.starts()
        slot = clock.minute_of_day(starts) // horizon.step_minutes
        dates = clock.date(starts)
        profiles, draws = self._scaled(horizon)
        direct = np.zeros((len(grid.tree), horizon.steps))
        nodes = np.unique(grid.home_node)
        homes = np.bincount(grid.home_node, minlength=len(grid.tree))
        kinds = profiles.shape[0]
        for day in np.unique(dates):
            steps = np.flatnonzero(dates == day)
            season = self._season(day)
            for node in nodes:
                drawn = np.bincount(rng.integers(0, kinds, draws * homes[node]), minlength=kinds)
                direct[node, steps] = season * (drawn @ profiles)[slot[steps]]
        return grid.tree.sum_up(direct)

    def _scaled(self, horizon: Horizon) -> tuple[FloatArray, int]:
        """Profiles on the steps of the day and draws a home, such that a home's mean peaks at ``kw_peak_per_home``."""
        width = MINUTES_PER_DAY // horizon.step_minutes
        slots = self.profiles_kw.shape[1]
        if slots % width and width % slots:
            raise LoadError(f"profiles of {slots} values a day do not fit steps of {horizon.step_minutes} min")
        if slots >= width:
            onto = self.profiles_kw.reshape(self.profiles_kw.shape[0], width, slots // width).mean(axis=2)
        else:
            onto = np.repeat(self.profiles_kw, width // slots, axis=1)
        shifts = np.arange(-HOURS_SHIFTED * width // HOURS_PER_DAY, HOURS_SHIFTED * width // HOURS_PER_DAY + 1)
        onto = np.concatenate([np.roll(onto, shift, axis=1) for shift in shifts])
        scale = self.kw_peak_per_home / onto.mean(axis=0).max()
        draws = max(1, round(scale))
        return np.asarray(onto * (scale / draws)), draws

    def _season(self, day: np.datetime64) -> float:
        """Share of midwinter's load on a date: a cosine over the year with its top in mid-January."""
        day_of_year = int((day - day.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64))
        swing = 0.5 * (1 + np.cos(2 * np.pi * (day_of_year - _COLDEST_DAY_OF_YEAR) / 365.25))
        return float(self.season_low + (1 - self.season_low) * swing)
