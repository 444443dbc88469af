"""How hard circuits are worked: loading, time over the limit, energy above it, and hosting capacity."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray

_TOLERANCE = 1e-6
"""A load this fraction above its limit still counts as at the limit: limits are kept to 1e-6 relative."""


@dataclass(frozen=True, slots=True)
class Loading:
    """One value a circuit, shape (nodes,)."""

    peak_kw: FloatArray
    loading_max: FloatArray
    minutes_over: FloatArray
    minutes_over_longest: FloatArray
    overload_kwh: FloatArray


def loading(load_kw: FloatArray, limit_kw: FloatArray, step_minutes: int) -> Loading:
    """Loading of circuits; ``load_kw`` (nodes, steps) against ``limit_kw`` (nodes,), ``inf`` = unlimited."""
    limit = limit_kw[:, None]
    over = load_kw > limit * (1 + _TOLERANCE)
    excess_kw = np.where(over, load_kw - limit, 0.0)
    peak = load_kw.max(axis=1)
    share = np.divide(peak, limit_kw, out=np.zeros_like(peak), where=np.isfinite(limit_kw) & (limit_kw > 0))
    return Loading(
        peak_kw=peak,
        loading_max=np.where(over.any(axis=1), share, np.minimum(share, 1.0)),  # rounding is no overload
        minutes_over=np.asarray(over.sum(axis=1) * step_minutes, dtype=np.float64),
        minutes_over_longest=np.asarray(longest_run(over) * step_minutes, dtype=np.float64),
        overload_kwh=excess_kw.sum(axis=1) * (step_minutes / MINUTES_PER_HOUR),
    )


def over_limit(load_kw: FloatArray, limit_kw: FloatArray) -> BoolArray:
    """Where load is above its limit (beyond 1e-6 relative), shape (nodes, steps)."""
    return np.asarray(load_kw > limit_kw[:, None] * (1 + _TOLERANCE))


def longest_run(flags: BoolArray) -> IntArray:
    """Length of the longest unbroken run of True in each row of (rows, steps)."""
    counted: IntArray = np.cumsum(flags, axis=1, dtype=np.int64)
    at_break = np.where(flags, 0, counted)
    run = counted - np.maximum.accumulate(at_break, axis=1)
    return np.asarray(run.max(axis=1, initial=0), dtype=np.int64)


def periods_over(over: BoolArray, period: IntArray, minutes: float, step_minutes: int) -> BoolArray:
    """Which circuits were over for ``minutes`` or more without a break in each period, shape (nodes, periods).

    ``period`` (steps,) numbers the period (for example the night) of each step, -1 = in none.
    """
    count = int(period.max(initial=-1)) + 1
    result = np.zeros((over.shape[0], count), dtype=bool)
    for number in range(count):
        result[:, number] = longest_run(over[:, period == number]) * step_minutes >= minutes
    return result


def hosting_capacity(penetrations: FloatArray, share_over: FloatArray, share_allowed: float) -> float:
    """Highest penetration studied that meets the criterion, as every lower one does; -1 where even the lowest fails.

    ``share_over`` is the share of transformers over their rating at each penetration.
    """
    order = np.argsort(penetrations)
    meets = np.minimum.accumulate(share_over[order] <= share_allowed + 1e-12)
    return float(penetrations[order][meets][-1]) if meets.any() else -1.0
