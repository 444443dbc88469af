"""Room for cars that have not come yet: what usually comes later is planned along, and not carried out.

A plan that knows only the cars plugged in leaves needs to hours in which those who come later want to charge as well.
So what comes on a usual day stands in the problem as sessions of its own, many cars in one. Where everything fits, cars
that are there make way. Where it does not, they are planned alone, and pay for steps whose room will be scarce: what
may come never takes energy from who is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Final, Self

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.horizon import Horizon
from evenload.base.instants import InstantArray
from evenload.base.local_clock import is_weekend
from evenload.base.units import MINUTES_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray, TextArray
from evenload.schedule.problem import Problem
from evenload.schedule.risk.robust import too_late_per_kwh, with_extra_price

_STAYS_MINUTES: Final = (120.0, 240.0, 480.0, 960.0)
"""Sessions are told apart by the hour they come in, and by how long they stay: up to so long, or longer."""

_WEST_MOST: Final = 1 - 11 * MINUTES_PER_HOUR
"""Clocks are taken to be less than 11 hours behind UTC, and 13 ahead at the most."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Sessions of one kind on a usual day, as one: the energy and power of all of them together.

    They come at ``minute_of_day`` on the local clock, on weekends or on other days. Raises ``InputError`` for numbers
    that cannot be.
    """

    node: str
    weekend: bool
    minute_of_day: int
    stay_minutes: float
    energy_kwh: float
    power_kw: float

    def __post_init__(self) -> None:
        amounts = (self.stay_minutes, self.energy_kwh, self.power_kw)
        if not (all(isfinite(one) and one >= 0 for one in amounts) and 0 <= self.minute_of_day < MINUTES_PER_DAY):
            raise InputError(
                f"usual sessions at {self.node!r} need a minute_of_day from 0 to 1439 and numbers of 0 or more: {self}"
            )


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What usually comes in a day; nothing by default."""

    usual: tuple[Usual, ...] = ()

    @classmethod
    def fit(
        cls,
        node: TextArray,
        plugged_local: InstantArray,
        stay_minutes: FloatArray,
        energy_kwh: FloatArray,
        power_kw_max: FloatArray,
        *,
        quantile: float | None = None,
    ) -> Self:
        """Average a history (S,) over its days, from the first session's to the last one's, each circuit for itself.

        ``plugged_local`` is what the wall clock showed, ``stay_minutes`` best what was declared. ``quantile`` (0 to 1)
        scales a circuit's day to that quantile of its daily energy; None leaves the mean. Rows with a number or time
        that is not known are left out. Raises ``InputError`` for another quantile, ``ColumnsError`` for columns of
        different lengths.
        """
        shapes = [one.shape for one in (node, plugged_local, stay_minutes, energy_kwh, power_kw_max)]
        if len(set(shapes)) != 1:
            raise ColumnsError(f"columns of a history of arrivals have shapes {shapes}")
        if quantile is not None and not 0 <= quantile <= 1:
            raise InputError(f"quantile must be between 0 and 1, not {quantile}")
        known = np.isfinite(stay_minutes + energy_kwh + power_kw_max) & ~np.isnat(plugged_local)
        past = _Past(node[known], plugged_local[known], stay_minutes[known], energy_kwh[known], power_kw_max[known])
        return cls(tuple(past.usual(quantile)))


