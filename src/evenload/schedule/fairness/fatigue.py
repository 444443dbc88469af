"""Fatigue: who was left short before counts more when a shortage is shared."""

from math import isfinite

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import FloatArray, TextArray


def fatigue(unserved_share: FloatArray, days_ago: FloatArray, half_life_days: float) -> FloatArray:
    """Weights (S,) for ``fair_needs`` from what share of its need each session was left without before, (S, D).

    ``days_ago`` (D,) is how long each day lies back, 0 or more; NaN in ``unserved_share`` is a day without a session.
    The weight is 1 plus all shares, each halved for every ``half_life_days`` since: who was left without all of it a
    moment ago has a weight of 2, and now lacks half the share of the need that others lack.
    """
    if not (isfinite(half_life_days) and half_life_days > 0):
        raise InputError(f"half_life_days must be a number above 0, such as 14, not {half_life_days}")
    if unserved_share.ndim != 2 or days_ago.shape != unserved_share.shape[1:]:
        raise ColumnsError(f"shares of shape {unserved_share.shape} do not go with days of shape {days_ago.shape}")
    known = np.nan_to_num(unserved_share)
    if ((known < 0) | (known > 1)).any():
        worst = float(known.flat[np.argmax(np.abs(known - 0.5))])
        raise InputError(f"unserved_share = {worst:g}: a share of the need lies between 0 and 1")
    if not (np.isfinite(days_ago) & (days_ago >= 0)).all():
        raise InputError("days_ago must be numbers of 0 or more: fatigue knows only the past")
    return np.asarray(1.0 + known @ 0.5 ** (days_ago / half_life_days))


def fatigue_of(
    driver: TextArray, past_driver: TextArray, unserved_share: FloatArray, days_ago: FloatArray, half_life_days: float
) -> FloatArray:
    """As ``fatigue``, from one row a stay of the past (P,): whose it was, its share, and how long ago it ended.

    Who (``driver``, (S,)) has no row, or no name (blank), has a weight of 1.
    """
    if not past_driver.shape == unserved_share.shape == days_ago.shape:
        raise ColumnsError(f"{past_driver.size} stays do not go with {unserved_share.size} shares")
    each = np.ones(days_ago.size)
    for age in np.unique(days_ago).tolist():
        rows = days_ago == age
        each[rows] = fatigue(unserved_share[rows][:, None], np.array([age]), half_life_days)
    names, row = np.unique(np.concatenate([past_driver, driver]), return_inverse=True)
    sums = np.bincount(row[: past_driver.size], weights=each - 1.0, minlength=names.size)
    return np.where(driver == "", 1.0, 1.0 + sums[row[past_driver.size :]])
