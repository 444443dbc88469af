"""What a day in a virtual town was like, measured the same way whether it was lived, metered or computed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.units import GRAMS_PER_KILOGRAM, FloatArray
from evenload.domain.circuit import CircuitKind
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.grid.loading import loading
from evenload.simulate.town import Town
from evenload.simulate.town_arrays import day_horizon, unmanaged_day
from evenload.simulate.town_drivers import Done
from evenload.simulate.town_grid import FEEDER

READY_KWH: Final = 0.5
"""A car is ready when it lacks no more than this of its need when it leaves."""

EARLY: Final = timedelta(minutes=15)
"""Who leaves so much before what he declared has left early."""

Meter = tuple[InstantArray, FloatArray]
"""When a meter was read, in order, and what it counted by then, kWh."""


@dataclass(frozen=True, slots=True)
class Overload:
    """How far a circuit was over its limit: minutes, the worst of it, and the highest load."""

    node: str
    kind: str
    limit_kw: float
    minutes: float
    worst_kw: float
    peak_kw: float


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day. Peaks count base load, but ``ev_peak_kw``; energy, ``cost`` (an estimate, energy only) and carbon are
    those of the cars. Of ``cars`` that left, so many were ready, short though they stayed as declared, or short
    because they left early; ``cloud_cars`` of them were at outlets, and so many of those were reached by a cloud."""

    peak_kw: float
    peak_at: datetime
    ev_peak_kw: float
    energy_kwh: float
    cost: float
    carbon_kg: float
    cars: int
    cars_ready: int
    cars_short: int
    cars_left_early_short: int
    opt_outs: int
    overloads: tuple[Overload, ...]
    cloud_cars: int = 0
    cloud_cars_reached: int = 0

    @property
    def transformers_over(self) -> int:
        """How many transformers were over their limit at some time."""
        return sum(one.kind == CircuitKind.TRANSFORMER for one in self.overloads)

    @property
    def transformer_minutes_over(self) -> float:
        """For how long, all transformers added up."""
        return sum(one.minutes for one in self.overloads if one.kind == CircuitKind.TRANSFORMER)

    @property
    def feeder_minutes_over(self) -> float:
        """For how long the feeder was over its limit."""
        return sum(one.minutes for one in self.overloads if one.kind == CircuitKind.FEEDER)

    @property
    def worst_transformer(self) -> Overload | None:
        """The one whose overload was the largest share of its limit."""
        over = [one for one in self.overloads if one.kind == CircuitKind.TRANSFORMER]
        return max(over, key=lambda one: one.peak_kw / one.limit_kw, default=None)

    def to_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        totals = {name: getattr(self, name) for name in _TOTALS}
        return asdict(self) | totals | {"peak_at": self.peak_at.isoformat()}


_TOTALS: Final = ("transformers_over", "transformer_minutes_over", "feeder_minutes_over")


def metered_kw(town: Town, meters: Mapping[str, Meter], horizon: Horizon) -> FloatArray:
    """Mean power at every point, kW (points, steps), from what meters counted, by station or car.

    Between two readings power is taken as constant; before the first and after the last, and where a station has none,
    as nothing. What meters showed when transactions began and ended has to be among the readings: in OCPP 1.6 it comes
    with the transaction and not as a meter value.
    """
    edges = np.append(horizon.starts(), np.datetime64(horizon.end.replace(tzinfo=None), "s")).astype(np.int64)
    drawn = np.zeros((len(town.points), horizon.steps))
    for row, device in enumerate(town.points):
        at, register_kwh = meters.get(device.station, _NEVER)
        if at.size:
            counted = np.interp(edges, at.astype("datetime64[s]").astype(np.int64), register_kwh)
            drawn[row] = np.diff(counted) / horizon.hours_per_step
    return drawn


_NEVER: Final[Meter] = (np.zeros(0, dtype="datetime64[s]"), np.zeros(0))


def figures(
    town: Town, number: int, device_kw: FloatArray, done: Sequence[Done], opt_outs: int, reached: int = 0
) -> DayFigures:
    """Day ``number`` from power at every point, kW (points, steps of five minutes), and the visits that ended; so many
    of those were ``reached`` by clouds."""
    horizon = day_horizon(town, number)
    tree, signal = town.circuits, town.signal(horizon)
    direct = np.zeros((len(tree), horizon.steps))
    np.add.at(direct, tree.find([device.node for device in town.points]), device_kw)
    cars_kw = tree.sum_up(direct)
    load_kw = cars_kw + town.base_load_kw(horizon)
    step_kwh = device_kw.sum(axis=0) * horizon.hours_per_step
    carbon = np.zeros(horizon.steps) if signal.carbon_g_per_kwh is None else signal.carbon_g_per_kwh
    feeder = tree.index[FEEDER]
    ready = [one.energy_kwh >= one.visit.energy_kwh - READY_KWH for one in done]
    early = [one.visit.leaves_at < one.visit.departs_at - EARLY for one in done]
    left_short = sum(gone and not full for gone, full in zip(early, ready, strict=True))
    return DayFigures(
        peak_kw=float(load_kw[feeder].max()),
        peak_at=horizon.start + timedelta(minutes=horizon.step_minutes * int(load_kw[feeder].argmax())),
        ev_peak_kw=float(cars_kw[feeder].max()),
        energy_kwh=float(step_kwh.sum()),
        cost=float(step_kwh @ signal.price_per_kwh),
        carbon_kg=float(step_kwh @ carbon) / GRAMS_PER_KILOGRAM,
        cars=len(done),
        cars_ready=sum(ready),
        cars_short=len(done) - sum(ready) - left_short,
        cars_left_early_short=left_short,
        opt_outs=opt_outs,
        overloads=_overloads(town, load_kw, horizon.step_minutes),
        cloud_cars=sum(one.visit.station.startswith(CAR_PREFIX) for one in done),
        cloud_cars_reached=reached,
    )


def _overloads(town: Town, load_kw: FloatArray, step_minutes: int) -> tuple[Overload, ...]:
    worked = loading(load_kw, town.circuits.limit_kw, step_minutes)
    return tuple(
        Overload(
            circuit.node, circuit.kind.value, circuit.limit_kw, float(worked.minutes_over[n]),
            float(worked.peak_kw[n] - circuit.limit_kw), float(worked.peak_kw[n]),
        )
        for n, circuit in enumerate(town.circuits.circuits) if worked.minutes_over[n] > 0
    )  # fmt: skip


def unmanaged_figures(town: Town, number: int) -> DayFigures:
    """Day ``number`` as it would be if nobody managed charging; nobody then needs to opt out."""
    drawn, done = unmanaged_day(town, number)
    return figures(town, number, drawn, done, opt_outs=0)
