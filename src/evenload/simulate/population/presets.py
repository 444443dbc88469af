"""Populations ready to draw, each saying what in it is measured and what is made up."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Final

import numpy as np

from evenload.base.errors import InputError, did_you_mean
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_DAY, IntArray, TextArray
from evenload.domain.history import History
from evenload.files import packaged
from evenload.simulate.population.calibrate import calibrate
from evenload.simulate.population.fit import fit, local_minutes
from evenload.simulate.population.generate import generate
from evenload.simulate.population.model import DriverModel

_OSLO: Final = LocalClock("Europe/Oslo")
_CHICAGO: Final = LocalClock("America/Chicago")
_LONDON: Final = LocalClock("Europe/London")


@dataclass(frozen=True)
class Preset:
    """A population by name. ``measured`` and ``synthetic`` are sentences for people; ``dataset`` names the source."""

    name: str
    dataset: str
    measured: str
    synthetic: str
    build: Callable[[], DriverModel]

    def model(self) -> DriverModel:
        """The fitted model, for ``calibrate`` or ``generate``; in the time zone of its data."""
        return self.build()

    def calibrated(
        self,
        energy_kwh_per_day: float | None = None,
        energy_kwh_per_session: float | None = None,
        connected_h_mean: float | None = None,
    ) -> "Preset":
        """The preset with its model brought to the targets given; see ``calibrate``."""
        model = calibrate(self.model(), energy_kwh_per_day, energy_kwh_per_session, connected_h_mean)
        return replace(self, build=lambda: model)

    def draw(self, cars: int, start: datetime, end: datetime, rng: np.random.Generator, clock: LocalClock) -> History:
        """``cars`` cars living by the wall clock of ``clock``; see ``generate``."""
        return generate(replace(self.model(), zone=clock.zone), cars, start, end, rng)


def preset(name: str) -> Preset:
    """The preset of that name; an unknown one raises ``InputError`` with the nearest."""
    if name not in PRESETS:
        hint = did_you_mean(name, PRESETS) or f" Presets are {', '.join(PRESETS)}."
        raise InputError(f"there is no population preset {name!r}.{hint}")
    return PRESETS[name]


@cache
def _residential() -> DriverModel:
    return fit(packaged.history("residential-norway"), _OSLO)


@cache
def _work_from_home() -> DriverModel:
    return fit(stay_at_home(packaged.history("residential-norway"), _OSLO), _OSLO)


@cache
def _workplace() -> DriverModel:
    return fit(arrive_mornings(packaged.history("workplace-asensio"), _CHICAGO), _CHICAGO)


@cache
def _public() -> DriverModel:
    return fit(packaged.history("public-dundee"), _LONDON)


_DAY_BEGINS: Final = 4 * 60
_PLUG_FROM_H: Final = (4, 15, 22, 28)
_PLUG_TO_H: Final = (4, 17, 23, 28)
_UNPLUG_FROM_H: Final = (4, 5, 9, 16, 28)
_UNPLUG_TO_H: Final = (4, 14, 16, 19.5, 28)


def stay_at_home(history: History, clock: LocalClock) -> History:
    """The report's pandemic shift, done to a residential history's wall clock.

    The evening hump of plug-ins, 15-22 h in the Norwegian set, is laid on 17-23 h, and unplugs of 5-9 h on 14-16 h
    with the later ones after them.
    A plug-in that would come before the unplug it follows was a trip not made: the car stays plugged in
    through it, and the energy of that trip is not charged.
    """
    history = history.take(np.lexsort((history.plugged_at, history.user_id)))
    plug, unplug = local_minutes(history, clock)
    moved_plug = _bent(plug, _PLUG_FROM_H, _PLUG_TO_H)
    moved_unplug = np.maximum(_bent(unplug, _UNPLUG_FROM_H, _UNPLUG_TO_H), moved_plug + unplug - plug)
    rows, moved_unplug = _trips_not_made(history.user_id, moved_plug, moved_unplug)
    return _moved(history.take(rows), moved_plug[rows], moved_unplug, clock)


def _trips_not_made(user_id: TextArray, plug: IntArray, unplug: IntArray) -> tuple[IntArray, IntArray]:
    """Rows kept, and when they end: a plug-in before the driver's last unplug is no new session but a longer stay."""
    rows: list[int] = []
    ends: list[int] = []
    for row, (begins, end) in enumerate(zip(plug.tolist(), unplug.tolist(), strict=True)):
        if rows and user_id[row] == user_id[rows[-1]] and begins <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            rows.append(row)
            ends.append(end)
    return np.array(rows, dtype=np.int64), np.array(ends, dtype=np.int64)


