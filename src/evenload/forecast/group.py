"""Nodes that share their earlier days: forecasts from their own history, and what their classes learn from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.forecast.class_profile import MEMBERS_LEAST, ClassForecast, from_members
from evenload.forecast.forecast import Basis
from evenload.forecast.history import NodeFacts
from evenload.forecast.origins import Origins
from evenload.forecast.quantile import smoothed, weighted_quantiles
from evenload.forecast.recent import TIMELY, mean_known
from evenload.forecast.recipe import QUANTILES, Recipe
from evenload.forecast.samples import Samples, Usual, all_days, moved_days, usual
from evenload.forecast.sun import by_irradiance

DAYS_LEAST: Final = 14
"""A node measured on fewer of the earlier days takes its class's profile, if it has a class."""

_CHUNK_NODES = 64
_MEMBERS_MOST = 64
_SLOTS_LEAST = 0.9


@dataclass(frozen=True, slots=True)
class Setting:
    """What the nodes of a group share: earlier days, weather ahead (R, E), irradiance (R, C) where sun decides."""

    origins: Origins
    weather: FloatArray
    irradiance_w_m2: FloatArray | None
    steps_per_hour: int
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Part:
    """Forecasts of n nodes from their own history: quantiles (n, Q, J), bases, days measured and mean size (kW)."""

    rows: IntArray
    load_kw: FloatArray
    basis: list[Basis]
    days: IntArray
    mean_kw: FloatArray
    samples: Samples

    @property
    def enough(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Whether a node's own history is long enough to do without a class."""
        return np.asarray(self.days >= DAYS_LEAST)


def parts(load_kw: FloatArray, rows: IntArray, facts: NodeFacts, setting: Setting) -> Iterator[Part]:
    """Forecast the nodes ``rows`` of a history (N, T), some at a time."""
    above = np.unique(facts.above[rows])
    above_recent = _recent_of(load_kw, above, setting)
    for chunk in _chunks(rows):
        found = usual(load_kw[chunk], setting.origins, setting.steps_per_hour, setting.recipe)
        yield _part(chunk, found, above_recent[np.searchsorted(above, facts.above[chunk])], setting)


def class_ahead(members: list[Part], name: str, facts: NodeFacts) -> ClassForecast | None:
    """What the nodes of a class with history teach about it; None where there are too few of them."""
    samples, means, rows = [], [], []
    for part in members:
        for at in np.flatnonzero(part.enough & (facts.class_name[part.rows] == name) & (part.mean_kw > 0)):
            samples.append(part.samples.load_kw[at])
            means.append(part.mean_kw[at])
            rows.append(part.rows[at])
    if len(samples) < MEMBERS_LEAST:
        return None
    chosen = slice(0, _MEMBERS_MOST)
    known = facts.take(np.array(rows[chosen]))
    return from_members(samples[chosen], members[0].samples.weight, np.array(means[chosen]), known)


def _part(rows: IntArray, found: Usual, above: FloatArray, setting: Setting) -> Part:
    origins, recipe = setting.origins, setting.recipe
    if setting.irradiance_w_m2 is None:
        samples = moved_days(found, origins, setting.weather, above, recipe)
    else:
        in_the_sun = by_irradiance(found.load_kw, setting.irradiance_w_m2, origins, recipe)
        samples = all_days(in_the_sun, origins, recipe)
    quantiles = smoothed(weighted_quantiles(samples.load_kw, samples.weight, QUANTILES), recipe.smooth_steps)
    before = found.load_kw[:, 1:, : origins.before]
    days = (~np.isnan(before)).sum(axis=2) >= origins.before / 2
    measured = days.sum(axis=1)
    basis = [_basis(*node) for node in zip(measured, samples.from_above, samples.is_late, strict=True)]
    return Part(rows, quantiles.transpose(1, 0, 2), basis, measured, _mean_size(before), samples)


def _basis(days: int, from_above: bool, is_late: bool) -> Basis:
    if days == 0:
        return Basis.NONE
    if days < DAYS_LEAST:
        return Basis.SHORT
    if from_above:
        return Basis.ABOVE
    return Basis.LATE if is_late else Basis.HISTORY


def _mean_size(load_kw: FloatArray) -> FloatArray:
    """Mean absolute load of nodes over the times of the day (n, days, slots); NaN where a tenth of them is unknown."""
    return mean_known(mean_known(np.abs(load_kw), 1, 1), 1, int(np.ceil(_SLOTS_LEAST * load_kw.shape[2])))


def _recent_of(load_kw: FloatArray, above: IntArray, setting: Setting) -> FloatArray:
    """The timely recent conditions of the nodes ``above`` (P, R - 8, 2); NaN for -1, which is no node."""
    rows = setting.origins.index.shape[0]
    found = [
        usual(load_kw[chunk], setting.origins, setting.steps_per_hour, setting.recipe).recent_kw[:, :, :TIMELY]
        for chunk in _chunks(above[above >= 0])
    ]
    none = [np.full((int((above < 0).sum()), _kept(rows, found), TIMELY), np.nan)]
    return np.concatenate([*none, *found])
