"""First capacity forecast: what cars of a group could move in each quarter hour, before any event was measured.

Plugged-in probability x flexible power of those plugged in x (1 - opt-out), counted by weekday and quarter hour; where
little is on record, what all groups do and at last a plain guess stand in. The spread has two parts: single cars come
and go, and days differ for all of a group at once. Requirements R17, R37, R97.
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray, to_datetime64
from evenload.base.local_clock import LocalClock
from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.domain.history import History

QUANTILES: Final = (0.1, 0.5, 0.9)
STEP_MINUTES: Final = 15
_SLOTS: Final = 96
_WEEK: Final = 7

PLUGGED_GUESS: Final = 0.5
"""Of members, in any quarter hour, where nothing is on record."""

FLEXIBLE_KW_GUESS: Final = 0.7
"""Per plugged-in member: 7 kWh a day in 12 h at home give 0.6, 2-3 h of charging at 3.6 kW in 12 h give 0.7."""

CAR_KW_GUESS: Final = 7.2
"""What a single car draws while it charges, where nothing is on record."""

_GUESS_WEIGHT: Final = 1.0
"""What all groups do is drawn to the guess as by so many member-days."""

_POOL_WEIGHT: Final = 60.0
"""A group is drawn to what all do on such a weekday as by so many member-days."""

_OTHER_DAYS: Final = 0.25
"""Days of the same kind (workday or weekend) count so much beside the weekday itself."""

_NOTHING: Final = 1e-6

_HALF_LIFE_DAYS: Final = 60.0
"""A day counts half as much as one so much later: habits and seasons move."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """kW that the members of each group could move in each step of a horizon.

    ``plugged`` (G, T) is the probability that a member is plugged in, ``flexible_kw`` (G, T) what one plugged in draws,
    ``quantiles_kw`` (3, G, T) what all in a group move together, ``mean_kw`` its mean.
    """

    groups: tuple[str, ...]
    horizon: Horizon
    plugged: FloatArray
    flexible_kw: FloatArray
    mean_kw: FloatArray
    quantiles_kw: FloatArray


@dataclass(frozen=True, slots=True)
class CapacityModel:
    """What sessions on record say of each group, by weekday (Monday first) and quarter hour of the local clock.

    ``plugged`` and ``flexible_kw`` (G, 7, 96); ``car_kw`` (G,): variance over mean of what single cars draw;
    ``day_spread`` (G,): how much days differ beyond that, relative to the mean.
    """

    groups: tuple[str, ...]
    clock: LocalClock
    plugged: FloatArray
    flexible_kw: FloatArray
    car_kw: FloatArray
    day_spread: FloatArray

    def predict(self, horizon: Horizon, members: IntArray, opt_out: FloatArray | float = 0.0) -> Capacity:
        """What groups with so many ``members`` (G,) could move, where a share ``opt_out`` (G,) of them opts out."""
        share = np.broadcast_to(np.asarray(opt_out, dtype=np.float64), (len(self.groups),))
        if members.shape != (len(self.groups),) or (members < 0).any() or (share < 0).any() or (share > 1).any():
            raise InputError(f"members needs {len(self.groups)} counts of 0 or more, opt_out shares from 0 to 1")
        weekday, slot = _calendar(horizon.starts(), self.clock)
        plugged, flexible = self.plugged[:, weekday, slot], self.flexible_kw[:, weekday, slot]
        stays = (members * (1.0 - share))[:, None]
        mean = stays * plugged * flexible
        car_kw = np.maximum(self.car_kw, 1e-9)[:, None]
        variance = _by_chance(car_kw, mean, stays) + (self.day_spread[:, None] * mean) ** 2
        return Capacity(self.groups, horizon, plugged, flexible, mean, _quantiles(mean, variance, car_kw))


def guessed(groups: tuple[str, ...], clock: LocalClock) -> CapacityModel:
    """Where nothing is on record at all: half are plugged in and draw what a day's driving needs, give or take half."""
    of = np.ones((len(groups), _WEEK, _SLOTS))
    each = np.ones(len(groups))
    return CapacityModel(groups, clock, PLUGGED_GUESS * of, FLEXIBLE_KW_GUESS * of, CAR_KW_GUESS * each, 0.5 * each)


