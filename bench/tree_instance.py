"""A three-level grid full of cars over one night, limits binding at every level: the optimiser's standard input.

Cars come home around 18:00 and leave around 07:30; needs are lognormal with a median of 18 kWh in the battery. Charging
every car at its flat rate keeps inside every limit, while charging in the cheapest steps alone would exceed all of
them: transformers have 1.02 to 1.5 times the flat peak, feeders 1.1 to 1.3, the substation 1.2. NumPy and the product.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import parse_instant
from evenload.base.units import MINUTES_PER_DAY, FloatArray, IntArray
from evenload.domain.circuit import Circuit, CircuitKind, CircuitTree
from evenload.schedule.problem import Problem

STEPS = 96
MINUTES_PER_STEP = 15
HOURS_PER_STEP = MINUTES_PER_STEP / 60
START = "2025-01-13T12:00:00+00:00"
SEED = 20250113
_HOUR = (12 + np.arange(STEPS) * HOURS_PER_STEP) % 24


@dataclass(frozen=True, slots=True)
class TreeInstance:
    """N cars on X transformers on F feeders on one substation; a car may draw in ``arrival <= t < departure``."""

    arrival_step: IntArray  # (N,)
    departure_step: IntArray  # (N,)
    power_kw_max: FloatArray  # (N,)
    energy_kwh: FloatArray  # (N,) need at the connector
    transformer: IntArray  # (N,)
    feeder: IntArray  # (X,)
    price_per_kwh: FloatArray  # (STEPS,)
    limit_kw: FloatArray  # (X + F + 1,) transformers, feeders, substation
    base_kw: FloatArray  # (X + F + 1, STEPS) everything below included

    @classmethod
    def draw(cls, cars: int, seed: int = SEED, per_transformer: int = 10, per_feeder: int = 500) -> Self:
        """Draw ``cars`` cars; ``per_feeder`` counts transformers. The same arguments always give the same instance."""
        rng = np.random.default_rng(seed + cars + 10**6)
        arrival = _step(rng.normal(18.0, 1.6, cars), 0, 60)
        departure = _step(rng.normal(31.5, 1.0, cars), 62, STEPS)
        power_kw_max = rng.choice(np.array([3.6, 7.2, 11.0, 22.0]), cars, p=[0.15, 0.55, 0.25, 0.05])
        efficiency = np.round(rng.uniform(0.86, 0.95, cars), 3)
        wanted_kwh = np.round(np.clip(rng.lognormal(np.log(18.0), 0.55, cars), 2.0, 75.0), 3)
        hours = (departure - arrival) * HOURS_PER_STEP
        energy_kwh = np.minimum(wanted_kwh, 0.85 * power_kw_max * hours * efficiency).round(3) / efficiency
        price = np.round(_price_shape() + rng.normal(0, 0.003, STEPS), 5)
        rng.normal(0, 6, STEPS)  # the carbon signal of the instance, which cost does not see
        transformer = np.arange(cars) // per_transformer
        feeder = np.arange(transformer[-1] + 1) // per_feeder
        flat = _flat_kw(arrival, departure, energy_kwh / hours, transformer)
        base, limit = _circuits(rng, flat, feeder, per_transformer)
        return cls(arrival, departure, power_kw_max, energy_kwh, transformer, feeder, price, limit, base)

    def problem(self) -> Problem:
        """The planning problem."""
        feeders, transformers = int(self.feeder[-1]) + 1, self.feeder.size
        tree = CircuitTree.of(
            [
                Circuit("S0", "", CircuitKind.SUBSTATION, float(self.limit_kw[-1])),
                *(Circuit(f"F{f}", "S0", CircuitKind.FEEDER) for f in range(feeders)),
                *(Circuit(f"T{x}", f"F{f}", CircuitKind.TRANSFORMER) for x, f in enumerate(self.feeder.tolist())),
            ]
        )
        order = np.concatenate([[transformers + feeders], transformers + np.arange(feeders), np.arange(transformers)])
        slots = self.departure_step - self.arrival_step
        cars = self.energy_kwh.size
        horizon = Horizon(parse_instant(START), MINUTES_PER_STEP, STEPS)
        return Problem(
            horizon=horizon,
            session_id=np.char.add("ev", np.arange(cars).astype(np.str_)),
            node=1 + feeders + self.transformer,
            first_step=self.arrival_step,
            offset=np.concatenate([[0], np.cumsum(slots)]),
            cap_kw=np.repeat(self.power_kw_max, slots),
            declared_slots=slots,
            energy_kwh=self.energy_kwh,
            power_kw_max=self.power_kw_max,
            opted_out=np.zeros(cars, dtype=np.bool_),
            tree=tree,
            base_load_kw=self.base_kw[order],
            limit_kw=self.limit_kw[order, None],
            price_per_kwh=self.price_per_kwh,
            minute_of_day=(MINUTES_PER_DAY // 2 + MINUTES_PER_STEP * np.arange(STEPS)) % MINUTES_PER_DAY,
        )


def _price_shape() -> FloatArray:
    """Bulk price per kWh without its noise: dear in the evening, cheap at night and around noon."""
    evening = 0.05 * np.exp(-(((_HOUR - 18.5) / 2.2) ** 2))
    night = 0.035 * np.exp(-(((_HOUR - 3.0) / 2.5) ** 2))
    return 0.11 + evening - night - 0.02 * np.exp(-(((_HOUR - 13) / 2.0) ** 2))


def _step(hour: FloatArray, lowest: int, highest: int) -> IntArray:
    """Nearest step of hours counted from midnight of the first day."""
    return np.clip(np.round((hour - 12) / HOURS_PER_STEP), lowest, highest).astype(np.int64)


def _flat_kw(arrival: IntArray, departure: IntArray, power_kw: FloatArray, transformer: IntArray) -> FloatArray:
    """Load of each transformer when every car charges at its flat rate, shape (X, STEPS)."""
    change = np.zeros((int(transformer[-1]) + 1, STEPS + 1))
    np.add.at(change, (transformer, arrival), power_kw)
    np.add.at(change, (transformer, departure), -power_kw)
    return np.cumsum(change, axis=1)[:, :STEPS]


def _circuits(
    rng: np.random.Generator, flat: FloatArray, feeder: IntArray, homes: int
) -> tuple[FloatArray, FloatArray]:
    """Base load and limits of transformers, feeders and substation."""
    shape = 0.45 + 0.9 * np.exp(-(((_HOUR - 19) / 2.3) ** 2)) + 0.25 * np.exp(-(((_HOUR - 7.5) / 1.2) ** 2))
    base = homes * shape * rng.uniform(0.7, 1.3, (feeder.size, 1)) * rng.uniform(0.9, 1.1, flat.shape)
    limit = np.round((base + rng.uniform(1.02, 1.5, (feeder.size, 1)) * flat).max(axis=1), 3) + 0.001
    feeders = int(feeder[-1]) + 1
    base_feeder, flat_feeder = np.zeros((feeders, STEPS)), np.zeros((feeders, STEPS))
    np.add.at(base_feeder, feeder, base)
    np.add.at(flat_feeder, feeder, flat)
    limit_feeder = np.round((base_feeder + np.linspace(1.10, 1.30, feeders)[:, None] * flat_feeder).max(axis=1), 3)
    base_all, flat_all = base_feeder.sum(axis=0, keepdims=True), flat_feeder.sum(axis=0, keepdims=True)
    limit_all = np.round((base_all + 1.20 * flat_all).max(axis=1), 3)
    return np.round(np.vstack([base, base_feeder, base_all]), 3), np.concatenate([limit, limit_feeder, limit_all])
