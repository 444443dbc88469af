"""A day of a virtual town beside the same day unmanaged: one screen of text, or JSON."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from evenload.base.instants import Interval, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.simulate.town import Town
from evenload.simulate.town_grid import FEEDER
from evenload.simulate.town_measures import DayFigures, unmanaged_figures

_AFTER_CARS: Final = 9
"""Rows of the screen that come before how many cars were reached by clouds."""


@dataclass(frozen=True, slots=True)
class DayResult:
    """Day ``number``, as it was and as it would have been; ``feeder_kw`` is the feeder's limit."""

    number: int
    day: Interval
    zone: str
    currency: str
    feeder_kw: float
    managed: DayFigures
    unmanaged: DayFigures

    @classmethod
    def of(cls, town: Town, number: int, managed: DayFigures, currency: str = "EUR") -> "DayResult":
        """Beside a day that was lived, the same visits unmanaged."""
        limit_kw = town.circuits.circuits[town.circuits.index[FEEDER]].limit_kw
        return cls(
            number, town.day(number), town.clock.zone, currency, limit_kw, managed, unmanaged_figures(town, number)
        )

    def to_json(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "day": self.number, "start": self.day.start.isoformat(), "end": self.day.end.isoformat(),
            "zone": self.zone, "currency": self.currency, "feeder_limit_kw": self.feeder_kw,
            "managed": self.managed.to_json(), "unmanaged": self.unmanaged.to_json(),
        }  # fmt: skip

    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What is compared, unmanaged and managed, as text."""
        both = self.unmanaged, self.managed
        made = [
            ("feeder peak, kW", *(f"{one.peak_kw:,.0f} at {self._clock(one)}" for one in both)),
            ("  minutes over its limit", *(f"{one.feeder_minutes_over:.0f}" for one in both)),
            ("peak of the cars, kW", *(f"{one.ev_peak_kw:,.0f}" for one in both)),
            ("transformers over their limit", *(str(one.transformers_over) for one in both)),
            ("  minutes, all together", *(f"{one.transformer_minutes_over:.0f}" for one in both)),
            ("  the worst", *(_worst(one) for one in both)),
            ("cars ready when they left", *(f"{one.cars_ready} of {one.cars}" for one in both)),
            ("  short, having left early", *(str(one.cars_left_early_short) for one in both)),
            ("  short", *(str(one.cars_short) for one in both)),
            ("drivers who opted out", *(str(one.opt_outs) for one in both)),
            ("energy, kWh", *(f"{one.energy_kwh:,.0f}" for one in both)),
            (f"cost of energy, {self.currency}", *(f"{one.cost:,.2f}" for one in both)),
            ("carbon, kg", *(f"{one.carbon_kg:,.0f}" for one in both)),
        ]
        if self.managed.cloud_cars:
            reached = (f"{one.cloud_cars_reached} of {one.cloud_cars}" for one in both)
            made.insert(_AFTER_CARS, ("  reached by their makers' clouds", *reached))
        return tuple((name, left, right) for name, left, right in made)

    @property
    def title(self) -> str:
        """Which day it was."""
        return f"Day {self.number + 1}, from {self._local(self.day.start)}; the feeder carries {self.feeder_kw:,.0f} kW"

    def text(self) -> str:
        """One screen."""
        lines = [f"{name:<32}{left:>24}{right:>24}" for name, left, right in self.rows()]
        return "\n".join([self.title, f"{'':<32}{'unmanaged':>24}{'managed':>24}", *lines])

    def _clock(self, one: DayFigures) -> str:
        return self._local(one.peak_at)[-5:]

    def _local(self, instant: datetime) -> str:
        local: np.datetime64 = LocalClock(self.zone).local(np.array([to_datetime64(instant)]))[0]
        return str(local)[:16].replace("T", " ")


def _worst(one: DayFigures) -> str:
    worst = one.worst_transformer
    return "none" if worst is None else f"{worst.node} at {100 * worst.peak_kw / worst.limit_kw:.0f} %"
