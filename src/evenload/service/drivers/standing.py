"""What drivers said in advance, applied to the sessions of their vehicles: at plug-in, when a car tells its state of
charge, when a choice is made or undone, and when its time begins or ends.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service import needs
from evenload.service.driver_rows import ChoiceKind, ChoiceRow, DriverRow
from evenload.service.drivers import promising
from evenload.service.live_rows import DecisionRow, NeedBasis, SessionRow, SiteRow, VehicleRow
from evenload.service.needs import Said
from evenload.service.ports import Unit

NO_SESSION: Final = "-"
"""What a choice was applied to that has begun while no car was plugged in."""

IN_HAND: Final = "taken in hand in the app of the car's maker"
"""Why a driver is out who said so to the car's maker, and not to us."""

_BLINK: Final = timedelta(seconds=1)
_OVER: Final = {
    ChoiceKind.SKIP: "the night that was skipped is over", ChoiceKind.VACATION: "the vacation is over",
    ChoiceKind.OPT_OUT: "the time it was taken out for is over", ChoiceKind.BOOST: "it goes before others no more",
}  # fmt: skip
_BEGAN: Final = {
    ChoiceKind.SKIP: "its driver skips this night: it gets its minimum",
    ChoiceKind.VACATION: "its driver is away: it gets its minimum",
    ChoiceKind.OPT_OUT: "its driver takes it out: it charges at once",
    ChoiceKind.BOOST: "its driver lets it go before others",
}  # fmt: skip


def at_plug_in(unit: Unit, session: SessionRow, now: datetime) -> SessionRow:
    """A session whose car was just found out, as its driver wants it; the promise that goes with it is kept."""
    driver = _driver_of(unit, session)
    if driver is None:
        return session
    session = _with_need(unit, session, driver, now)
    for choice in _holding(unit, driver, session.vehicle_id, now):
        if choice.kind is not ChoiceKind.BOOST:  # which is of one stay
            session = _begun(unit, choice, session, now)
    promising.estimate(unit, driver, session, now)
    return session


def renewed(unit: Unit, session: SessionRow, now: datetime, kwh_told: float | None = None) -> SessionRow:
    """A session whose need rests on a wish, after its car told more; one that is not to be kept is the same."""
    wish = unit.wishes.of_vehicle(session.tenant, session.vehicle_id)
    if session.basis is not NeedBasis.WISH or wish is None:
        return session  # a choice alone needs nothing that a car tells
    site, vehicle = _places(unit, session)
    hold = held_by(unit, session.tenant, wish.driver_id, session.vehicle_id, now)
    after = needs.supposed(session, site, vehicle, Said(wish, hold, kwh_told), now)
    after = replace(after, departs_at=session.departs_at)  # only what a car tells is new
    if needs.is_alike(session, after, vehicle.battery_kwh if vehicle else None):
        return session
    if (driver := _driver_of(unit, session)) is not None:
        promising.estimate(unit, driver, after, now)
    return after


def taken_in_hand(unit: Unit, session: SessionRow, at: datetime, info: str, now: datetime) -> SessionRow:
    """A session whose driver took charging in hand in the app of the car's maker: an opt-out of this stay, which can be
    undone as any other. Told again it changes nothing; without a known driver the session alone keeps it.
    """
    driver = _driver_of(unit, session)
    if driver is None:
        if not session.opted_out:
            _decided(unit, session, now, str(ChoiceKind.OPT_OUT), f"{_BEGAN[ChoiceKind.OPT_OUT]}: {IN_HAND} ({info})")
        return replace(session, opted_out=True)
    name = hashlib.sha256(f"{session.session_id}\n{at.isoformat()}".encode()).hexdigest()[:32]
    if unit.wishes.find_choice(session.tenant, name) is not None:
        return session
    choice = ChoiceRow(
        session.tenant, name, driver.driver_id, ChoiceKind.OPT_OUT, min(at, now), vehicle_id=session.vehicle_id,
        reason=f"{IN_HAND} ({info})" if info else IN_HAND, made_at=now, made_by=f"{CAR_PREFIX}{session.vehicle_id}",
    )  # fmt: skip
    return _begun(unit, choice, session, now)


