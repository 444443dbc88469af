"""A virtual town, the same for the same seed: a feeder, its homes, charging stations, cars and their drivers.

What is measured in it and what is made up: hours, stays and repetition of plug-ins are those of the packaged
populations (their energy brought to cars of today, ``town_visits.HABITS``); a part of the departures is declared as
wrongly as drivers did who were asked; base load is drawn from household profiles; prices and carbon are those of
packaged years, by month and weekday. The grid, the mix of stations and who lives where are made up.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np

from evenload.base.horizon import Horizon
from evenload.base.instants import Interval, to_datetime, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_DAY, FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.signal import Signal
from evenload.simulate.behaviour import Behaviour
from evenload.simulate.station import VirtualStation
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.town_clock import TownClock
from evenload.simulate.town_grid import TownGrid, TownShape, build_grid
from evenload.simulate.town_parts import Device, SiteKind, TownSite, Vehicle, Visit
from evenload.simulate.town_series import Daily, base_load, signal_of, signals
from evenload.simulate.town_visits import BLOCK_DAYS, OF_CLOUDS, Calendar, Drivers, without_overlap

START: Final = date(2026, 1, 13)
ZONE: Final = "Europe/Amsterdam"
TELEMETRY_S: Final = 300.0
BEHAVIOUR: Final = Behaviour(departures="declared", opt_out_share=0.02)
_BATTERIES_KWH: Final = (40.0, 52.0, 58.0, 64.0, 77.0, 82.0)
_READY_BY: Final = {SiteKind.HOME: time(7), SiteKind.WORKPLACE: time(16, 30), SiteKind.PUBLIC: time(18)}
_USUAL_STEP_MINUTES: Final = 15
_SHAPE: Final = TownShape()


class Town:
    """Days run from local noon to local noon, the natural day of charging at home; ``epoch`` is the noon of day 0."""

    def __init__(
        self, seed: int, shape: TownShape = _SHAPE, start: date = START, behaviour: Behaviour = BEHAVIOUR
    ) -> None:
        self.clock = LocalClock(ZONE)
        self._start = start
        self.epoch = self.noon(0)
        self._seed = seed
        self._calendar = Calendar(seed, self.epoch, self.clock, behaviour)
        self._blocks: dict[int, tuple[Visit, ...]] = {}
        self._grid = build_grid(shape, _stream(seed, 0))
        self._drivers = _drivers(self._grid, shape, _stream(seed, 1))
        self._drivers = [_as_usual(one, self._calendar.block(0, one), self.clock) for one in self._drivers]
        self.vehicles: tuple[Vehicle, ...] = tuple(vehicle for one in self._drivers for vehicle in one.vehicles)
        self._base: Daily = base_load(self._grid.homes, shape.base_kw_peak_per_home, self.clock, seed)
        self._signals: Daily = signals(self.clock)

    @property
    def circuits(self) -> CircuitTree:
        """System, substation, feeder, transformers and sites."""
        return self._grid.circuits

    @property
    def sites(self) -> tuple[TownSite, ...]:
        """Homes with a station, the workplace and the main street, then homes with an outlet and a car."""
        return self._grid.sites

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every station with its EVSE."""
        return self._grid.devices

    @property
    def outlets(self) -> tuple[Device, ...]:
        """Where cars charge that are reached by their makers' clouds."""
        return self._grid.outlets

    @property
    def points(self) -> tuple[Device, ...]:
        """Wherever a car can charge: stations, then outlets."""
        return self._grid.devices + self._grid.outlets

    def noon(self, number: int) -> datetime:
        """When day ``number`` begins."""
        local = np.datetime64(self._start, "s") + np.timedelta64(24 * number + 12, "h")
        return to_datetime(self.clock.utc(np.array([local]))[0])

    def day(self, number: int) -> Interval:
        """Day ``number``, from 0; 23 or 25 hours where the clocks change."""
        return Interval(self.noon(number), self.noon(number + 1))

    def visits(self, number: int) -> tuple[Visit, ...]:
        """The visits that begin on day ``number``, in order of plug-in."""
        day = self.day(number)
        blocks = {(at - self.epoch) // timedelta(days=BLOCK_DAYS) for at in (day.start, day.end)}
        return tuple(visit for block in sorted(blocks) for visit in self._block(block) if visit.plugged_at in day)

    def _block(self, number: int) -> tuple[Visit, ...]:
        if number < 0:
            return ()
        if number not in self._blocks:
            self._blocks[number] = tuple(sorted(
                (visit for one in self._drivers for visit in self._drawn(one, number)),
                key=lambda visit: (visit.plugged_at, visit.visit_id),
            ))  # fmt: skip
        return self._blocks[number]

    def _drawn(self, drivers: Drivers, number: int) -> tuple[Visit, ...]:
        drawn = self._calendar.block(number, drivers)
        return without_overlap(drawn, self._calendar.block(number - 1, drivers)) if number else drawn

    def base_load_kw(self, horizon: Horizon) -> FloatArray:
        """Load beside the cars through each circuit, everything below it included, kW, shape (circuits, steps)."""
        return self._base.onto(horizon)

    def signal(self, horizon: Horizon) -> Signal:
        """Day-ahead price and marginal carbon."""
        return signal_of(self._signals.onto(horizon), horizon)

    def stations(self, clock: TownClock) -> list[VirtualStation]:
        """A virtual station for every device, in the same order, on that clock; each reads its meter at its own
        second of the telemetry's five minutes."""
        return [
            VirtualStation(_spec(device, number / len(self.devices)), clock.epoch, _stream(self._seed, 3 + number))
            for number, device in enumerate(self.devices)
        ]


def _stream(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(0, number)))


