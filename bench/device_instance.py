"""The optimiser's standard grid with what real fleets have: stepped and switched devices, batteries, sites, smoothing.

The tree of ``tree_instance`` (limits binding at every level) and on it, drawn with a seed of its own:

    30 %  stepped: whole amps from 6 A, one phase up to 7.2 kW, three above
    20 %  on/off with a budget of 3 to 6 commands
     5 %  giving back up to their power, round trip 0.88, wear 0.02 a kWh
    most  a battery of 40 to 90 kWh whose power falls from 80 % charged on, at 70 to 95 % when it leaves; not those that
          give back, nor those that would then not have the time

A tenth of the transformers are sites with a demand charge of 0.4 a kW; feeders are smoothed so that a kWh there costs
0.03 more at their usual load.
"""

from dataclasses import replace
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.units import MINUTES_PER_DAY, BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.domain.session import Control
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, CircuitTerms, Devices
from evenload.schedule.solver.minimum import give_minimum
from tree_instance import SEED, START, TreeInstance

STEPPED: Final = 0.30
ON_OFF: Final = 0.20
GIVING_BACK: Final = 0.05
_AMP_KW: Final = 0.230
_AMPS_LEAST: Final = 6
_KNEE: Final = 0.8
_FULL: Final = 1.02
_DEMAND_CHARGE: Final = 0.4
_DEARER_WHEN_USUAL: Final = 0.03


