"""How good a forecast was: pinball loss and coverage."""

import numpy as np

from evenload.base.units import FloatArray


def pinball_loss(actual_kw: FloatArray, quantiles_kw: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Mean pinball loss of each node and level, kW, shape (N, Q), over the steps where both are known.

    ``actual_kw`` is (N, T), ``quantiles_kw`` (N, Q, T). The loss is q x error where the truth is above the quantile and
    (1 - q) x error below (Koenker and Bassett, Regression Quantiles, 1978); at 0.5 it is half the absolute error.
    NaN where nothing is known.
    """
    level = np.array(levels)[:, None]
    error = actual_kw[:, None] - quantiles_kw
    loss = np.maximum(level * error, (level - 1.0) * error)
    known = ~np.isnan(loss)
    count = known.sum(axis=2)
    return np.where(count > 0, np.where(known, loss, 0.0).sum(axis=2) / np.maximum(count, 1), np.nan)


def coverage(actual_kw: FloatArray, low_kw: FloatArray, high_kw: FloatArray) -> float:
    """Share of known values with low <= actual <= high; NaN where none is known."""
    known = ~(np.isnan(actual_kw) | np.isnan(low_kw) | np.isnan(high_kw))
    inside = (low_kw <= actual_kw) & (actual_kw <= high_kw)
    return float(inside[known].mean()) if known.any() else float("nan")
