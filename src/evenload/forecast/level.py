"""Load at any quantile between those that a forecast has."""

from statistics import NormalDist

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import FloatArray

_NORMAL = NormalDist()


def load_at_level(load_kw: FloatArray, levels: tuple[float, ...], level: float) -> FloatArray:
    """Load at quantile ``level``, shape (N, T), from quantiles (N, Q, T) at rising ``levels`` such as 0.1, 0.5, 0.9.

    Between two levels it is drawn straight over normal scores: exact where load is normally distributed, and at the
    levels themselves. NaN stays NaN. Raises ``InputError`` for a level outside them: tails are not guessed.
    """
    if load_kw.ndim != 3 or load_kw.shape[1] != len(levels) or list(levels) != sorted(set(levels)):
        raise ColumnsError(f"quantiles of shape {load_kw.shape} do not go with levels {levels}")
    if not levels[0] <= level <= levels[-1]:
        raise InputError(
            f"quantile = {level}: give one between {levels[0]} and {levels[-1]}, where there are values; 0.9 is usual"
        )
    upper = max(next(at for at, one in enumerate(levels) if one >= level), 1) if len(levels) > 1 else 0
    if levels[upper] == level or upper == 0:
        return np.asarray(load_kw[:, upper])
    low, high, score = (_NORMAL.inv_cdf(one) for one in (levels[upper - 1], levels[upper], level))
    share = (score - low) / (high - low)
    return np.asarray((1 - share) * load_kw[:, upper - 1] + share * load_kw[:, upper])
