"""Who comes when: the visits of a town's drivers, drawn month by month from the fitted populations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from evenload.base.instants import to_datetime
from evenload.base.local_clock import LocalClock
from evenload.domain.history import History
from evenload.simulate.behaviour import DRAWS, Behaved, Behaviour, behave
from evenload.simulate.population import preset
from evenload.simulate.population.generate import generate
from evenload.simulate.population.model import DriverModel
from evenload.simulate.town_parts import Device, SiteKind, Vehicle, Visit

BLOCK_DAYS: Final = 28
ERRATIC_SHARE: Final = 0.25
"""So many departures are declared as wrongly as drivers at Californian workplaces did, hours off; the others are kept.
No data was found of drivers at home, who mostly leave at the hour they usually do."""

OF_CLOUDS: Final = "cloud"
_STAY_DAYS_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Habit:
    """Where drivers of a kind come from: a preset, and by how much its energies and stays are multiplied."""

    preset: str
    energy_scale: float
    connected_scale: float = 1.0

    def model(self, clock: LocalClock) -> DriverModel:
        """The population, living by that clock."""
        model = preset(self.preset).model()
        return replace(model, zone=clock.zone, energy_scale=self.energy_scale, connected_scale=self.connected_scale)


HABITS: Final = {
    SiteKind.HOME: Habit("residential-2020", energy_scale=1.71),
    SiteKind.WORKPLACE: Habit("workplace", energy_scale=2.31, connected_scale=2.71),
    SiteKind.PUBLIC: Habit("public", energy_scale=1.77),
}
"""Cars of today at measured hours. At home 9 kWh a day, which is 15,000 km a year at 0.22 kWh/km; at work 14 kWh a
session and parked for 8 h, where the measured cars were early ones with short ranges parked by the hour; in public
11 kWh a session. Found with ``population.calibrate``."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """The drivers of one kind, and the stations they go to: each to his own at home, else to any that is free.

    A second group of a kind has another ``group``, and so draws of its own.
    """

    kind: SiteKind
    vehicles: Sequence[Vehicle]
    devices: Sequence[Device]
    group: str = ""


class Calendar:
    """Visits by block of four weeks, in order of plug-in; a block is drawn from the seed and its own number alone."""

    def __init__(self, seed: int, epoch: datetime, clock: LocalClock, behaviour: Behaviour) -> None:
        self._seed = seed
        self._epoch = epoch
        self._clock = clock
        self._behaviour = behaviour

    def block(self, number: int, drivers: Drivers) -> tuple[Visit, ...]:
        """The visits that begin in a block."""
        if not drivers.vehicles:
            return ()
        kind = list(SiteKind).index(drivers.kind) + len(SiteKind) * (drivers.group == OF_CLOUDS)
        rng = np.random.default_rng(np.random.SeedSequence(entropy=self._seed, spawn_key=(1, kind, number)))
        start = self._epoch + timedelta(days=BLOCK_DAYS * number)
        end = start + timedelta(days=BLOCK_DAYS)
        model = HABITS[drivers.kind].model(self._clock)
        history = generate(model, len(drivers.vehicles), start, end + timedelta(days=_STAY_DAYS_MOST), rng)
        history = history.take(history.plugged_at < np.datetime64(end.replace(tzinfo=None), "s"))
        history = _at_stations(history, drivers)
        behaved = behave(history, self._behaviour, rng.random((DRAWS, len(history))))
        keeps_word = rng.random(len(behaved.sessions)) >= ERRATIC_SHARE
        declared = np.where(keeps_word, behaved.unplugged_at, behaved.sessions.departs_at)
        behaved = replace(behaved, sessions=replace(behaved.sessions, departs_at=declared))
        return _visits(behaved, drivers, f"{(drivers.group or drivers.kind)[0]}{number}")


def car_number(user_id: str) -> int:
    """Drawn cars are called ``car000017``."""
    return int(user_id.removeprefix("car"))


def _at_stations(history: History, drivers: Drivers) -> History:
    """With the power of the town's own cars and stations, and no more energy than their batteries take."""
    own = [drivers.vehicles[car_number(name)] for name in history.user_id.tolist()]
    known = {device.station: device for device in drivers.devices}
    places = [known.get(vehicle.station, drivers.devices[0]) for vehicle in own]
    power = np.array([vehicle.power_kw_at(place) for vehicle, place in zip(own, places, strict=True)])
    most = np.array([vehicle.energy_kwh_most for vehicle in own])
    return replace(history, power_kw_max=power, energy_kwh_metered=np.minimum(history.energy_kwh_metered, most))


def _visits(behaved: Behaved, drivers: Drivers, label: str) -> tuple[Visit, ...]:
    sessions = behaved.sessions
    free_at: dict[str, datetime] = {}
    made = []
    for row in np.lexsort((sessions.user_id, sessions.plugged_at)).tolist():
        vehicle = drivers.vehicles[car_number(str(sessions.user_id[row]))]
        plugged_at, leaves_at = to_datetime(sessions.plugged_at[row]), to_datetime(behaved.unplugged_at[row])
        device = _free(vehicle, drivers.devices, free_at, plugged_at)
        if device is None or not sessions.energy_kwh[row] > 0:
            continue  # who finds no free station drives on
        free_at[device.station] = leaves_at
        visit = Visit(
            visit_id=f"{label}-{row:05d}", station=device.station, evse_id=device.evse_id, token=vehicle.token,
            plugged_at=plugged_at, departs_at=to_datetime(sessions.departs_at[row]), leaves_at=leaves_at,
            energy_kwh=float(sessions.energy_kwh[row]), power_kw_max=float(sessions.power_kw_max[row]),
            opted_out=bool(behaved.opted_out[row]),
        )  # fmt: skip
        made.append(visit)
    return tuple(made)


def _free(vehicle: Vehicle, devices: Sequence[Device], free_at: dict[str, datetime], now: datetime) -> Device | None:
    """The car's own station, else the first that nobody is at."""
    candidates = (one for one in devices if vehicle.station in ("", one.station))
    return next((one for one in candidates if one.station not in free_at or free_at[one.station] <= now), None)


def without_overlap(visits: Sequence[Visit], before: Sequence[Visit]) -> tuple[Visit, ...]:
    """The visits whose station is free and whose driver is not elsewhere, for all of the block before."""
    taken = {key: visit.leaves_at for visit in before for key in (visit.station, visit.token)}
    return tuple(
        visit for visit in visits
        if all(visit.plugged_at >= taken.get(key, visit.plugged_at) for key in (visit.station, visit.token))
    )  # fmt: skip
