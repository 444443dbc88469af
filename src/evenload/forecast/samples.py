"""Samples of what each step may bring: past days, moved to today's conditions."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import BoolArray, FloatArray
from evenload.forecast.effects import move
from evenload.forecast.origins import Origins
from evenload.forecast.profile import usual_load
from evenload.forecast.recent import TIMELY, recent
from evenload.forecast.recipe import Recipe

_BEYOND_SEEN = 0.25
"""A sample may leave the range of what was measured by so much of that range, but not change its sign."""


@dataclass(frozen=True, slots=True)
class Samples:
    """``load_kw`` (N, J, M) with ``weight`` (J, M), and how each of the N nodes came by its recent conditions.

    ``from_above``: the last hour or day was taken from the node above; ``is_late``: the last hour is unknown.
    """

    load_kw: FloatArray
    weight: FloatArray
    from_above: BoolArray
    is_late: BoolArray


@dataclass(frozen=True, slots=True)
class Usual:
    """Load around now and on earlier days (N, R, C), the same less what is usual, and the recent conditions."""

    load_kw: FloatArray
    usual_kw: FloatArray
    recent_kw: FloatArray

    @property
    def residual_kw(self) -> FloatArray:
        """Load less usual load, (N, R, C)."""
        return self.load_kw - self.usual_kw


def usual(load_kw: FloatArray, origins: Origins, steps_per_hour: int, recipe: Recipe) -> Usual:
    """What is usual for nodes whose history is ``load_kw`` (N, T), and how the days before each origin were off it."""
    around = origins.gather(load_kw, until=origins.now)
    weight = _recency(origins.index.shape[0], recipe)
    expected = usual_load(around, origins.day_type, weight, recipe.pull_to_all_days)
    return Usual(around, expected, recent(around - expected, origins.before, steps_per_hour))


def moved_days(found: Usual, origins: Origins, weather: FloatArray, above: FloatArray, recipe: Recipe) -> Samples:
    """Samples of every forecast step. ``weather`` is (R, E); ``above`` (N, R - 8, 2) the recent conditions above."""
    own = found.recent_kw[:, :1, :TIMELY]
    borrowed = np.isnan(own) & ~np.isnan(above[:, :1])
    timely = np.where(borrowed, above, found.recent_kw[:, :, :TIMELY])
    rows = timely.shape[1]
    ahead = np.broadcast_to(weather[None, :rows], (timely.shape[0], rows, weather.shape[1]))
    conditions = np.concatenate([timely, found.recent_kw[:, :, TIMELY:], ahead], axis=2)
    weight = _recency(rows, recipe)[1:]
    moved = move(found.residual_kw[:, 1:rows, origins.first :], conditions, weight, recipe.ridge)
    samples = _within_reach(found, found.usual_kw[:, :1, origins.first :] + moved.shift_kw[:, None] + moved.left_kw)
    return Samples(
        np.ascontiguousarray(samples.transpose(0, 2, 1)),
        _weights(origins, weight, recipe),
        np.asarray(borrowed.any(axis=(1, 2))),
        np.asarray(np.isnan(timely[:, 0, 0])),
    )


def samples_as_given(samples_kw: FloatArray, found: Usual, origins: Origins, recipe: Recipe) -> Samples:
    """Samples made otherwise (N, J, M), weighed as days are, for nodes that borrow nothing from above."""
    recency = _recency(samples_kw.shape[2] + 1, recipe)[1:]
    is_late = np.isnan(found.recent_kw[:, 0, 0])
    return Samples(samples_kw, _weights(origins, recency, recipe), np.zeros_like(is_late), is_late)


def _weights(origins: Origins, recency: FloatArray, recipe: Recipe) -> FloatArray:
    day_type = origins.day_type[: recency.size + 1, origins.first :]
    alike = np.where(day_type[1:] == day_type[:1], 1.0, recipe.other_type_weight)
    return np.ascontiguousarray((alike * recency[:, None]).T)


def _within_reach(found: Usual, samples_kw: FloatArray) -> FloatArray:
    known = ~np.isnan(found.load_kw)
    low = np.where(known, found.load_kw, np.inf).min(axis=(1, 2))
    high = np.where(known, found.load_kw, -np.inf).max(axis=(1, 2))
    seen = known.any(axis=(1, 2))
    low, high = np.where(seen, low, 0.0), np.where(seen, high, 0.0)
    more = _BEYOND_SEEN * (high - low)
    floor = np.where(low >= 0, np.maximum(low - more, 0.0), low - more)
    ceiling = np.where(high <= 0, np.minimum(high + more, 0.0), high + more)
    return np.clip(samples_kw, floor[:, None, None], ceiling[:, None, None])


def _recency(rows: int, recipe: Recipe) -> FloatArray:
    return np.asarray(0.5 ** (np.arange(rows) / recipe.half_life_days))
