"""What speaks for a car at a charger and what against it: logarithms of how much likelier what both told is if they
belong together than if they do not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import erf, exp, hypot, log, pi, sqrt
from typing import Final

from evenload.service.cable.stays import CarStay, ChargerStay, Moment
from evenload.service.cable_rows import Sample

RUSH_S: Final = 2 * 3600.0
"""Cars that have nothing to do with each other come within so long of one another: all come at the same hours."""

_RUSH_S_MIN: Final = 20 * 60.0
_MANY: Final = 4
_STEP_S: Final = 4 * 3600.0
_SOON: Final = timedelta(minutes=10)

_LEAST: Final = -9.0
"""No single thing speaks more against a pair than this: every source errs at times."""

_TELLS_LATE: Final = timedelta(minutes=10)
_ON_BOTH: Final = log(0.95 / 0.7)
"""Cars charge when they have come, and are full at last: that two do so at once says little."""

_ON_APART: Final = log(0.05 / 0.45)
_APART_MAX: Final = 3
_POWER_NULL: Final = 0.4
"""How dense (per kW) the powers of cars lie around common ones: 3.7, 7.4 and 11 kW."""

_ENERGY_NULL: Final = 0.5
_ENERGY_LEAST_KWH: Final = 1.5
_SOC_LEAST: Final = 0.04
_INTO_BATTERY: Final = 0.93
_AT_HOME: Final = 1.5
_MAYBE_HOME: Final = 0.5
_SHARED: Final = 6.0
"""So many chargers at a site are anybody's."""
_ELSEWHERE: Final = -8.0
_OWN_TOKEN: Final = 8.0
_OTHERS_TOKEN: Final = -6.0
_WAS_HERE: Final = 1.5


@dataclass(frozen=True, slots=True)
class ClockGap:
    """How far the car's clock is ahead of the charger's (s), and how sure that is (standard deviation, s)."""

    ahead_s: float = 0.0
    spread_s: float = 120.0
    is_learned: bool = False

    @property
    def tolerance(self) -> timedelta:
        """So far apart two instants may be that are the same."""
        return timedelta(seconds=min(2 * self.spread_s, 600.0))

    def to_charger(self, at: datetime) -> datetime:
        """An instant of the car's clock by the charger's."""
        return at - timedelta(seconds=self.ahead_s)


