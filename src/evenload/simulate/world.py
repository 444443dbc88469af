"""The array world: one population on one grid, run under every strategy and base load.

A unit is the piece of a study that is computed at once, in one process: a seed, a penetration and a behaviour. Random
streams are spawned by purpose, so that every strategy meets the same cars, homes and base load, and inside a study a
higher penetration keeps the cars of the lower one and what their drivers do.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.errors import InvariantError
from evenload.base.instants import InstantArray
from evenload.base.units import BoolArray, FloatArray, IntArray, TextArray
from evenload.domain.session import Sessions
from evenload.schedule.audit import audit
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.optimised import Optimised
from evenload.schedule.windows import Windows
from evenload.simulate.base_load import HouseholdLoad
from evenload.simulate.behaviour import DRAWS, behave
from evenload.simulate.inputs import StudyInputs
from evenload.simulate.knowledge import NOTHING, OTHER_DRAW, Past
from evenload.simulate.strategies import Choice
from evenload.simulate.study_file import Study

_STREAMS: Final = ("cars", "order", "homes", "behaviour", "base load", "strategy")


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of a study computed at once."""

    seed: int
    penetration: float
    behaviour: str

    @property
    def key(self) -> str:
        """Name of the unit, fit for a folder."""
        case = f"{self.seed}\n{self.penetration!r}\n{self.behaviour}"
        return f"seed{self.seed:04d}-{hashlib.sha256(case.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Cars:
    """The cars of a unit: what they declare, what they do, and the circuit each session hangs on.

    Energy that is no session's need: ``energy_kwh_lost`` of skipped plug-ins that nothing later could take, and
    ``energy_kwh_beyond_power``, what the history claims beyond power x stay.
    """

    sessions: Sessions
    unplugged_at: InstantArray
    opted_out: BoolArray
    node: IntArray
    count: int
    energy_kwh_lost: float
    energy_kwh_beyond_power: float

    @property
    def early_h(self) -> FloatArray:
        """Hours each car left before its declared departure, 0 where it did not, shape (sessions,)."""
        seconds = (self.sessions.departs_at - self.unplugged_at).astype("timedelta64[s]").astype(np.int64)
        return np.maximum(seconds / 3600.0, 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """One strategy on one problem."""

    choice: Choice
    base_load: str
    problem: Problem
    power_kw: FloatArray
    ev_load_kw: FloatArray

    @property
    def load_kw(self) -> FloatArray:
        """Load through each node, base and cars, kW, shape (nodes, steps)."""
        return self.problem.base_load_kw + self.ev_load_kw


def units(study: Study) -> list[Unit]:
    """Every unit of a study, in a fixed order."""
    seeds = range(study.first_seed, study.first_seed + study.seeds)
    return [
        Unit(seed, penetration, behaviour)
        for behaviour in study.behaviours
        for seed in seeds
        for penetration in study.penetrations
    ]


def draw_cars(study: Study, inputs: StudyInputs, unit: Unit) -> Cars:
    """Draw the cars of the highest penetration, keep the unit's share of them and hang them on homes."""
    homes = inputs.grid.homes
    wanted, most = (max(1, round(share * homes)) for share in (unit.penetration, max(study.penetrations)))
    history = inputs.draw_cars(most, inputs.horizon.start, inputs.horizon.end, _stream(unit.seed, "cars"))
    rank = _stream(unit.seed, "order").permutation(most)
    kept = rank[car_numbers(history.user_id)] < wanted
    draws = _stream(unit.seed, "behaviour").random((DRAWS, len(history)))
    behaved = behave(history.take(kept), study.behaviours[unit.behaviour], draws[:, kept])
    home = _stream(unit.seed, "homes").permutation(homes)
    node = inputs.grid.home_node[home[rank[car_numbers(behaved.sessions.user_id)] % homes]]
    return Cars(
        behaved.sessions, behaved.unplugged_at, behaved.opted_out, node, wanted,
        behaved.energy_kwh_lost, behaved.energy_kwh_beyond_power,
    )  # fmt: skip


def car_numbers(user_id: TextArray) -> IntArray:
    """Number of the car of each session: drawn cars are called ``car000017``, those without a session count too."""
    return np.array([int(name.removeprefix("car")) for name in user_id.tolist()], dtype=np.int64)


def runs_of(study: Study, inputs: StudyInputs, unit: Unit, cars: Cars) -> Iterator[Run]:
    """Every strategy under every base load, base load by base load."""
    choices = _informed(study, inputs, unit, cars)
    for label, base_kw in _base_loads(study, inputs, unit):
        problem = problem_of(inputs, cars, base_kw)
        for choice in choices:
            power_kw = choice.strategy.power_kw(problem, _stream(unit.seed, "strategy"))
            _refuse_broken_promises(choice, problem, power_kw)
            yield Run(choice, label, problem, power_kw, problem.ev_load_kw(power_kw))


def _informed(study: Study, inputs: StudyInputs, unit: Unit, cars: Cars) -> list[Choice]:
    """The study's strategies, each with what it is to know from the past."""
    choices = study.choices()
    if all(choice.knows == NOTHING for choice in choices):
        return choices
    others = draw_cars(study, inputs, replace(unit, seed=unit.seed + OTHER_DRAW))
    tree = inputs.grid.tree
    homes: FloatArray = np.bincount(inputs.grid.home_node, minlength=len(tree)).astype(np.float64)
    cars_at = homes * (cars.count / inputs.grid.homes)
    past = Past(inputs.histories, others.sessions, others.unplugged_at, others.node, tree, inputs.clock, cars_at)
    return [
        replace(choice, strategy=past.told(choice.strategy, choice.knows))
        if isinstance(choice.strategy, Optimised) else choice
        for choice in choices
    ]  # fmt: skip


def _base_loads(study: Study, inputs: StudyInputs, unit: Unit) -> Iterator[tuple[str, FloatArray]]:
    """Every base load of the study: its label, and kW through each node (nodes, steps)."""
    labels = study.base_load.labels()
    if inputs.load_kw is not None:
        yield labels[0], inputs.load_kw
        return
    for label, kw_peak in zip(labels, study.base_load.kw_peak_per_home, strict=True):
        load = HouseholdLoad(inputs.profiles_kw, kw_peak, study.base_load.season_low)
        yield label, load.through_nodes(inputs.grid, inputs.horizon, inputs.clock, _stream(unit.seed, "base load"))


def problem_of(inputs: StudyInputs, cars: Cars, base_load_kw: FloatArray) -> Problem:
    """The planning problem of a unit's cars above a base load."""
    sessions = cars.sessions
    windows = Windows.between(inputs.horizon, sessions.plugged_at, cars.unplugged_at)
    lengths = np.diff(windows.offset)
    # plans end with the last whole step before the departure: what is left of the last one is a reserve
    declared = np.floor(inputs.horizon.position(sessions.departs_at)).astype(np.int64) - windows.first_step
    return Problem(
        horizon=inputs.horizon,
        session_id=sessions.session_id,
        node=cars.node,
        first_step=windows.first_step,
        offset=windows.offset,
        cap_kw=np.repeat(sessions.power_kw_max, lengths) * windows.coverage,
        declared_slots=np.maximum(declared, 1),
        energy_kwh=sessions.energy_kwh / sessions.efficiency,
        power_kw_max=sessions.power_kw_max,
        opted_out=cars.opted_out,
        tree=inputs.grid.tree,
        base_load_kw=base_load_kw,
        limit_kw=inputs.grid.tree.limit_kw[:, None],
        price_per_kwh=inputs.signal.price_per_kwh,
        minute_of_day=inputs.clock.minute_of_day(inputs.horizon.starts()),
    )


def _refuse_broken_promises(choice: Choice, problem: Problem, power_kw: FloatArray) -> None:
    """A strategy that draws what a car cannot, or gives more than the need, would falsify every number after it."""
    broken = audit(problem, power_kw)
    hard = [violation for violation in broken if violation.kind != "circuit"]
    if hard:
        raise InvariantError(f"strategy {choice.label} broke a promise in {len(hard)} places, first: {hard[0]}")


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """The random stream of one purpose; streams of different purposes and seeds are independent."""
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(_STREAMS.index(purpose),)))