def draw(cars: int, seed: int = SEED) -> Problem:
    """A problem of ``cars`` cars; the same arguments always give the same one."""
    tree = TreeInstance.draw(cars, seed, per_feeder=500 if cars > 5_000 else max(cars // 20, 1))
    problem = tree.problem()
    rng = np.random.default_rng(seed + cars + 7)
    devices = _devices(rng, problem)
    continuous = devices.control == Control.CONTINUOUS.value
    batteries = _reachable(problem, _batteries(rng, problem, continuous))
    return replace(problem, devices=devices, batteries=batteries, terms=_terms(problem, tree))


def _devices(rng: np.random.Generator, problem: Problem) -> Devices:
    size, power_kw = problem.sessions, problem.power_kw_max
    drawn = rng.random(size)
    control = np.full(size, Control.CONTINUOUS.value, dtype="<U10")
    control[drawn < STEPPED] = Control.STEPPED.value
    control[(drawn >= STEPPED) & (drawn < STEPPED + ON_OFF)] = Control.ON_OFF.value
    stepped, switched = control == Control.STEPPED.value, control == Control.ON_OFF.value
    step_kw = np.where(power_kw > 7.5, 3 * _AMP_KW, _AMP_KW)
    return Devices(
        control,
        power_kw_min=np.where(stepped, _AMPS_LEAST * step_kw, 0.0),
        fallback_kw=np.full(size, np.nan),
        priority=np.zeros(size, dtype=np.int64),
        step_kw=np.where(stepped, step_kw, np.nan),
        dwell_steps=np.ones(size, dtype=np.int64),
        commands_max=np.where(switched, rng.integers(3, 7, size), -1),
    )


def _batteries(rng: np.random.Generator, problem: Problem, continuous: BoolArray) -> Batteries:
    size, need = problem.sessions, problem.energy_kwh
    battery = np.maximum(rng.uniform(40, 90, size), need / 0.75)
    room_left = rng.uniform(0.05, 0.30, size) * battery  # above the need
    full = need + room_left
    knee = full - (1 - _KNEE) * battery
    start = np.maximum(battery - full, 0.0)
    gives = continuous & (rng.random(size) < GIVING_BACK / continuous.mean())
    return Batteries(
        discharge_kw_max=np.where(gives, problem.power_kw_max, 0.0),
        round_trip=np.where(gives, 0.88, 1.0),
        down_kwh=np.where(gives, np.maximum(start - 0.1 * battery, 0.0), 0.0),
        up_kwh=np.where(gives, full, np.inf),
        wear_per_kwh=np.where(gives, 0.02, 0.0),
        knee_kwh=np.where(gives, np.inf, knee),
        full_kwh=np.where(gives, np.inf, full + (_FULL - 1) * battery),
    )


def _reachable(problem: Problem, batteries: Batteries) -> Batteries:
    """The batteries, without taper where time is too short for it or nearly so."""
    whole = replace(
        problem, minimum_kwh=problem.energy_kwh, batteries=batteries, limit_kw=np.full((len(problem.tree), 1), np.inf)
    )
    hours = np.diff(problem.offset) * problem.horizon.hours_per_step
    short = give_minimum(whole).unserved_kwh > 0
    short |= problem.energy_kwh > 0.7 * hours * problem.power_kw_max
    endless = np.where(short, np.inf, 0.0)
    return replace(batteries, knee_kwh=batteries.knee_kwh + endless, full_kwh=batteries.full_kwh + endless)


def _terms(problem: Problem, tree: TreeInstance) -> CircuitTerms:
    feeders = int(tree.feeder[-1]) + 1
    sites = 1 + feeders + np.arange(0, tree.feeder.size, 10)
    usual_kw = problem.base_load_kw[1 : 1 + feeders].mean(axis=1)
    need_kw = np.bincount(tree.feeder[tree.transformer], weights=problem.energy_kwh) / (
        problem.horizon.steps * problem.horizon.hours_per_step
    )
    smoothing = _DEARER_WHEN_USUAL / (2 * (usual_kw + need_kw))
    node = np.concatenate([sites, 1 + np.arange(feeders)])
    none = np.zeros(sites.size)
    return CircuitTerms(
        node,
        smoothing_per_kw2h=np.concatenate([none, smoothing]),
        peak_per_kw=np.concatenate([np.full(sites.size, _DEMAND_CHARGE), np.zeros(feeders)]),
        peak_kw_so_far=np.full(node.size, -np.inf),
    )


MIXES: Final = ("stepped", "on_off", "mixed", "with_continuous", "least")


def draw_transformer(rng: np.random.Generator, cars: int, steps: int, mix: str, tightness: float) -> Problem:
    """One transformer with two circuits below it over a night of ``steps`` quarter hours.

    ``tightness``: the limit in units of the flat rate of all cars; below about 1.05 not all can be served.
    """
    first = np.clip(rng.normal(0.15, 0.12, cars) * steps, 0, steps // 2).astype(np.int64)
    last = np.clip(rng.normal(0.85, 0.1, cars) * steps, steps // 2 + 2, steps).astype(np.int64)
    power_kw = rng.choice(np.array([3.68, 7.36, 11.04]), cars, p=[0.2, 0.5, 0.3])
    hours = 0.25
    need = np.minimum(rng.lognormal(np.log(0.4), 0.5, cars), 0.85) * power_kw * (last - first) * hours
    control, least, step, dwell, commands = _mix(rng, mix, power_kw)
    tree = CircuitTree.of(
        [
            Circuit("T", "", CircuitKind.TRANSFORMER),
            Circuit("A", "T", CircuitKind.FEEDER),
            Circuit("B", "T", CircuitKind.FEEDER),
        ]
    )
    node = rng.integers(1, 3, cars)
    flat = np.zeros((3, steps))
    for i in range(cars):
        flat[[0, node[i]], first[i] : last[i]] += need[i] / ((last[i] - first[i]) * hours)
    base = np.zeros((3, steps))
    base[1:] = cars * 0.3 * rng.uniform(0.5, 1.5, (2, steps))
    base[0] = base[1] + base[2]
    limit = (base + tightness * flat).max(axis=1)
    limit[1:] *= 1.15
    offset = np.concatenate([[0], np.cumsum(last - first)])
    cap = np.repeat(power_kw, last - first)
    cap[offset[:-1]] *= rng.uniform(0.2, 1.0, cars)
    cap[offset[1:] - 1] *= rng.uniform(0.2, 1.0, cars)
    hour = np.arange(steps) / steps
    price = 0.12 + 0.05 * np.cos(2 * np.pi * hour) + rng.normal(0, 0.01, steps)
    return Problem(
        horizon=Horizon(parse_instant(START), 15, steps),
        session_id=np.char.add("ev", np.arange(cars).astype(np.str_)),
        node=node,
        first_step=first,
        offset=offset,
        cap_kw=cap,
        declared_slots=last - first,
        energy_kwh=need,
        power_kw_max=power_kw,
        opted_out=np.zeros(cars, dtype=np.bool_),
        tree=tree,
        base_load_kw=base,
        limit_kw=limit[:, None],
        price_per_kwh=price,
        minute_of_day=(MINUTES_PER_DAY // 2 + 15 * np.arange(steps)) % MINUTES_PER_DAY,
        devices=Devices(control, least, np.full(cars, np.nan), np.zeros(cars, dtype=np.int64), step, dwell, commands),
    )


def _mix(
    rng: np.random.Generator, mix: str, power_kw: FloatArray
) -> tuple[TextArray, FloatArray, FloatArray, IntArray, IntArray]:
    """Control, lowest power, step, dwell and budget of each car."""
    size = power_kw.size
    kinds = {
        "stepped": (1.0, 0.0), "on_off": (0.0, 1.0), "mixed": (0.6, 0.4), "with_continuous": (0.3, 0.2),
        "least": (0.0, 0.0),
    }[mix]  # fmt: skip
    drawn = rng.random(size)
    stepped, switched = drawn < kinds[0], (drawn >= kinds[0]) & (drawn < sum(kinds))
    control = np.where(
        stepped, Control.STEPPED.value, np.where(switched, Control.ON_OFF.value, Control.CONTINUOUS.value)
    )
    step_kw = np.where(power_kw > 7.5, 3 * _AMP_KW, _AMP_KW)
    least = np.where(stepped | (mix == "least"), _AMPS_LEAST * step_kw, 0.0)
    budgeted = switched & (rng.random(size) < 0.8)
    dwell = np.where(switched & (rng.random(size) < 0.5), rng.integers(2, 5, size), 1)
    return control, least, np.where(stepped, step_kw, np.nan), dwell, np.where(budgeted, rng.integers(1, 7, size), -1)
