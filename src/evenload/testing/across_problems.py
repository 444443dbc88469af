"""Random limits across the tree for planning problems: groups that overlap, hard and soft, some of them of nothing."""

from dataclasses import replace

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across
from evenload.testing.problems import frozen

_THIRD = 1 / 3


def with_across(problem: Problem, rng: np.random.Generator, *, hard: bool = True, soft: bool = True) -> Problem:
    """The problem with one to three limits over some or all of its sessions, by weights of 1 and 1/3.

    Limits are about what flat charging of their members would need, some steps have none, some leave nothing; now and
    then something else flows through them. With ``hard`` and ``soft`` a limit may be one in most steps and the other in
    the rest. Arrays are read-only.
    """
    limits, steps = int(rng.integers(1, 4)), problem.horizon.steps
    inside = rng.random((limits, problem.sessions)) < rng.choice([0.4, 0.8, 1.0], (limits, 1))
    limit, session = np.nonzero(inside)
    weight = rng.choice([1.0, _THIRD], limit.size)
    names = np.array([f"limit {row}" for row in range(limits)], dtype=np.str_)
    none = np.zeros((limits, steps))
    drawn = replace(problem, across=Across(names, none, none, limit, session, weight))
    slots = np.diff(problem.offset)
    flat = np.repeat(problem.energy_kwh / np.maximum(slots, 1) / problem.horizon.hours_per_step, slots)
    most = drawn.across_kw(flat) * rng.uniform(0.5, 2.0, none.shape)
    if rng.random() < 0.5:
        most = np.repeat(most.max(axis=1, keepdims=True), steps, axis=1)
    most[rng.random(most.shape) < 0.1] = 0.0
    most[rng.random(most.shape) < 0.1] = np.inf
    over = _prices(problem, rng, limits, hard=hard, soft=soft)
    sunless = rng.random(steps) < 0.3
    most[np.isfinite(over) & sunless] = 0.0
    base = rng.uniform(-2.0, 4.0, none.shape) if rng.random() < 0.3 else None
    if base is not None:
        most = np.maximum(most + base, 0.0)
    wires = rng.random(limits) < 0.5 if rng.random() < 0.5 else None
    return frozen(replace(drawn, across=Across(names, most, over, limit, session, weight, base, wires)))


def _prices(problem: Problem, rng: np.random.Generator, limits: int, *, hard: bool, soft: bool) -> FloatArray:
    """What going above costs, (L, T), on the scale of prices; inf where it must not."""
    scale = float(np.abs(problem.import_price()).max()) or 1.0
    softly = rng.random(limits) < (0.5 if hard and soft else float(soft))
    price = scale * rng.choice([0.1, 0.5, 1.0, 3.0], limits)
    over = np.repeat(np.where(softly, price, np.inf)[:, None], problem.horizon.steps, axis=1)
    if hard and soft:
        other = rng.random(over.shape) < 0.1
        over[other] = np.where(np.isinf(over[other]), 0.5 * scale, np.inf)
    return over
