"""Random planning problems for contract and property tests: small, awkward and reproducible."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.units import MINUTES_PER_DAY, FloatArray, IntArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries, CircuitTerms, Devices, Tariffs

_POWERS_KW = (3.7, 7.4, 11.0, 22.0)
_PRICES_PER_KWH = (-0.02, 0.1, 0.1, 0.2, 0.35)


def random_problem(
    rng: np.random.Generator, *, sessions: int = 8, steps: int = 24, opted_out: float = 0.15, scarcity: float = 1.0
) -> Problem:
    """Draw a problem: ragged windows, early and late departures, nested limits, some of them scarce, equal prices.

    ``opted_out`` is the share of drivers who have opted out; limits are about ``1 / scarcity`` of what all cars of a
    circuit charging flat would need (0 = no limits). Arrays are read-only.
    """
    tree = _tree(rng)
    first = rng.integers(0, steps, sessions)
    length = np.array([rng.integers(1, steps - f + 1) for f in first], dtype=np.int64)
    power = rng.choice(_POWERS_KW, sessions)
    cap, whole = _ragged_caps(rng, power, length)
    declared = np.maximum(whole + rng.integers(-3, 4, sessions) * (rng.random(sessions) < 0.3), 0)
    need = power * np.maximum(declared, 1) * 0.25 * rng.choice([0.0, 0.2, 0.5, 0.9, 1.3], sessions)
    node = rng.integers(0, len(tree), sessions)
    base = tree.sum_up(rng.uniform(-1.0, 4.0, (len(tree), steps)))
    flat = np.zeros((len(tree), steps))
    for i in range(sessions):
        flat[node[i], first[i] : first[i] + length[i]] += need[i] / max(length[i] * 0.25, 0.25)
    limit = _limits(rng, base, tree.sum_up(flat), scarcity)
    return frozen(
        Problem(
            horizon=Horizon(datetime(2025, 1, 13, 17, tzinfo=UTC), 15, steps),
            session_id=np.array([f"session{i}" for i in range(sessions)], dtype=np.str_),
            node=node,
            first_step=first,
            offset=np.concatenate([[0], np.cumsum(length)]),
            cap_kw=cap,
            declared_slots=declared,
            energy_kwh=need,
            power_kw_max=power,
            opted_out=rng.random(sessions) < opted_out,
            tree=tree,
            base_load_kw=base,
            limit_kw=limit,
            price_per_kwh=rng.choice(_PRICES_PER_KWH, steps),
            minute_of_day=(int(rng.integers(0, 96)) * 15 + 15 * np.arange(steps)) % MINUTES_PER_DAY,
        )
    )


def with_another_future(problem: Problem, step: int, rng: np.random.Generator) -> Problem:
    """The same problem as far as anyone can know before ``step``: what comes later is drawn anew."""
    steps = problem.horizon.steps
    first, length = problem.first_step.copy(), np.diff(problem.offset)
    declared, need = problem.declared_slots.copy(), problem.energy_kwh.copy()
    opted_out = problem.opted_out.copy()
    caps: list[FloatArray] = []
    for i in range(problem.sessions):
        cap = problem.cap_kw[problem.offset[i] : problem.offset[i + 1]]
        power = problem.power_kw_max[i]
        if first[i] >= step:
            first[i] = rng.integers(step, steps)
            length[i] = rng.integers(1, steps - first[i] + 1)
            declared[i], need[i], opted_out[i] = rng.integers(0, length[i] + 3), rng.uniform(0, 10), rng.random() < 0.5
            cap = np.full(length[i], power)
        elif first[i] + length[i] > step:
            known = step - first[i]
            length[i] = rng.integers(known + 1, steps - first[i] + 1)
            cap = np.concatenate([cap[:known], np.full(length[i] - known, power)])
            cap[-1] *= rng.uniform(0.1, 1.0) if length[i] > known else 1.0
        caps.append(cap)
    return frozen(
        replace(
            problem,
            first_step=first,
            offset=np.concatenate([[0], np.cumsum(length)]),
            cap_kw=np.concatenate([np.zeros(0), *caps]),
            declared_slots=declared,
            energy_kwh=need,
            opted_out=opted_out,
        )
    )


def everybody_there(rng: np.random.Generator, sessions: int = 10) -> Problem:
    """A random problem whose cars are there from the start and leave as they said: the future holds no surprise."""
    drawn = random_problem(rng, sessions=sessions, opted_out=0.0, scarcity=1.3)
    slots = rng.integers(4, drawn.horizon.steps + 1, sessions)
    return replace(
        drawn,
        first_step=np.zeros(sessions, dtype=np.int64),
        offset=np.concatenate([[0], np.cumsum(slots)]),
        cap_kw=np.repeat(drawn.power_kw_max, slots),
        declared_slots=slots,
        energy_kwh=drawn.power_kw_max * slots * 0.25 * rng.uniform(0.1, 0.9, sessions),
    )


def frozen(problem: Problem) -> Problem:
    """The problem with copies of its arrays that refuse to be written to."""
    return replace(problem, **_copies(problem))


def _copies(columns: Problem | Across | Batteries | Tariffs | Devices | CircuitTerms) -> dict[str, Any]:
    """Read-only copies of the arrays of a problem or of a part of one, by name."""
    copies: dict[str, Any] = {}
    for name in columns.__dataclass_fields__:
        value = getattr(columns, name)
        if isinstance(value, np.ndarray):
            copies[name] = value.copy()
            copies[name].flags.writeable = False
        elif isinstance(value, Across | Batteries | Tariffs | Devices | CircuitTerms):
            copies[name] = replace(value, **_copies(value))
    return copies


def _tree(rng: np.random.Generator) -> CircuitTree:
    """Up to two feeders with up to two transformers each."""
    circuits = [Circuit("system", "", CircuitKind.SYSTEM)]
    for f in range(int(rng.integers(0, 3))):
        circuits.append(Circuit(f"feeder{f}", "system", CircuitKind.FEEDER))
        below = range(int(rng.integers(0, 3)))
        circuits += [Circuit(f"transformer{f}{t}", f"feeder{f}", CircuitKind.TRANSFORMER) for t in below]
    return CircuitTree.of(circuits)


def _limits(rng: np.random.Generator, base: FloatArray, flat: FloatArray, scarcity: float) -> FloatArray:
    """Limits of the nodes, (N, 1) or (N, T), about a third of them absent."""
    if scarcity == 0:
        return np.full((base.shape[0], 1), np.inf)
    wanted = (base + flat * rng.uniform(0.6, 1.6, base.shape) / scarcity).max(axis=1, keepdims=True)
    limit = np.maximum(wanted * rng.uniform(0.6, 1.1, wanted.shape), 0.0)
    limit[rng.random(wanted.shape) < 0.3] = np.inf
    return np.asarray(limit * rng.uniform(0.7, 1.0, base.shape) if rng.random() < 0.4 else limit)


def _ragged_caps(rng: np.random.Generator, power: FloatArray, length: IntArray) -> tuple[FloatArray, IntArray]:
    """Full power but in part of the first and last slot, and how many slots end before the car unplugs."""
    caps = [np.full(n, kw) for n, kw in zip(length, power, strict=True)]
    whole = length.copy()
    for i, cap in enumerate(caps):
        cap[0] *= rng.choice([1.0, 2 / 3, 0.2])
        if rng.random() < 0.5:
            cap[-1] *= 2 / 3
            whole[i] -= 1
    return np.concatenate([np.zeros(0), *caps]), whole
