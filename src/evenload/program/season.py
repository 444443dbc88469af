"""A season of events lived by drivers who tire of being called: what choosing whom to call is worth.

The model, simple and stated, not fitted: driver i opts out of a call with probability ``o_i + tiring x F_i``, where
``o_i`` is drawn from a beta distribution with mean ``opt_out`` and ``F_i`` is how often they were called lately, each
call counted half after ``half_life_days``. Called again within 24 h, those who would take part do with ``close_calls``
(the report prints 30 % less participation then). After each opt-out a driver leaves the program with ``leaving``.
Sources: the report, Hawaii (8 % opt-outs) and GridShift (0.7); ``tiring`` and ``leaving`` are assumptions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.program.selection import NEVER_H, Pool, choose, opt_out_of

_CLOSE_H: Final = 24.0
_CONCENTRATION: Final = 8.0
"""How alike drivers are: a beta distribution with this sum of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """When events start (hours from the first), how long they last, what is wanted of each (share of what all would
    move), and who the drivers are."""

    starts_h: FloatArray
    length_h: float = 2.0
    wanted_share: float = 0.25
    drivers: int = 10_000
    opt_out: float = 0.08
    tiring: float = 0.03
    half_life_days: float = 7.0
    close_calls: float = 0.7
    leaving: float = 0.02

    def __post_init__(self) -> None:
        if self.drivers < 1 or self.starts_h.ndim != 1 or not self.starts_h.size or (np.diff(self.starts_h) <= 0).any():
            raise InputError("a season needs a driver and events, each starting after the one before")
        for name in ("wanted_share", "opt_out", "close_calls", "leaving"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name} = {getattr(self, name)} must be a share above 0 and up to 1")


def hot_summer(events: int, rng: np.random.Generator) -> FloatArray:
    """Starts (h): runs of one to four days in a row at the same hour, then a day or more without, as heat comes."""
    days: list[int] = []
    day = 0
    while len(days) < events:
        run = int(rng.integers(1, 5))
        days += range(day, day + run)
        day += run + 1 + int(rng.integers(0, 2))
    return np.asarray(days[:events], dtype=np.float64) * 24.0


Choice = Callable[[Pool, float], IntArray]
"""Whom to call, rows of a pool, for a wanted power in kW."""


def everybody(pool: Pool, wanted_kw: float) -> IntArray:
    """Call all."""
    del wanted_kw
    return np.flatnonzero(pool.may_ask)


def by_chance(rng: np.random.Generator) -> Choice:
    """Call as many as the wanted power needs, whoever they are."""

    def drawn(pool: Pool, wanted_kw: float) -> IntArray:
        order = rng.permutation(np.flatnonzero(pool.may_ask))
        reached = np.cumsum(pool.moves_kw[order])
        return order[: int(np.searchsorted(reached, wanted_kw)) + 1]

    return drawn


def rested_first(pool: Pool, wanted_kw: float) -> IntArray:
    """Call as ``choose`` does."""
    return choose(pool, wanted_kw).row


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of a season: called (times), opt-outs, energy moved and energy of what was wanted (kWh), the share of
    events that got what was wanted, drivers that are still there, and calls of who was called least and most."""

    called: int
    opted_out: int
    energy_kwh: float
    wanted_kwh: float
    useful_kwh: float
    met: float
    drivers_left: int
    calls_least: int
    calls_most: int

    @property
    def kwh_per_opt_out(self) -> float:
        """Energy moved, as far as it was wanted, for each opt-out."""
        return self.useful_kwh / max(self.opted_out, 1)


@dataclass(slots=True)
class _Drivers:
    """How drivers are, which nobody who chooses knows, and what is on record of them."""

    prone: FloatArray
    power_kw: FloatArray
    there: FloatArray
    tired: FloatArray
    calls: IntArray
    opted_out: IntArray
    last_h: FloatArray
    stays: BoolArray


def live(season: Season, choice: Choice, rng: np.random.Generator) -> Lived:
    """A season lived by drivers drawn from ``rng``: the same generator draws the same drivers, whoever is called."""
    drivers = _drawn(season, rng)
    name = np.arange(season.drivers).astype(np.str_)
    wanted_kw = season.wanted_share * float((drivers.power_kw * drivers.there).sum()) * (1.0 - season.opt_out)
    moved: list[float] = []
    before_h = float(season.starts_h[0])
    for start_h in season.starts_h.tolist():
        drivers.tired *= 0.5 ** ((start_h - before_h) / 24.0 / season.half_life_days)
        before_h = start_h
        pool = Pool(
            name, drivers.power_kw, drivers.there, opt_out_of(drivers.opted_out, drivers.calls),
            drivers.calls.copy(), start_h - drivers.last_h, drivers.stays.copy(),
        )  # fmt: skip
        moved.append(_one_event(season, drivers, choice(pool, wanted_kw), start_h, rng.spawn(1)[0]))
    return _told(season, drivers, np.array(moved), wanted_kw)


def _drawn(season: Season, rng: np.random.Generator) -> _Drivers:
    count = season.drivers
    prone = rng.beta(season.opt_out * _CONCENTRATION, (1 - season.opt_out) * _CONCENTRATION, count)
    return _Drivers(
        prone=prone,
        power_kw=rng.choice([1.4, 3.7, 7.2, 11.0], count, p=[0.1, 0.3, 0.5, 0.1]),
        there=rng.uniform(0.15, 0.75, count),
        tired=np.zeros(count),
        calls=np.zeros(count, dtype=np.int64),
        opted_out=np.zeros(count, dtype=np.int64),
        last_h=np.full(count, -NEVER_H),
        stays=np.ones(count, dtype=np.bool_),
    )


def _one_event(
    season: Season, drivers: _Drivers, called: IntArray, start_h: float, rng: np.random.Generator
) -> float:  # fmt: skip
    """kW that those called move; chance is drawn for all drivers, so that it is the same whoever is called."""
    chance = rng.random((3, season.drivers))[:, called]
    close = start_h - drivers.last_h[called] < _CLOSE_H
    takes_part = (1.0 - np.minimum(drivers.prone[called] + season.tiring * drivers.tired[called], 1.0)) * np.where(
        close, season.close_calls, 1.0
    )
    out = chance[0] >= takes_part
    power = drivers.power_kw[called] * (chance[1] < drivers.there[called]) * ~out
    drivers.calls[called] += 1
    drivers.tired[called] += 1.0
    drivers.opted_out[called] += out
    drivers.last_h[called] = start_h + season.length_h
    drivers.stays[called[out & (chance[2] < season.leaving)]] = False
    return float(power.sum())


def _told(season: Season, drivers: _Drivers, moved_kw: FloatArray, wanted_kw: float) -> Lived:
    stayed = drivers.calls[drivers.stays]
    return Lived(
        called=int(drivers.calls.sum()),
        opted_out=int(drivers.opted_out.sum()),
        energy_kwh=float(moved_kw.sum()) * season.length_h,
        wanted_kwh=wanted_kw * moved_kw.size * season.length_h,
        useful_kwh=float(np.minimum(moved_kw, wanted_kw).sum()) * season.length_h,
        met=float((moved_kw >= wanted_kw).mean()),
        drivers_left=int(drivers.stays.sum()),
        calls_least=int(stayed.min()) if stayed.size else 0,
        calls_most=int(drivers.calls.max()),
    )
