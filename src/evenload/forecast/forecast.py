"""The answer: quantiles of load per node and step, and what each node's forecast rests on."""

from dataclasses import dataclass
from enum import StrEnum

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.units import FloatArray


class Basis(StrEnum):
    """What a node's forecast rests on, the best first."""

    HISTORY = "history"
    """Its own history, up to the last hour."""
    ABOVE = "above"
    """Its own history; the last hour or day is missing and was judged by the node measured above."""
    LATE = "late"
    """Its own history, which ends more than an hour ago, and nothing timely above."""
    PARTIAL = "partial"
    """A sum of which some is new, or was filled in with what is usual, because it was not metered throughout."""
    GAPS = "gaps"
    """Its own history; times of day it was never measured at are taken to be as high as the highest of the others."""
    SHORT = "short"
    """Its own history of less than two weeks, for want of a class: the spread is too narrow."""
    CLASS_MEASURED = "class_measured"
    """Its class, as large as its own few days were."""
    CLASS = "class"
    """Its class, as large as its annual energy, homes or peak say."""
    NONE = "none"
    """Nothing: all values are missing."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Quantiles of the mean load in each step of ``horizon``, kW, shape (N nodes, Q levels, T steps).

    NaN says that nothing is known: the whole of a node with basis ``NONE``, or a time of day it was never measured at.
    ``measured_until`` (N,) is when the last known step of each node ended, NaT where there is none.
    A quantile of a sum is not the sum of quantiles: a feeder's forecast is the row of the feeder.
    """

    nodes: tuple[str, ...]
    horizon: Horizon
    levels: tuple[float, ...]
    load_kw: FloatArray
    basis: tuple[Basis, ...]
    measured_until: InstantArray

    def quantile_kw(self, level: float) -> FloatArray:
        """Load at one of the levels, shape (N, T); another level raises ``InputError``."""
        if level not in self.levels:
            raise InputError(f"there is no quantile {level}; there are {', '.join(map(str, self.levels))}")
        return self.load_kw[:, self.levels.index(level)]
