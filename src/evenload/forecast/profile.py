"""What a node usually draws at each time of each type of day."""

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.forecast.conditions import DAY_TYPES


def usual_load(load_kw: FloatArray, day_type: IntArray, weight: FloatArray, pull_to_all_days: float) -> FloatArray:
    """Weighted mean of the earlier days of the same type, shape (N, R, C) like ``load_kw``; row 0 (today) is left out.

    ``day_type`` has shape (R, C), ``weight`` (R,). A type's mean is drawn to the mean of all days as if that stood for
    ``pull_to_all_days`` days, so that two Sundays are not yet what Sundays are. NaN where a time was never measured.
    """
    known = ~np.isnan(load_kw[:, 1:])
    filled = np.where(known, load_kw[:, 1:], 0.0)
    chosen = [weight[1:, None] * (day_type[1:] == kind) for kind in range(DAY_TYPES)]
    sums = np.stack([np.einsum("nrc,rc->nc", filled, share) for share in chosen], axis=1)
    weights = np.stack([np.einsum("nrc,rc->nc", known, share) for share in chosen], axis=1)
    everything = weights.sum(axis=1)
    overall = np.where(everything > 0, sums.sum(axis=1) / np.where(everything > 0, everything, 1.0), np.nan)
    by_type = (sums + pull_to_all_days * overall[:, None]) / (weights + pull_to_all_days)
    return np.asarray(by_type[:, day_type, np.arange(day_type.shape[1])])