def _bent(minute: IntArray, from_h: tuple[float, ...], to_h: tuple[float, ...]) -> IntArray:
    """Wall clock bent piecewise, on days that begin at 4 h."""
    day, clock = np.divmod(minute - _DAY_BEGINS, MINUTES_PER_DAY)
    knots = np.array(from_h) * 60 - _DAY_BEGINS, np.array(to_h) * 60 - _DAY_BEGINS
    bent = np.rint(np.interp(clock, *knots)).astype(np.int64)
    return np.asarray(day * MINUTES_PER_DAY + _DAY_BEGINS + bent)


_ARRIVAL_MINUTE: Final = 8 * 60 + 15
_ARRIVAL_SPREAD_DRIVERS: Final = 45.0
_ARRIVAL_SPREAD_DAYS: Final = 20.0


def arrive_mornings(history: History, clock: LocalClock) -> History:
    """A workplace history whose clock is not known, given made-up mornings.

    Every driver gets a habitual arrival (8:15, standard deviation 45 min between drivers) and every working day its
    own (20 min around the habit). A day's sessions move together: stays, gaps and energies remain the measured ones.
    """
    rng = np.random.default_rng(0)
    history = history.take(np.lexsort((history.plugged_at, history.user_id)))
    plug, unplug = local_minutes(history, clock)
    _, driver = np.unique(history.user_id, return_inverse=True)
    driver_day, first, day_of = np.unique(
        driver * 2**20 + plug // MINUTES_PER_DAY, return_index=True, return_inverse=True
    )
    habit = _ARRIVAL_SPREAD_DRIVERS * rng.standard_normal(int(driver.max()) + 1)
    arrival = _ARRIVAL_MINUTE + habit[driver_day // 2**20] + _ARRIVAL_SPREAD_DAYS * rng.standard_normal(first.size)
    shift = (np.rint(arrival).astype(np.int64) - plug[first] % MINUTES_PER_DAY)[day_of]
    return _moved(history, plug + shift, unplug + shift, clock)


def _moved(history: History, plug: IntArray, unplug: IntArray, clock: LocalClock) -> History:
    plugged_at = clock.utc(plug.astype("datetime64[m]"))
    unplugged_at = np.maximum(clock.utc(unplug.astype("datetime64[m]")), plugged_at + np.timedelta64(60, "s"))
    return History(**(history.columns() | {"plugged_at": plugged_at, "unplugged_at": unplugged_at}))


PRESETS: Final = {
    made.name: made
    for made in (
        Preset(
            "residential-2020",
            "residential-norway",
            measured="Arrival, stay, energy and repetition of 136 drivers at 12 Norwegian apartment sites, 2018-2021, "
            "most of it before March 2020. Plug-ins peak at 15-18 h, earlier than the report's 17-21 h.",
            synthetic="Charging power is the data's authors' estimate. Minutes are jittered and a car's energy varies "
            "by 10 %, so that two cars of one driver are not the same.",
            build=_residential,
        ),
        Preset(
            "residential-work-from-home",
            "residential-norway",
            measured="The drivers, energies and powers of residential-2020.",
            synthetic="The shift of the clock: evening plug-ins moved to 17-23 h, morning unplugs to about 15 h, trips "
            "that fall inside the longer stay not made; after the report's pandemic facts, not after data.",
            build=_work_from_home,
        ),
        Preset(
            "workplace",
            "workplace-asensio",
            measured="Stay, energy and repetition by calendar day of drivers at 25 sites of one US firm, 2014-2015: "
            "early short-range cars, about 6 kWh and 2.9 h a session.",
            synthetic="The clock hour of arrival (about 8:15), because the data's zone is not known, and the power, "
            "estimated from each driver's fastest sessions. For all-day parking calibrate connected_h_mean to 8.",
            build=_workplace,
        ),
        Preset(
            "public",
            "public-dundee",
            measured="Arrival, stay, energy and repetition of drivers at the public chargers of Dundee, June to "
            "September 2018: rapid and 7-22 kW chargers, free of charge, taxis among them.",
            synthetic="Power is the charger's rating, not the car's; where unknown, the driver's median.",
            build=_public,
        ),
    )
}
