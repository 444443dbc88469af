"""Which steps of the past stand, day by day, where the steps around now stand on the wall clock."""

from dataclasses import dataclass

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray, IntArray
from evenload.forecast.conditions import SUNDAY, Calendar

_DAY = np.timedelta64(86400, "s")


@dataclass(frozen=True, slots=True)
class Origins:
    """The C steps around now, and the same steps on M earlier days: M + 1 rows, today first.

    ``index`` (M + 1, C) counts steps from the start of the history and may lie outside it. ``day_type`` (M + 1, C).
    The first ``before`` columns are the day before now; the forecast begins at column ``first``.
    """

    index: IntArray
    day_type: IntArray
    before: int
    first: int

    @property
    def now(self) -> int:
        """Step of the history that begins now: nothing from there on is known."""
        return int(self.index[0, self.before])

    def gather(self, values: FloatArray, offset: int = 0, until: int | None = None) -> FloatArray:
        """Values (..., T) at every step of ``index``, shape (..., M + 1, C); NaN outside and from ``until`` on.

        ``offset`` is added to the index: for series that begin that many steps before the history.
        """
        at = self.index + offset
        end = values.shape[-1] if until is None else min(until + offset, values.shape[-1])
        inside = (at >= 0) & (at < end)
        return np.where(inside, values[..., np.clip(at, 0, values.shape[-1] - 1)], np.nan)


@dataclass(frozen=True, slots=True)
class Window:
    """The steps around now: ``columns`` are their starts; ``before`` and ``first`` as in ``Origins``."""

    columns: InstantArray
    before: int
    first: int

    def on_the_wall_clock(self, calendar: Calendar, history: Horizon, days: int) -> Origins:
        """Earlier days at the same local time: both passes of a repeated hour meet the same hour of the past."""
        earlier = calendar.clock.local(self.columns) - self._shift(days)
        instants = calendar.clock.utc(earlier)
        instants[0] = self.columns
        day_type = calendar.day_type(earlier.astype("datetime64[D]"))
        return Origins(steps_of(history, instants), day_type, self.before, self.first)

    def by_the_sun(self, history: Horizon, days: int) -> Origins:
        """Earlier days 24 hours apart and all of one type: the sun keeps neither summer time nor Sundays."""
        index = steps_of(history, self.columns - self._shift(days))
        return Origins(index, np.full(index.shape, SUNDAY), self.before, self.first)

    @staticmethod
    def _shift(days: int) -> "np.ndarray[tuple[int, int], np.dtype[np.timedelta64]]":
        return np.arange(days + 1)[:, None] * _DAY


def steps_of(horizon: Horizon, instants: InstantArray) -> IntArray:
    """Number of the step each instant falls into, counted from the start of ``horizon``; unbounded."""
    return np.asarray(np.floor(horizon.position(instants)).astype(np.int64))
