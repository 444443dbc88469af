"""Expected load of cars that are there but not enrolled: part of the base load that nobody meters by itself.

Every home has such a car with the same probability, and in every step the car draws what one of a sample of unmanaged
cars draws, whoever else charges. What few homes draw together is then worked out exactly, by the characteristic
function of a sum; of many it is as good as normal, with its skewness (Cornish and Fisher 1938).
"""

from statistics import NormalDist
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import FloatArray, IntArray

_MANY: Final = 60.0
"""So many charging cars are expected where the sum is taken for normal."""

_BINS: Final = 32
"""Powers are told apart by this part of the highest."""


def unmanaged_cars_kw(sample_kw: FloatArray, homes: IntArray, share: float, level: float) -> FloatArray:
    """Load of unmanaged cars at every node at quantile ``level``, kW, shape (N, T).

    ``sample_kw`` (M, T) is the mean load of M unmanaged cars in the steps, ``homes`` (N,) how many homes are at or
    below each node, ``share`` the part of them with such a car (0-1). A quantile of a sum is less than the sum of
    quantiles: nodes are counted each by itself. Raises ``ColumnsError`` or ``InputError`` for what cannot be.
    """
    if sample_kw.ndim != 2 or not sample_kw.shape[0] or not (np.isfinite(sample_kw) & (sample_kw >= 0)).all():
        raise ColumnsError("sample_kw needs loads of 0 or more, one row a car and one column a step")
    if homes.ndim != 1 or (homes < 0).any():
        raise ColumnsError("homes needs counts of 0 or more, one a node")
    for name, value, least in (("share", share, 0.0), ("quantile", level, 0.01)):
        if not least <= value <= 1.0 - least:
            raise InputError(f"{name} = {value}: give a number between {least:g} and {1.0 - least:g}")
    charging = share * (sample_kw > 0).mean(axis=0)
    sizes, row = np.unique(homes, return_inverse=True)
    found = _normal_quantile(sample_kw, sizes[:, None], share, level)
    for at, count in enumerate(sizes.tolist()):
        few = np.flatnonzero(count * charging <= _MANY)
        if few.size and count and sample_kw.any():
            found[at, few] = _quantile_of_sum(sample_kw[:, few], count, share, level, float(charging[few].max()))
    return np.asarray(found[row])


def _normal_quantile(sample_kw: FloatArray, homes: IntArray, share: float, level: float) -> FloatArray:
    """Quantile of what homes (N, 1) draw together, from three moments of what one draws, shape (N, T)."""
    first, second, third = (share * (sample_kw**power).mean(axis=0) for power in (1, 2, 3))
    variance = homes * np.maximum(second - first**2, 0.0)
    skewed = homes * (third - 3 * first * second + 2 * first**3)
    shift = np.divide(skewed, variance, out=np.zeros_like(variance), where=variance > 0) / 6
    score = NormalDist().inv_cdf(level)
    return np.asarray(np.maximum(homes * first + score * np.sqrt(variance) + (score**2 - 1) * shift, 0.0))


def _quantile_of_sum(sample_kw: FloatArray, homes: int, share: float, level: float, charging: float) -> FloatArray:
    """Quantile of what so many homes draw together in each step, shape (T,); few of them are ``charging`` at a time."""
    width_kw = float(sample_kw.max()) / _BINS
    cars, steps = sample_kw.shape
    cell = np.rint(sample_kw / width_kw).astype(np.int64) + (_BINS + 1) * np.arange(steps)
    one = np.bincount(cell.ravel(), minlength=steps * (_BINS + 1)).reshape(steps, -1) * (share / cars)
    one[:, 0] += 1.0 - share
    expected = homes * charging
    most = min(homes, int(np.ceil(expected + 8 * np.sqrt(expected) + 12)))  # more never charge at a time
    size = 1 << int(np.ceil(np.log2(most * _BINS + 2)))
    mass = np.fft.irfft(np.fft.rfft(one, size) ** homes, size)
    return np.asarray((np.cumsum(mass, axis=1) < level - 1e-12).sum(axis=1) * width_kw)
