"""What a driver chooses for a while: skip this night, go first, take no part in an event, be away. And undo it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import time_zone
from evenload.service import audit
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, DriverRow
from evenload.service.drivers import owning, standing
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope

NOON: Final = 12
_MORNING: Final = 6
"""Who skips a night before this hour means the one that goes on."""

_LONGEST: Final = timedelta(days=366)


def choices(scope: Scope, store: Store, driver_id: str, count: int = 100) -> Sequence[ChoiceRow]:
    """A driver's last choices, the latest first, also those undone or over."""
    with store.reading() as unit:
        owning.seen(unit, scope, driver_id)
        return unit.wishes.choices(scope.tenant, driver_id, count=count)


def skip(scope: Scope, store: Store, wanted: ChoiceRow, now: datetime) -> ChoiceRow:
    """Charge no more than the minimum until noon after this night. Said again, it is the one there is."""
    with store.writing() as unit:
        row = owning.own(unit, scope, wanted.driver_id)
        vehicle_id = _vehicle(row, wanted.vehicle_id)
        end = end_of_night(now, zone_of(unit, row))
        same = _same(unit, row, ChoiceKind.SKIP, vehicle_id, now)
        return same or _choose(
            unit, scope, row, replace(wanted, kind=ChoiceKind.SKIP, vehicle_id=vehicle_id, start=now, end=end), now
        )


def boost(scope: Scope, store: Store, wanted: ChoiceRow, now: datetime) -> ChoiceRow:
    """Let the car that is plugged in go before others, within the limits, until it is unplugged."""
    with store.writing() as unit:
        row = owning.own(unit, scope, wanted.driver_id)
        vehicle_id = plugged_in(unit, row, wanted.vehicle_id, now)
        held = standing.held_by(unit, row.tenant, row.driver_id, vehicle_id, now)
        if held is not None:
            said = "this night is skipped" if held.kind is ChoiceKind.SKIP else "a vacation goes on"
            raise ConflictError(Refusal.IN_USE, f"{said}, so the car gets its minimum only: undo that first")
        same = _same(unit, row, ChoiceKind.BOOST, vehicle_id, now)
        return same or _choose(
            unit, scope, row, replace(wanted, kind=ChoiceKind.BOOST, vehicle_id=vehicle_id, start=now, end=None), now
        )


def opt_out(scope: Scope, store: Store, wanted: ChoiceRow, now: datetime) -> ChoiceRow:
    """Take no part: in an event by its id, in a window, or, with neither, in the stay that goes on."""
    with store.writing() as unit:
        row = owning.own(unit, scope, wanted.driver_id)
        start, end = wanted.start, wanted.end
        if wanted.event_id:
            start, end = _window_of(unit, row.tenant, wanted.event_id)
        if end is None:
            vehicle_id = plugged_in(unit, row, wanted.vehicle_id, now)
        else:
            vehicle_id = _vehicle(row, wanted.vehicle_id)
            _check_window(start, end, now, "the opt-out")
        chosen = replace(wanted, kind=ChoiceKind.OPT_OUT, vehicle_id=vehicle_id, start=start, end=end)
        same = _same(unit, row, ChoiceKind.OPT_OUT, vehicle_id, max(start, now))
        is_covered = same is not None and (same.end is None or (end is not None and end <= same.end))
        return same if same is not None and is_covered else _choose(unit, scope, row, chosen, now)


def vacation(scope: Scope, store: Store, wanted: ChoiceRow, now: datetime) -> ChoiceRow:
    """Be away: no car is expected, one that is plugged in keeps its minimum, and nobody is nudged."""
    with store.writing() as unit:
        row = owning.own(unit, scope, wanted.driver_id)
        if wanted.end is None:
            raise InputError("say until when the vacation is")
        _check_window(wanted.start, wanted.end, now, "the vacation")
        vehicle_id = _vehicle(row, wanted.vehicle_id)
        return _choose(unit, scope, row, replace(wanted, kind=ChoiceKind.VACATION, vehicle_id=vehicle_id), now)


def undo(scope: Scope, store: Store, driver_id: str, choice_id: str, now: datetime) -> ChoiceRow:
    """Take a choice back; what it did to a car that is plugged in is taken back too."""
    with store.writing() as unit:
        row = owning.own(unit, scope, driver_id)
        choice = unit.wishes.find_choice(scope.tenant, choice_id)
        if choice is None or choice.driver_id != driver_id:
            raise NotFoundError(f"driver {driver_id!r} has made no choice {choice_id!r}")
        if choice.undone_at is not None:
            return choice
        if choice.settled or (choice.end is not None and choice.end <= now):
            raise ConflictError(Refusal.OVER, f"that {words_of(choice.kind)} is over: there is nothing to undo")
        gone = replace(choice, undone_at=now, undone_by=scope.actor)
        unit.wishes.put_choices([gone])
        standing.lift(unit, row, gone, now)
        audit.note(unit, scope, now, "drivers.undo", driver_id, {"choice": choice_id, "kind": choice.kind})
        return unit.wishes.find_choice(scope.tenant, choice_id) or gone


