"""Filling a session's slots one after another until its need is met: the step all simple strategies share."""

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.problem import Problem


def fill_in_time_order(problem: Problem, allowed_kw: FloatArray) -> FloatArray:
    """Give each session up to ``allowed_kw`` (K,) in each slot, earliest first, until its need is met; kW (K,)."""
    hours = problem.horizon.hours_per_step
    running = np.concatenate([[0.0], np.cumsum(allowed_kw)])
    before = running[:-1] - np.repeat(running[problem.offset[:-1]], np.diff(problem.offset))
    need_kw = np.repeat(problem.energy_kwh / hours, np.diff(problem.offset))
    return np.asarray(np.clip(need_kw - before, 0.0, allowed_kw))


def follow_plan(problem: Problem, planned_kw: FloatArray) -> FloatArray:
    """Power that results when sessions follow ``planned_kw`` (K,), kW (K,).

    Who has opted out charges at once, and so does whoever is still plugged in after the declared departure with need
    left.
    """
    at_once = np.repeat(problem.opted_out, np.diff(problem.offset)) | after_declared(problem)
    return fill_in_time_order(problem, np.where(at_once, problem.cap_kw, np.minimum(planned_kw, problem.cap_kw)))


def after_declared(problem: Problem) -> BoolArray:
    """Which slots begin after the last whole step before the declared departure, shape (K,)."""
    lengths = np.diff(problem.offset)
    position = np.arange(problem.cap_kw.size) - np.repeat(problem.offset[:-1], lengths)
    return np.asarray(position >= np.repeat(problem.declared_slots, lengths))


def planned_slots(problem: Problem) -> IntArray:
    """Slots each session plans on, shape (S,): up to the declared departure, as far as the horizon reaches."""
    return np.clip(problem.declared_slots, 0, problem.horizon.steps - problem.first_step)


def amount_kw(problem: Problem) -> FloatArray:
    """Need of each session as kW summed over slots, shape (S,)."""
    return np.asarray(problem.energy_kwh / problem.horizon.hours_per_step)
