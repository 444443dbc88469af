"""Draw any number of cars from a driver model: each car walks its template's chain of sessions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.instants import to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import MINUTES_PER_DAY, BoolArray, FloatArray, IntArray
from evenload.domain.history import History
from evenload.simulate.population.model import (
    MINUTES_PER_WEEK,
    MINUTES_PER_YEAR,
    DriverModel,
    coordinate,
    ranked,
)
from evenload.simulate.population.sessions import Made, as_history

WARM_UP_MINUTES: Final = 2 * MINUTES_PER_WEEK
PLUG_JITTER_MINUTES: Final = 10
STAY_JITTER: Final = 0.02
ENERGY_JITTER: Final = 0.05
CAR_ENERGY_SPREAD: Final = 0.10

_NEIGHBOURS_MIN: Final = 2
_NEIGHBOURS_SHARE: Final = 0.02


@dataclass(frozen=True)
class Rows:
    """Sessions of cars while they are being made; local minutes."""

    car: IntArray
    plug: IntArray
    unplug: IntArray
    energy_kwh: FloatArray
    power_kw: FloatArray

    def take(self, chosen: BoolArray | IntArray) -> "Rows":
        """The chosen rows."""
        return Rows(*(getattr(self, name)[chosen] for name in ("car", "plug", "unplug", "energy_kwh", "power_kw")))


def generate(model: DriverModel, cars: int, start: datetime, end: datetime, rng: np.random.Generator) -> History:
    """Sessions of ``cars`` cars that lie wholly inside ``[start, end)``, ordered by plug-in.

    Each car follows one real driver; drivers are drawn at random, none again before all were. Its next session is
    drawn from that driver's own sessions that followed an unplug at about the same place in the week, of two draws the
    one nearer in season: gap, arrival, stay, energy and power come together as they happened. Cars begin mid-record
    two weeks before ``start``. Sessions of a car never overlap and energy never exceeds power x stay.
    Raises ``InputError`` where there is no car or no time.
    """
    if cars < 1 or end <= start:
        raise InputError(f"{cars} cars from {start.isoformat()} to {end.isoformat()}: nothing to generate")
    rounds = -(-cars // model.templates)
    template = np.concatenate([rng.permutation(model.templates) for _ in range(rounds)])[:cars]
    return drive(model, template, start, end, rng)


def drive(model: DriverModel, template: IntArray, start: datetime, end: datetime, rng: np.random.Generator) -> History:
    """``generate`` for cars whose templates (index per car) are chosen already."""
    clock = LocalClock(model.zone)
    span = np.array([to_datetime64(start), to_datetime64(end)])
    first, last = clock.local(span).astype("datetime64[m]").astype(np.int64).tolist()
    rows = _walk(_Chain(model, template, rng), first, last)
    plugged_at, unplugged_at = (clock.utc(at.astype("datetime64[m]")) for at in (rows.plug, rows.unplug))
    site_type = np.full(rows.car.size, model.site_type)
    return as_history(Made(rows.car, plugged_at, unplugged_at, rows.energy_kwh, rows.power_kw, site_type), span)


class _Chain:
    """State of all cars: which template, and the draws that move them on."""

    def __init__(self, model: DriverModel, template: IntArray, rng: np.random.Generator) -> None:
        self.model, self.template, self.rng = model, template, rng
        spread = CAR_ENERGY_SPREAD
        self.car_energy = np.exp(spread * rng.standard_normal(template.size) - spread**2 / 2)
        self.links = np.diff(model.link_first)
        self.half = np.maximum(_NEIGHBOURS_MIN, (_NEIGHBOURS_SHARE * self.links).astype(np.int64))

    def begin(self, at: int) -> tuple[IntArray, IntArray]:
        """A real instant of each template at the same minute of the week as ``at``: (row to come next, shift)."""
        model, template = self.model, self.template
        earliest = model.plug_minute[model.first[template]]
        latest = model.plug_minute[model.first[template + 1] - 1]
        anchor = earliest + (at - earliest) % MINUTES_PER_WEEK
        weeks = np.maximum((latest - 1 - anchor) // MINUTES_PER_WEEK, 0)

        def draw() -> IntArray:
            ahead = (self.rng.random(template.size) * (weeks + 1)).astype(np.int64)
            return np.asarray(anchor + MINUTES_PER_WEEK * ahead)

        one, other = draw(), draw()
        anchor = _nearer_in_year(one, one, other, other, np.full(template.size, at))
        of_row = np.repeat(np.arange(model.templates), np.diff(model.first))
        row = np.searchsorted(ranked(of_row, model.plug_minute), ranked(template, anchor), side="right")
        return np.minimum(row, model.first[template + 1] - 1), at - anchor

    def following(self, car: IntArray, unplug: IntArray) -> IntArray:
        """Row of a session that followed an unplug like this one."""
        model, template = self.model, self.template[car]
        place = np.searchsorted(model.link_coordinate, ranked(template, coordinate(unplug)))
        begin, size = model.link_first[template], self.links[template]

        def draw() -> IntArray:
            step = np.floor((2 * self.rng.random(car.size) - 1) * self.half[template]).astype(np.int64)
            return np.asarray(model.link_row[begin + (place - begin + step) % size])

        one, other = draw(), draw()
        return _nearer_in_year(one, model.plug_minute[one], other, model.plug_minute[other], unplug)

    def session(self, car: IntArray, row: IntArray, after: IntArray) -> Rows:
        """The donor session ``row`` moved to follow the unplug ``after`` of each car."""
        model = self.model
        plug = self._plug_minute(row, after)
        stay = (model.unplug_minute[row] - model.plug_minute[row]) * model.connected_scale
        stay = np.maximum(np.rint(stay * np.exp(STAY_JITTER * self.rng.standard_normal(car.size))), 1).astype(np.int64)
        wanted = model.energy_kwh[row] * model.energy_scale * self.car_energy[car]
        wanted = wanted * np.exp(ENERGY_JITTER * self.rng.standard_normal(car.size) - ENERGY_JITTER**2 / 2)
        power = model.power_kw[row]
        return Rows(car, plug, plug + stay, np.minimum(wanted, power * stay / 60.0), power)

    def _plug_minute(self, row: IntArray, after: IntArray) -> IntArray:
        """Donor's clock time on the day its gap leads to; where that is past already, its gap in minutes instead."""
        model = self.model
        gap_days = model.plug_minute[row] // MINUTES_PER_DAY - model.unplug_minute[row - 1] // MINUTES_PER_DAY
        days = np.floor(gap_days * model.gap_scale + self.rng.random(row.size)).astype(np.int64)
        days = gap_days if model.gap_scale == 1.0 else days
        jitter = self.rng.integers(-PLUG_JITTER_MINUTES, PLUG_JITTER_MINUTES + 1, size=row.size)
        plug = (after // MINUTES_PER_DAY + days) * MINUTES_PER_DAY + model.plug_minute[row] % MINUTES_PER_DAY + jitter
        gap = np.maximum(model.plug_minute[row] - model.unplug_minute[row - 1], 1)
        late = np.where(days == gap_days, after + gap, plug + MINUTES_PER_DAY)
        return np.asarray(np.maximum(np.where(plug <= after, late, plug), after + 1))


def _nearer_in_year(one: IntArray, one_at: IntArray, other: IntArray, other_at: IntArray, at: IntArray) -> IntArray:
    """Of two draws the one whose time of year is nearer to ``at``: the season comes through, no year is repeated."""
    half = MINUTES_PER_YEAR // 2
    one_off = np.abs((one_at - at + half) % MINUTES_PER_YEAR - half)
    other_off = np.abs((other_at - at + half) % MINUTES_PER_YEAR - half)
    return np.asarray(np.where(one_off <= other_off, one, other))


def _walk(chain: _Chain, first: int, last: int) -> Rows:
    """All sessions that begin before ``last``, cars in step: one pass of the loop is one session of every car."""
    model = chain.model
    row, shift = chain.begin(first - WARM_UP_MINUTES)
    car = np.arange(chain.template.size)
    before = np.maximum(row - 1, model.first[chain.template])
    made = [chain.session(car, row, model.unplug_minute[before] + shift)]
    made.append(_in_progress(chain, before, shift))
    rows = made[0]
    while rows.car.size:
        rows = chain.session(rows.car, chain.following(rows.car, rows.unplug), rows.unplug)
        rows = rows.take(rows.plug < last)
        made.append(rows.take(rows.unplug > first))
    names = ("car", "plug", "unplug", "energy_kwh", "power_kw")
    return Rows(*(np.concatenate([getattr(part, name) for part in made]) for name in names))


def _in_progress(chain: _Chain, row: IntArray, shift: IntArray) -> Rows:
    """The real session each car is in, or had last, when it is picked up."""
    model = chain.model
    power = model.power_kw[row]
    plug, unplug = model.plug_minute[row] + shift, model.unplug_minute[row] + shift
    energy = np.minimum(model.energy_kwh[row] * model.energy_scale * chain.car_energy, power * (unplug - plug) / 60.0)
    return Rows(np.arange(row.size), plug, unplug, energy, power)
