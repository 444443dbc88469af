"""Slots of chosen sessions."""

import numpy as np

from evenload.base.units import IntArray
from evenload.schedule.problem import Problem


def slots_of(problem: Problem, sessions: IntArray) -> tuple[IntArray, IntArray]:
    """All slots of some sessions, and for each which of ``sessions`` it is of."""
    lengths = np.diff(problem.offset)[sessions]
    row = np.repeat(np.arange(sessions.size), lengths)
    begin = np.cumsum(lengths) - lengths
    return problem.offset[sessions][row] + np.arange(row.size) - begin[row], row
