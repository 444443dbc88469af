"""One site with one limit, a day of home arrivals and a three-level price: the input every peer can take.

Cars come home around 18:00 and leave around 07:30; needs are lognormal with a median of 18 kWh. The limit is 1.1 times
the peak of charging every car at its flat rate, so serving everybody is feasible while charging at once is far above.
NumPy only: environments of peers read it too.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

STEPS = 96
MINUTES_PER_STEP = 15
HOURS_PER_STEP = MINUTES_PER_STEP / 60
START = "2025-01-13T12:00:00+00:00"
NODE = "site"
SEED = 20250113
TOLERANCE_KW = 1e-6


@dataclass(frozen=True, slots=True)
class SiteInstance:
    """N cars on one limit over 96 quarter hours from noon; a car may draw in steps ``arrival <= t < departure``."""

    arrival_step: IntArray  # (N,)
    departure_step: IntArray  # (N,)
    energy_kwh: FloatArray  # (N,) need at the connector
    power_kw_max: FloatArray  # (N,)
    price_per_kwh: FloatArray  # (STEPS,)
    limit_kw: float

    @classmethod
    def draw(cls, cars: int, seed: int = SEED) -> Self:
        """Draw ``cars`` cars; the same number and seed always give the same instance."""
        rng = np.random.default_rng(seed + cars)
        arrival = _step(rng.normal(18.0, 1.6, cars), 0, 60)
        departure = _step(rng.normal(31.5, 1.0, cars), 62, STEPS)
        power_kw_max = rng.choice(np.array([3.6, 7.2, 11.0, 22.0]), cars, p=[0.15, 0.55, 0.25, 0.05])
        wanted_kwh = np.round(np.clip(rng.lognormal(np.log(18.0), 0.55, cars), 2.0, 75.0), 3)
        hours = (departure - arrival) * HOURS_PER_STEP
        energy_kwh: FloatArray = np.minimum(wanted_kwh, 0.85 * power_kw_max * hours).round(3)
        change = np.zeros(STEPS + 1)
        np.add.at(change, arrival, energy_kwh / hours)
        np.add.at(change, departure, -energy_kwh / hours)
        limit_kw = round(1.1 * float(np.cumsum(change).max()), 3)
        return cls(arrival, departure, energy_kwh, power_kw_max, time_of_use(), limit_kw)

    @property
    def cars(self) -> int:
        """Number of cars N."""
        return int(self.energy_kwh.size)

    def first(self, cars: int) -> "SiteInstance":
        """The same site with only its first ``cars`` cars."""
        return SiteInstance(
            self.arrival_step[:cars],
            self.departure_step[:cars],
            self.energy_kwh[:cars],
            self.power_kw_max[:cars],
            self.price_per_kwh,
            self.limit_kw,
        )

    def plugged_in(self) -> NDArray[np.bool_]:
        """In which steps each car is plugged in, shape (N, STEPS)."""
        step = np.arange(STEPS)
        return (step >= self.arrival_step[:, None]) & (step < self.departure_step[:, None])

    def write(self, folder: Path) -> None:
        """Write the canonical sessions.csv, grid.csv, load.csv and signal.csv, every float in full."""
        instants = [self.instant(step) for step in range(STEPS + 1)]
        plugged_at = [instants[step] for step in self.arrival_step.tolist()]
        departs_at = [instants[step] for step in self.departure_step.tolist()]
        names = [f"car{i}" for i in range(self.cars)]
        needs, most = self.energy_kwh.tolist(), self.power_kw_max.tolist()
        sessions = zip(names, [NODE] * self.cars, plugged_at, departs_at, needs, most, strict=True)
        _write(folder / "sessions.csv", "session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max", sessions)
        _write(folder / "grid.csv", "node,parent,kind,limit_kw", [(NODE, "", "site", self.limit_kw)])
        _write(folder / "load.csv", "node,timestamp,load_kw", ((NODE, instant, 0.0) for instant in instants[:STEPS]))
        prices = zip(instants, self.price_per_kwh.tolist(), ["USD"] * STEPS, strict=False)
        _write(folder / "signal.csv", "timestamp,price_per_kwh,currency", prices)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what ``write`` wrote."""
        sessions, grid, signal = (_read(folder / f"{name}.csv") for name in ("sessions", "grid", "signal"))
        return cls(
            np.array([step_of(text) for text in sessions["plugged_at"]], dtype=np.int64),
            np.array([step_of(text) for text in sessions["departs_at"]], dtype=np.int64),
            np.array(sessions["energy_kwh"], dtype=np.float64),
            np.array(sessions["power_kw_max"], dtype=np.float64),
            np.array(signal["price_per_kwh"], dtype=np.float64),
            float(grid["limit_kw"][0]),
        )

    def read_plan(self, path: Path) -> FloatArray:
        """Power of a canonical plan file, shape (N, STEPS)."""
        plan = _read(path)
        power_kw = np.zeros((self.cars, STEPS))
        car = [int(name.removeprefix("car")) for name in plan["session_id"]]
        power_kw[car, [step_of(text) for text in plan["timestamp"]]] = np.array(plan["power_kw"], dtype=np.float64)
        return power_kw

    @staticmethod
    def instant(step: int) -> str:
        """When a step starts, ISO 8601."""
        return (datetime.fromisoformat(START) + step * timedelta(minutes=MINUTES_PER_STEP)).isoformat()

    def measures(self, power_kw: FloatArray, tolerance_kw: float = TOLERANCE_KW) -> dict[str, float]:
        """What a plan of shape (N, STEPS) does, measured the same way whoever made it; an impossible one is refused."""
        most_kw = np.where(self.plugged_in(), self.power_kw_max[:, None], 0.0)
        delivered_kwh = power_kw.sum(axis=1) * HOURS_PER_STEP
        if (power_kw < -tolerance_kw).any() or (power_kw > most_kw + tolerance_kw).any():
            raise ValueError("the plan has power outside a car's window or above its most")
        if (delivered_kwh > self.energy_kwh + tolerance_kw).any():
            raise ValueError("the plan delivers more than a car needs")
        site_kw = power_kw.sum(axis=0)
        return {
            "delivered_kwh": float(delivered_kwh.sum()),
            "unmet_kwh": float((self.energy_kwh - delivered_kwh).sum()),
            "peak_kw": float(site_kw.max()),
            "excess_kw": max(float(site_kw.max()) - self.limit_kw, 0.0),
            "cost": float(site_kw @ self.price_per_kwh) * HOURS_PER_STEP,
        }


def time_of_use() -> FloatArray:
    """0.45 from 16:00 to 21:00, 0.12 from midnight to 06:00, else 0.25 per kWh, shape (STEPS,)."""
    hour = (12 + np.arange(STEPS) * HOURS_PER_STEP) % 24
    return np.where((hour >= 16) & (hour < 21), 0.45, np.where(hour < 6, 0.12, 0.25))


def step_of(text: str) -> int:
    """Which step an ISO 8601 instant starts."""
    since = datetime.fromisoformat(text) - datetime.fromisoformat(START)
    return round(since / timedelta(minutes=MINUTES_PER_STEP))


def _write(path: Path, header: str, rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="") as file:
        file.write(f"{header}\n")
        csv.writer(file, lineterminator="\n").writerows(rows)


def _read(path: Path) -> dict[str, list[str]]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def _step(hour: FloatArray, lowest: int, highest: int) -> IntArray:
    """Nearest step of hours counted from midnight of the first day."""
    return np.clip(np.round((hour - 12) / HOURS_PER_STEP), lowest, highest).astype(np.int64)