def _spec(device: Device, share: float) -> StationSpec:
    return StationSpec(
        device.station, device.subprotocol, current_a_max=device.current_a_max, phases=device.phases,
        voltage_v=device.voltage_v, meter_s=TELEMETRY_S, meter_offset_s=share * TELEMETRY_S,
    )  # fmt: skip


def _drivers(grid: TownGrid, shape: TownShape, rng: np.random.Generator) -> list[Drivers]:
    """A car that fits each home's station; at work three phases, in public of both sorts."""
    homes, work, public = ([one for one in grid.devices if one.kind is kind] for kind in SiteKind)
    return [
        Drivers(SiteKind.HOME, [_car(f"HOME{n:04d}", home, rng, home.station) for n, home in enumerate(homes)], homes),
        Drivers(SiteKind.WORKPLACE, [_car(f"WORK{n:04d}", work[0], rng) for n in range(shape.workplace_drivers)], work),
        Drivers(SiteKind.PUBLIC, [_car(f"PUB{n:04d}", public[0], rng) for n in range(shape.public_drivers)], public),
        Drivers(
            SiteKind.HOME, [_car(one.station, one, rng, one.station) for one in grid.outlets], grid.outlets, OF_CLOUDS
        ),
    ]


def _car(token: str, device: Device, rng: np.random.Generator, station: str = "") -> Vehicle:
    battery_kwh = float(rng.choice(_BATTERIES_KWH))
    one_phase = device.phases == 1 or (device.kind is SiteKind.PUBLIC and rng.random() < 0.3)
    current_a, phases = (32.0, 1) if one_phase else (16.0, 3)
    return Vehicle(token, device.kind, battery_kwh, current_a, phases, _READY_BY[device.kind], station)


def _as_usual(drivers: Drivers, visits: Sequence[Visit], clock: LocalClock) -> Drivers:
    """With the clock time at which each car mostly leaves: the median of its real departures."""
    leaves: dict[str, list[np.datetime64]] = {}
    for visit in visits:
        leaves.setdefault(visit.token, []).append(to_datetime64(visit.leaves_at))
    vehicles = [
        replace(vehicle, usually_ready_by=_usual(np.array(leaves[vehicle.token]), clock)) if vehicle.token in leaves
        else vehicle for vehicle in drivers.vehicles
    ]  # fmt: skip
    return replace(drivers, vehicles=vehicles)


def _usual(leaves: np.ndarray[tuple[int], np.dtype[np.datetime64]], clock: LocalClock) -> time:
    minute = int(np.median(clock.minute_of_day(leaves))) // _USUAL_STEP_MINUTES * _USUAL_STEP_MINUTES
    return time(minute % MINUTES_PER_DAY // 60, minute % 60)