def undo_last(scope: Scope, store: Store, driver_id: str, kind: ChoiceKind, now: datetime) -> ChoiceRow:
    """Take the last choice of a kind back that holds or is to come."""
    with store.reading() as unit:
        owning.own(unit, scope, driver_id)
        found = unit.wishes.choices(scope.tenant, driver_id)
    for one in found:
        if one.kind is kind and one.undone_at is None and not one.settled and (one.end is None or one.end > now):
            return undo(scope, store, driver_id, one.choice_id, now)
    raise NotFoundError(f"driver {driver_id!r} has no {words_of(kind)} that could be undone")


def words_of(kind: ChoiceKind) -> str:
    """A kind of choice in words."""
    return {ChoiceKind.SKIP: "skipped night", ChoiceKind.OPT_OUT: "opt-out"}.get(kind, str(kind))


def end_of_night(now: datetime, zone: str) -> datetime:
    """Noon after the night that comes, or goes on, by a zone's clocks (in UTC); nights have an hour more or less."""
    local = now.astimezone(time_zone(zone))
    day = local.date() + timedelta(days=int(local.hour >= _MORNING))
    return datetime(day.year, day.month, day.day, NOON, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def zone_of(unit: Unit, driver: DriverRow) -> str:
    """A driver's time zone: that of the site where the driver charges usually, ``UTC`` where none is known."""
    site = unit.sites.find(driver.tenant, driver.site_id) if driver.site_id else None
    return site.timezone if site else "UTC"


def _choose(unit: Unit, scope: Scope, driver: DriverRow, wanted: ChoiceRow, now: datetime) -> ChoiceRow:
    kept = replace(
        wanted, tenant=driver.tenant, made_at=now, made_by=scope.actor, applied_to="", before="", settled=False,
        undone_at=None, undone_by="",
    )  # fmt: skip
    unit.wishes.put_choices([kept])
    body = {"choice": kept.choice_id, "vehicle_id": kept.vehicle_id, "start": kept.start, "end": kept.end,
            "event_id": kept.event_id, "reason": kept.reason}  # fmt: skip
    audit.note(unit, scope, now, f"drivers.{kept.kind}", driver.driver_id, body)
    return standing.begin(unit, driver, kept, now) if kept.holds(now) else kept


def _same(unit: Unit, driver: DriverRow, kind: ChoiceKind, vehicle_id: str, at: datetime) -> ChoiceRow | None:
    """Of those that say the same already, the one that holds longest."""
    found = []
    for one in unit.wishes.unsettled(driver.tenant, at, [driver.driver_id]):
        if (one.kind, one.vehicle_id) == (kind, vehicle_id) and one.holds(at):
            session = unit.sessions.find(driver.tenant, one.applied_to) if one.end is None else None
            if session is None or session.unplugged_at is None:
                found.append(one)
    return max(found, key=lambda one: (one.end is None, one.end or at), default=None)


def _vehicle(driver: DriverRow, vehicle_id: str) -> str:
    """A vehicle by name, or ``""`` for all."""
    return owning.vehicle_of(driver, vehicle_id) if vehicle_id else ""


def plugged_in(unit: Unit, driver: DriverRow, vehicle_id: str, now: datetime) -> str:
    """The vehicle that is plugged in, of those of a driver or by name."""
    wanted = [owning.vehicle_of(driver, vehicle_id)] if vehicle_id else list(driver.vehicles)
    found = sorted({one.vehicle_id for one in standing.going_on(unit, driver.tenant, wanted, now)})
    if not found:
        which = f"{vehicle_id} is not" if vehicle_id else f"no vehicle of {driver.driver_id} is"
        raise ConflictError(Refusal.OVER, f"{which} plugged in now")
    if len(found) > 1:
        raise InputError(f"several are plugged in: say which vehicle, {' or '.join(found)}")
    return found[0]


def _window_of(unit: Unit, tenant: str, event_id: str) -> tuple[datetime, datetime]:
    """From when to when an event is: a limit at a circuit that was posted."""
    row = unit.limits.find(tenant, event_id)
    if row is None:
        raise NotFoundError(f"there is no event {event_id!r}: give its window instead, or neither for this stay")
    if row.cancelled_at is not None:
        raise ConflictError(Refusal.OVER, f"event {event_id!r} was cancelled")
    return row.start, row.end


def _check_window(start: datetime, end: datetime, now: datetime, what: str) -> None:
    if end <= now:
        raise InputError(f"{what} would be over already: it ends at {end.isoformat()}")
    if end <= start:
        raise InputError(f"{what} would end before it begins")
    if end - start > _LONGEST:
        raise InputError(f"{what} is longer than a year")
