"""What may be asked of a cloud: buckets that fill again and quotas of a month, per application and per car."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.domain.vehicle_state import Provider
from evenload.telematics.port import Cost

_DAY_S: Final = 86400.0
_MONTH_S: Final = 30 * _DAY_S


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most ``burst`` at once, ``per_s`` again each second, and ``per_month`` in a calendar month (UTC)."""

    burst: float = inf
    per_s: float = inf
    per_month: float = inf


FREE: Final = Allowance()


@dataclass(slots=True)
class Purse:
    """What is left of an allowance: ``level`` of its bucket at ``at``, and how much of the month was spent."""

    level: float | None = None
    at: datetime | None = None
    month: str = ""
    spent: float = 0.0

    def left(self, allowance: Allowance, now: datetime) -> float:
        """How much may be spent now."""
        return max(min(self.level_at(allowance, now), allowance.per_month - self.spent_in(now)), 0.0)

    def spend(self, allowance: Allowance, now: datetime, amount: float = 1.0) -> bool:
        """Spend where there is enough; whether there was."""
        if self.left(allowance, now) < amount:
            return False
        self.level = self.level_at(allowance, now) - amount if allowance.burst < inf else None
        self.at = max(self.at or now, now)
        self.month, self.spent = _month(now), self.spent_in(now) + amount
        return True

    def next_at(self, allowance: Allowance, now: datetime, amount: float = 1.0) -> datetime:
        """When there is enough, ``now`` where there is."""
        if self.spent_in(now) + amount > allowance.per_month:
            return _next_month(now)
        missing = amount - self.level_at(allowance, now)
        if missing <= 0:
            return now
        if allowance.per_s <= 0:
            return _next_month(now)
        return now + timedelta(seconds=missing / allowance.per_s)

    def level_at(self, allowance: Allowance, now: datetime) -> float:
        """How full its bucket is."""
        if self.level is None or self.at is None:
            return allowance.burst
        passed_s = max((now - self.at).total_seconds(), 0.0)
        return min(allowance.burst, self.level + passed_s * allowance.per_s if passed_s else self.level)

    def spent_in(self, now: datetime) -> float:
        """How much of the month was spent."""
        return self.spent if self.month == _month(now) else 0.0


def _month(now: datetime) -> str:
    return f"{now:%Y-%m}"


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=now.year + now.month // 12, month=now.month % 12 + 1)


@dataclass(frozen=True, slots=True)
class Quotas:
    """What an application may ask in all, and of one car. An answer that says to wait stands above both."""

    of_app: Mapping[Cost, Allowance] = field(default_factory=dict)
    of_car: Mapping[Cost, Allowance] = field(default_factory=dict)

    def app(self, cost: Cost) -> Allowance:
        """The application's allowance."""
        return self.of_app.get(cost, FREE)

    def car(self, cost: Cost) -> Allowance:
        """A car's allowance."""
        return self.of_car.get(cost, FREE)


def monthly(count: float, burst: float) -> Allowance:
    """So many a month, spread evenly but for a burst."""
    return Allowance(burst, count / _MONTH_S, count)


def daily(count: float) -> Allowance:
    """So many a day."""
    return Allowance(count, count / _DAY_S)


QUOTAS: Final[Mapping[Provider, Quotas]] = {
    # 120 calls at once, 2 more a minute; a plan of 500 calls a month and car is shared by reads and commands.
    Provider.SMARTCAR: Quotas(
        {Cost.READ: Allowance(100, 1.6 / 60), Cost.COMMAND: Allowance(20, 0.4 / 60)},
        {Cost.READ: monthly(350, 12), Cost.COMMAND: monthly(150, 12), Cost.WAKE: Allowance(0, 0, 0)},
    ),
    # Its limits are not public; what it answers comes from what it keeps, so asking more often tells nothing new.
    Provider.ENODE: Quotas(
        {Cost.READ: Allowance(50, 10), Cost.COMMAND: Allowance(50, 10)},
        {Cost.READ: monthly(1500, 24), Cost.COMMAND: monthly(300, 24), Cost.WAKE: Allowance(0, 0, 0)},
    ),
    # By list price a dollar is 500 reads, 1000 commands, 50 wakes or 150,000 signals: 1.24 dollars a month and car.
    Provider.TESLA: Quotas(
        {Cost.READ: Allowance(60, 10), Cost.COMMAND: Allowance(200, 100), Cost.WAKE: Allowance(30, 1)},
        {Cost.READ: monthly(120, 6), Cost.COMMAND: monthly(300, 20), Cost.WAKE: Allowance(2, 1 / _DAY_S, 30)},
    ),
}
"""What is asked of each cloud where nobody set anything else. Contracts differ: set what yours says."""


class Account:
    """What one application spends, in all and per cost."""

    def __init__(self, quotas: Quotas, purses: Mapping[Cost, Purse] | None = None) -> None:
        self.quotas = quotas
        self.purses: dict[Cost, Purse] = dict(purses or {})
        self._closed_until: datetime | None = None

    def left(self, cost: Cost, now: datetime) -> float:
        """How much may be asked now, ``inf`` where nothing limits it."""
        if self._closed_until is not None and now < self._closed_until:
            return 0.0
        return self._purse(cost).left(self.quotas.app(cost), now)

    def spend(self, cost: Cost, now: datetime, amount: float = 1.0) -> bool:
        """Spend where there is enough; whether there was."""
        return self.left(cost, now) >= amount and self._purse(cost).spend(self.quotas.app(cost), now, amount)

    def next_at(self, cost: Cost, now: datetime) -> datetime:
        """When the next call may be made."""
        return max(self._purse(cost).next_at(self.quotas.app(cost), now), self._closed_until or now)

    def close(self, until: datetime) -> None:
        """Ask nothing until then: the cloud said so of the application as a whole."""
        self._closed_until = max(until, self._closed_until or until)

    def _purse(self, cost: Cost) -> Purse:
        return self.purses.setdefault(cost, Purse())
