"""What runs beside a live town: the same cars if nobody managed them, and what is told to those who look."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evenload.app.state import UNMANAGED_EV_KW
from evenload.base.instants import to_datetime64
from evenload.simulate.town import Town
from evenload.simulate.town_arrays import day_horizon, unmanaged_day
from evenload.simulate.town_result import DayResult


@dataclass(frozen=True, slots=True)
class TownNow:
    """How the town goes. ``lag_s`` is how many virtual seconds it was behind at worst since it was told last, ``day``
    counts from 1. ``cars`` are plugged in, ``cloud_cars`` of them at outlets nobody can talk to; ``linked`` cars are
    reached by their makers' clouds, plugged in or not.
    """

    now: datetime
    zone: str
    day: int
    speed: float
    speed_wanted: float
    lag_s: float
    cars: int
    cloud_cars: int = 0
    linked: int = 0

    @property
    def is_slowed(self) -> bool:
        """Whether time goes slower than wanted so that everything can keep up."""
        return self.speed < self.speed_wanted

    def to_json(self) -> dict[str, Any]:
        """For those who look."""
        return {
            "day": self.day, "speed": round(self.speed, 1), "speed_wanted": self.speed_wanted,
            "lag_s": round(self.lag_s, 1), "slowed": self.is_slowed,
            "cloud_cars": self.cloud_cars, "linked": self.linked,
        }  # fmt: skip


class Unmanaged:
    """What the town's cars would draw if each charged at once; worked out a day at a time."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.number = -1
        self._power_kw: list[float] = []

    def work_out(self, number: int) -> None:
        """Day ``number``; takes a moment."""
        drawn, _ = unmanaged_day(self._town, number)
        self._power_kw, self.number = drawn.sum(axis=0).tolist(), number

    def power_kw(self, now: datetime) -> float | None:
        """All cars together now (kW), ``None`` for another day than the one worked out last."""
        if self.number < 0 or now not in self._town.day(self.number):
            return None
        horizon = day_horizon(self._town, self.number)
        step = int((to_datetime64(now) - to_datetime64(horizon.start)).astype(float) // (60 * horizon.step_minutes))
        return self._power_kw[min(step, len(self._power_kw) - 1)]


def told_beside(town: TownNow, unmanaged_kw: float | None, days: list[DayResult]) -> dict[str, Any]:
    """What a town adds to the live state."""
    told: dict[str, Any] = {"town": town.to_json()}
    if unmanaged_kw is not None:
        told[UNMANAGED_EV_KW] = round(unmanaged_kw, 2)
    if days:
        told["last_day"] = {"number": days[-1].number + 1, "title": days[-1].title, "rows": days[-1].rows()}
    return told