@dataclass(frozen=True, slots=True)
class _Past:
    node: TextArray
    plugged_local: InstantArray
    stay_minutes: FloatArray
    energy_kwh: FloatArray
    power_kw: FloatArray

    def usual(self, quantile: float | None) -> Iterator[Usual]:
        """Every circuit on weekends and on other days."""
        day = self.plugged_local.astype("datetime64[D]")
        days = np.arange(day.min(), day.max() + 1) if day.size else day
        for name in np.unique(self.node).tolist():
            for weekend in (False, True):
                counted = days[is_weekend(days) == weekend]
                inside = (self.node == name) & (is_weekend(day) == weekend)
                on = np.searchsorted(counted, day[inside])
                daily_kwh: FloatArray = np.bincount(on, self.energy_kwh[inside], counted.size).astype(np.float64)
                if daily_kwh.sum() > 0:
                    yield from self._kinds(name, weekend, inside, _scale(daily_kwh, quantile))

    def _kinds(self, name: str, weekend: bool, inside: BoolArray, scale: float) -> Iterator[Usual]:
        hour = self.plugged_local.astype("datetime64[h]").astype(np.int64) % (MINUTES_PER_DAY // MINUTES_PER_HOUR)
        kind = hour * (len(_STAYS_MINUTES) + 1) + np.searchsorted(_STAYS_MINUTES, self.stay_minutes)
        for one in np.unique(kind[inside]).tolist():
            rows = inside & (kind == one)
            yield Usual(
                name,
                weekend,
                int(hour[rows][0]) * MINUTES_PER_HOUR + MINUTES_PER_HOUR // 2,
                float(self.stay_minutes[rows].mean()),
                float(self.energy_kwh[rows].sum() * scale),
                float(self.power_kw[rows].sum() * scale),
            )


def _scale(daily_kwh: FloatArray, quantile: float | None) -> float:
    """From the sum over days to one day."""
    mean = 1.0 / daily_kwh.size
    return mean if quantile is None else float(np.quantile(daily_kwh, quantile)) / float(daily_kwh.sum())


@dataclass(frozen=True, slots=True)
class Expected:
    """What usually comes in a horizon, as sessions in order of the step they come in: shape (E,)."""

    session_id: TextArray
    node: IntArray
    first_step: IntArray
    slots: IntArray
    energy_kwh: FloatArray
    power_kw: FloatArray

    @classmethod
    def of(cls, problem: Problem, arrivals: Arrivals) -> Self:
        """What ``arrivals`` mean in the problem's horizon. Who would stay beyond its end wants the part that falls
        inside. Raises ``CircuitError`` for a circuit that is not in the tree.
        """
        usual = [one for one in arrivals.usual if one.energy_kwh > 0 and one.power_kw > 0]
        horizon, minute = problem.horizon, problem.minute_of_day
        place, weekend = minute // horizon.step_minutes, _weekend(horizon, minute)
        comes = [(place == one.minute_of_day // horizon.step_minutes) & (weekend == one.weekend) for one in usual]
        row, first = np.nonzero(np.reshape(np.array(comes, dtype=np.bool_), (len(usual), horizon.steps)))
        order = np.argsort(first, kind="stable")
        row, first = row[order], first[order]
        stay, energy, power = (_column(usual, name)[row] for name in ("stay_minutes", "energy_kwh", "power_kw"))
        wanted = np.maximum(np.rint(stay / horizon.step_minutes), 1.0)
        slots = np.minimum(wanted, horizon.steps - first)
        most_kwh = power * slots * horizon.hours_per_step
        node = problem.tree.find([one.node for one in usual])[row] if usual else row
        return cls(
            np.array([f"(usual {k})" for k in range(row.size)], dtype=np.str_), node, first, slots.astype(np.int64),
            np.minimum(energy * slots / wanted, most_kwh), power,
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Number of sessions E."""
        return int(self.first_step.size)

    @property
    def last_step(self) -> int:
        """The step after the last one any of them touches; 0 where nothing comes."""
        return int((self.first_step + self.slots).max(initial=0))

    def between(self, first: int, last: int) -> "Expected":
        """Those that come in steps from ``first`` to before ``last``."""
        part = slice(*np.searchsorted(self.first_step, [first, last]).tolist())
        return Expected(*(getattr(self, column.name)[part] for column in fields(self)))


def along(problem: Problem, come: Expected, step: int) -> Problem:
    """The problem, which begins in step ``step``, with what comes later behind its own sessions.

    It must be one of charging only, without minimum energy, tariffs or devices.
    """
    lengths = np.concatenate([np.diff(problem.offset), come.slots])
    return replace(
        problem,
        session_id=np.concatenate([problem.session_id, come.session_id]),
        node=np.concatenate([problem.node, come.node]),
        first_step=np.concatenate([problem.first_step, come.first_step - step]),
        offset=np.concatenate([[0], np.cumsum(lengths)]),
        cap_kw=np.concatenate([problem.cap_kw, np.repeat(come.power_kw, come.slots)]),
        declared_slots=np.concatenate([problem.declared_slots, come.slots]),
        energy_kwh=np.concatenate([problem.energy_kwh, come.energy_kwh]),
        power_kw_max=np.concatenate([problem.power_kw_max, come.power_kw]),
        opted_out=np.concatenate([problem.opted_out, np.zeros(come.size, dtype=np.bool_)]),
    )


def avoiding(problem: Problem, scarce: BoolArray) -> Problem:
    """The problem with a high price, rising with time, in steps whose room is ``scarce`` (N, T) on a session's way."""
    on_way = scarce.copy()
    for n in range(1, len(problem.tree)):
        on_way[n] |= on_way[problem.tree.parent[n]]
    hours = np.arange(1.0, problem.horizon.steps + 1) * problem.horizon.hours_per_step
    return with_extra_price(problem, problem.node, too_late_per_kwh(problem, np.where(on_way, hours, 0.0)))


def _column(usual: list[Usual], name: str) -> FloatArray:
    return np.array([getattr(one, name) for one in usual], dtype=np.float64)


def _weekend(horizon: Horizon, minute_of_day: IntArray) -> BoolArray:
    """Whether steps fall on a local Saturday or Sunday, from what the wall clock shows."""
    starts = horizon.starts().astype("datetime64[m]")
    ahead = (minute_of_day - starts.astype(np.int64) - _WEST_MOST) % MINUTES_PER_DAY + _WEST_MOST
    return is_weekend((starts + ahead.astype("timedelta64[m]")).astype("datetime64[D]"))
