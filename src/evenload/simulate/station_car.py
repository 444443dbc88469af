"""Cars and outlets of virtual stations: what flows when so much is offered. Physics only, no protocol.

AC charging as IEC 61851-1 has it: the outlet says how many amperes may be drawn, at least 6 or none at all; the car
takes what it can and no more. Above a knee of its state of charge the battery takes less and less.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

CURRENT_A_MIN: Final = 6.0
_TAPER_LEFT: Final = 0.05  # of full power at a full battery
_STEP_S: Final = 30.0


@dataclass(slots=True)
class Car:
    """A car: ``current_a_max`` on each of ``phases``; ``soc`` 0 to 1 changes as it charges up to ``soc_target``."""

    battery_kwh: float = 60.0
    soc: float = 0.3
    soc_target: float = 1.0
    current_a_max: float = 16.0
    phases: int = 3
    knee_soc: float = 0.85
    efficiency: float = 0.9

    @property
    def is_content(self) -> bool:
        """Whether it wants no more."""
        return self.soc >= self.soc_target - 1e-9

    def current_a(self, offered_a: float, power_kw_full: float, watts_per_ampere: float) -> float:
        """What it draws of an offer, per phase."""
        if self.is_content or offered_a < CURRENT_A_MIN:
            return 0.0
        above = max(0.0, self.soc - self.knee_soc) / max(1e-9, 1.0 - self.knee_soc)
        taper_a = power_kw_full * 1000 / watts_per_ampere * (1.0 - (1.0 - _TAPER_LEFT) * above)
        return min(offered_a, self.current_a_max, taper_a)


class Flow(StrEnum):
    """Why power flows at an outlet, or does not."""

    EMPTY = "empty"
    WAITING = "waiting"
    CHARGING = "charging"
    LIMITED_TO_NOTHING = "limited_to_nothing"
    CAR_IS_CONTENT = "car_is_content"
    OVER = "over"


@dataclass(slots=True)
class Outlet:
    """One EVSE with one connector: what it can give, the car at it, and its meter.

    ``is_on`` while a transaction goes on, ``is_over`` after one for as long as the car stays.
    """

    evse_id: int
    current_a_max: float = 32.0
    phases: int = 3
    voltage_v: float = 230.0
    register_kwh: float = 0.0
    car: Car | None = None
    is_on: bool = False
    is_over: bool = False
    current_a: float = 0.0
    phases_used: int = 0
    _offered_a: float = field(default=0.0)

    @property
    def power_kw(self) -> float:
        """What flows now."""
        return self.current_a * self.phases_used * self.voltage_v / 1000

    @property
    def offered_a(self) -> float:
        """What the car is told it may draw on each phase."""
        return self._offered_a

    @property
    def flow(self) -> Flow:
        """Why power flows, or does not."""
        if self.car is None:
            return Flow.EMPTY
        if not self.is_on:
            return Flow.OVER if self.is_over else Flow.WAITING
        if self.car.is_content:
            return Flow.CAR_IS_CONTENT
        return Flow.CHARGING if self._offered_a >= CURRENT_A_MIN else Flow.LIMITED_TO_NOTHING

    def offer(self, limit_a: float, phases: int | None) -> None:
        """Offer so many amperes, on so many phases where a limit says so."""
        self._offered_a = min(limit_a, self.current_a_max) if self.is_on else 0.0
        self._draw(phases)

    def _draw(self, phases: int | None) -> None:
        if self.car is None or not self.is_on:
            self.current_a, self.phases_used = 0.0, 0
            return
        self.phases_used = min(self.car.phases, self.phases, phases or self.phases)
        watts_per_ampere = self.phases_used * self.voltage_v
        full_kw = min(self.car.current_a_max, self.current_a_max) * watts_per_ampere / 1000
        self.current_a = self.car.current_a(self._offered_a, full_kw, watts_per_ampere)

    def run(self, seconds: float, limit_a: float, phases: int | None) -> None:
        """Let time pass under one limit."""
        while seconds > 1e-9:
            step_s = min(seconds, _STEP_S)
            self.offer(limit_a, phases)
            self._charge(step_s)
            seconds -= step_s
        self.offer(limit_a, phases)

    def _charge(self, seconds: float) -> None:
        if self.car is None or self.current_a <= 0:
            return
        room_kwh = max(0.0, self.car.soc_target - self.car.soc) * self.car.battery_kwh / self.car.efficiency
        energy_kwh = min(self.power_kw * seconds / 3600, room_kwh)
        self.register_kwh += energy_kwh
        self.car.soc += energy_kwh * self.car.efficiency / self.car.battery_kwh