UNKNOWN_GAP: Final = ClockGap()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a pair, by kind; natural logarithms."""

    times: float = 0.0
    power: float = 0.0
    steps: float = 0.0
    energy: float = 0.0
    place: float = 0.0
    token: float = 0.0
    habit: float = 0.0

    @property
    def total(self) -> float:
        """All together."""
        return self.times + self.power + self.steps + self.energy + self.place + self.token + self.habit


def weigh(charger: ChargerStay, car: CarStay, gap: ClockGap = UNKNOWN_GAP, rush_s: float = RUSH_S) -> Evidence:
    """All that speaks for and against a car at a charger. ``rush_s``: cars come within so long of one another."""
    return Evidence(
        _times(charger, car, gap, rush_s), _power(charger, car, gap), _steps(charger, car, gap),
        _energy(charger, car, gap), _place(charger, car), _token(charger, car),
        _WAS_HERE if charger.device_id in car.known_at else 0.0,
    )  # fmt: skip


def rush_s(chargers: Sequence[ChargerStay], car: CarStay) -> float:
    """Within how long of one another cars come around the time this one came (s): many at once say less each."""
    near = sorted(
        one.plugged_at.timestamp()
        for one in chargers
        if abs((one.plugged_at - car.plugged.by).total_seconds()) <= RUSH_S / 2
    )
    if len(near) < _MANY:
        return RUSH_S
    return min(max((near[-1] - near[0]) * (len(near) + 1) / (len(near) - 1), _RUSH_S_MIN), RUSH_S)


def could_be(charger: ChargerStay, car: CarStay, gap: ClockGap = UNKNOWN_GAP) -> bool:
    """Whether plug-ins are near enough for a closer look; cheap."""
    at = charger.plugged_at + timedelta(seconds=gap.ahead_s)
    slack = timedelta(minutes=20) if not gap.is_learned else timedelta(minutes=10)
    return (car.plugged.after is None or at >= car.plugged.after - slack) and at <= car.plugged.by + slack


# times


def _times(charger: ChargerStay, car: CarStay, gap: ClockGap, within_s: float) -> float:
    began = _alike(charger.plugged_at, car.plugged, gap, within_s)
    return max(began + _ends(charger, car, gap, within_s), 2 * _LEAST)


def _ends(charger: ChargerStay, car: CarStay, gap: ClockGap, within_s: float) -> float:
    """Plug-outs, as far as either end told of one."""
    ahead = timedelta(seconds=gap.ahead_s)
    if charger.unplugged_at is not None:
        if car.unplugged is not None:
            return _alike(charger.unplugged_at, car.unplugged, gap, max(within_s, RUSH_S))
        last = car.samples[-1].at if car.samples else car.plugged.by
        return _LEAST if last > charger.unplugged_at + ahead + _TELLS_LATE + gap.tolerance else 0.0
    if car.unplugged is not None and charger.until is not None:
        still = charger.until + ahead - car.unplugged.by
        return _LEAST if still > _TELLS_LATE + gap.tolerance else 0.0
    return 0.0


def _alike(at: datetime, moment: Moment, gap: ClockGap, within_s: float) -> float:
    """How much likelier an instant of the charger's clock is where a car tells of the same moment."""
    width_s = moment.width_s
    width_s = within_s if width_s is None else max(width_s, 30.0)
    by_s = (moment.by - at).total_seconds()  # of the car's clock ahead of the charger's, if it was then
    near = _share(by_s - width_s, by_s, gap.ahead_s, max(gap.spread_s, 15.0))
    wide = _share(by_s - width_s, by_s, gap.ahead_s, max(4 * gap.spread_s, 300.0))
    density = (0.9 * near + 0.1 * wide) / width_s
    return max(log(max(density * within_s, 1e-9)), _LEAST)


def _share(low: float, high: float, mean: float, deviation: float) -> float:
    """How much of a normal distribution lies between two values."""
    scale = deviation * sqrt(2.0)
    return 0.5 * (erf((high - mean) / scale) - erf((low - mean) / scale))


# power and energy


def _power(charger: ChargerStay, car: CarStay, gap: ClockGap) -> float:
    """The signature of power: what goes on at both ends at the same time. A level is counted once."""
    found, apart = 0.0, 0
    counted: set[tuple[bool, int]] = set()
    for sample in car.samples:
        near = charger.around(gap.to_charger(sample.at), gap.tolerance)
        if sample.is_on is None or not any(one.is_on is not None for one in near):
            continue
        weight, agrees = _one_power(sample, near)
        if not agrees:
            apart += 1
            if apart <= _APART_MAX:
                found += weight
            continue
        level = (sample.is_on, round((sample.power_kw or 0.0) / 1.5))
        if level not in counted:
            found += weight
            counted.add(level)
    return max(found, 2 * _LEAST)


def _steps(charger: ChargerStay, car: CarStay, gap: ClockGap) -> float:
    """Steps of power after the first minutes: a car that stops or goes on when the charger's power does."""
    given = [(before.at, after.at, bool(after.is_on)) for before, after in _changes(charger.samples)]
    found = 0.0
    for before, after in _changes(car.samples):
        if not before.is_on and before.at < car.plugged.by + _SOON:
            continue  # that is its plug-in told once more
        alike = [
            _alike(start + (end - start) / 2, Moment(before.at, after.at), _blurred(gap, start, end), _STEP_S)
            for start, end, on in given
            if on == after.is_on
        ]
        found += max([*alike, -1.0])
    return min(max(found, _LEAST), -_LEAST)


def _blurred(gap: ClockGap, start: datetime, end: datetime) -> ClockGap:
    """A gap of clocks where an instant is known to lie between two only."""
    spread_s = hypot(gap.spread_s, (end - start).total_seconds() / sqrt(12.0))
    return ClockGap(gap.ahead_s, spread_s, gap.is_learned)


