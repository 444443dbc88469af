"""Random planning problems with everything a problem may hold: batteries, tariffs, export, terms at circuits."""

from dataclasses import replace

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.units import MINUTES_PER_DAY, FloatArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, CircuitTerms, Tariffs
from evenload.testing.problems import frozen, random_problem

_KINDS = (CircuitKind.SYSTEM, CircuitKind.FEEDER, CircuitKind.TRANSFORMER, CircuitKind.SITE)
_PRICE_SCALES = (0.01, 1.0, 1.0, 1.0, 100.0)
_ROUND_TRIPS = (0.6, 0.8, 0.9, 1.0)


def rich_problem(  # noqa: PLR0913 - one switch a part
    rng: np.random.Generator,
    *,
    sessions_max: int = 6,
    steps_max: int = 10,
    discharging: bool = True,
    export: bool = True,
    tariffs: bool = True,
    taper: bool = False,
    smoothing: bool = False,
    peak: bool = False,
    minimum: bool = False,
) -> Problem:
    """Draw a problem with the parts asked for: trees of 1 to 4 levels, limits that often bind, base load that may be
    negative or above a limit, prices of any sign and very different scale, steps of 15, 30 or 60 minutes.

    Each part asked for is left out now and then, so that problems with few parts are among the drawn. No driver has
    opted out, and arrays are read-only.
    """
    drawn = _with_tree_and_limits(_plain(rng, sessions_max, steps_max), rng)
    scale = float(rng.choice(_PRICE_SCALES))
    drawn = replace(drawn, price_per_kwh=scale * drawn.price_per_kwh)
    if (discharging and _mostly(rng)) or taper:
        drawn = replace(drawn, batteries=_batteries(drawn, rng, scale, discharging=discharging, taper=taper))
    if export and _mostly(rng):
        drawn = replace(drawn, export_limit_kw=_export_limits(drawn, rng))
    if tariffs and _mostly(rng):
        drawn = replace(drawn, tariffs=_tariffs(drawn, rng, scale))
    if smoothing or peak:
        drawn = replace(drawn, terms=_terms(drawn, rng, scale, smoothing=smoothing, peak=peak))
    if minimum and _mostly(rng):
        drawn = _with_minimum(drawn, rng)
    return frozen(drawn)


def _mostly(rng: np.random.Generator) -> bool:
    return bool(rng.random() < 0.8)


def _plain(rng: np.random.Generator, sessions_max: int, steps_max: int) -> Problem:
    """The windows of ``random_problem`` in steps of 15, 30 or 60 minutes; needs none, some or all that can be met."""
    sessions, steps = int(rng.integers(1, sessions_max + 1)), int(rng.integers(1, steps_max + 1, 2).max())
    drawn = random_problem(rng, sessions=sessions, steps=steps, opted_out=0.0, scarcity=0.0)
    minutes = int(rng.choice([15, 30, 60]))
    horizon = Horizon(drawn.horizon.start, minutes, steps)
    at_most = np.add.reduceat(drawn.cap_kw, drawn.offset[:-1]) * horizon.hours_per_step
    return replace(
        drawn,
        horizon=horizon,
        energy_kwh=at_most * rng.choice([0.0, 0.15, 0.4, 0.7, 1.0], sessions),
        minute_of_day=(drawn.minute_of_day[0] + minutes * np.arange(steps)) % MINUTES_PER_DAY,
    )


def _with_tree_and_limits(problem: Problem, rng: np.random.Generator) -> Problem:
    """The problem hung on a random tree, with base load and limits about what flat charging would need."""
    tree, steps = _tree(rng), problem.horizon.steps
    node = rng.integers(0, len(tree), problem.sessions)
    hung = replace(
        problem,
        tree=tree,
        node=node,
        base_load_kw=np.zeros((len(tree), steps)),
        limit_kw=np.full((len(tree), 1), np.inf),
    )
    slots = np.diff(problem.offset)
    flat = np.repeat(problem.energy_kwh / np.maximum(slots, 1) / problem.horizon.hours_per_step, slots)
    load, wanted = tree.sum_up(_base_load(rng, len(tree), steps)), hung.ev_load_kw(flat)
    tightest = rng.choice([0.4, 1.0, 1.2])
    limit = np.maximum(load + wanted * rng.uniform(tightest, 2.0, wanted.shape), 0.0)
    if rng.random() < 0.6:
        limit = limit.max(axis=1, keepdims=True)
    limit[rng.random(limit.shape) < 0.05] *= 0.5  # often below base load
    limit[rng.random(len(tree)) < 0.3] = np.inf
    return replace(hung, base_load_kw=load, limit_kw=limit)


