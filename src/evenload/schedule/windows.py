"""Flattened session windows: which steps a session touches, and how much of each it covers."""

from dataclasses import dataclass

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Windows:
    """Session i owns slots ``offset[i]:offset[i+1]``, the first being step ``first_step[i]``.

    ``coverage`` (slots,) is the share of each step the car is plugged in: 1 but at a window's ragged ends.
    """

    first_step: IntArray
    offset: IntArray
    coverage: FloatArray

    @classmethod
    def between(cls, horizon: Horizon, starts: InstantArray, ends: InstantArray) -> "Windows":
        """Windows of sessions plugged in over ``[starts, ends)``; each must lie inside the horizon and not be empty."""
        begin, finish = horizon.position(starts), horizon.position(ends)
        outside = (begin < 0) | (finish > horizon.steps) | (finish <= begin)
        if outside.any():
            raise ColumnsError(
                f"{int(outside.sum())} sessions are empty or reach outside the horizon "
                f"{horizon.start.isoformat()} to {horizon.end.isoformat()}"
            )
        first = np.floor(begin).astype(np.int64)
        lengths = np.ceil(finish).astype(np.int64) - first
        offset = np.concatenate([[0], np.cumsum(lengths)])
        coverage = np.ones(int(offset[-1]))
        last = offset[1:] - 1
        coverage[offset[:-1]] -= begin - first
        coverage[last] -= first + lengths - finish
        return cls(first, offset, coverage)