def _changes(samples: Sequence[Sample]) -> list[tuple[Sample, Sample]]:
    known = [one for one in samples if one.is_on is not None]
    return [(one, other) for one, other in pairwise(known) if one.is_on != other.is_on]


def _one_power(sample: Sample, near: Sequence[Sample]) -> tuple[float, bool]:
    """What one sample of a car says, and whether it fits."""
    told = [one for one in near if one.is_on is not None]
    if not any(one.is_on == sample.is_on for one in told):
        return _ON_APART, False
    weight = _ON_BOTH
    powers = [one.power_kw for one in told if one.power_kw is not None and one.is_on == sample.is_on]
    if not sample.is_on or sample.power_kw is None or not powers:
        return weight, True
    off_kw = min(abs(sample.power_kw - one) for one in powers)
    spread_kw = 0.25 + 0.06 * sample.power_kw
    density = 0.92 * _normal(off_kw, spread_kw) + 0.08 / 11.0
    return weight + log(density / _POWER_NULL), off_kw < 3 * spread_kw


def _normal(off: float, deviation: float) -> float:
    return exp(-0.5 * (off / deviation) ** 2) / (deviation * sqrt(2 * pi))


def _energy(charger: ChargerStay, car: CarStay, gap: ClockGap) -> float:
    """Energy since plug-in at both ends; or what the state of charge grew by, where the battery is known."""
    found = 0.0
    told = [one for one in car.samples if one.energy_kwh is not None]
    if told and told[-1].energy_kwh is not None:
        found = _one_energy(charger, told[-1].at, told[-1].energy_kwh, gap, 0.1)
    if found == 0.0 and car.battery_kwh:
        known = [one for one in car.samples if one.soc is not None]
        if len(known) > 1:
            first, last = known[0], known[-1]
            grew = (last.soc or 0.0) - (first.soc or 0.0)
            if grew >= _SOC_LEAST:
                since_kwh = _energy_at(charger, gap.to_charger(first.at), gap)
                kwh = grew * car.battery_kwh / _INTO_BATTERY + (since_kwh or 0.0)
                found = _one_energy(charger, last.at, kwh, gap, 0.15)
    return found


def _one_energy(charger: ChargerStay, at: datetime, kwh: float, gap: ClockGap, share: float) -> float:
    given_kwh = _energy_at(charger, gap.to_charger(at), gap)
    if given_kwh is None or max(given_kwh, kwh) < _ENERGY_LEAST_KWH:
        return 0.0
    ratio = kwh / max(given_kwh, 0.3)
    deviation = share + 0.4 / max(given_kwh, 0.3)  # what flowed between the instants of both
    density = 0.92 * _normal(ratio - 0.97, deviation) + 0.08 * 0.3
    return max(log(density / _ENERGY_NULL), _LEAST / 2)


def _energy_at(charger: ChargerStay, at: datetime, gap: ClockGap) -> float | None:
    near = [one for one in charger.around(at, gap.tolerance) if one.energy_kwh is not None]
    if near:
        return min(near, key=lambda one: abs(one.at - at)).energy_kwh
    before = [one for one in charger.samples if one.energy_kwh is not None and one.at <= at]
    if before and not before[-1].is_on:
        return before[-1].energy_kwh  # nothing flowed since
    return None


# place, token


def _place(charger: ChargerStay, car: CarStay) -> float:
    if not car.home_site:
        return 0.0
    here = charger.site_id == car.home_site
    private = max(log(_SHARED / max(charger.neighbours, 1)), 0.0)  # strangers do not come to it
    if car.is_home is None:
        return _MAYBE_HOME + private / 2 if here else 0.0
    if car.is_home:
        return _AT_HOME + private if here else _ELSEWHERE
    return _ELSEWHERE if here else 0.0


def _token(charger: ChargerStay, car: CarStay) -> float:
    if not charger.vehicle_id:
        return 0.0
    return _OWN_TOKEN if charger.vehicle_id == car.vehicle_id else _OTHERS_TOKEN
