"""Why a car is charging or not, in one sentence in its driver's words and local time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from evenload.base.instants import time_zone
from evenload.service.cable_rows import ConflictKind, ConflictRow
from evenload.service.driver_rows import ChoiceKind, ChoiceRow
from evenload.service.drivers.promise import told_time
from evenload.service.live_rows import LimitRow, PlannedSession, PlanRow, SessionRow
from evenload.service.snapshot import Trust

CHARGES_KW: Final = 0.5
_ENOUGH_KWH: Final = 0.1
_FULL: Final = 0.995
_BEFORE: Final = 30
"""A car that unplugged so many days ago was plugged in within memory."""

_SPAN: Final = re.compile(r"(?:(\w{3}) )?(\d\d):(\d\d)-(?:(\w{3}) )?(\d\d):(\d\d)")
_PLACE: Final = re.compile(r": (.+?) (?:at its limit|at its peak|asks for less|asks for more)$")
_SHORT: Final = re.compile(r"kWh short: ([^;]+)")
_GENERATION: Final = re.compile(r"^waits \S.*\d\d:\d\d for (.+)$")
_FEW_COMMANDS: Final = ("no command to spare", "stands for its least time", "cannot go as low", "can be told fits then")
_DAY: Final = timedelta(days=1)


class WhyCode(StrEnum):
    """What holds for a car, for programs."""

    NO_VEHICLE = "no_vehicle"
    NOT_PLUGGED_IN = "not_plugged_in"
    ON_VACATION = "on_vacation"
    LINK_LOST = "link_lost"
    CLOUD_LOST = "cloud_lost"
    NOT_SHARED = "not_shared"
    SILENT = "silent"
    DISOBEYS = "disobeys"
    UNMANAGED = "unmanaged"
    FULL = "full"
    HAS_WHAT_WAS_WISHED = "has_what_was_wished"
    CAR_TIMER = "car_timer"
    CAR_LIMIT = "car_limit"
    TAKEN_IN_HAND = "taken_in_hand"
    CAR_TAKES_NOTHING = "car_takes_nothing"
    OPTED_OUT = "opted_out"
    BOOSTED = "boosted"
    SKIPPED = "skipped"
    OVERDUE = "overdue"
    MINIMUM = "minimum"
    EVENT = "event"
    CIRCUIT_LIMIT = "circuit_limit"
    WAITS_CHEAPER = "waits_cheaper"
    WAITS_GENERATION = "waits_generation"
    WAITS_COMMAND = "waits_command"
    WAITS_TURN = "waits_turn"
    WAITS = "waits"
    NO_PLAN = "no_plan"
    CHARGES = "charges"


@dataclass(frozen=True, slots=True)
class Around:
    """All that a sentence depends on. ``trust`` is of the device the car stands at; ``ended_at`` when it left last.

    ``car_timer`` is the car's own start, ``is_overridden`` that somebody took charging in hand in the maker's app,
    ``cloud_fault`` why its maker's cloud tells nothing, ``""`` where it does or there is none.
    ``limits`` are those posted above the car that hold now, ``conflicts`` what its two ends say against each other; not
    ``is_shared``: the driver took the consent to share what the car tells back.
    """

    now: datetime
    zone: str = "UTC"
    session: SessionRow | None = None
    trust: Trust = Trust.CONTROLLED
    fallback_kw: float | None = None
    plan: PlanRow | None = None
    planned: PlannedSession | None = None
    choices: Sequence[ChoiceRow] = ()
    limits: Sequence[LimitRow] = ()
    car_timer: datetime | None = None
    is_overridden: bool = False
    cloud_fault: str = ""
    ended_at: datetime | None = None
    ended_kwh: float = 0.0
    conflicts: Sequence[ConflictRow] = ()
    is_shared: bool = True


@dataclass(frozen=True, slots=True)
class Why:
    """A sentence, what it says for programs, and when the car charges next and is ready by the plan."""

    code: WhyCode
    sentence: str
    is_charging: bool = False
    starts_at: datetime | None = None
    ready_at: datetime | None = None


def why(seen: Around) -> Why:
    """The one sentence that says most."""
    return _without_session(seen) if seen.session is None else _of_session(seen, seen.session)


def _without_session(seen: Around) -> Why:
    away = next((one for one in seen.choices if one.kind is ChoiceKind.VACATION and one.holds(seen.now)), None)
    if away is not None and away.end is not None:
        until = told_time(away.end, seen.zone, seen.now)
        return Why(WhyCode.ON_VACATION, f"You are away until {until}; your car is not plugged in.")
    if not seen.is_shared:
        return Why(
            WhyCode.NOT_SHARED,
            "You do not share what your car tells any more, so we neither see nor manage it; it charges as it is set "
            "itself.",
        )
    if seen.cloud_fault:
        return Why(
            WhyCode.CLOUD_LOST, f"Your car's maker tells us nothing now ({seen.cloud_fault}), so we do not know."
        )
    if seen.ended_at is not None and seen.now - seen.ended_at < timedelta(days=_BEFORE):
        when = told_time(seen.ended_at, seen.zone, seen.now)
        return Why(
            WhyCode.NOT_PLUGGED_IN,
            f"Your car is not plugged in: it was unplugged at {when} after {seen.ended_kwh:.0f} kWh.",
        )
    return Why(WhyCode.NOT_PLUGGED_IN, "Your car is not plugged in, as far as we know.")


def _of_session(seen: Around, session: SessionRow) -> Why:
    """The first that holds: what nobody can do anything about, what the car does, what its driver said, the plan."""
    is_charging = (session.power_kw or 0.0) >= CHARGES_KW
    outlook = _Outlook.of(seen, session)
    for find in (_by_device, _by_car, _by_driver, _by_plan):
        code, text = find(seen, session, outlook, is_charging)
        if code is not None:
            return Why(code, text, is_charging, None if is_charging else outlook.starts_at, outlook.ready_at)
    raise AssertionError("a plan, or that there is none, says something")


_STOPS: Final = {
    ConflictKind.CAR_TIMER: WhyCode.CAR_TIMER, ConflictKind.CHARGE_LIMIT: WhyCode.CAR_LIMIT,
    ConflictKind.CAR_WAITS: WhyCode.CAR_TAKES_NOTHING,
}  # fmt: skip
Found = tuple[WhyCode | None, str]
_NOTHING: Final[Found] = (None, "")


@dataclass(frozen=True, slots=True)
class _Outlook:
    """What a plan gives from now on. ``clause`` is what it says of now, ``planned_kw`` what it gives now."""

    starts_at: datetime | None = None
    ready_at: datetime | None = None
    planned_kw: float | None = None
    clause: str = ""
    short: str = ""

    @classmethod
    def of(cls, seen: Around, session: SessionRow) -> "_Outlook":
        plan, planned = seen.plan, seen.planned
        if plan is None or planned is None:
            return cls()
        step, hours = timedelta(minutes=plan.step_minutes), plan.step_minutes / 60
        starts_at = ready_at = planned_kw = None
        left = session.energy_kwh - session.energy_kwh_delivered
        for place, kw in enumerate(planned.power_kw):
            start = plan.start + (planned.first_step + place) * step
            if start + step <= seen.now:
                continue
            if start <= seen.now:
                planned_kw = kw
                left -= kw * (start + step - seen.now).total_seconds() / 3600
            else:
                left -= kw * hours
            if kw > 0:
                starts_at = starts_at or max(start, seen.now)
                if ready_at is None and left <= _ENOUGH_KWH:
                    ready_at = start + step + timedelta(hours=min(left, 0.0) / kw)
        short = _SHORT.search(planned.why)
        clause = clause_at(planned.why, seen.now, plan.start, seen.zone)
        return cls(starts_at, ready_at, planned_kw, clause, short[1] if short else "")

    def later(self, seen: Around, session: SessionRow) -> str:
        """When it starts and will be ready."""
        start = f"it starts at {told_time(self.starts_at, seen.zone, seen.now)}" if self.starts_at else ""
        ready = self.ready(seen, session)
        return " and ".join(one for one in (start, ready) if one) or "it waits for its next plan"

    def ready(self, seen: Around, session: SessionRow) -> str:
        """When it will be ready, or what is missing."""
        if self.short:
            by = told_time(session.departs_at, seen.zone, seen.now)
            return f"will not have everything by {by} ({self.short})"
        return f"will be ready by {told_time(self.ready_at, seen.zone, seen.now)}" if self.ready_at else ""


def _by_device(seen: Around, _session: SessionRow, _outlook: _Outlook, is_charging: bool) -> Found:
    if seen.cloud_fault:
        return WhyCode.CLOUD_LOST, (
            f"We cannot reach your car through its maker ({seen.cloud_fault}), so it charges as it is set itself."
        )
    if seen.trust is Trust.OFFLINE:
        rest = "as it likes" if seen.fallback_kw is None else f"at up to {_kw(seen.fallback_kw)} by itself"
        return WhyCode.LINK_LOST, f"Your charger is not connected to us; it goes on {rest} until it is back."
    if seen.trust is Trust.UNMANAGED:
        return WhyCode.UNMANAGED, "This charger is not managed: your car decides alone when it charges."
    if seen.trust in (Trust.DISOBEDIENT, Trust.REFUSES):
        does = "charges anyway" if is_charging else "does not do what it is told"
        return WhyCode.DISOBEYS, f"Your charger {does}: {seen.trust.sentence}. It is being looked at."
    return _NOTHING


def _by_car(seen: Around, session: SessionRow, outlook: _Outlook, is_charging: bool) -> Found:
    if seen.is_overridden:
        does = "is charging" if is_charging else "is not charging"
        return WhyCode.TAKEN_IN_HAND, f"Your car {does} as you set it in its maker's app; we leave it alone."
    if is_charging:
        return _NOTHING
    if session.suspended_by_vehicle and (session.soc or 0.0) >= _FULL:
        return WhyCode.FULL, "Your car is full."
    if seen.car_timer is not None and seen.car_timer > seen.now:
        at = told_time(seen.car_timer, seen.zone, seen.now)
        return (
            WhyCode.CAR_TIMER,
            f"Your car waits for its own timer, which starts it at {at}: switch it off in the car.",
        )
    if (apart := _apart(seen)) is not None:
        return apart
    got, wanted = session.energy_kwh_delivered, session.energy_kwh
    if got >= wanted - _ENOUGH_KWH and not any(one.kind.holds_back and one.holds(seen.now) for one in seen.choices):
        return WhyCode.HAS_WHAT_WAS_WISHED, f"Your car has the {wanted:.0f} kWh it was to have{_soc(session)}."
    if session.suspended_by_vehicle and (outlook.planned_kw or 0.0) > 0:
        return WhyCode.CAR_TAKES_NOTHING, (
            f"Your car may charge but takes nothing{_soc(session)}: it is full or at its own charge limit, "
            "or waits for its own timer."
        )
    return _NOTHING


def _apart(seen: Around) -> Found | None:
    """What keeps a car from charging that nobody here set, where it has been so for a while."""
    told = {one.kind: one for one in seen.conflicts if one.told_at is not None and one.ended_at is None}
    for kind, code in _STOPS.items():
        if (row := told.get(kind)) is not None:
            return code, f"{row.why[:1].upper()}{row.why[1:]}: {row.to_do}."
    return None


def _by_driver(seen: Around, session: SessionRow, outlook: _Outlook, is_charging: bool) -> Found:
    held = next((one for one in seen.choices if one.kind.holds_back and one.holds(seen.now)), None)
    if held is not None and held.end is not None:
        end = told_time(held.end, seen.zone, seen.now)
        below = session.energy_kwh_delivered < session.energy_kwh - _ENOUGH_KWH
        least = f" after the {session.energy_kwh:.0f} kWh of its minimum" if session.energy_kwh > 0 else ""
        if held.kind is ChoiceKind.SKIP:
            rest = f"it charges no more{least} until {end}" if below else f"it charges again from {end}"
            return WhyCode.SKIPPED, f"You skip this night: {rest}."
        return (
            WhyCode.ON_VACATION,
            f"You are away until {end}: your car keeps its minimum and charges again after that.",
        )
    if not session.opted_out and not session.boosted:
        return _NOTHING
    ready = f" and {outlook.ready(seen, session)}" if outlook.ready(seen, session) else ""
    does = f"is charging at {_kw(session.power_kw)}" if is_charging else "charges as soon as the limits allow"
    if session.opted_out and any(one.is_by_car and one.holds(seen.now) for one in seen.choices):
        now_does = does if is_charging else "is not charging"
        return WhyCode.TAKEN_IN_HAND, (
            f"You took your car in hand in its maker's app, so it {now_does}{ready}; we leave it alone until it is "
            "unplugged, or you undo that."
        )
    if session.opted_out:
        return WhyCode.OPTED_OUT, f"You took your car out, so it {does}{ready}."
    return WhyCode.BOOSTED, f"You let your car go first, so it {does}{ready}."


def _by_plan(seen: Around, session: SessionRow, outlook: _Outlook, is_charging: bool) -> Found:
    if seen.trust is Trust.STALE:
        return WhyCode.SILENT, "Your charger has told us nothing for a while, so we do not know what your car does."
    if session.departs_at <= seen.now:
        does = f"is charging at {_kw(session.power_kw)}" if is_charging else "charges as soon as the limits allow"
        return WhyCode.OVERDUE, f"The time you wanted to leave has passed, so your car {does}."
    if outlook.planned_kw is None and not is_charging:
        return WhyCode.NO_PLAN, "Your car was just plugged in: its plan is being made."
    posted = next(iter(seen.limits), None)
    if is_charging:
        return _charging(seen, session, outlook, posted)
    return _waiting(seen, session, outlook, posted)


def _charging(seen: Around, session: SessionRow, outlook: _Outlook, posted: LimitRow | None) -> Found:
    clause, ready, at = outlook.clause, outlook.ready(seen, session), f"is charging at {_kw(session.power_kw)}"
    rest = f" and {ready}" if ready else ""
    if "the minimum" in clause:
        return WhyCode.MINIMUM, f"Your car {at} up to its minimum, which it gets at once{rest}."
    if _is_held(clause) and posted is not None:
        return WhyCode.EVENT, f"Your car {at}, slowed by {_posted(posted, seen)}{rest}."
    if _is_held(clause):
        return WhyCode.CIRCUIT_LIMIT, f"Your car {at}, slowed since its circuit{_place(clause)} is at its limit{rest}."
    return WhyCode.CHARGES, f"Your car {at}{rest}."


def _waiting(seen: Around, session: SessionRow, outlook: _Outlook, posted: LimitRow | None) -> Found:
    clause, later = outlook.clause, outlook.later(seen, session)
    if "asks for less" in clause or (_is_held(clause) and posted is not None):
        what = _posted(posted, seen) if posted is not None else f"an event{_place(clause)}"
        return WhyCode.EVENT, f"Your car is paused by {what}; {later}."
    if _is_held(clause) or "released in turns" in clause:
        return WhyCode.CIRCUIT_LIMIT, f"Your car waits since its circuit{_place(clause)} is at its limit; {later}."
    if "until its turn comes" in clause:
        return WhyCode.WAITS_TURN, f"Your car waits for its turn: there is not enough room for all at once; {later}."
    if found := _GENERATION.search(clause):
        return WhyCode.WAITS_GENERATION, f"Your car waits for {found[1]}; {later}."
    if any(one in clause for one in _FEW_COMMANDS):
        return (
            WhyCode.WAITS_COMMAND,
            f"Your car stays off for now: it can be told something only now and then; {later}.",
        )
    if "other times are cheaper" in clause:
        return WhyCode.WAITS_CHEAPER, f"Your car waits for cheaper hours; {later}."
    if (outlook.planned_kw or 0.0) > 0:
        ready = outlook.ready(seen, session)
        rest = f" and {ready}" if ready else ""
        return WhyCode.WAITS, f"Your car may charge now, should begin within minutes{rest}."
    return WhyCode.WAITS, f"Your car waits; {later}."


def _is_held(clause: str) -> bool:
    return "at its limit" in clause or "at its peak" in clause


def _place(clause: str) -> str:
    found = _PLACE.search(clause)
    return f" ({found[1]})" if found else ""


def clause_at(told: str, now: datetime, start: datetime, zone: str) -> str:
    """What a plan's sentence says of an instant: the part whose span, in local time from ``start`` on, holds it."""
    lead, at = "", start.astimezone(time_zone(zone))
    for part in told.split("; "):
        found = _SPAN.search(part)
        if found is None:
            lead = lead or (part if "turn" in part else "")
            continue
        at = _next(at, found[5], found[6], found[4] or found[1] or "")
        if now < at:
            return lead if "until its turn comes" in lead else part
    return lead


def _next(after: datetime, hour: str, minute: str, day: str) -> datetime:
    """The next instant that clocks show a time, on a weekday where one is named."""
    for days in range(8):
        date = (after + days * _DAY).date()
        found = datetime(date.year, date.month, date.day, int(hour), int(minute), tzinfo=after.tzinfo)
        if found > after and (not day or f"{found:%a}" == day):
            return found
    return after


def _posted(limit: LimitRow, seen: Around) -> str:
    name = f" ({limit.reason})" if limit.reason else ""
    return f"an event{name} that ends at {told_time(limit.end, seen.zone, seen.now)}"


def _kw(power_kw: float | None) -> str:
    return f"{power_kw or 0.0:.1f} kW"


def _soc(session: SessionRow) -> str:
    return "" if session.soc is None else f" ({session.soc * 100:.0f} %)"
