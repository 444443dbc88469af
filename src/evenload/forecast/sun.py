"""Generation from irradiance: what each step of the day made of the sun on earlier days."""

import numpy as np

from evenload.base.units import FloatArray
from evenload.forecast.origins import Origins
from evenload.forecast.recipe import Recipe

_PULL_W_M2 = 100.0
"""A step's own yield per irradiance is drawn to the whole day's as if by this irradiance on every day."""
_SPREAD_MOST = 2.0
"""The error of a dull day is enlarged at most so much for a bright one."""
_DARK_W_M2 = 1.0


def by_irradiance(load_kw: FloatArray, irradiance_w_m2: FloatArray, origins: Origins, recipe: Recipe) -> FloatArray:
    """Samples (N, J, M) from load (N, R, C) and irradiance (R, C) around now and on earlier days.

    The load of a step is yield x irradiance; the yield is regressed through the origin on the earlier days at that
    time, and each earlier day's error is kept in proportion to the irradiance. A dark step generates nothing, and no
    sample is above 0 or more than was ever generated in these weeks.
    """
    load, sun = load_kw[:, 1 : recipe.days + 1, origins.first :], irradiance_w_m2[1 : recipe.days + 1, origins.first :]
    today = irradiance_w_m2[0, origins.first :]
    known = ~np.isnan(load) & ~np.isnan(sun)
    weight = known * 0.5 ** (np.arange(1, load.shape[1] + 1) / recipe.half_life_days)[None, :, None]
    generated, shone = np.where(known, load, 0.0), np.where(known, sun, 0.0)
    together = (weight * generated * shone).sum(axis=1)
    squares = (weight * shone**2).sum(axis=1)
    pull = _PULL_W_M2**2 * weight.sum(axis=1)
    overall = together.sum(axis=1) / np.maximum(squares.sum(axis=1), np.finfo(float).tiny)
    factor = (together + pull * overall[:, None]) / np.maximum(squares + pull, np.finfo(float).tiny)
    larger = np.clip(today / np.maximum(shone, _DARK_W_M2), 0.0, _SPREAD_MOST)
    samples = factor[:, None] * today + (generated - factor[:, None] * shone) * larger
    most = np.where(np.isnan(load_kw), 0.0, load_kw).min(axis=(1, 2))[:, None, None]
    kept = np.where(known, np.clip(samples, most, 0.0), np.nan)
    return np.ascontiguousarray(np.where(today < _DARK_W_M2, kept * 0.0, kept).transpose(0, 2, 1))
