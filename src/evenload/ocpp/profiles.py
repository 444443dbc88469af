"""Charging profiles from limits in kW: as few as do, whatever the version.

Three purposes serve: a cap of the station as a whole, a default for whoever plugs in, and one for the transaction that
goes on. The fallback lies at stack level 0 and never ends; a plan lies above it and ends soon. Constraints from outside
are never set from here (K01.FR.22).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import floor, inf
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station import WHOLE_STATION
from evenload.domain.station_limits import Limits
from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Supply, Unit
from evenload.ocpp.transactions import Transaction

FALLBACK_LEVEL: Final = 0
PLAN_LEVEL: Final = 1
CLOCK_LEEWAY: Final = timedelta(seconds=60)
"""How long before now a schedule starts, so that it holds at once where the station's clock is behind."""

_TENTHS: Final = 10
_FLOAT_SLACK: Final = 1e-6
_IDS_PER_EVSE: Final = 8
_ID_OF: Final = {Purpose.STATION_MAX: 0, Purpose.TX_DEFAULT: 2, Purpose.TX: 4}


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a station takes: by what it said of itself, by its make's quirks, by what it refused.

    ``relative``: it takes times from the start of the session only. ``station_max``: it applies a cap of the whole
    station. ``current_a_min``: below this an AC vehicle does not charge at all (IEC 61851-1); 0 for DC. What lies
    below it is 0 or, where ``holds_minimum``, that least current: for vehicles that do not wake up again after 0.
    """

    unit: Unit = Unit.A
    units: frozenset[Unit] = frozenset(Unit)
    stack_level_max: int = PLAN_LEVEL
    periods_max: int = 24
    relative: bool = False
    station_max: bool = True
    current_a_min: float = 6.0
    holds_minimum: bool = False


@dataclass(frozen=True, slots=True)
class Placement:
    """One profile to be at a station. Its id stands for its purpose, level and EVSE: a new one replaces the old."""

    profile: Profile
    transaction_id: str = ""

    @property
    def profile_id(self) -> int:
        """Above 0, the same for what replaces one another."""
        return id_of(self.profile.purpose, self.profile.stack_level, self.profile.evse_id)


def id_of(purpose: Purpose, stack_level: int, evse_id: int) -> int:
    """The id of every profile of that purpose, level and EVSE."""
    return 1 + evse_id * _IDS_PER_EVSE + _ID_OF[purpose] + min(stack_level, PLAN_LEVEL)


def place_of(profile_id: int) -> tuple[Purpose, int, int] | None:
    """Purpose, level and EVSE of the profiles of an id; ``None`` for an id that is not given here."""
    evse_id, left = divmod(profile_id - 1, _IDS_PER_EVSE)
    level = left % (PLAN_LEVEL + 1)
    purpose = next((one for one, offset in _ID_OF.items() if offset == left - level), None)
    return (purpose, level, evse_id) if purpose and evse_id >= 0 else None


def rate(power_kw: float, supply: Supply, abilities: Abilities, *, of_station: bool = False) -> float:
    """A limit in the station's unit: one decimal, rounded down; what no vehicle charges at is 0."""
    per_phase_a = power_kw * 1000.0 / (supply.voltage_v * supply.phases)
    if not of_station and per_phase_a < abilities.current_a_min - _FLOAT_SLACK:
        if power_kw == 0.0 or not abilities.holds_minimum:
            return 0.0
        per_phase_a = abilities.current_a_min
    exact = per_phase_a if abilities.unit is Unit.A else per_phase_a * supply.voltage_v * supply.phases
    return floor(exact * _TENTHS + _FLOAT_SLACK) / _TENTHS