def _tree(rng: np.random.Generator) -> CircuitTree:
    """Up to 8 circuits on 1 to 4 levels."""
    levels, circuits = int(rng.integers(1, 5)), [Circuit("0", "", CircuitKind.SYSTEM)]
    above = ["0"]
    for level in range(1, levels):
        names = [f"{level}.{i}" for i in range(int(rng.integers(1, 4)))]
        circuits += [Circuit(name, str(rng.choice(above)), _KINDS[level]) for name in names]
        above = names
    return CircuitTree.of(circuits[:8])


def _base_load(rng: np.random.Generator, nodes: int, steps: int) -> FloatArray:
    """Load connected at each node itself, (N, T): some, none, or generation around the middle of the horizon."""
    load = rng.uniform(0.0, 5.0, (nodes, steps)) * rng.choice([0.0, 1.0], (nodes, 1))
    sun = np.sin(np.pi * (np.arange(steps) + 0.5) / steps)
    return np.asarray(load - sun * rng.uniform(0.0, 15.0, (nodes, 1)) * (rng.random((nodes, 1)) < 0.12))


def _batteries(
    problem: Problem, rng: np.random.Generator, scale: float, *, discharging: bool, taper: bool
) -> Batteries:
    """About half of the sessions can discharge; needs may be 0, bands none, tight or wide."""
    count, need = problem.sessions, problem.energy_kwh
    able = (rng.random(count) < 0.7) & discharging
    size = np.maximum(need, 5.0)
    knee = np.where(rng.random(count) < 0.7, size * rng.uniform(-0.5, 1.2, count), np.inf) if taper else np.inf
    knee = np.broadcast_to(knee, count)
    return Batteries(
        discharge_kw_max=able * problem.power_kw_max * rng.choice([0.5, 1.0, 1.3], count),
        round_trip=rng.choice(_ROUND_TRIPS, count),
        down_kwh=able * size * rng.choice([0.0, 0.3, 0.5, 2.0], count),
        up_kwh=need + size * rng.choice([0.0, 0.5, np.inf], count),
        wear_per_kwh=able * scale * rng.choice([0.0, 0.01, 0.05], count),
        knee_kwh=knee,
        full_kwh=np.maximum(knee, need) + size * rng.uniform(0.1, 1.0, count),
    )


def _export_limits(problem: Problem, rng: np.random.Generator) -> FloatArray:
    """None, some or endless export a node, (N, 1) or (N, T)."""
    nodes = len(problem.tree)
    limit = rng.choice([0.1, 0.3, 1.0, np.inf], (nodes, 1)) * rng.uniform(1.0, 15.0, (nodes, 1))
    limit[rng.random(nodes) < 0.1] = 0.0
    return np.asarray(limit * rng.uniform(0.3, 1.0, problem.base_load_kw.shape) if rng.random() < 0.4 else limit)


def _tariffs(problem: Problem, rng: np.random.Generator, scale: float) -> Tariffs:
    """One to three tariffs; export earns as much as import costs, less, or more, even where prices are negative."""
    count, steps = int(rng.integers(1, 4)), problem.horizon.steps
    bought = scale * rng.uniform(-0.1, 0.4, (count, steps))
    share = rng.choice([0.0, 0.8, 1.0, 1.0, 1.2], (count, 1))
    return Tariffs(rng.integers(0, count, problem.sessions), bought, bought * share)


def _terms(problem: Problem, rng: np.random.Generator, scale: float, *, smoothing: bool, peak: bool) -> CircuitTerms:
    """Terms at up to three circuits, a circuit twice now and then."""
    count = int(rng.integers(1, 4))
    node = rng.integers(0, len(problem.tree), count)
    highest = problem.base_load_kw[node].max(axis=1)
    so_far = np.where(rng.random(count) < 0.5, -np.inf, highest * rng.uniform(0.5, 1.5, count))
    return CircuitTerms(
        node=node,
        smoothing_per_kw2h=scale * rng.choice([0.0, 0.001, 0.01, 0.1], count) * smoothing,
        peak_per_kw=scale * rng.choice([0.0, 0.1, 1.0, 10.0], count) * peak,
        peak_kw_so_far=so_far,
    )


def _with_minimum(problem: Problem, rng: np.random.Generator) -> Problem:
    """A part of some needs as minimum, and an emergency limit of the normal one or more."""
    minimum = problem.energy_kwh * rng.choice([0.0, 0.3, 1.0], problem.sessions)
    emergency = problem.limit_kw * rng.choice([1.0, 1.5]) if rng.random() < 0.5 else None
    return replace(problem, minimum_kwh=minimum, emergency_limit_kw=emergency)
