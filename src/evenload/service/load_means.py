"""Metered loads of whatever length as means of equal steps."""

from collections.abc import Sequence

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.units import FloatArray
from evenload.service.live_rows import LoadRow


def means_kw(rows: Sequence[LoadRow], meters: Sequence[int], count: int, horizon: Horizon) -> FloatArray:
    """Mean load of ``count`` meters in each step of a horizon, kW, shape (count, steps); NaN where nothing was told.

    ``meters`` says whose each row is. A row counts in every step by the time it has in common with it, so that rows
    shorter than a step are averaged and longer ones are spread.
    """
    told = [(meter, one) for meter, one in zip(meters, rows, strict=True) if one.duration_s > 0]
    step_s = 60.0 * horizon.step_minutes
    whose = np.array([meter for meter, _ in told], dtype=np.int64)
    start = np.array([(one.at - horizon.start).total_seconds() for _, one in told], dtype=np.float64) / step_s
    end = start + np.array([one.duration_s for _, one in told], dtype=np.float64) / step_s
    load_kw = np.array([one.load_kw for _, one in told], dtype=np.float64)
    first = np.clip(np.floor(start), 0, horizon.steps).astype(np.int64)
    last = np.clip(np.ceil(end), 0, horizon.steps).astype(np.int64)
    steps = np.where(np.isfinite(load_kw), np.maximum(last - first, 0), 0)
    each = np.repeat(np.arange(len(told)), steps)
    step = np.arange(each.size) - np.repeat(np.cumsum(steps) - steps, steps) + first[each]
    share = np.minimum(end[each], step + 1.0) - np.maximum(start[each], step)
    at = whose[each] * horizon.steps + step
    size = count * horizon.steps
    total = np.bincount(at, weights=share * load_kw[each], minlength=size)
    weight = np.bincount(at, weights=share, minlength=size)
    found = np.divide(total, weight, out=np.full(size, np.nan), where=weight > 0)
    return np.asarray(found.reshape(count, horizon.steps))
