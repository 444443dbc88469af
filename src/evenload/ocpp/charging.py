"""The limits of one station: what it was given, what it took, what should be in force, and whether it keeps to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station import WHOLE_STATION
from evenload.domain.station_commands import SetFallback, SetProfile
from evenload.domain.station_limits import Limits
from evenload.domain.station_readings import Reading
from evenload.ocpp import profiles
from evenload.ocpp.composite import Period, Profile, Purpose, Schedules, Step, Supply, Unit
from evenload.ocpp.electrics import Electrics
from evenload.ocpp.in_force import Change, InForce
from evenload.ocpp.obedience import Drawn, Tolerance, Watch
from evenload.ocpp.profiles import FALLBACK_LEVEL, PLAN_LEVEL, Abilities, Placement
from evenload.ocpp.transactions import Transaction, Transactions

LOOK_AHEAD: Final = timedelta(hours=1)
WHOLE_SECONDS: Final = timedelta(seconds=2)
"""How far off periods may be that a station counts in whole seconds from a start of its own."""
W_PER_KW: Final = 1000.0
_TOLERANCE: Final = Tolerance()
Slot = tuple[Purpose, int, int]


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """When a profile is sent again: it would end within ``renew_s``, allows more than ``over_kw`` too much, or more
    than ``drift_kw`` too little: what many stations have too much of adds up.

    ``supplies`` is what to assume of an EVSE before its meter tells; EVSE 0 is the station, and any not named.
    """

    renew_s: float = 300.0
    drift_kw: float = 0.2
    over_kw: float = 0.02
    tolerance: Tolerance = _TOLERANCE
    supplies: Mapping[int, Supply] = field(default_factory=lambda: {WHOLE_STATION: Supply()})


class Charging:
    """Limits of one station. ``plans`` and ``fallbacks`` are what is wanted, ``installed`` what the station took,
    ``external`` what others set there by source and EVSE, ``unconfirmed`` what of that it has not told again yet."""

    def __init__(self, policy: LimitPolicy, abilities: Abilities, transactions: Transactions) -> None:
        self.policy = policy
        self.abilities = abilities
        self.plans: dict[int, SetProfile] = {}
        self.fallbacks: dict[int, SetFallback] = {}
        self.installed: dict[Slot, Placement] = {}
        self.starting: dict[int, Placement] = {}
        self.external: dict[tuple[str, int], Profile] = {}
        self.unconfirmed: set[tuple[str, int]] = set()
        self.evse_ids: set[int] = set()
        self._transactions = transactions
        self._asked: dict[Slot, Placement] = {}
        self._electrics: dict[int, Electrics] = {}
        self._watches: dict[int, Watch] = {}
        self._changes: dict[int, Change] = {}
        self._in_force: dict[int, InForce] = {}

    def assume(self, supplies: Mapping[int, Supply]) -> None:
        """Assume these phases and volts of EVSEs before their meters tell, in place of what was assumed before."""
        for evse_id, supply in supplies.items():
            if self.policy.supplies.get(evse_id) != supply:
                self._electrics.pop(evse_id, None)
        self.policy = replace(self.policy, supplies={**self.policy.supplies, **supplies})

    def electrics(self, evse_id: int) -> Electrics:
        """What is known of the supply of an EVSE, or of the station."""
        if evse_id not in self._electrics:
            supplies = self.policy.supplies
            self._electrics[evse_id] = Electrics(supplies.get(evse_id) or supplies.get(WHOLE_STATION) or Supply())
        return self._electrics[evse_id]

    # what to send

    def place_plan(self, command: SetProfile, now: datetime) -> Placement | None:
        """The profile for a plan, ``None`` where the station has it already, near enough.

        Raises ``InputError`` where the station cannot be told so.
        """
        self.plans[command.evse_id] = command
        placement = self._plan_placement(command, now)
        slot = slot_of(placement)
        if self._near_enough(self._asked.get(slot) or self.installed.get(slot), placement, now):
            return None
        self._asked[slot] = placement
        return placement

    def _plan_placement(self, command: SetProfile, now: datetime) -> Placement:
        evse_id = command.evse_id
        supply = self.electrics(evse_id).supply
        transaction = self._transactions.open_on(evse_id) if evse_id else None
        placement = profiles.plan_of(evse_id, command.limits, now, supply, self.abilities, transaction)
        fallback = self.fallbacks.get(evse_id)
        level_is_shared = self.abilities.stack_level_max == FALLBACK_LEVEL and not placement.transaction_id
        if fallback and level_is_shared:
            under = profiles.fallback_of(evse_id, fallback.power_kw, now, supply, self.abilities)
            return profiles.joined(placement, under)
        return placement

    def place_fallback(self, command: SetFallback, now: datetime) -> Placement:
        """The profile for a fallback. ``InputError`` where the station cannot be told so."""
        self.fallbacks[command.evse_id] = command
        plan = self.plans.get(command.evse_id)
        shared = self.abilities.stack_level_max == FALLBACK_LEVEL and plan and plan.limits.end > now
        if plan and shared and (joined := self._plan_placement(plan, now)).transaction_id == "":
            return joined
        supply = self._assumed(command.evse_id)
        return profiles.fallback_of(command.evse_id, command.power_kw, now, supply, self.abilities)

    def _assumed(self, evse_id: int) -> Supply:
        """Measured volts, assumed phases: the fallback is for whoever comes."""
        assumed = self.policy.supplies.get(evse_id) or self.policy.supplies.get(WHOLE_STATION) or Supply()
        return Supply(self.electrics(evse_id).supply.voltage_v, assumed.phases)

    def _near_enough(self, installed: Placement | None, wanted: Placement, now: datetime) -> bool:
        if installed is None or installed.transaction_id != wanted.transaction_id or self._disobeys(wanted):
            return False
        old, new = installed.profile, wanted.profile
        old_end = _end_of(old)
        if old.unit is not new.unit or old_end < now + timedelta(seconds=self.policy.renew_s):
            return False
        window = Interval(now, min(old_end, now + timedelta(days=2)))
        instants = {now, *old.changes(window, now), *new.changes(window, now)}
        supply = self.electrics(new.evse_id).supply
        return all(self._alike(old, new, instant, supply) for instant in instants if instant in window)

    def _alike(self, old: Profile, new: Profile, instant: datetime, supply: Supply) -> bool:
        began = self._session_start(new.evse_id) or instant
        periods = old.period_at(instant, began), new.period_at(instant, began)
        kw = [supply.convert(one, old.unit, Unit.W) / W_PER_KW if one else inf for one in periods]
        return kw[0] == kw[1] or -self.policy.drift_kw <= kw[0] - kw[1] <= self.policy.over_kw

    def _disobeys(self, placement: Placement) -> bool:
        watch = self._watches.get(placement.profile.evse_id)
        return watch is not None and watch.marked

    def need_placement(self, evse_id: int, now: datetime, periods_max: int | None) -> Placement | None:
        """What a vehicle that tells its needs is answered with: the limits that hold, as those of its transaction."""
        transaction = self._transactions.open_on(evse_id)
        plan, fallback = self.plans.get(evse_id), self.fallbacks.get(evse_id)
        if transaction is None or not (plan or fallback):
            return None
        if plan and plan.limits.end > now:
            limits = plan.limits
        elif fallback:
            limits = Limits.constant(fallback.power_kw, Interval(now, now + timedelta(days=1)))
        else:
            return None
        abilities = self.abilities
        if periods_max:
            abilities = replace(abilities, periods_max=min(periods_max, abilities.periods_max))
        return profiles.plan_of(evse_id, limits, now, self.electrics(evse_id).supply, abilities, transaction)

    # what happened

    def settled(self, placement: Placement) -> None:
        """A profile the station was asked to take was taken or not."""
        if self._asked.get(slot_of(placement)) is placement:
            del self._asked[slot_of(placement)]

    def took(self, placement: Placement, now: datetime) -> None:
        """The station took a profile: it replaces what had its purpose, level and EVSE."""
        evse_id = placement.profile.evse_id
        for one in [evse_id] if evse_id else self.evse_ids:
            self._changes[one] = Change(now, self.limit_kw(one, now, now))
        self.installed[slot_of(placement)] = placement
        self._in_force.clear()

    def forget(self, evse_id: int, *, fallback: bool) -> None:
        """The profiles of an EVSE, or of all with 0, are gone; those of the fallback only where told so."""
        self.plans = {one: plan for one, plan in self.plans.items() if evse_id not in (one, WHOLE_STATION)}
        if fallback:
            self.fallbacks = {one: kept for one, kept in self.fallbacks.items() if evse_id not in (one, WHOLE_STATION)}
        self.installed = {
            slot: placement
            for slot, placement in self.installed.items()
            if (slot[2] != evse_id != WHOLE_STATION) or (not fallback and slot[1] == FALLBACK_LEVEL)
        }
        self._in_force.clear()

    def ids_of(self, evse_id: int, *, fallback: bool) -> list[int]:
        """Ids of all profiles an EVSE may have been given, or all EVSEs with 0; of the fallback only where told so."""
        evse_ids = {evse_id} if evse_id else {WHOLE_STATION, *self.evse_ids}
        levels = {FALLBACK_LEVEL, PLAN_LEVEL} if fallback else {PLAN_LEVEL}
        found = []
        for one in sorted(evse_ids):
            purpose = Purpose.TX_DEFAULT if one else Purpose.STATION_MAX
            found += [
                profiles.id_of(purpose, level, one) for level in levels if level <= self.abilities.stack_level_max
            ]
            found += [profiles.id_of(Purpose.TX, min(PLAN_LEVEL, self.abilities.stack_level_max), one)] if one else []
        return found

    def restarted(self) -> None:
        """The station came back: nothing is certain of what it has."""
        self._asked.clear()
        self.installed.clear()
        self._changes.clear()
        self._in_force.clear()

    def began(self, transaction: Transaction) -> None:
        """A transaction began; what went with the call to start it is its own."""
        self._in_force.clear()
        placement = self.starting.pop(transaction.evse_id, None) or self.starting.pop(WHOLE_STATION, None)
        if placement:
            profile = replace(placement.profile, evse_id=transaction.evse_id)
            self.took(Placement(profile, transaction.transaction_id), transaction.started_at)

    def ended(self, transaction: Transaction) -> None:
        """A transaction ended, and with it what was set for it."""
        self.electrics(transaction.evse_id).unplugged()
        self._in_force.clear()
        gone = transaction.transaction_id
        self.installed = {slot: one for slot, one in self.installed.items() if one.transaction_id != gone}

    def limited(self, source: str, evse_id: int, profile: Profile | None) -> None:
        """A limit from outside holds, in place of the one of that source before, or holds no more."""
        self._in_force.clear()
        self.external.pop((source, evse_id), None)
        if profile:
            self.external[source, evse_id] = profile

    def saw(self, evse_id: int) -> None:
        """The station has an EVSE of that number."""
        if evse_id > WHOLE_STATION and evse_id not in self.evse_ids:
            self.evse_ids.add(evse_id)
            self._in_force.clear()

    # what should be

    def schedules(self, unit: Unit, *, drawn: bool = False) -> Schedules:
        """All profiles together. ``drawn``: amperes count on the phases a vehicle draws on, not on those named."""
        held = [placement.profile for placement in self.installed.values()]
        evse_ids = self.evse_ids | {one.evse_id for one in held if one.evse_id}
        sessions = {evse_id: self._session_start(evse_id) for evse_id in evse_ids}
        held = profiles.as_drawn(held) if drawn else held
        return Schedules([*held, *self.external.values()], sessions, unit)

    def _session_start(self, evse_id: int) -> datetime | None:
        transaction = self._transactions.open_on(evse_id)
        return transaction.started_at if transaction else None

    def expected(self, evse_id: int, window: Interval, unit: Unit = Unit.W) -> tuple[Step, ...]:
        """What the station should answer when asked for its composite schedule."""
        schedules = replace(self.schedules(unit), supply=self.electrics(evse_id).supply)
        if evse_id == WHOLE_STATION:
            return schedules.of_station(window)
        return schedules.of_evse(evse_id, window) if evse_id in schedules.sessions else (Step(0.0, inf),)

    def exceeding(self, evse_id: int, told: Limits) -> tuple[float, float] | None:
        """Where a schedule allows more than the limits given, but for whole seconds: what is told, what given (kW)."""
        window = Interval(told.steps[0].start, told.end)
        given = InForce(window, 0, self.expected(evse_id, window))
        starts = [step.start for step in told.steps]
        starts += [window.start + timedelta(seconds=one.start_s) for one in given.steps]
        for instant in sorted({*starts, *(start + WHOLE_SECONDS for start in starts)}):
            limit_kw = given.highest(instant - WHOLE_SECONDS, instant + WHOLE_SECONDS) / W_PER_KW
            if instant < told.end and self.policy.tolerance.exceeded(told.at(instant), limit_kw):
                return told.at(instant), limit_kw
        return None

    def limit_kw(self, evse_id: int, start: datetime, end: datetime) -> float:
        """The highest limit (kW) in force at an EVSE between two instants, on the phases its vehicle draws on."""
        supply, unit = self.electrics(evse_id).supply, self.abilities.unit
        held = self._in_force.get(evse_id)
        if held is None or not held.covers(start, end, supply.phases):
            held = self._in_force[evse_id] = self._look_ahead(evse_id, start, end, supply)
        return supply.convert(Period(0, held.highest(start, end)), unit, Unit.W) / W_PER_KW

    def _look_ahead(self, evse_id: int, start: datetime, end: datetime, supply: Supply) -> InForce:
        window = Interval(start, max(end, start) + LOOK_AHEAD)
        schedules = replace(self.schedules(self.abilities.unit, drawn=True), supply=supply)
        known = evse_id in schedules.sessions
        steps = schedules.of_evse(evse_id, window) if known else (Step(0.0, inf),)
        return InForce(window, supply.phases, steps)

    # whether it is

    def judge(self, evse_id: int, readings: Iterable[Reading]) -> tuple[float, float] | None:
        """Take what was metered; power found and allowed (kW) where it proves that the station does not obey."""
        watch = self._watches.get(evse_id) or self._watches.setdefault(evse_id, Watch())
        drawn = watch.drawn(readings)
        change = self._changes.get(evse_id)
        if drawn is None or change is None or drawn.start < change.at:
            return None
        tolerance = self.policy.tolerance
        reaction = timedelta(seconds=tolerance.reaction_s)
        limit_kw = self.limit_kw(evse_id, max(change.at, drawn.start - reaction), drawn.end)
        limit_kw = max(limit_kw, change.before_kw) if drawn.start < change.at + reaction else limit_kw
        found = watch.judge(drawn, too_much=self._too_much(evse_id, drawn, limit_kw))
        return (drawn.power_kw, limit_kw) if found else None

    def _too_much(self, evse_id: int, drawn: Drawn, limit_kw: float) -> bool:
        tolerance = self.policy.tolerance
        if drawn.current_a is None or self.abilities.unit is not Unit.A:
            return tolerance.exceeded(drawn.power_kw, limit_kw)
        supply = self.electrics(evse_id).supply
        return tolerance.exceeded_a(drawn.current_a, limit_kw * W_PER_KW / (supply.voltage_v * supply.phases))


def slot_of(placement: Placement) -> Slot:
    """What a profile replaces another in."""
    return placement.profile.purpose, placement.profile.stack_level, placement.profile.evse_id


def _end_of(profile: Profile) -> datetime:
    return profile.valid_to or datetime.max.replace(tzinfo=UTC)