def refreshed(unit: Unit, driver: DriverRow, vehicle_ids: Iterable[str], now: datetime) -> Sequence[SessionRow]:
    """Bring sessions of a driver's vehicles to what was said in advance; those that changed, which are kept."""
    changed = []
    for before in going_on(unit, driver.tenant, vehicle_ids, now):
        after = _with_need(unit, before, driver, now)
        if after != before:
            changed.append(after)
            promising.estimate(unit, driver, after, now)
    unit.sessions.put(changed)
    return changed


def going_on(unit: Unit, tenant: str, vehicle_ids: Iterable[str], now: datetime) -> Sequence[SessionRow]:
    """Sessions of vehicles that go on, by plug-in."""
    found = unit.sessions.of_vehicles(tenant, vehicle_ids, Interval(now, now + _BLINK))
    return [one for one in found if one.unplugged_at is None]


def is_away(unit: Unit, tenant: str, driver_id: str, at: datetime) -> bool:
    """Whether a driver is on vacation: nobody expects the car, and no messages that only nudge are sent."""
    return any(
        one.kind is ChoiceKind.VACATION and one.holds(at) for one in unit.wishes.unsettled(tenant, at, [driver_id])
    )


def held_by(unit: Unit, tenant: str, driver_id: str, vehicle_id: str, at: datetime) -> ChoiceRow | None:
    """The choice that keeps a vehicle to its minimum at an instant: of several, the one that ends last."""
    found = [
        one
        for one in unit.wishes.unsettled(tenant, at, [driver_id])
        if one.kind.holds_back and one.holds(at) and one.vehicle_id in ("", vehicle_id)
    ]
    return max(found, key=lambda one: one.end or at, default=None)


def begin(unit: Unit, driver: DriverRow, choice: ChoiceRow, now: datetime) -> ChoiceRow:
    """Apply a choice to the sessions that go on; the choice as it is kept."""
    for session in going_on(unit, driver.tenant, _vehicles(driver, choice), now):
        after = _begun(unit, choice, session, now)
        unit.sessions.put([after])
        promising.estimate(unit, driver, after, now)
    kept = unit.wishes.find_choice(choice.tenant, choice.choice_id) or choice
    if not kept.applied_to:  # whoever comes later is found at plug-in
        kept = replace(kept, applied_to=NO_SESSION)
        unit.wishes.put_choices([kept])
    return kept


def lift(unit: Unit, driver: DriverRow, choice: ChoiceRow, now: datetime) -> None:
    """End a choice: what it did to a session that goes on is taken back, and it is settled."""
    unit.wishes.put_choices([replace(choice, settled=True)])
    for session in going_on(unit, driver.tenant, _vehicles(driver, choice), now):
        if choice.kind.holds_back or session.session_id == choice.applied_to:
            after = _lifted(unit, driver, choice, session, now)
            if after != session:
                unit.sessions.put([after])
                _decided(unit, after, now, f"{choice.kind}_ended", _OVER[choice.kind])
                promising.estimate(unit, driver, after, now)


def due(unit: Unit, tenant: str, now: datetime) -> bool:
    """Whether anything has to begin or end by now."""
    return any(not one.applied_to or not _goes_on(unit, one, now) for one in unit.wishes.unsettled(tenant, now))


def settle(unit: Unit, tenant: str, now: datetime) -> int:
    """Begin and end what is due by now; for how many choices that was."""
    done, drivers = 0, dict[str, DriverRow | None]()
    for choice in unit.wishes.unsettled(tenant, now):
        if choice.driver_id not in drivers:
            drivers[choice.driver_id] = unit.drivers.find(tenant, choice.driver_id)
        driver = drivers[choice.driver_id]
        if driver is None or not _goes_on(unit, choice, now):
            done += 1
            if driver is None:
                unit.wishes.put_choices([replace(choice, settled=True)])
            else:
                lift(unit, driver, choice, now)
        elif not choice.applied_to:
            done += begin(unit, driver, choice, now).applied_to != NO_SESSION
    return done


def _goes_on(unit: Unit, choice: ChoiceRow, now: datetime) -> bool:
    if choice.end is None and choice.applied_to:  # of one stay
        session = unit.sessions.find(choice.tenant, choice.applied_to)
        return session is not None and session.unplugged_at is None and choice.holds(now)
    return choice.holds(now)


def _driver_of(unit: Unit, session: SessionRow) -> DriverRow | None:
    return unit.drivers.of_vehicles(session.tenant, [session.vehicle_id]).get(session.vehicle_id)


