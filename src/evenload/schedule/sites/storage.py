"""Stationary storage of sites as sessions that stay plugged in over the whole horizon.

A storage is a battery that nobody drives away: it ends at the level it began with, or higher, and gives and takes
inside its power, its band of levels and all limits of its circuit, which it may exceed by itself. Source: DESIGN
section 5; requirements R94, R100.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import FloatArray
from evenload.domain.session import Control
from evenload.schedule.changes import arrived
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, Devices


@dataclass(frozen=True, slots=True)
class Storage:
    """A stationary battery at a circuit; levels and capacity are kWh stored, powers kW AC at its connection."""

    name: str
    node: int
    capacity_kwh: float
    level_kwh: float
    charge_kw_max: float
    discharge_kw_max: float
    efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    level_kwh_min: float = 0.0
    level_kwh_end: float | None = None  # None = the level it begins with
    wear_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        self._refuse_numbers()
        for name in ("level_kwh", "level_kwh_min", "level_kwh_end"):
            level = getattr(self, name)
            if level is not None and not 0 <= level <= self.capacity_kwh:
                raise InputError(
                    f"{self.name}: {name} {level:g} must be between 0 and capacity_kwh {self.capacity_kwh:g}"
                )
        if self.level_kwh < self.level_kwh_min:
            raise InputError(
                f"{self.name}: level_kwh {self.level_kwh:g} is below level_kwh_min {self.level_kwh_min:g}; lower that"
            )
        if self.level_kwh_end is not None and self.level_kwh_end < self.level_kwh:
            raise InputError(
                f"{self.name}: level_kwh_end {self.level_kwh_end:g} is below level_kwh {self.level_kwh:g}; a plan ends "
                "at the level it begins with or higher: leave level_kwh_end out"
            )

    def _refuse_numbers(self) -> None:
        for name in ("capacity_kwh", "charge_kw_max"):
            if not 0 < getattr(self, name) < inf:
                raise InputError(f"{self.name}: {name} must be above 0, not {getattr(self, name):g}")
        for name in ("discharge_kw_max", "wear_per_kwh"):
            if not 0 <= getattr(self, name) < inf:
                raise InputError(f"{self.name}: {name} must be a number of 0 or more, not {getattr(self, name):g}")
        for name in ("efficiency", "discharge_efficiency"):
            value = getattr(self, name)
            if not (isfinite(value) and 0 < value <= 1):
                raise InputError(f"{self.name}: {name} must be above 0 and at most 1, not {value:g}")

    @property
    def need_kwh(self) -> float:
        """Charging at the connection that brings it to its end level."""
        return (
            (self.level_kwh if self.level_kwh_end is None else self.level_kwh_end) - self.level_kwh
        ) / self.efficiency


def with_storage(problem: Problem, storages: Sequence[Storage], tariff: Sequence[int] = ()) -> Problem:
    """The problem with storages added as its last sessions, in their order, named as they are.

    ``tariff`` has the index of the tariff each pays, where the problem has tariffs (0 where left out). Raises
    ``InputError`` for a name that a session has, or for an end level above what can be charged in the horizon.
    """
    if not storages:
        return problem
    hours = problem.horizon.steps * problem.horizon.hours_per_step
    for storage in storages:
        if storage.need_kwh > storage.charge_kw_max * hours * (1 + 1e-9):
            raise InputError(
                f"{storage.name}: level_kwh_end {storage.level_kwh_end:g} needs {storage.need_kwh:g} kWh, but "
                f"{storage.charge_kw_max:g} kW for {hours:g} h bring {storage.charge_kw_max * hours:g} kWh"
            )
        if not 0 <= storage.node < len(problem.tree):
            raise InputError(f"{storage.name}: there is no circuit {storage.node}")
    if problem.batteries is None:
        problem = replace(problem, batteries=Batteries.charging_only(problem.sessions))
    return arrived(problem, _sessions_of(problem, storages, tariff))


def _sessions_of(problem: Problem, storages: Sequence[Storage], tariff: Sequence[int]) -> Problem:
    """The storages as sessions of a problem like this one, which has the same parts."""
    count, steps = len(storages), problem.horizon.steps
    charge = _each(storages, "charge_kw_max")
    tariffs = problem.tariffs and replace(problem.tariffs, of_session=np.array(tariff or [0] * count, dtype=np.int64))
    return replace(
        problem,
        session_id=np.array([storage.name for storage in storages], dtype=np.str_),
        node=np.array([storage.node for storage in storages], dtype=np.int64),
        first_step=np.zeros(count, dtype=np.int64),
        offset=np.arange(count + 1) * steps,
        cap_kw=np.repeat(charge, steps),
        declared_slots=np.full(count, steps),
        energy_kwh=_each(storages, "need_kwh"),
        power_kw_max=charge,
        opted_out=np.zeros(count, dtype=np.bool_),
        minimum_kwh=None if problem.minimum_kwh is None else np.zeros(count),
        batteries=_batteries(storages),
        devices=None if problem.devices is None else _devices(problem.devices, count),
        tariffs=tariffs,
        across=None,
    )  # fmt: skip


def _batteries(storages: Sequence[Storage]) -> Batteries:
    stored, least, most = (_each(storages, name) for name in ("level_kwh", "level_kwh_min", "capacity_kwh"))
    efficiency, endless = _each(storages, "efficiency"), np.full(len(storages), np.inf)
    return Batteries(
        discharge_kw_max=_each(storages, "discharge_kw_max"),
        round_trip=efficiency * _each(storages, "discharge_efficiency"),
        down_kwh=(stored - least) / efficiency,
        up_kwh=(most - stored) / efficiency,
        wear_per_kwh=_each(storages, "wear_per_kwh"),
        knee_kwh=endless,
        full_kwh=endless,
    )


def _devices(like: Devices, count: int) -> Devices:
    """Continuous devices, with the optional columns that the others have."""
    return Devices(
        np.full(count, Control.CONTINUOUS.value), np.zeros(count), np.zeros(count), np.zeros(count, dtype=np.int64),
        None if like.step_kw is None else np.full(count, np.nan),
        None if like.dwell_steps is None else np.ones(count, dtype=np.int64),
        None if like.commands_max is None else np.full(count, -1),
    )  # fmt: skip


def _each(storages: Sequence[Storage], name: str) -> FloatArray:
    return np.array([getattr(storage, name) for storage in storages], dtype=np.float64)
