"""The answer while it is being put together, and the part of it that classes give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.forecast.class_profile import ClassForecast
from evenload.forecast.forecast import Basis
from evenload.forecast.history import NodeFacts
from evenload.forecast.own_history import DAYS_LEAST, Part
from evenload.forecast.recipe import QUANTILES


@dataclass(slots=True)
class Answer:
    """Quantiles (N, Q, J), bases, days measured and mean absolute load of all nodes; parts fill it."""

    load_kw: FloatArray
    basis: list[Basis]
    days: IntArray
    mean_kw: FloatArray

    @classmethod
    def of(cls, nodes: int, steps: int) -> Self:
        """Nothing known yet."""
        values = np.full((nodes, len(QUANTILES), steps), np.nan)
        return cls(values, [Basis.NONE] * nodes, np.zeros(nodes, dtype=np.int64), np.full(nodes, np.nan))

    def take(self, part: Part) -> None:
        """Put in what nodes' own history says."""
        self.load_kw[part.rows] = part.load_kw
        self.days[part.rows] = part.days
        self.mean_kw[part.rows] = part.mean_kw
        for row, basis in zip(part.rows.tolist(), part.basis, strict=True):
            self.basis[row] = basis

    def borrow(self, rows: IntArray, facts: NodeFacts, ahead: Callable[[str], ClassForecast | None]) -> None:
        """Give those of ``rows`` with too short a history what their class says, where something says how large."""
        names = facts.class_name[rows]
        cold = (self.days[rows] < DAYS_LEAST) & (names != "")
        for name in np.unique(names[cold]).tolist():
            shape = ahead(name)
            if shape is not None:
                self._borrow_from(shape, rows[cold & (names == name)], facts)

    def _borrow_from(self, shape: ClassForecast, rows: IntArray, facts: NodeFacts) -> None:
        scale = shape.scale_kw(self.mean_kw[rows], facts.take(rows))
        rows, scale = rows[~np.isnan(scale)], scale[~np.isnan(scale)]
        self.load_kw[rows] = shape.quantiles_kw(scale, facts.homes[rows])
        for row in rows.tolist():
            self.basis[row] = Basis.CLASS if np.isnan(self.mean_kw[row]) else Basis.CLASS_MEASURED
