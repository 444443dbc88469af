"""The drivers of a virtual town: they plug cars in and out, and say on their phones when they will leave."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from math import inf
from typing import Final, Protocol

from evenload.simulate.station_car import Car, Outlet
from evenload.simulate.town_parts import EFFICIENCY, SOC_READY, Vehicle, Visit

PHONE_AFTER_S: Final = 120.0
"""So long after plugging in a driver has his phone out."""


class Named(Protocol):
    """What has a name."""

    @property
    def identity(self) -> str:
        """Its name."""


class Point(Protocol):
    """Where cars are plugged in: a virtual station, or the outlet of a car that is reached by its maker's cloud."""

    @property
    def spec(self) -> Named:
        """What it is called."""

    @property
    def outlets(self) -> Mapping[int, Outlet]:
        """Its outlets by EVSE."""

    def plug_in(self, evse_id: int, car: Car, now: float, token: str = "") -> object:
        """A car is plugged in."""

    def unplug(self, evse_id: int, now: float) -> object:
        """It leaves."""


Attend = Callable[[Point], object]


class Phone(Protocol):
    """What drivers tell the operator, by session: the station, its EVSE and the driver's token say which.

    Both return at once; what cannot be delivered yet is delivered later. ``at`` is now, in virtual time.
    """

    def declare(
        self, station: str, evse_id: int, token: str, *, at: datetime, departs_at: datetime, energy_kwh: float
    ) -> None:
        """Say when the car is needed, and how much energy (at the connector) since it was plugged in."""

    def opt_out(self, station: str, evse_id: int, token: str, *, at: datetime) -> None:
        """Ask to be charged at once, whatever the plan."""


class SilentPhone:
    """A ``Phone`` of drivers who tell nobody anything."""

    def declare(
        self, station: str, evse_id: int, token: str, *, at: datetime, departs_at: datetime, energy_kwh: float
    ) -> None:
        """Say nothing."""

    def opt_out(self, station: str, evse_id: int, token: str, *, at: datetime) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """A visit as it went: what the station's meter counted during it."""

    visit: Visit
    energy_kwh: float


@dataclass(order=True, slots=True)
class _Errand:
    due_s: float
    number: int
    do: Callable[[float], None] = field(compare=False)


class Streets:
    """All drivers of a town, on the seconds since the stations' epoch.

    Whoever runs a fleet calls ``act`` by ``next_due``; ``attend`` is told which station has something to say.
    A driver who finds the former car still at the station waits for it to leave, if that is before his own departure.
    """

    def __init__(
        self,
        stations: Iterable[Point],
        vehicles: Iterable[Vehicle],
        epoch: datetime,
        attend: Attend,
        phone: Phone | None = None,
    ) -> None:
        self.late_s = 0.0
        self._stations: Mapping[str, Point] = {station.spec.identity: station for station in stations}
        self._vehicles = {vehicle.token: vehicle for vehicle in vehicles}
        self._epoch = epoch
        self._attend = attend
        self._phone: Phone = phone or SilentPhone()
        self._errands: list[_Errand] = []
        self._number = 0
        self._here: dict[str, Visit] = {}
        self._done: list[Done] = []

    @property
    def here(self) -> tuple[Visit, ...]:
        """The visits that go on."""
        return tuple(self._here.values())

    def take_done(self, before: datetime) -> list[Done]:
        """Take the visits that ended before an instant, in order of their end."""
        taken = [one for one in self._done if one.visit.leaves_at < before]
        self._done = [one for one in self._done if one.visit.leaves_at >= before]
        return taken

    def expect(self, visits: Iterable[Visit]) -> None:
        """Have these visits happen, each when it is due or, where that is past, at once."""
        for visit in visits:
            self._at(visit.plugged_at, partial(self._come, visit))

    def next_due(self) -> float:
        """When ``act`` has something to do, ``inf`` where nothing is expected."""
        return self._errands[0].due_s if self._errands else inf

    def act(self, now: float) -> None:
        """Do everything that is due."""
        self.late_s = 0.0
        while self._errands and self._errands[0].due_s <= now:
            errand = heappop(self._errands)
            self.late_s = max(self.late_s, now - errand.due_s)
            errand.do(now)

    def _at(self, instant: datetime, do: Callable[[float], None]) -> None:
        self._number += 1
        heappush(self._errands, _Errand((instant - self._epoch).total_seconds(), self._number, do))

    def _come(self, visit: Visit, now: float) -> None:
        before = self._here.get(visit.station)
        if before is not None:
            if before.leaves_at < visit.leaves_at:
                self._at(before.leaves_at + timedelta(seconds=1), partial(self._come, visit))
            return
        station = self._stations[visit.station]
        register_kwh = station.outlets[visit.evse_id].register_kwh
        self._here[visit.station] = visit
        station.plug_in(visit.evse_id, car_of(visit, self._vehicles[visit.token]), now, visit.token)
        self._attend(station)
        phone_at = self._epoch + timedelta(seconds=now + PHONE_AFTER_S)
        if phone_at < visit.leaves_at:
            self._at(phone_at, partial(self._call, visit))
        self._at(visit.leaves_at, partial(self._leave, visit, register_kwh))

    def _call(self, visit: Visit, now: float) -> None:
        at = self._epoch + timedelta(seconds=now)
        who = visit.station, visit.evse_id, visit.token
        self._phone.declare(*who, at=at, departs_at=visit.departs_at, energy_kwh=visit.energy_kwh)
        if visit.opted_out:
            self._phone.opt_out(*who, at=at)

    def _leave(self, visit: Visit, register_kwh: float, now: float) -> None:
        station = self._stations[visit.station]
        station.unplug(visit.evse_id, now)
        self._attend(station)
        del self._here[visit.station]
        self._done.append(Done(visit, station.outlets[visit.evse_id].register_kwh - register_kwh))


def car_of(visit: Visit, vehicle: Vehicle) -> Car:
    """The car as it comes: it stops by itself at 90 %, which is where the need is met, and does not taper below that:
    what a station for alternating current gives is little for its battery."""
    needed = visit.energy_kwh * EFFICIENCY / vehicle.battery_kwh
    return Car(
        battery_kwh=vehicle.battery_kwh, soc=max(0.0, SOC_READY - needed), soc_target=SOC_READY,
        current_a_max=vehicle.current_a_max, phases=vehicle.phases, knee_soc=SOC_READY, efficiency=EFFICIENCY,
    )  # fmt: skip
