"""Filling a session's slots one after another until its need is met: the step all simple strategies share."""

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem


def fill_in_time_order(problem: Problem, allowed_kw: FloatArray) -> FloatArray:
    """Give each session up to ``allowed_kw`` (K,) in each slot, earliest first, until its need is met; returns kW (K,)."""
    hours = problem.horizon.hours_per_step
    running = np.concatenate([[0.0], np.cumsum(allowed_kw)])
    before = running[:-1] - np.repeat(running[problem.offset[:-1]], np.diff(problem.offset))
    need_kw = np.repeat(problem.energy_kwh / hours, np.diff(problem.offset))
    return np.asarray(np.clip(need_kw - before, 0.0, allowed_kw))
