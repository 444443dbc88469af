"""A virtual town in the array world: its visits as a planning problem, and what they draw when nobody manages them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.unmanaged import Unmanaged
from evenload.schedule.windows import Windows
from evenload.simulate.town import Town
from evenload.simulate.town_drivers import Done
from evenload.simulate.town_parts import Visit

STEP_MINUTES: Final = 5
STAY_DAYS_MOST: Final = 13
_DAYS_BEFORE: Final = 1
"""Whoever was plugged in a day before charges no more, unmanaged."""


def instants(times: Sequence[datetime]) -> InstantArray:
    """Instants as an array."""
    return np.array([to_datetime64(at) for at in times], dtype="datetime64[s]")


def day_horizon(town: Town, number: int, days_before: int = 0) -> Horizon:
    """Day ``number`` of a town, and some before it, in steps of five minutes."""
    return Horizon.between(town.noon(max(0, number - days_before)), town.noon(number + 1), STEP_MINUTES)


def problem_of(town: Town, visits: Sequence[Visit], horizon: Horizon) -> Problem:
    """The planning problem of visits that begin inside the horizon; windows end with it at the latest."""
    places = {device.station: device.node for device in town.points}
    plugged_at = instants([visit.plugged_at for visit in visits])
    leaves_at = np.minimum(instants([visit.leaves_at for visit in visits]), to_datetime64(horizon.end))
    windows = Windows.between(horizon, plugged_at, leaves_at)
    power_kw_max = np.array([visit.power_kw_max for visit in visits])
    declared = np.floor(horizon.position(instants([visit.departs_at for visit in visits]))).astype(np.int64)
    return Problem(
        horizon=horizon,
        session_id=np.array([visit.visit_id for visit in visits], dtype=np.str_),
        node=town.circuits.find([places[visit.station] for visit in visits]),
        first_step=windows.first_step,
        offset=windows.offset,
        cap_kw=np.repeat(power_kw_max, np.diff(windows.offset)) * windows.coverage,
        declared_slots=np.maximum(declared - windows.first_step, 1),
        energy_kwh=np.array([visit.energy_kwh for visit in visits]),
        power_kw_max=power_kw_max,
        opted_out=np.array([visit.opted_out for visit in visits], dtype=np.bool_),
        tree=town.circuits,
        base_load_kw=town.base_load_kw(horizon),
        limit_kw=town.circuits.limit_kw[:, None],
        price_per_kwh=town.signal(horizon).price_per_kwh,
        minute_of_day=town.clock.minute_of_day(horizon.starts()),
    )


def device_kw(town: Town, visits: Sequence[Visit], problem: Problem, power_kw: FloatArray) -> FloatArray:
    """Mean power at every point of the town, kW (points, steps), from powers of the problem's slots."""
    row = {device.station: number for number, device in enumerate(town.points)}
    at = np.array([row[visit.station] for visit in visits], dtype=np.int64)[problem.slot_sessions()]
    drawn = np.zeros((len(town.points), problem.horizon.steps))
    np.add.at(drawn, (at, problem.slot_steps()), power_kw)
    return drawn


def unmanaged_day(town: Town, number: int) -> tuple[FloatArray, list[Done]]:
    """Day ``number`` when every car charges at once: power at every point, kW (points, steps of five minutes), and
    the visits that end on it with the energy they got."""
    horizon = day_horizon(town, number, _DAYS_BEFORE)
    visits = [visit for day in range(max(0, number - _DAYS_BEFORE), number + 1) for visit in town.visits(day)]
    problem = problem_of(town, visits, horizon)
    power_kw = Unmanaged().power_kw(problem, np.random.default_rng(0))
    drawn = device_kw(town, visits, problem, power_kw)[:, -day_horizon(town, number).steps :]
    delivered = dict(zip([visit.visit_id for visit in visits], problem.delivered_kwh(power_kw).tolist(), strict=True))
    ended = visits_ending(town, number)
    return drawn, [Done(visit, delivered.get(visit.visit_id, visit.energy_kwh)) for visit in ended]


def visits_ending(town: Town, number: int) -> list[Visit]:
    """The visits that end on day ``number``, as far as they began in the town's time."""
    day = town.day(number)
    days = range(max(0, number - STAY_DAYS_MOST), number + 1)
    return [visit for one in days for visit in town.visits(one) if visit.leaves_at in day]
