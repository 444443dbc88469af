"""Who is to be read next: pushes first, seldom where nothing happens, never beyond quotas, never to wake a car.

Columns of numbers, so that 100,000 cars cost no more than a look through an array.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from hashlib import blake2b
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenload.domain.vehicle_state import CarId
from evenload.telematics.budget import Allowance, Purse

_SPREAD: Final = 0.25
_ROUNDING: Final = 1e-9
_GROW: Final = 2


class Situation(IntEnum):
    """What makes a car worth reading, the most urgent first."""

    COMMANDED = 0
    """It was told something lately, and has to show whether it did."""
    CHARGING = 1
    WAITING = 2
    """Plugged in at home, without power."""
    NEW = 3
    """Nothing is known of it yet, or not whether it is plugged in."""
    ELSEWHERE = 4
    """Unplugged or away."""
    ASLEEP = 5
    OUT = 6
    """Consent is gone: nothing is asked."""


_AT_ONCE: Final = frozenset({Situation.COMMANDED, Situation.NEW})


@dataclass(frozen=True, slots=True)
class Pace:
    """How long after a state was heard of the next is asked for (s), without and with pushes that arrive.

    A car nothing is known of is asked so long after it was asked last: what is pushed of it did not tell enough.

    ``reserve``: reads of a car that are kept for what it has to show after it was told something. ``pushes_s``: how
    long after the last push they are counted on.
    """

    polled_s: Mapping[Situation, float]
    pushed_s: Mapping[Situation, float]
    reserve: float = 3.0
    pushes_s: float = 6 * 3600.0


PACE: Final = Pace(
    {
        Situation.COMMANDED: 60.0, Situation.CHARGING: 900.0, Situation.WAITING: 1800.0, Situation.NEW: 1800.0,
        Situation.ELSEWHERE: 7200.0, Situation.ASLEEP: 14400.0, Situation.OUT: inf,
    },
    {
        Situation.COMMANDED: 180.0, Situation.CHARGING: 3600.0, Situation.WAITING: 7200.0, Situation.NEW: 1800.0,
        Situation.ELSEWHERE: 43200.0, Situation.ASLEEP: 86400.0, Situation.OUT: inf,
    },
)  # fmt: skip
"""A car that charges is read every quarter of an hour, one that does nothing twelve times a day, if quotas allow."""


class PollPlan:
    """When cars of one application are to be read. Instants go in and out; inside they are seconds since 1970."""

    def __init__(self, allowance: Allowance, pace: Pace = PACE) -> None:
        self._allowance, self._pace = allowance, pace
        self._cars: list[CarId | None] = []
        self._rows: dict[CarId, int] = {}
        self._free: list[int] = []
        self._columns = _Columns.empty(64)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, car: CarId, now: datetime, spread_s: float = 0.0) -> None:
        """Plan for a car nothing is known of; among many, each waits its own share of ``spread_s``.

        Where something is known of it, say so with ``heard`` next, as of when that was heard.
        """
        if car in self._rows:
            return
        row = self._free.pop() if self._free else len(self._cars)
        if row == len(self._cars):
            self._cars.append(None)
            if row == len(self._columns.due_at):
                self._columns = self._columns.grown(_GROW * row)
        self._cars[row], self._rows[car] = car, row
        columns, phase = self._columns, phase_of(car)
        columns.situation[row], columns.phase[row] = Situation.NEW, phase
        columns.level[row], columns.level_at[row] = self._allowance.burst, _seconds(now)
        columns.asked_at[row] = _seconds(now) + phase * spread_s - self._pace.polled_s[Situation.NEW]
        columns.heard_at[row] = columns.pushed_at[row] = columns.blocked_until[row] = -inf
        columns.month[row], columns.spent[row] = _month_of(now), 0.0
        columns.due_at[row] = self._due_at(row)

    def spent(self, car: CarId, reads: Purse, now: datetime) -> None:
        """What a car was asked before this plan was made counts."""
        row, columns = self._rows[car], self._columns
        columns.level[row], columns.spent[row] = reads.level_at(self._allowance, now), reads.spent_in(now)
        columns.due_at[row] = self._due_at(row)

    def remove(self, car: CarId) -> None:
        """Plan for a car no more."""
        row = self._rows.pop(car, None)
        if row is not None:
            self._cars[row] = None
            self._columns.due_at[row] = inf
            self._free.append(row)

    def heard(self, car: CarId, situation: Situation, at: datetime, *, pushed: bool = False) -> None:
        """Something was heard of a car at ``at`` (by our clock): asked for, or pushed."""
        row = self._rows[car]
        columns, seconds = self._columns, _seconds(at)
        columns.situation[row] = situation
        columns.heard_at[row] = max(float(columns.heard_at[row]), seconds)
        if pushed:
            columns.pushed_at[row] = max(float(columns.pushed_at[row]), seconds)
        columns.due_at[row] = self._due_at(row)

    def wait(self, car: CarId, until: datetime) -> None:
        """Do not ask before: the cloud said so, or the car sleeps."""
        row = self._rows[car]
        self._columns.blocked_until[row] = max(float(self._columns.blocked_until[row]), _seconds(until))
        self._columns.due_at[row] = self._due_at(row)

    def asked(self, car: CarId, now: datetime) -> None:
        """A read of a car was sent, whatever comes of it: it is spent, and the next is counted from now."""
        row = self._rows[car]
        columns, seconds = self._columns, _seconds(now)
        columns.level[row] = self._level(row, seconds) - 1.0
        columns.level_at[row] = max(float(columns.level_at[row]), seconds)
        if columns.month[row] != _month_of(now):
            columns.month[row], columns.spent[row] = _month_of(now), 0.0
        columns.spent[row] += 1.0
        columns.heard_at[row] = max(float(columns.heard_at[row]), seconds)
        columns.asked_at[row] = max(float(columns.asked_at[row]), seconds)
        if columns.situation[row] == Situation.NEW:
            columns.situation[row] = Situation.ELSEWHERE
        columns.due_at[row] = self._due_at(row)

    def due(self, now: datetime, at_most: float = inf) -> Sequence[CarId]:
        """The cars to read now, at most so many: the most urgent first, then those that wait longest."""
        columns, count = self._columns, len(self._cars)
        found = np.flatnonzero(columns.due_at[:count] <= _seconds(now))
        order = np.lexsort((columns.due_at[found], columns.situation[found]))
        most = len(found) if at_most == inf else max(int(at_most), 0)
        return [car for car in (self._cars[row] for row in found[order][:most]) if car is not None]

    def next_at(self, car: CarId) -> datetime | None:
        """When a car is read next, ``None`` for never."""
        return _instant(float(self._columns.due_at[self._rows[car]]))

    def next_due_at(self) -> datetime | None:
        """When the next of all is read, ``None`` for never."""
        due_at = self._columns.due_at[: len(self._cars)]
        return _instant(float(due_at.min())) if len(due_at) else None

    def left(self, car: CarId, now: datetime) -> float:
        """How many reads of a car may be made now."""
        row = self._rows[car]
        spent = float(self._columns.spent[row]) if self._columns.month[row] == _month_of(now) else 0.0
        return max(min(self._level(row, _seconds(now)) + _ROUNDING, self._allowance.per_month - spent), 0.0)

    def _due_at(self, row: int) -> float:
        columns, pace = self._columns, self._pace
        situation = Situation(int(columns.situation[row]))
        heard_at = float(columns.heard_at[row])
        pushed_at = float(columns.pushed_at[row])
        pushes = pushed_at > -inf and heard_at - pushed_at <= pace.pushes_s
        after_s = (pace.pushed_s if pushes else pace.polled_s)[situation]
        if after_s == inf:
            return inf
        spread = 0.0 if situation in _AT_ONCE else _SPREAD * float(columns.phase[row])
        since = float(columns.asked_at[row]) if situation is Situation.NEW else heard_at
        wanted_at = max(since + after_s * (1 + spread), float(columns.blocked_until[row]))
        return self._affordable(row, wanted_at, 1.0 if situation is Situation.COMMANDED else 1.0 + pace.reserve)

    def _affordable(self, row: int, wanted_at: float, needed: float) -> float:
        """The first instant from ``wanted_at`` at which a car's bucket holds ``needed`` and its month is not spent."""
        columns, allowance = self._columns, self._allowance
        needed = min(needed, allowance.burst)
        missing = needed - self._level(row, wanted_at)
        if missing > 0:
            wanted_at += missing / allowance.per_s if allowance.per_s > 0 else inf
        if wanted_at < inf and columns.spent[row] + 1 > allowance.per_month:
            wanted_at = max(wanted_at, _month_starts_at(int(columns.month[row]) + 1))
        return wanted_at

    def _level(self, row: int, seconds: float) -> float:
        columns, allowance = self._columns, self._allowance
        if allowance.burst == inf:
            return inf
        passed_s = max(seconds - float(columns.level_at[row]), 0.0)
        return min(allowance.burst, float(columns.level[row]) + (passed_s * allowance.per_s if passed_s else 0.0))


Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Columns:
    """One number a car: seconds since 1970, months since the year 0, or counts."""

    due_at: Floats
    heard_at: Floats
    asked_at: Floats
    pushed_at: Floats
    blocked_until: Floats
    level: Floats
    level_at: Floats
    phase: Floats
    spent: Floats
    month: NDArray[np.int32]
    situation: NDArray[np.int8]

    @classmethod
    def empty(cls, count: int) -> "_Columns":
        never, naught = np.full(count, inf), np.zeros(count)
        return cls(
            never, never.copy(), -never, -never, -never, naught, naught.copy(), naught.copy(), naught.copy(),
            np.zeros(count, np.int32), np.zeros(count, np.int8),
        )  # fmt: skip

    def grown(self, count: int) -> "_Columns":
        """The same with room for more."""
        wider = _Columns.empty(count)
        for name in _Columns.__slots__:
            column = getattr(self, name)
            getattr(wider, name)[: len(column)] = column
        return wider


def next_of(plans: Iterable[PollPlan]) -> datetime | None:
    """When the next car of some plans is read."""
    return min((at for at in (one.next_due_at() for one in plans) if at is not None), default=None)


def phase_of(car: CarId) -> float:
    """A number from 0 to 1 that is a car's own and always the same, so that cars do not all come at once."""
    return int.from_bytes(blake2b(str(car).encode(), digest_size=4).digest()) / 2**32


def _seconds(at: datetime) -> float:
    return at.timestamp()


def _instant(seconds: float) -> datetime | None:
    return None if seconds == inf else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _month_of(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _month_starts_at(month: int) -> float:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()
