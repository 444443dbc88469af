"""Quantiles of weighted samples; they cannot cross."""

import numpy as np

from evenload.base.units import FloatArray, IntArray


def weighted_quantiles(samples: FloatArray, weights: FloatArray, levels: tuple[float, ...]) -> FloatArray:
    """Quantiles over the last axis: shape (Q, ...) from samples (..., M) and weights that broadcast to them.

    A sample stands at the middle of its weight, and between two samples the quantile is drawn straight: with equal
    weights Hazen's rule (definition 5 of Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996). A NaN
    sample counts for nothing; no sample gives NaN.
    """
    order = np.argsort(samples, axis=-1)  # NaN last
    ordered = np.take_along_axis(samples, order, axis=-1)
    weight = np.take_along_axis(np.broadcast_to(weights, samples.shape), order, axis=-1)
    weight = np.where(np.isnan(ordered), 0.0, weight)
    reached = np.cumsum(weight, axis=-1)
    total = reached[..., -1:]
    middle = reached - 0.5 * weight
    last = np.maximum((~np.isnan(ordered)).sum(axis=-1, keepdims=True) - 1, 0)
    found = np.stack([_at(ordered, middle, level * total, last)[..., 0] for level in levels])
    return np.where(total[..., 0] > 0, found, np.nan)


def smoothed(quantiles: FloatArray, steps: int) -> FloatArray:
    """Mean over ``steps`` (odd) neighbouring steps of the last axis; a step beside a missing one is left as it is."""
    half = steps // 2
    padded = np.pad(quantiles, [(0, 0)] * (quantiles.ndim - 1) + [(half, half)], mode="edge")
    mean = np.lib.stride_tricks.sliding_window_view(padded, steps, axis=-1).mean(axis=-1)
    return np.where(np.isnan(mean), quantiles, mean)


def _at(ordered: FloatArray, middle: FloatArray, target: FloatArray, last: IntArray) -> FloatArray:
    """Value where ``middle`` reaches ``target``, shape (..., 1)."""
    upper = np.minimum((middle < target).sum(axis=-1, keepdims=True), last)
    lower = np.maximum(upper - 1, 0)
    low, high = np.take_along_axis(ordered, lower, axis=-1), np.take_along_axis(ordered, upper, axis=-1)
    at_low, at_high = np.take_along_axis(middle, lower, axis=-1), np.take_along_axis(middle, upper, axis=-1)
    width = at_high - at_low
    share = np.clip((target - at_low) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    return np.asarray(low + share * (high - low))
