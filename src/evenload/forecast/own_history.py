"""Forecasts of nodes from their own history, some nodes at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.forecast.forecast import Basis
from evenload.forecast.history import NodeFacts
from evenload.forecast.origins import Origins
from evenload.forecast.quantile import smoothed, weighted_quantiles
from evenload.forecast.recent import TIMELY, mean_known
from evenload.forecast.recipe import QUANTILES, WEEK_DAYS, Recipe
from evenload.forecast.samples import Samples, Usual, moved_days, samples_as_given, usual
from evenload.forecast.sun import by_irradiance

DAYS_LEAST: Final = 14
"""A node measured on fewer of the earlier days takes its class's profile, if it has a class."""

_CHUNK_NODES = 64
_SLOTS_LEAST = 0.9


@dataclass(frozen=True, slots=True)
class Setting:
    """What nodes share: earlier days, weather ahead (R, E), irradiance (R, C) where the sun decides, the recipe."""

    origins: Origins
    weather: FloatArray
    irradiance_w_m2: FloatArray | None
    steps_per_hour: int
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Part:
    """Forecasts of n nodes: quantiles (n, Q, J), bases, earlier days measured (n,), mean absolute load (n,)."""

    rows: IntArray
    load_kw: FloatArray
    basis: tuple[Basis, ...]
    days: IntArray
    mean_kw: FloatArray
    samples: Samples

    @property
    def enough(self) -> BoolArray:
        """Whether a node's own history is long enough to do without a class."""
        return np.asarray(self.days >= DAYS_LEAST)


def own_forecasts(load_kw: FloatArray, rows: IntArray, facts: NodeFacts, setting: Setting) -> Iterator[Part]:
    """Forecast the nodes ``rows`` of a history (N, T) whose facts (N) name the node above."""
    above = np.unique(facts.above[rows])
    above_recent = _recent_of(load_kw, above, setting)
    for chunk in _chunks(rows):
        found = usual(load_kw[chunk], setting.origins, setting.steps_per_hour, setting.recipe)
        yield _part(chunk, found, above_recent[np.searchsorted(above, facts.above[chunk])], setting)


def _part(rows: IntArray, found: Usual, above: FloatArray, setting: Setting) -> Part:
    origins, recipe = setting.origins, setting.recipe
    if setting.irradiance_w_m2 is None:
        samples = moved_days(found, origins, setting.weather, above, recipe)
    else:
        in_the_sun = by_irradiance(found.load_kw, setting.irradiance_w_m2, origins, recipe)
        samples = samples_as_given(in_the_sun, found, origins, recipe)
    quantiles = smoothed(
        weighted_quantiles(samples.load_kw, samples.weight, QUANTILES),
        recipe.smooth_steps(MINUTES_PER_HOUR // setting.steps_per_hour),
    )
    before = found.load_kw[:, 1:, : origins.before]
    days = ((~np.isnan(before)).sum(axis=2) >= origins.before / 2).sum(axis=1)
    basis = tuple(map(_basis, days.tolist(), samples.from_above.tolist(), samples.is_late.tolist()))
    return Part(rows, quantiles.transpose(1, 0, 2), basis, days, _mean_size(before), samples)


def _basis(days: int, from_above: bool, is_late: bool) -> Basis:
    if days == 0:
        return Basis.NONE
    if days < DAYS_LEAST:
        return Basis.SHORT
    if from_above:
        return Basis.ABOVE
    return Basis.LATE if is_late else Basis.HISTORY


def _mean_size(load_kw: FloatArray) -> FloatArray:
    """Mean absolute load (n, days, slots) over the times of the day; NaN where a tenth was never measured."""
    return mean_known(mean_known(np.abs(load_kw), 1, 1), 1, int(np.ceil(_SLOTS_LEAST * load_kw.shape[2])))


def _recent_of(load_kw: FloatArray, above: IntArray, setting: Setting) -> FloatArray:
    """The timely recent conditions of each node of ``above``, (P, R - 8, 2); NaN for -1, which is no node."""
    found = np.full((above.size, setting.origins.index.shape[0] - WEEK_DAYS, TIMELY), np.nan)
    for places in _chunks(np.flatnonzero(above >= 0)):
        around = usual(load_kw[above[places]], setting.origins, setting.steps_per_hour, setting.recipe)
        found[places] = around.recent_kw[:, :, :TIMELY]
    return found


def _chunks(rows: IntArray) -> Iterator[IntArray]:
    for start in range(0, rows.size, _CHUNK_NODES):
        yield rows[start : start + _CHUNK_NODES]
