"""One site with one limit, a day of home arrivals and a three-level price: the input every peer can take.

Cars come home around 18:00 and leave around 07:30; needs are lognormal with a median of 18 kWh. The limit is 1.1 times
the peak of charging every car at its flat rate, so serving everybody is feasible while charging at once is far above.
NumPy only: environments of peers read it too.
"""

import csv
import json
from dataclasses import dataclass
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
        """Write cars.csv, prices.csv and site.json, every float in full."""
        columns = (self.arrival_step, self.departure_step, self.energy_kwh, self.power_kw_max)
        with (folder / "cars.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["arrival_step", "departure_step", "energy_kwh", "power_kw_max"])
            rows.writerows(zip(*(column.tolist() for column in columns), strict=True))
        (folder / "prices.csv").write_text("price_per_kwh\n" + "\n".join(map(str, self.price_per_kwh.tolist())) + "\n")
        (folder / "site.json").write_text(json.dumps({"limit_kw": self.limit_kw}))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what ``write`` wrote."""
        cars = np.loadtxt(folder / "cars.csv", delimiter=",", skiprows=1, ndmin=2)
        prices = np.loadtxt(folder / "prices.csv", skiprows=1)
        limit_kw = float(json.loads((folder / "site.json").read_text())["limit_kw"])
        arrival, departure = cars[:, :2].astype(np.int64).T
        return cls(arrival, departure, cars[:, 2].copy(), cars[:, 3].copy(), prices, limit_kw)

    def measures(self, power_kw: FloatArray) -> dict[str, float]:
        """What a plan of shape (N, STEPS) does, measured the same way whoever made it; an impossible one is refused."""
        most_kw = np.where(self.plugged_in(), self.power_kw_max[:, None], 0.0)
        delivered_kwh = power_kw.sum(axis=1) * HOURS_PER_STEP
        if (power_kw < -TOLERANCE_KW).any() or (power_kw > most_kw + TOLERANCE_KW).any():
            raise ValueError("the plan has power outside a car's window or above its most")
        if (delivered_kwh > self.energy_kwh + TOLERANCE_KW).any():
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


def _step(hour: FloatArray, lowest: int, highest: int) -> IntArray:
    """Nearest step of hours counted from midnight of the first day."""
    return np.clip(np.round((hour - 12) / HOURS_PER_STEP), lowest, highest).astype(np.int64)
