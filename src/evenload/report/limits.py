"""When a load is above its limit: exactly at it is not, and neither is the rounding noise of a sum."""

from typing import Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray

_TOLERANCE: Final = 1e-6
"""Relative; the same as where studies count minutes above a limit."""


def is_above(loading: FloatArray) -> BoolArray:
    """Where load over limit exceeds 1; not where it is unknown."""
    return np.asarray(loading > 1 + _TOLERANCE)


def snapped(loading: FloatArray) -> FloatArray:
    """Load over limit with what is at the limit, but for noise, as exactly 1."""
    return np.where(np.abs(loading - 1) <= _TOLERANCE, 1.0, loading)


def excess_kw(load_kw: FloatArray, limit_kw: FloatArray) -> FloatArray:
    """Load beyond the limit, same shape: 0 where it is not above, NaN where the load is unknown."""
    beyond = load_kw - limit_kw
    return np.where(beyond <= _TOLERANCE * np.abs(limit_kw), 0.0, beyond)
