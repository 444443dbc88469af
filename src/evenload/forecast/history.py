"""What a forecast is made from: measured load of nodes, and what is known about them otherwise."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evenload.base.errors import ColumnsError, LoadError
from evenload.base.horizon import Horizon
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.columns import Columns


@dataclass(frozen=True, slots=True)
class LoadHistory:
    """Mean load of N nodes in T equal steps, kW, shape (N, T); NaN is missing, generation is negative.

    Each node stands for itself: a feeder or the system is a row of its own, measured or made by ``with_sums``.
    """

    nodes: tuple[str, ...]
    horizon: Horizon
    load_kw: FloatArray

    def __post_init__(self) -> None:
        wanted = (len(self.nodes), self.horizon.steps)
        if self.load_kw.shape != wanted:
            raise LoadError(f"the load history has shape {self.load_kw.shape}, expected {wanted}: nodes by steps")
        if len(set(self.nodes)) != len(self.nodes):
            raise LoadError("the load history names a node twice")
        for node, row in zip(self.nodes, self.load_kw, strict=True):  # by row: a mask of the whole is large
            if np.isinf(row).any():
                raise LoadError(f"node {node!r} has an infinite load; write a missing value as NaN")

    def with_sums(self, sums: dict[str, IntArray]) -> Self:
        """With a row for each named sum of rows; a step is missing from a sum where it is missing from a member."""
        rows = [self.load_kw, *(self.load_kw[members].sum(axis=0, keepdims=True) for members in sums.values())]
        return type(self)((*self.nodes, *sums), self.horizon, np.vstack(rows))


@dataclass(frozen=True)
class NodeFacts(Columns):
    """What is known about the nodes of a history, in its order. Unknown words are ``""``, unknown numbers NaN.

    ``above`` is the row of the node measured above (a feeder with timely readings), -1 where there is none;
    ``is_pv`` marks a generator whose load is never positive. ``annual_kwh``, ``peak_kw`` and ``homes`` scale the
    class's profile while a node has no history.
    """

    class_name: TextArray
    above: IntArray
    is_pv: BoolArray
    annual_kwh: FloatArray
    peak_kw: FloatArray
    homes: FloatArray

    @classmethod
    def of(cls, size: int, **known: NDArray[Any]) -> Self:
        """Build for ``size`` nodes; a column not given is unknown."""
        unknown: dict[str, Any] = {
            "class_name": np.full(size, ""),
            "above": np.full(size, -1),
            "is_pv": np.zeros(size, dtype=np.bool_),
            "annual_kwh": np.full(size, np.nan),
            "peak_kw": np.full(size, np.nan),
            "homes": np.full(size, np.nan),
        }
        return cls(**(unknown | known))

    def _check(self) -> None:
        if ((self.above < -1) | (self.above >= len(self))).any():
            raise ColumnsError("NodeFacts.above must be a row of the history, or -1")
