"""The composite schedule: the one limit all charging profiles of a station together mean (OCPP 2.0.1, K01 and K08).

At every instant: of each purpose the valid profile with the highest stack level that has a limit then; a profile for
the transaction replaces the default ones; what the station or the outside allows at most caps both. Who limits from
outside is a purpose of its own: the operator of the grid and a building do not outrank one another, the lower holds.
Where no profile speaks there is no limit (``inf``): what a station does then is its own affair.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf

from evenload.base.instants import Interval


class Purpose(StrEnum):
    """What a profile is for."""

    STATION_MAX = "station_max"
    EXTERNAL = "external"
    TX_DEFAULT = "tx_default"
    TX = "tx"


class Kind(StrEnum):
    """What a profile's times count from."""

    ABSOLUTE = "absolute"
    DAILY = "daily"
    WEEKLY = "weekly"
    RELATIVE = "relative"


class Unit(StrEnum):
    """What limits are counted in."""

    A = "A"
    W = "W"


_REPEATS = {Kind.DAILY: timedelta(days=1), Kind.WEEKLY: timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Period:
    """A limit from ``start_s`` seconds after the schedule's start until the next period; ``phases`` it counts on."""

    start_s: float
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One charging profile as a station holds it. ``evse_id`` 0 is the station, for defaults each of its EVSEs.

    ``start`` is an instant; without one the schedule counts from the start of the session, as a relative one does.
    ``source`` is who limits from outside; levels rank the profiles of one source.
    """

    purpose: Purpose
    stack_level: int
    kind: Kind
    unit: Unit
    periods: Sequence[Period]
    evse_id: int = 0
    start: datetime | None = None
    duration_s: float = inf
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    source: str = ""

    def period_at(self, instant: datetime, session_start: datetime) -> Period | None:
        """The period in force, if the profile is valid then and has one."""
        early = self.valid_from is not None and instant < self.valid_from
        if early or (self.valid_to is not None and instant >= self.valid_to):
            return None
        elapsed_s = (instant - self._origin(instant, session_start)).total_seconds()
        if elapsed_s >= self.duration_s:
            return None
        begun = (period for period in self.periods if period.start_s <= elapsed_s)
        return max(begun, key=lambda period: period.start_s, default=None)

    def _origin(self, instant: datetime, session_start: datetime) -> datetime:
        if self.kind is Kind.RELATIVE or self.start is None:
            return session_start
        every = _REPEATS.get(self.kind)
        if every is None or instant < self.start:
            return self.start
        return self.start + (instant - self.start) // every * every

    def changes(self, window: Interval, session_start: datetime) -> Iterable[datetime]:
        """Instants, some perhaps outside the window, at which what the profile says may change."""
        yield from (instant for instant in (self.valid_from, self.valid_to) if instant is not None)
        every = _REPEATS.get(self.kind)
        origin = self._origin(window.start, session_start)
        while origin < window.end:
            yield origin
            yield from (origin + timedelta(seconds=period.start_s) for period in self.periods)
            if self.duration_s < inf:
                yield origin + timedelta(seconds=self.duration_s)
            if every is None:
                return
            origin += every


@dataclass(frozen=True, slots=True)
class Supply:
    """What amperes and watts are converted with where a period names no phases of its own."""

    voltage_v: float = 230.0
    phases: int = 3

    def convert(self, period: Period, given: Unit, wanted: Unit) -> float:
        """The limit of a period in the unit wanted."""
        if given is wanted:
            return period.limit
        watts_per_ampere = self.voltage_v * (period.phases or self.phases)
        return period.limit * watts_per_ampere if wanted is Unit.W else period.limit / watts_per_ampere


@dataclass(frozen=True, slots=True)
class Step:
    """A limit from ``start_s`` seconds after the window's start until the next step; ``phases`` as its profile says."""

    start_s: float
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Schedules:
    """The profiles of one station, the unit wanted, and what to convert with.

    ``sessions`` holds every EVSE by id with the start of its session. ``None`` is an EVSE without one: what would hold
    if one began with the window, and no profile made for a transaction.
    """

    profiles: Sequence[Profile]
    sessions: Mapping[int, datetime | None]
    unit: Unit = Unit.W
    supply: Supply = Supply()

    def of_evse(self, evse_id: int, window: Interval) -> tuple[Step, ...]:
        """What one EVSE may give."""
        instants = self._instants(window, [evse_id])
        return _steps(window, [(instant, self._limit(evse_id, instant, window)) for instant in instants])

    def of_station(self, window: Interval) -> tuple[Step, ...]:
        """What the station may take: the sum of its EVSEs, under the caps of the station as a whole."""
        instants = self._instants(window, self.sessions)
        return _steps(window, [(instant, self._station_limit(instant, window)) for instant in instants])

    def _station_limit(self, instant: datetime, window: Interval) -> tuple[float, int | None]:
        total = sum(self._limit(evse_id, instant, window)[0] for evse_id in self.sessions)
        return min([(total, None), *self._caps(0, instant, window.start)], key=_limit_of)

    def _limit(self, evse_id: int, instant: datetime, window: Interval) -> tuple[float, int | None]:
        session_start = self.sessions[evse_id]
        began = session_start or window.start
        own = self._highest(Purpose.TX, (evse_id,), instant, began) if session_start else None
        own = own or self._highest(Purpose.TX_DEFAULT, (0, evse_id), instant, began)
        limits = [*([own] if own else []), *self._caps(0, instant, began), *self._caps(evse_id, instant, began)]
        return min(limits, key=_limit_of, default=(inf, None))

    def _caps(self, evse_id: int, instant: datetime, began: datetime) -> list[tuple[float, int | None]]:
        theirs = {one.source for one in self.profiles if one.purpose is Purpose.EXTERNAL}
        found = [self._highest(Purpose.STATION_MAX, (evse_id,), instant, began)]
        found += [self._highest(Purpose.EXTERNAL, (evse_id,), instant, began, source) for source in theirs]
        return [cap for cap in found if cap]

    def _highest(
        self, purpose: Purpose, evse_ids: Sequence[int], instant: datetime, began: datetime, source: str = ""
    ) -> tuple[float, int | None] | None:
        """Limit and phases of the highest profile that speaks; at one level the EVSE's own before the station's."""
        place = (purpose, source)
        ranked = (one for one in self.profiles if (one.purpose, one.source) == place and one.evse_id in evse_ids)
        for profile in sorted(ranked, key=lambda one: (-one.stack_level, -one.evse_id)):
            if period := profile.period_at(instant, began):
                return self.supply.convert(period, profile.unit, self.unit), period.phases
        return None

    def _instants(self, window: Interval, evse_ids: Iterable[int]) -> list[datetime]:
        begun = {self.sessions[evse_id] or window.start for evse_id in evse_ids} | {window.start}
        changes = {change for profile in self.profiles for began in begun for change in profile.changes(window, began)}
        return sorted({window.start} | {change for change in changes if change in window})


def _limit_of(limit: tuple[float, int | None]) -> float:
    return limit[0]


def _steps(window: Interval, limits: Iterable[tuple[datetime, tuple[float, int | None]]]) -> tuple[Step, ...]:
    steps: list[Step] = []
    for instant, (limit, phases) in limits:
        if not steps or (steps[-1].limit, steps[-1].phases) != (limit, phases):
            steps.append(Step((instant - window.start).total_seconds(), limit, phases))
    return tuple(steps)
