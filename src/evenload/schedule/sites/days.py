"""One day of a planning problem: what is going on then, with what was done before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.schedule.changes import take
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Tariffs


def day_starts(horizon: Horizon, zone: str) -> IntArray:
    """Steps at which local days begin, the first step and the end of the horizon among them, shape (days + 1,)."""
    date = LocalClock(zone).date(horizon.starts())
    return np.concatenate([[0], np.flatnonzero(np.diff(date.astype(np.int64))) + 1, [horizon.steps]])


def day_of(problem: Problem, first: int, last: int, power_kw: FloatArray, stays: BoolArray) -> tuple[Problem, IntArray]:
    """The problem of sessions plugged in during steps ``first`` to before ``last``, and the slot (k,) each slot was.

    It ends when the last of these cars leaves. ``power_kw`` (K,) is what was done before: needs and levels of batteries
    are what that leaves. Sessions that stay (S,), stationary storage, end with the day, at their need.
    """
    end = problem.first_step + np.diff(problem.offset)
    rows = np.flatnonzero((problem.first_step < last) & (end > first))
    begin = np.maximum(problem.first_step[rows], first)
    until = np.where(stays[rows], np.minimum(end[rows], last), end[rows])
    stop = min(_whole_hours(int(until.max(initial=last)), problem.horizon), problem.horizon.steps)
    before = begin - problem.first_step[rows]
    lengths = until - begin
    offset = np.concatenate([[0], np.cumsum(lengths)])
    slot = np.repeat(problem.offset[rows] + before - offset[:-1], lengths) + np.arange(int(offset[-1]))
    level = np.concatenate([[0.0], problem.level_kwh(power_kw)])[np.where(before > 0, problem.offset[rows] + before, 0)]
    some = take(problem, rows)
    start = problem.horizon.start + timedelta(minutes=first * problem.horizon.step_minutes)
    span = slice(first, stop)
    day = replace(
        some,
        horizon=Horizon(start, problem.horizon.step_minutes, stop - first),
        first_step=begin - first,
        offset=offset,
        cap_kw=problem.cap_kw[slot],
        declared_slots=np.maximum(some.declared_slots - before, 1),
        energy_kwh=np.maximum(some.energy_kwh - level, 0.0),
        minimum_kwh=None if some.minimum_kwh is None else np.maximum(some.minimum_kwh - level, 0.0),
        tariffs=some.tariffs and _tariffs_of(some.tariffs, span),
        batteries=some.batteries and _moved(some.batteries, level),
        across=some.across and some.across.between(first, stop),
        **_columns_of(problem, span),
    )
    return day, slot


def _whole_hours(step: int, horizon: Horizon) -> int:
    """The step or a later one that ends an hour of a horizon: demand is averaged over whole intervals."""
    each = MINUTES_PER_HOUR // horizon.step_minutes
    return -(-step // each) * each


def _columns_of(problem: Problem, span: slice) -> dict[str, Any]:
    """What a problem has for each step, in a span of steps."""
    columns: dict[str, Any] = {name: getattr(problem, name)[span] for name in ("price_per_kwh", "minute_of_day")}
    for name in ("base_load_kw", "limit_kw", "emergency_limit_kw", "export_limit_kw"):
        each = getattr(problem, name)
        columns[name] = each if each is None or each.shape[1] == 1 else each[:, span]
    return columns


def _tariffs_of(tariffs: Tariffs, span: slice) -> Tariffs:
    bought, earned = tariffs.import_per_kwh[:, span], tariffs.export_per_kwh[:, span]
    return replace(tariffs, import_per_kwh=bought, export_per_kwh=earned)


def _moved(batteries: Batteries, level_kwh: FloatArray) -> Batteries:
    """Batteries whose levels count from where they are now."""
    return replace(
        batteries,
        down_kwh=np.maximum(batteries.down_kwh + level_kwh, 0.0),
        up_kwh=np.maximum(batteries.up_kwh - level_kwh, 0.0),
        knee_kwh=batteries.knee_kwh - level_kwh,
        full_kwh=batteries.full_kwh - level_kwh,
    )
