"""A car at an outlet that nobody can talk to: what it does by itself, and what it uploads to its maker's cloud.

Physics are those of ``station_car``: only here the car itself decides when to draw, and by how much.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor
from typing import Final

from evenload.simulate.clouds.faults import CLOCK_AHEAD, Quirk
from evenload.simulate.station_car import CURRENT_A_MIN, Car, Outlet

_AWAKE_FOR: Final = timedelta(minutes=15)
_UPLOAD_EVERY: Final = timedelta(minutes=1)
_AWAY_DEGREES: Final = 0.05


class Drawing(StrEnum):
    """What a car does at its plug."""

    UNPLUGGED = "unplugged"
    CHARGING = "charging"
    COMPLETE = "complete"
    STOPPED = "stopped"
    WAITS_FOR_TIMER = "waits_for_timer"
    NO_POWER = "no_power"


class Did(StrEnum):
    """What became of a command at the car."""

    DONE = "done"
    ALREADY = "already"
    COMPLETE = "complete"
    UNPLUGGED = "unplugged"
    NOT_CHARGING = "not_charging"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class CarSpec:
    """What does not change of a car. ``home`` is latitude and longitude (degrees); km with a full battery."""

    remote_id: str
    vin: str
    user_id: str
    make: str = "Rivulet"
    model: str = "One"
    year: int = 2025
    battery_kwh: float = 60.0
    range_km_full: float = 400.0
    home: tuple[float, float] = (52.37, 4.9)
    can_set_amps: bool = False
    can_set_limit: bool = True
    quirks: frozenset[Quirk] = frozenset()


@dataclass(frozen=True, slots=True)
class Report:
    """What a car uploaded: ``at`` by its own clock. ``soc`` and ``charge_limit`` are 0 to 1; AC at the connector."""

    at: datetime
    drawing: Drawing
    soc: float
    power_kw: float
    current_a: float
    current_a_wanted: float
    voltage_v: float
    phases: int
    energy_kwh_added: float
    charge_limit: float
    is_home: bool
    timer_at: datetime | None
    by_driver: bool

    def differs(self, other: "Report | None") -> bool:
        """Whether it is worth telling: another state, place, limit or schedule, another per cent, another kWh."""
        return other is None or self._gist() != other._gist()

    def _gist(self) -> tuple[object, ...]:
        return (
            self.drawing, floor(100 * self.soc + 1e-6), floor(self.energy_kwh_added), self.charge_limit, self.is_home,
            self.timer_at, round(self.current_a), self.by_driver,
        )  # fmt: skip


@dataclass(slots=True)
class CloudCar:
    """One car. ``now`` never goes back; whatever is asked of it is asked with the time. ``driver`` is who signs in at
    its maker's, where an application calls him otherwise."""

    spec: CarSpec
    at: datetime
    outlet: Outlet = field(default_factory=lambda: Outlet(1))
    is_home: bool = True
    charge_limit: float = 0.9
    current_a_wanted: float = 32.0
    timer_at: datetime | None = None
    is_reachable: bool = True
    soc: float = 0.5
    is_stopped: bool = False
    by_driver: bool = False
    commands: int = 0
    wakes: int = 0
    driver: str = ""
    _awake_until: datetime | None = None
    _register_kwh_in: float = 0.0
    _report: Report | None = None
    _uploaded_at: datetime | None = None

    # what its driver does

    def plug_in(self, car: Car, now: datetime, *, is_home: bool = True, timer_at: datetime | None = None) -> None:
        """Plug in. It charges at once, or waits for its own timer."""
        self.advance(now)
        self.outlet.car, self.is_home, self.timer_at = car, is_home, timer_at
        self.charge_limit = car.soc_target
        self.is_stopped = self.by_driver = False
        self._register_kwh_in = self.outlet.register_kwh
        self._let(now)

    def unplug(self, now: datetime) -> float:
        """Unplug and drive off; the energy of the visit (kWh)."""
        self.advance(now)
        if self.outlet.car is not None:
            self.soc = self.outlet.car.soc
        self.outlet.car, self.outlet.is_on, self.timer_at, self.by_driver = None, False, None, False
        self.outlet.offer(0.0, None)
        self._happened(now)
        return self.outlet.register_kwh - self._register_kwh_in

    def drive(self, now: datetime, *, is_home: bool) -> None:
        """Be elsewhere, or back."""
        self.advance(now)
        self.is_home = is_home
        self._happened(now)

    def take_in_hand(self, now: datetime, *, charge: bool) -> None:
        """The driver starts or stops charging in the maker's app, whatever anybody else wants."""
        self.start(now) if charge else self.stop(now)
        self.by_driver = True
        self._happened(now)

    # what it is told through its cloud

    def start(self, now: datetime) -> Did:
        """Charge; its own timer is passed over until it is unplugged."""
        self.advance(now)
        self.commands += 1
        if self.outlet.car is None:
            return Did.UNPLUGGED
        if self.outlet.car.is_content:
            return Did.COMPLETE
        if self.drawing is Drawing.CHARGING:
            return Did.ALREADY
        self.is_stopped, self.timer_at, self.by_driver = False, None, False
        self._let(now)
        return Did.DONE

    def stop(self, now: datetime) -> Did:
        """Charge no more until it is told to, or plugged in anew; a car that does not charge is left as it is."""
        self.advance(now)
        self.commands += 1
        if self.outlet.car is None:
            return Did.UNPLUGGED
        if self.drawing is not Drawing.CHARGING:
            return Did.NOT_CHARGING
        self.is_stopped, self.by_driver = True, False
        self._let(now)
        return Did.DONE

    def set_amps(self, current_a: float, now: datetime) -> Did:
        """Draw no more than so much of each phase."""
        self.advance(now)
        self.commands += 1
        if not self.spec.can_set_amps:
            return Did.CANNOT
        if current_a == self.current_a_wanted:
            return Did.ALREADY
        self.current_a_wanted = current_a
        self._let(now)
        return Did.DONE

    def set_limit(self, soc: float, now: datetime) -> Did:
        """Charge up to so much, 0 to 1."""
        self.advance(now)
        self.commands += 1
        if not self.spec.can_set_limit:
            return Did.CANNOT
        if soc == self.charge_limit:
            return Did.ALREADY
        self.charge_limit = soc
        if self.outlet.car is not None:
            self.outlet.car.soc_target = soc
        self._let(now)
        return Did.DONE

    def wake(self, now: datetime) -> None:
        """Wake up."""
        self.advance(now)
        self.wakes += 1
        self._happened(now)

    # what it is like

    @property
    def drawing(self) -> Drawing:
        """What it does at its plug."""
        car = self.outlet.car
        if car is None:
            return Drawing.UNPLUGGED
        if car.is_content:
            return Drawing.COMPLETE
        if self.timer_at is not None:
            return Drawing.WAITS_FOR_TIMER
        if self.is_stopped:
            return Drawing.STOPPED
        return Drawing.CHARGING if self.outlet.current_a > 0 else Drawing.NO_POWER

    def is_asleep(self, now: datetime) -> bool:
        """Whether nothing happened for so long that its radio is off; what charges is awake."""
        self.advance(now)
        is_idle = self._awake_until is None or now >= self._awake_until
        return is_idle and self.drawing is not Drawing.CHARGING

    def place(self, *, is_home: bool) -> tuple[float, float]:
        """Where it stands at home or elsewhere, degrees."""
        latitude, longitude = self.spec.home
        return (latitude, longitude) if is_home else (latitude + _AWAY_DEGREES, longitude + _AWAY_DEGREES)

    def see(self, now: datetime) -> Report:
        """The latest it uploaded: of now, to the minute, while it is awake and reachable, else what it told last."""
        is_silent = self.is_asleep(now) or not self.is_reachable
        known, at = self._report, self._uploaded_at
        if known is not None and at is not None and (is_silent or now - at < _UPLOAD_EVERY):
            return known
        return self._upload(now)

    def look(self, now: datetime) -> Report:
        """How it really is now, whatever its cloud knows."""
        self.advance(now)
        return self._reported(now)

    def advance(self, now: datetime) -> None:
        """Let time pass; a car with a timer begins by itself when that is due."""
        if now <= self.at:
            return
        if self.timer_at is not None and self.timer_at <= now:
            begins, self.timer_at = max(self.at, self.timer_at), None
            self.at = begins
            self._let(begins)
        was = self.drawing
        if was is Drawing.CHARGING:
            self.outlet.run((now - self.at).total_seconds(), self._limit_a(), None)
        self.at = now
        if was is not self.drawing:
            self._happened(now)

    def _let(self, now: datetime) -> None:
        """Draw or not, from now on."""
        self.outlet.is_on = self.outlet.car is not None and not self.is_stopped and self.timer_at is None
        self.outlet.offer(self._limit_a(), None)
        self._happened(now)

    def _limit_a(self) -> float:
        return max(self.current_a_wanted, CURRENT_A_MIN)

    def _happened(self, now: datetime) -> None:
        """Be awake for a while, and upload what changed."""
        self._awake_until = now + _AWAKE_FOR
        if self.is_reachable:
            self._upload(now)

    def _upload(self, now: datetime) -> Report:
        self._report, self._uploaded_at = self._reported(now), now
        return self._report

    def _reported(self, now: datetime) -> Report:
        outlet, ahead = self.outlet, Quirk.CLOCK_AHEAD in self.spec.quirks
        soc = self.soc if outlet.car is None else outlet.car.soc
        return Report(
            at=now + CLOCK_AHEAD if ahead else now, drawing=self.drawing,
            soc=0.0 if Quirk.ZERO_SOC in self.spec.quirks else soc,
            power_kw=outlet.power_kw, current_a=outlet.current_a, current_a_wanted=self.current_a_wanted,
            voltage_v=outlet.voltage_v, phases=max(outlet.phases_used, 1),
            energy_kwh_added=outlet.register_kwh - self._register_kwh_in,
            charge_limit=self.charge_limit, is_home=self.is_home, timer_at=self.timer_at, by_driver=self.by_driver,
        )  # fmt: skip
