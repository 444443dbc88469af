"""Gather what a driver's question depends on: why a car is charging or not, and what it will have when it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from evenload.base.instants import Interval
from evenload.service import consents
from evenload.service.driver_rows import DriverRow, PromiseRow
from evenload.service.drivers import owning, standing
from evenload.service.drivers.choosing import zone_of
from evenload.service.drivers.why import Around, Why, WhyCode, why
from evenload.service.live_rows import LimitRow, SessionRow
from evenload.service.people_rows import Purpose
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope
from evenload.service.snapshot import Patience, Trust, state_of

_LOOK_BACK = timedelta(days=30)
_BLINK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A vehicle, the session it is in if it is plugged in, and why it is charging or not."""

    vehicle_id: str
    session: SessionRow | None
    why: Why
    plan_id: str = ""


def ask(scope: Scope, store: Store, driver_id: str, now: datetime, vehicle_id: str = "") -> Sequence[Asked]:
    """Why each of a driver's vehicles, or the one that is named, is charging or not."""
    with store.reading() as unit:
        row = owning.seen(unit, scope, driver_id)
        wanted = [owning.vehicle_of(row, vehicle_id)] if vehicle_id else row.vehicles
        if not wanted:
            nothing = Why(WhyCode.NO_VEHICLE, "No vehicle is known of you yet.")
            return [Asked("", None, nothing)]
        return [_asked(unit, row, one, now) for one in wanted]


def forecast(scope: Scope, store: Store, driver_id: str, now: datetime, vehicle_id: str = "") -> Sequence[PromiseRow]:
    """What a driver was told last of each vehicle that is plugged in."""
    with store.reading() as unit:
        row = owning.seen(unit, scope, driver_id)
        wanted = [owning.vehicle_of(row, vehicle_id)] if vehicle_id else row.vehicles
        sessions = standing.going_on(unit, row.tenant, wanted, now)
        told = unit.promises.latest(row.tenant, [one.session_id for one in sessions])
        mine = [told[one.session_id] for one in sessions if one.session_id in told]
        return [one for one in mine if one.driver_id == driver_id]


def _asked(unit: Unit, driver: DriverRow, vehicle_id: str, now: datetime) -> Asked:
    found = standing.going_on(unit, driver.tenant, [vehicle_id], now)
    session = found[-1] if found else None
    last = None if session else _last(unit, driver.tenant, vehicle_id, now)
    site = unit.sites.find(driver.tenant, session.site_id) if session else None
    zone = site.timezone if site else zone_of(unit, driver)
    plan = planned = device = None
    trust = Trust.CONTROLLED
    if session is not None:
        plan = next(iter(unit.plans.last(driver.tenant, only=(session.session_id,))), None)
        planned = next((one for one in plan.sessions if one.session_id == session.session_id), None) if plan else None
        device = unit.devices.find(driver.tenant, session.device_id)
        if device is not None:
            trust = state_of(device, unit.stations.find(device.station), session, now, Patience()).trust
    state = unit.cars.state(driver.tenant, vehicle_id)
    choices = [
        one
        for one in unit.wishes.unsettled(driver.tenant, now, [driver.driver_id])
        if one.vehicle_id in ("", vehicle_id)
    ]
    seen = Around(
        now, zone, session, trust, device.fallback_kw if device else None, plan, planned, choices,
        _posted(unit, session, now) if session else (),
        state.timer_start if state else None, state.is_overridden if state else False,
        _cloud_fault(unit, driver.tenant, vehicle_id, now), last.unplugged_at if last else None,
        last.energy_kwh_delivered if last else 0.0,
        unit.cables.conflicts(driver.tenant, [session.session_id]) if session else (),
        _is_shared(unit, driver, vehicle_id, now),
    )  # fmt: skip
    return Asked(vehicle_id, session, why(seen), plan.plan_id if plan and planned else "")


def _last(unit: Unit, tenant: str, vehicle_id: str, now: datetime) -> SessionRow | None:
    found = unit.sessions.of_vehicles(tenant, [vehicle_id], Interval(now - _LOOK_BACK, now + _BLINK))
    return max(found, key=lambda one: one.unplugged_at or now, default=None)


def _posted(unit: Unit, session: SessionRow, now: datetime) -> Sequence[LimitRow]:
    """Limits posted for a time above a session that hold now, the lowest first."""
    above: list[str] = []
    node = session.site_id
    while node and node not in above and (circuit := unit.circuits.find(session.tenant, node)):
        above.append(node)
        node = circuit.parent
    found = [one for one in unit.limits.within(session.tenant, Interval(now, now + _BLINK)) if one.node in above]
    return sorted(found, key=lambda one: (one.limit_kw, one.limit_id))


def _cloud_fault(unit: Unit, tenant: str, vehicle_id: str, now: datetime) -> str:
    """Why a linked car's cloud tells nothing; empty where it does, or the car is not linked."""
    link = unit.cars.link(tenant, vehicle_id)
    if link is None or link.revoked_at is not None:
        return ""
    if link.expires_at is not None and link.expires_at <= now:
        return "your consent has expired"
    account = unit.cars.account(tenant, link.provider, link.account)
    return account.fault if account else ""


def _is_shared(unit: Unit, driver: DriverRow, vehicle_id: str, now: datetime) -> bool:
    """Whether what a linked car tells is shared with us; one that nobody was asked about is."""
    link = unit.cars.link(driver.tenant, vehicle_id)
    if link is None or link.revoked_at is not None:
        return True
    stands = consents.may(unit, driver.tenant, driver.driver_id, Purpose.DATA_SHARING, now)
    return stands.granted or stands.why is consents.ConsentState.NEVER
