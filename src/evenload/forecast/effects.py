"""How past residuals followed the conditions of their day: one ridge regression per node, all steps at once."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import BoolArray, FloatArray

_BEYOND_SD = 3.0
"""Today's conditions count as at most so many standard deviations from the mean: no far extrapolation."""
_LEVERAGE_MAX = 0.9
_KNOWN_LEAST = 0.1


@dataclass(frozen=True, slots=True)
class Moved:
    """``shift_kw`` (N, J): the effect of today's conditions; ``left_kw`` (N, M, J): what they left unexplained."""

    shift_kw: FloatArray
    left_kw: FloatArray


def move(residual_kw: FloatArray, conditions: FloatArray, weight: FloatArray, ridge: float) -> Moved:
    """Regress the residuals of M past days (N, M, J) on F conditions (N, M + 1, F), today's first.

    A condition that is missing today is not used for that node; on a past day it counts as average there. What is left
    is divided by one less the day's leverage, as if the day had been left out of its own regression.
    """
    past, today = _standardised(conditions, weight)
    known = ~np.isnan(residual_kw)
    weighted = past * weight[:, None]
    normal = weighted.transpose(0, 2, 1) @ past + ridge * weight.sum() * np.eye(past.shape[2])
    effect = np.linalg.solve(normal, weighted.transpose(0, 2, 1) @ np.where(known, residual_kw, 0.0))
    effect /= np.maximum(_share_known(known, weight), _KNOWN_LEAST)[:, None, :]
    leverage = np.einsum("nmf,nmf->nm", weighted, past @ np.linalg.inv(normal))
    left = (residual_kw - past @ effect) / (1.0 - np.minimum(leverage, _LEVERAGE_MAX))[:, :, None]
    return Moved((today[:, None, :] @ effect)[:, 0], left)


def _standardised(conditions: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Past (N, M, F) and today's (N, F) conditions in standard deviations from the mean; 0 where not to be used."""
    known = ~np.isnan(conditions[:, 1:])
    share = known * weight[None, :, None]
    total = np.maximum(share.sum(axis=1), np.finfo(float).tiny)
    mean = (np.where(known, conditions[:, 1:], 0.0) * share).sum(axis=1) / total
    off = np.where(known, conditions[:, 1:] - mean[:, None], 0.0)
    spread = np.sqrt((off * off * share).sum(axis=1) / total)
    used = ~np.isnan(conditions[:, 0]) & (spread > 1e-9 * (1.0 + np.abs(mean)))
    scale = np.where(used, spread, 1.0)
    today = np.where(used, np.clip((conditions[:, 0] - mean) / scale, -_BEYOND_SD, _BEYOND_SD), 0.0)
    return off / scale[:, None] * used[:, None], today


def _share_known(known: BoolArray, weight: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("nmj,m->nj", known, weight) / weight.sum())
