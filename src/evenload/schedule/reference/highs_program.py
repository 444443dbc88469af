"""A linear program, convex squares included, written down column by column and row by row, solved by HiGHS."""

from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from evenload.base.errors import InvariantError, MissingRequirementError
from evenload.base.units import FloatArray, IntArray

_TOLERANCE: Final = 1e-9
_COST_LARGEST: Final = 100.0
"""Costs are scaled to this largest one: the simplex method loses its way where they are near its tolerances."""

_GAP: Final = 1e-8
"""How far squares may be off, relative to all costs without regard to sign and to squares of 1."""

_ROUNDS_MAX: Final = 300


class Program:
    """Columns in bounds, and rows, each a weighted sum of columns in bounds; whatever costs least is asked for.

    ``whole`` columns take whole numbers only. Raises ``MissingRequirementError`` without HiGHS.
    """

    def __init__(self) -> None:
        self._highspy = _highspy()
        self._columns: list[FloatArray] = []
        self._rows: list[tuple[IntArray, FloatArray, float, float]] = []
        self._squares: list[tuple[int, int]] = []
        self.count = 0

    def columns(self, least: ArrayLike, most: ArrayLike, *, cost: ArrayLike = 0.0, whole: bool = False) -> IntArray:
        """Add a column for each value of the arguments, flattened; returns their indices."""
        added = np.stack([np.ravel(value) for value in np.broadcast_arrays(least, most, cost, whole)])
        self._columns.append(added.astype(np.float64))
        self.count += added.shape[1]
        return np.arange(self.count - added.shape[1], self.count)

    def squares(self, columns: IntArray, cost: float) -> None:
        """Add a column for the square of each of ``columns``: at least the square, and no more if it costs anything."""
        self._squares += zip(
            columns.tolist(), self.columns(np.zeros(columns.size), np.inf, cost=cost).tolist(), strict=True
        )

    def limit(self, column: int, most: float) -> None:
        """Change the upper bound of a column."""
        self.table()[1, column] = most

    def row(self, *terms: tuple[ArrayLike, ArrayLike], least: float = -np.inf, most: float = np.inf) -> None:
        """Add a row: pairs of columns and their weights, whose weighted sum lies between ``least`` and ``most``."""
        columns = [np.atleast_1d(np.asarray(column, dtype=np.int64)) for column, _ in terms]
        weights = [
            np.broadcast_to(np.asarray(weight, dtype=np.float64), column.shape)
            for column, (_, weight) in zip(columns, terms, strict=True)
        ]
        self._rows.append((np.concatenate(columns), np.concatenate(weights), least, most))

    def table(self) -> FloatArray:
        """Lower bound, upper bound, cost and wholeness of every column, shape (4, columns)."""
        self._columns = [np.concatenate(self._columns, axis=1)]
        return self._columns[0]

    def objective(self, x: FloatArray) -> float:
        """What columns ``x`` cost."""
        return float(self.table()[2] @ x)

    def least_cost(self) -> FloatArray:
        """Columns of least cost.

        Squares are approached from below by tangents, one more wherever the answer still lies below the square (Kelley
        1960): the answer of each round costs no more than the optimum, and with its squares put right no less.
        """
        cost = self.table()[2]
        of, square = np.array(self._squares, dtype=np.int64).reshape(-1, 2).T
        for _ in range(_ROUNDS_MAX):
            x = self.least(cost)
            below = x[of] ** 2 - x[square]
            x[square] += np.maximum(below, 0.0)
            if cost[square] @ np.maximum(below, 0.0) <= _GAP * (np.abs(cost) @ np.abs(x) + cost[square].sum()):
                return x
            for k in np.flatnonzero(below > 0):
                self.row((square[k], 1.0), (of[k], -2 * x[of[k]]), least=-float(x[of[k]] ** 2))
        raise InvariantError(f"{_ROUNDS_MAX} rounds of tangents were not enough")

    def least(self, cost: FloatArray) -> FloatArray:
        """Columns of least ``cost @ x``, whatever costs the columns were given."""
        highspy = self._highspy
        lp = self._linear(cost * (_COST_LARGEST / max(float(np.abs(cost).max()), 1e-300)))
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.setOptionValue("mip_abs_gap", 0.0)
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance", "mip_feasibility_tolerance"):
            highs.setOptionValue(option, _TOLERANCE)
        highspy.Highs.resetGlobalScheduler(True)  # who used HiGHS before here may have asked for more threads
        highs.passModel(lp)
        highs.run()
        status = highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise InvariantError(f"HiGHS found no optimum: {highs.modelStatusToString(status)}")
        return np.asarray(highs.getSolution().col_value, dtype=np.float64)

    def _linear(self, cost: FloatArray) -> object:
        """The program in HiGHS's form, its matrix row by row."""
        highspy, (least, most, _, whole) = self._highspy, self.table()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.count, len(self._rows)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, least, most
        lp.row_lower_ = np.array([row[2] for row in self._rows])
        lp.row_upper_ = np.array([row[3] for row in self._rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([row[0].size for row in self._rows])]).astype(np.int64)
        lp.a_matrix_.index_ = np.concatenate([np.zeros(0, dtype=np.int64), *(row[0] for row in self._rows)])
        lp.a_matrix_.value_ = np.concatenate([np.zeros(0), *(row[1] for row in self._rows)])
        if whole.any():
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in whole]
        return lp


def _highspy() -> ModuleType:
    try:
        import highspy  # noqa: PLC0415 - a yardstick that the product itself does without
    except ImportError as missing:
        raise MissingRequirementError("the reference solver needs HiGHS: pip install highspy") from missing
    return highspy