def _vehicles(driver: DriverRow, choice: ChoiceRow) -> Sequence[str]:
    return [one for one in driver.vehicles if choice.vehicle_id in ("", one)]


def _holding(unit: Unit, driver: DriverRow, vehicle_id: str, now: datetime) -> Sequence[ChoiceRow]:
    found = unit.wishes.unsettled(driver.tenant, now, [driver.driver_id])
    return [one for one in found if one.holds(now) and one.vehicle_id in ("", vehicle_id)]


def _places(unit: Unit, session: SessionRow) -> tuple[SiteRow, VehicleRow | None]:
    site = unit.sites.find(session.tenant, session.site_id) or SiteRow(session.tenant, session.site_id)
    return site, unit.vehicles.find(session.tenant, session.vehicle_id)


def _with_need(
    unit: Unit, session: SessionRow, driver: DriverRow, now: datetime, kwh_told: float | None = None
) -> SessionRow:  # fmt: skip
    """A session with what its driver wishes for, and the choice that holds it back now, if one does."""
    site, vehicle = _places(unit, session)
    wish = unit.wishes.of_vehicle(session.tenant, session.vehicle_id)
    hold = held_by(unit, session.tenant, driver.driver_id, session.vehicle_id, now)
    if session.basis is NeedBasis.WISH and wish is None and hold is None:
        session = replace(session, basis=NeedBasis.SITE)  # what it rested on is no more
    return needs.supposed(session, site, vehicle, Said(wish, hold, kwh_told), now)


def _begun(unit: Unit, choice: ChoiceRow, session: SessionRow, now: datetime) -> SessionRow:
    """A session under a choice, which is kept with what the session was like."""
    if choice.applied_to != session.session_id:
        unit.wishes.put_choices([replace(choice, applied_to=session.session_id, before=_before(session))])
        _decided(unit, session, now, str(choice.kind), f"{_BEGAN[choice.kind]}{_because(choice.reason)}")
    if choice.kind is ChoiceKind.BOOST:
        return replace(session, boosted=True)
    if choice.kind is ChoiceKind.OPT_OUT:
        return replace(session, opted_out=True)
    site, vehicle = _places(unit, session)
    said = Said(unit.wishes.of_vehicle(session.tenant, session.vehicle_id), choice)
    return replace(needs.supposed(session, site, vehicle, said, now), boosted=False)


def _lifted(unit: Unit, driver: DriverRow, choice: ChoiceRow, session: SessionRow, now: datetime) -> SessionRow:
    if choice.kind is ChoiceKind.BOOST:
        return replace(session, boosted=False)
    if choice.kind is ChoiceKind.OPT_OUT:
        others = _holding(unit, driver, session.vehicle_id, now)
        still_out = any(one.kind is ChoiceKind.OPT_OUT and one.choice_id != choice.choice_id for one in others)
        return replace(session, opted_out=still_out)
    before = msgspec.json.decode(choice.before) if choice.before else {}
    is_own_word = before.get("basis") == NeedBasis.DRIVER and session.session_id == choice.applied_to
    held = held_by(unit, session.tenant, driver.driver_id, session.vehicle_id, now)
    if is_own_word and held is None and session.basis is NeedBasis.WISH:
        return _as_said(session, before)
    return _with_need(unit, session, driver, now)


def _before(session: SessionRow) -> str:
    told = {
        "basis": session.basis, "departs_at": session.departs_at, "energy_kwh": session.energy_kwh,
        "energy_kwh_minimum": session.energy_kwh_minimum,
    }  # fmt: skip
    return msgspec.json.encode(told).decode()


def _as_said(session: SessionRow, before: dict[str, Any]) -> SessionRow:
    """A session as its driver wanted this one stay, before a choice held it back."""
    return replace(
        session, basis=NeedBasis.DRIVER, departs_at=datetime.fromisoformat(before["departs_at"]),
        energy_kwh=before["energy_kwh"], energy_kwh_minimum=before["energy_kwh_minimum"],
    )  # fmt: skip


def _decided(unit: Unit, session: SessionRow, now: datetime, kind: str, why: str) -> None:
    unit.decisions.add([DecisionRow(session.tenant, now, session.device_id, session.session_id, kind, why)])


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