def plan_of(
    evse_id: int,
    limits: Limits,
    now: datetime,
    supply: Supply,
    abilities: Abilities,
    transaction: Transaction | None = None,
) -> Placement:
    """The profile that says limits: for the station, for a transaction, or for whoever plugs in.

    Raises ``InputError`` where the limits have ended, are not finite, or cannot be said to this station.
    """
    if limits.end <= now or not all(step.power_kw < inf for step in limits.steps):
        raise InputError("a plan needs limits that are finite and have not ended")
    purpose = Purpose.TX if transaction else Purpose.TX_DEFAULT
    purpose = Purpose.STATION_MAX if evse_id == WHOLE_STATION else purpose
    if purpose is Purpose.STATION_MAX and not abilities.station_max:
        raise InputError("this station does not apply a limit of the station as a whole")
    if abilities.relative and purpose is not Purpose.TX:
        raise InputError("this station takes times from the start of a transaction only, and none goes on")
    first = limits.steps[0].start
    begin = (first if first > now else now - CLOCK_LEEWAY).replace(microsecond=0)
    relative = abilities.relative and transaction is not None
    origin = transaction.started_at if transaction and relative else begin
    periods, end = _periods(limits, begin, origin, now, supply, abilities, of_station=evse_id == WHOLE_STATION)
    profile = Profile(
        purpose=purpose,
        stack_level=min(PLAN_LEVEL, abilities.stack_level_max),
        kind=Kind.RELATIVE if relative else Kind.ABSOLUTE,
        unit=abilities.unit,
        periods=periods,
        evse_id=evse_id,
        start=None if relative else begin,
        duration_s=floor((end - origin).total_seconds()),
        valid_to=end,
    )
    return Placement(profile, transaction.transaction_id if transaction else "")


def _periods(
    limits: Limits,
    begin: datetime,
    origin: datetime,
    now: datetime,
    supply: Supply,
    abilities: Abilities,
    *,
    of_station: bool,
) -> tuple[Sequence[Period], datetime]:
    """Periods from ``origin``, equal ones merged, and where they end: earlier where the station takes no more."""
    steps = [(step.start, step.power_kw) for step in limits.within(Interval(max(begin, now), limits.end))]
    steps = [(begin, steps[0][1]), *steps[1:]]
    merged: list[Period] = []
    for start, power_kw in steps:
        limit = rate(power_kw, supply, abilities, of_station=of_station)
        if merged and merged[-1].limit == limit:
            continue
        if len(merged) == abilities.periods_max:
            return merged, start
        offset_s = floor((start - origin).total_seconds()) if merged else 0
        merged.append(Period(offset_s, limit, supply.phases))
    return merged, limits.end


def fallback_of(evse_id: int, power_kw: float, now: datetime, supply: Supply, abilities: Abilities) -> Placement:
    """The profile that holds where no other does: a default of an EVSE, or a cap of the station; it never ends."""
    of_station = evse_id == WHOLE_STATION
    if of_station and not abilities.station_max:
        raise InputError("this station does not apply a limit of the station as a whole")
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    profile = Profile(
        purpose=Purpose.STATION_MAX if of_station else Purpose.TX_DEFAULT,
        stack_level=FALLBACK_LEVEL,
        kind=Kind.RELATIVE if abilities.relative and not of_station else Kind.ABSOLUTE,
        unit=abilities.unit,
        periods=(Period(0, rate(power_kw, supply, abilities, of_station=of_station), supply.phases),),
        evse_id=evse_id,
        start=None if abilities.relative and not of_station else midnight,
    )
    return Placement(profile)


def joined(plan: Placement, fallback: Placement) -> Placement:
    """Plan and fallback as one profile, for a station with one level: the fallback follows where the plan ends."""
    profile = plan.profile
    after = replace(fallback.profile.periods[0], start_s=profile.duration_s)
    periods = (*profile.periods, after) if profile.periods[-1].limit != after.limit else tuple(profile.periods)
    return replace(plan, profile=replace(profile, periods=periods, duration_s=inf, valid_to=None))


def next_try(abilities: Abilities, refused: Profile) -> Abilities | None:
    """What to suppose of a station that refused a profile, ``None`` where nothing is left to try.

    First the lowest stack level, which every station has; then the other unit, on both levels.
    """
    if refused.stack_level > FALLBACK_LEVEL and abilities.stack_level_max > FALLBACK_LEVEL:
        return replace(abilities, stack_level_max=FALLBACK_LEVEL)
    others = sorted(abilities.units - {refused.unit})
    if not others:
        return None
    return replace(abilities, unit=others[0], units=abilities.units - {refused.unit})


def as_drawn(profiles: Iterable[Profile]) -> list[Profile]:
    """The same profiles with amperes to be counted on the phases a vehicle really draws on."""
    return [replace(one, periods=[replace(period, phases=None) for period in one.periods]) for one in profiles]
