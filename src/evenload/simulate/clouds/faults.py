"""What goes wrong at virtual clouds, how often, and how much they take: shares are of requests, cars or webhooks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np


class Quirk(StrEnum):
    """What is odd in all that one car tells. ``FRACTION``: state of charge 0 to 1, without its unit."""

    IMPERIAL = "imperial"
    FRACTION = "fraction"
    ENERGY_ONLY = "energy_only"
    NULLS = "nulls"
    ZERO_SOC = "zero_soc"
    CLOCK_AHEAD = "clock_ahead"


CLOCK_AHEAD: Final = timedelta(minutes=7)
"""So far ahead is the clock of a car with that quirk."""


@dataclass(frozen=True, slots=True)
class CloudFaults:
    """How often what goes wrong. Nothing does by default, and nothing takes time but what ``latency_s`` says.

    ``latency_s``: how long commands take, from and to; ``slow_share`` of them take up to ``latency_s_most``.
    ``no_answer_share`` of commands fail at the car's radio, half of them after the car heard. ``error_share`` of all
    requests are answered with a 5xx, and so is everything during spells of ``spell_s`` that begin every
    ``spell_every_s`` (exponential). ``lost_share`` of webhooks never come, ``twice_share`` come twice. ``odd_share`` of
    cars have a quirk.
    """

    latency_s: tuple[float, float] = (3.0, 45.0)
    latency_s_most: float = 300.0
    slow_share: float = 0.0
    no_answer_share: float = 0.0
    error_share: float = 0.0
    spell_every_s: float = 0.0
    spell_s: float = 600.0
    lost_share: float = 0.0
    twice_share: float = 0.0
    odd_share: float = 0.0
    date_share: float = 0.0
    """Of the answers that say when to ask again, so many say it as a date instead of in seconds."""

    def quirk(self, rng: np.random.Generator, among: tuple[Quirk, ...]) -> frozenset[Quirk]:
        """The quirk of one more car, mostly none."""
        if not among or rng.random() >= self.odd_share:
            return frozenset()
        return frozenset({among[int(rng.integers(len(among)))]})

    def latency(self, rng: np.random.Generator, *, is_asleep: bool = False) -> float:
        """How long a command takes (s); to a sleeping car it takes the longer half at least."""
        least, most = self.latency_s
        if rng.random() < self.slow_share:
            return float(rng.uniform(most, self.latency_s_most))
        return float(rng.uniform((least + most) / 2 if is_asleep else least, most))


ROUGH: Final = CloudFaults(
    slow_share=0.05, no_answer_share=0.05, error_share=0.01, spell_every_s=4 * 3600.0, spell_s=300.0, lost_share=0.1,
    twice_share=0.03, odd_share=0.2, date_share=0.5,
)  # fmt: skip
"""A bad day: what a town and scenarios live with."""

CALM: Final = CloudFaults()


class Spells:
    """When a cloud answers nothing but 5xx; drawn as time goes on."""

    def __init__(self, faults: CloudFaults, rng: np.random.Generator) -> None:
        self._faults = faults
        self._rng = rng
        self._begins: datetime | None = None
        self._ends: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        """Whether one is on; ``now`` never goes back."""
        if self._faults.spell_every_s <= 0:
            return False
        while self._ends is None or self._begins is None or now >= self._ends:
            before = self._ends or now
            self._begins = before + timedelta(seconds=float(self._rng.exponential(self._faults.spell_every_s)))
            self._ends = self._begins + timedelta(seconds=float(self._rng.exponential(self._faults.spell_s)))
        return now >= self._begins


@dataclass(frozen=True, slots=True)
class CloudLimits:
    """How much a cloud takes: bursts and refill of the application and of each car, and calls per car and month.

    ``wakes``: burst and refill of wake-ups of one car. 0 refill and burst: no limit.
    """

    app_burst: float = 0.0
    app_per_s: float = 0.0
    car_burst: float = 0.0
    car_per_s: float = 0.0
    wake_burst: float = 0.0
    wake_per_s: float = 0.0
    car_per_month: int = 0


SMARTCAR_LIMITS: Final = CloudLimits(120, 2 / 60, 12, 1 / 120, car_per_month=500)
"""An application's bucket of 120 with 2 a minute is published, so are plans of 500 calls a car and month; the limit of
one car is not."""

ENODE_LIMITS: Final = CloudLimits(600, 10.0, 12, 1 / 60)
"""Not published: what a patient client never meets."""

TESLA_LIMITS: Final = CloudLimits(car_burst=60, car_per_s=1.0, wake_burst=3, wake_per_s=3 / 60)
"""60 reads and 3 wakes a minute and car; what they cost limits a client long before."""


class Bucket:
    """Takes ``burst`` at once and ``per_s`` in the long run."""

    __slots__ = ("_at", "_burst", "_left", "_per_s")

    def __init__(self, burst: float, per_s: float, now: datetime) -> None:
        self._burst, self._per_s = burst, per_s
        self._left, self._at = burst, now

    def take(self, now: datetime) -> float:
        """Take one: 0, or after how many seconds there is one again. What has no limit is never empty."""
        if self._burst <= 0:
            return 0.0
        self._left = min(self._burst, self._left + max(0.0, (now - self._at).total_seconds()) * self._per_s)
        self._at = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._per_s