def fit_capacity(
    history: History, group: TextArray, member: TextArray, clock: LocalClock, also: tuple[str, ...] = ()
) -> CapacityModel:
    """From sessions on record, the group of each and whose it was: a driver, or a port where drivers are not known.

    A member counts from the first session on record to the last. Cars are taken to draw ``power_kw_max`` from plug-in
    until their energy is there. ``also``: groups that may have no session yet. ``InputError`` where there
    are no sessions, or power is not known of all.
    """
    if not len(history) or group.shape != (len(history),) or member.shape != (len(history),):
        raise InputError("a capacity forecast needs sessions on record, each with its group and member")
    if not (history.power_kw_max > 0).all():
        raise InputError("power_kw_max is not known of every session; what a car draws cannot be told")
    counted = _Counted.of(history, np.unique(np.append(group, also)), group, member, clock)
    plugged, flexible = _shrunk(counted)
    of_all = counted.draws_squared.sum() / counted.draws.sum() if counted.draws.sum() > 0 else CAR_KW_GUESS
    car_kw = np.where(counted.draws > 0, counted.draws_squared / np.maximum(counted.draws, 1e-9), of_all)
    spread = _day_spread(counted, plugged * flexible, car_kw)
    return CapacityModel(counted.groups, clock, plugged, flexible, car_kw, spread)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Days on record (D,) by weekday and kind; members there (G, D); plugged in (G, D, 96) and what they draw, kW."""

    groups: tuple[str, ...]
    weekday: IntArray
    members: FloatArray
    plugged: FloatArray
    drawn_kw: FloatArray
    draws: FloatArray
    draws_squared: FloatArray

    @classmethod
    def of(
        cls, history: History, groups: TextArray, group: TextArray, member: TextArray, clock: LocalClock
    ) -> "_Counted":
        row = np.searchsorted(groups, group)
        plug = clock.local(history.plugged_at)
        plug_out = clock.local(history.unplugged_at)
        first = plug.min().astype("datetime64[D]")
        days = int((plug_out.max().astype("datetime64[D]") - first).astype(np.int64)) + 1
        at = (plug - first).astype("timedelta64[s]").astype(np.int64) / (60.0 * STEP_MINUTES)
        ends = (plug_out - first).astype("timedelta64[s]").astype(np.int64) / (60.0 * STEP_MINUTES)
        full = at + history.energy_kwh_metered / history.power_kw_max * (60.0 / STEP_MINUTES)
        steps, shape = days * _SLOTS, (groups.size, days, _SLOTS)
        power = history.power_kw_max
        weekday = ((first + np.arange(days)).astype(np.int64) + 3) % _WEEK
        once = np.ones(len(history))
        kept = power * (np.minimum(full, ends) - at)
        draws = np.bincount(row, weights=kept, minlength=groups.size).astype(np.float64)
        squared = np.bincount(row, weights=power * kept, minlength=groups.size).astype(np.float64)
        return cls(
            groups=tuple(groups.tolist()),
            weekday=weekday,
            members=_members_by_day(groups.size, row, member, at, days),
            plugged=_spread(row, at, ends, once, (groups.size, steps)).reshape(shape),
            drawn_kw=_spread(row, at, np.minimum(full, ends), power, (groups.size, steps)).reshape(shape),
            draws=draws,
            draws_squared=squared,
        )


def _members_by_day(groups: int, row: IntArray, member: TextArray, at: FloatArray, days: int) -> FloatArray:
    """Members of each group on each day: from their first session on record to their last, (G, D)."""
    keys, who = np.unique(np.stack([row.astype(np.str_), member]), axis=1, return_inverse=True)
    day = (at // _SLOTS).astype(np.int64)
    first, last = np.full(keys.shape[1], days), np.zeros(keys.shape[1], dtype=np.int64)
    np.minimum.at(first, who, day)
    np.maximum.at(last, who, day)
    change = np.zeros((groups, days + 1))
    np.add.at(change, (keys[0].astype(np.int64), first), 1.0)
    np.add.at(change, (keys[0].astype(np.int64), last + 1), -1.0)
    return np.asarray(np.cumsum(change, axis=1)[:, :days])


def _spread(
    row: IntArray, begins: FloatArray, ends: FloatArray, amount: FloatArray, shape: tuple[int, int]
) -> FloatArray:
    """An amount held from ``begins`` to ``ends`` (steps), as the mean of every step, summed by row."""
    area = np.zeros((shape[0], shape[1] + 2))
    for sign, edge in ((1.0, begins), (-1.0, ends)):
        step = np.clip(np.floor(edge).astype(np.int64), 0, shape[1] - 1)
        part = np.clip(edge - step, 0.0, 1.0)
        np.add.at(area, (row, step), sign * amount * (1.0 - part))
        np.add.at(area, (row, step + 1), sign * amount * part)
    held = np.cumsum(area, axis=1)[:, : shape[1]]
    return np.asarray(np.where(np.abs(held) < _NOTHING, 0.0, held))  # sums of differences leave dust


def _shrunk(counted: _Counted) -> tuple[FloatArray, FloatArray]:
    """Probability of being plugged in and kW per member plugged in, (G, 7, 96), drawn to all groups and the guess."""
    weight = _day_weights(counted.weekday)
    exposed = np.einsum("wd,gd->gw", weight, counted.members)[:, :, None]
    plugged = np.einsum("wd,gds->gws", weight, counted.plugged)
    drawn = np.einsum("wd,gds->gws", weight, counted.drawn_kw)
    of_all = (plugged.sum(axis=0) + _GUESS_WEIGHT * PLUGGED_GUESS) / (exposed.sum(axis=0) + _GUESS_WEIGHT)
    kw_of_all = (drawn.sum(axis=0) + _GUESS_WEIGHT * FLEXIBLE_KW_GUESS) / (plugged.sum(axis=0) + _GUESS_WEIGHT)
    chance = (plugged + _POOL_WEIGHT * of_all) / (exposed + _POOL_WEIGHT)
    cars = _POOL_WEIGHT * of_all
    return np.clip(chance, 0.0, 1.0), (drawn + cars * kw_of_all) / (plugged + cars)


def _day_weights(weekday: IntArray) -> FloatArray:
    """How much each day on record says of each weekday, (7, D): days of the same kind some, of the other kind none."""
    of = np.arange(_WEEK)[:, None]
    alike = (of >= 5) == (weekday[None] >= 5)
    return np.asarray(np.where(of == weekday[None], 1.0, np.where(alike, _OTHER_DAYS, 0.0)) * _lately(weekday.size))


def _lately(days: int) -> FloatArray:
    return np.asarray(0.5 ** (np.arange(days)[::-1] / _HALF_LIFE_DAYS))


def _day_spread(counted: _Counted, kw_of_member: FloatArray, car_kw: FloatArray) -> FloatArray:
    """How much days differ beyond cars coming and going, (G,): what squared errors on record leave, over the mean."""
    mean = counted.members[:, :, None] * kw_of_member[:, counted.weekday]
    lately = _lately(counted.weekday.size)[:, None]
    chance = _by_chance(np.maximum(car_kw, 1e-9)[:, None, None], mean, counted.members[:, :, None])
    squared = (counted.drawn_kw - mean) ** 2 - chance
    known = (counted.members > 0)[:, :, None] & (mean > 0)
    left = np.where(known, squared * lately, 0.0).sum(axis=(1, 2))
    total = np.where(known, mean**2 * lately, 0.0).sum(axis=(1, 2))
    return np.asarray(np.sqrt(np.maximum(left, 0.0) / np.maximum(total, 1e-9)))


def _by_chance(car_kw: FloatArray, mean: FloatArray, members: FloatArray) -> FloatArray:
    """Variance of what members draw who come and go independently of each other, kW^2, from what they draw on average.

    Of each it is the mean square, ``car_kw`` times the mean, less the square of the mean.
    """
    return np.asarray(np.maximum(car_kw * mean - mean**2 / np.maximum(members, 1e-9), 0.0))


def _calendar(starts: InstantArray, clock: LocalClock) -> tuple[IntArray, IntArray]:
    return clock.weekday(starts), clock.minute_of_day(starts) // STEP_MINUTES


def _quantiles(mean: FloatArray, variance: FloatArray, car_kw: FloatArray) -> FloatArray:
    """Quantiles of a load with these moments, (3, ...): none at all with the chance that no car of so many kW is there,
    else a gamma distribution, after Wilson and Hilferty (1931)."""
    nobody = np.exp(-mean / car_kw)
    some = np.maximum(1.0 - nobody, 1e-9)
    mean_if = mean / some
    variance_if = np.maximum((variance + mean**2) / some - mean_if**2, 1e-12)
    shape = np.maximum(mean_if**2 / variance_if, 1e-3)
    found = []
    for level in QUANTILES:
        score = np.interp((level - nobody) / some, _LEVELS, _SCORES)
        root = 1.0 - 1.0 / (9.0 * shape) + score / (3.0 * np.sqrt(shape))
        found.append(np.where(level <= nobody, 0.0, mean_if * np.maximum(root, 0.0) ** 3))
    return np.stack(found)


_LEVELS: Final = np.linspace(0.0005, 0.9995, 1000)
_SCORES: Final = np.array([NormalDist().inv_cdf(level) for level in _LEVELS.tolist()])


def measured_kw(history: History, group: TextArray, groups: tuple[str, ...], horizon: Horizon) -> FloatArray:
    """What cars drew in each step of a horizon, (G, T), under the same reading of sessions: to compare with."""
    order = {name: place for place, name in enumerate(groups)}
    known = np.flatnonzero(np.isin(group, groups))
    row = np.array([order[name] for name in group[known].tolist()], dtype=np.int64)
    part = history.take(known)
    at = (part.plugged_at - to_datetime64(horizon.start)).astype(np.int64) / (60.0 * horizon.step_minutes)
    ends = (part.unplugged_at - to_datetime64(horizon.start)).astype(np.int64) / (60.0 * horizon.step_minutes)
    full = at + part.energy_kwh_metered / part.power_kw_max * (60.0 / horizon.step_minutes)
    inside = (np.minimum(full, ends) > 0) & (at < horizon.steps)
    span = np.maximum(at[inside], 0.0), np.minimum(np.minimum(full, ends)[inside], float(horizon.steps))
    return _spread(row[inside], *span, part.power_kw_max[inside], (len(groups), horizon.steps))
