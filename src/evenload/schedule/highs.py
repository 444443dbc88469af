"""The least cost there is, by a general solver: the slow, obvious answer that ``optimum`` is compared with.

One linear program in the plainest form, written down from the definition of the problem and sharing no code with the
optimiser: a column a slot, a column a session for what it lacks, a row a session, a row a circuit and step. HiGHS
(Huangfu, Hall 2018) solves it twice: least unserved energy first, then least cost at that much unserved.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Final

import numpy as np

from evenload.base.errors import InvariantError, MissingRequirementError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem

_TOLERANCE: Final = 1e-9
_COST_SCALE: Final = 1000.0
"""Prices per MWh: the simplex method loses its way where costs are near its tolerances."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An optimal plan: ``power_kw`` (K,), its money, and the least energy (kWh) that must stay unserved."""

    power_kw: FloatArray
    objective: float
    energy_kwh_unserved: float


@dataclass(frozen=True, slots=True)
class _Program:
    """``least <= matrix @ columns <= most``, columns between 0 and ``upper``; the matrix row by row."""

    upper: FloatArray
    begin: IntArray
    column: IntArray
    least: FloatArray
    most: FloatArray


def least_cost(problem: Problem) -> Reference:
    """Solve a charge-only problem whose windows end when cars leave, all of them known beforehand.

    Where base load exceeds a limit no car may charge. Raises ``MissingRequirementError`` without HiGHS.
    """
    highspy = _highspy()
    slots, hours = problem.cap_kw.size, problem.horizon.hours_per_step
    if slots == 0:
        return Reference(np.zeros(0), 0.0, float(problem.energy_kwh.sum()))
    program = _program(problem)
    unserved = np.concatenate([np.zeros(slots), np.ones(problem.sessions)])
    money = np.concatenate([problem.price_per_kwh[problem.slot_steps()] * hours, np.zeros(problem.sessions)])
    least = max(float(unserved @ _solve(highspy, program, unserved)), 0.0)
    best = _solve(highspy, _with_row(program, np.arange(slots, slots + problem.sessions), least), money)
    return Reference(best[:slots], float(money @ best), least * hours)


def _program(problem: Problem) -> _Program:
    """Columns: power of each slot, then what each session lacks, in kW summed over slots."""
    slots, need_kw = problem.cap_kw.size, problem.energy_kwh / problem.horizon.hours_per_step
    step, below = problem.slot_steps(), _below(problem)
    head = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)
    limited = np.argwhere(np.isfinite(head))
    windows = [np.arange(*problem.offset[i : i + 2]) for i in range(problem.sessions)]
    rows = [np.append(window, slots + i) for i, window in enumerate(windows)]
    rows += [np.flatnonzero(below[n] & (step == t)) for n, t in limited]
    return _Program(
        upper=np.concatenate([problem.cap_kw, need_kw]),
        begin=np.concatenate([[0], np.cumsum([row.size for row in rows])]),
        column=np.concatenate(rows),
        least=np.concatenate([need_kw, np.full(len(limited), -np.inf)]),
        most=np.concatenate([need_kw, head[limited[:, 0], limited[:, 1]]]),
    )


def _below(problem: Problem) -> BoolArray:
    """Whether each slot's session hangs at or below each node, shape (N, K)."""
    found = np.zeros((len(problem.tree), problem.sessions), dtype=np.bool_)
    for i, node in enumerate(problem.node.tolist()):
        found[list(problem.tree.path(node)), i] = True
    return found[:, problem.slot_sessions()]


def _with_row(program: _Program, columns: IntArray, most: float) -> _Program:
    """The program with one more row: these columns sum to ``most`` or less."""
    return _Program(
        program.upper,
        np.append(program.begin, program.begin[-1] + columns.size),
        np.concatenate([program.column, columns]),
        np.append(program.least, -np.inf),
        np.append(program.most, most),
    )


def _solve(highspy: ModuleType, program: _Program, cost: FloatArray) -> FloatArray:
    """Columns of least cost."""
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = program.upper.size, program.most.size
    lp.col_cost_ = _COST_SCALE * cost
    lp.col_lower_, lp.col_upper_ = np.zeros(program.upper.size), program.upper
    lp.row_lower_, lp.row_upper_ = program.least, program.most
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = program.begin, program.column
    lp.a_matrix_.value_ = np.ones(program.column.size)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("primal_feasibility_tolerance", _TOLERANCE)
    highs.setOptionValue("dual_feasibility_tolerance", _TOLERANCE)
    highs.passModel(lp)
    highs.run()
    status = highs.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise InvariantError(f"HiGHS found no optimum: {highs.modelStatusToString(status)}")
    return np.asarray(highs.getSolution().col_value, dtype=np.float64)


def _highspy() -> ModuleType:
    try:
        import highspy  # noqa: PLC0415 - a yardstick that the product itself does without
    except ImportError as missing:
        raise MissingRequirementError("the reference solver needs HiGHS: pip install highspy") from missing
    return highspy
