"""What is told without anybody asking for it: promises, links lost, consents that end soon, savings, clean hours.

Each can be run as often as one likes: a key is used once.
"""

from datetime import datetime, timedelta
from typing import Final

from evenload.base.instants import Interval, time_zone
from evenload.service.consents import may, standing
from evenload.service.driver_rows import DriverRow, PromiseRow
from evenload.service.drivers.standing import is_away
from evenload.service.live_rows import SessionRow
from evenload.service.messages.nudges import QUARTER, Savings, by_quarter, clean_hours, quarter_of, savings_of
from evenload.service.messages.queue import Draft, enqueue
from evenload.service.people_rows import MessageKind, Purpose
from evenload.service.ports import Unit

CONSENT_AHEAD: Final = timedelta(days=14)
SAVED_LEAST: Final = 0.5
"""Less than half a unit of money is not worth a message."""
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
PROMISE_AGE_MAX: Final = timedelta(hours=1)
_CLEAN_DAYS: Final = (1, 4)
_CLEAN_FROM: Final = 14
"""Clean hours are told on Tuesdays and Fridays from 14:00 on, before people come home."""


def tell_promises(unit: Unit, tenant: str, number: int, now: datetime, count: int = 1000) -> int:
    """Tell drivers of promises that follow a number: one that cannot be met, and one that can be met after all (R46).
    The number up to which it was done."""
    for row in unit.promises.after(tenant, number, count):
        number = row.number
        if now - row.at <= PROMISE_AGE_MAX and row.by > now and (not row.is_met or row.corrects):
            enqueue(unit, _of_promise(unit, row), now)
    return number


def remind_of_consents(unit: Unit, tenant: str, now: datetime) -> int:
    """Remind people of consents that end within two weeks, in the second half of their time, and are not renewed; how
    many."""
    count = 0
    for row in unit.consents.expiring(tenant, now, now + CONSENT_AHEAD):
        if row.expires_at is None or now - row.granted_at < row.expires_at - now:
            continue
        until = standing(row.purpose, unit.consents.of_person(tenant, row.person_id), now).until
        if until == row.expires_at:
            fields = {"purpose": row.purpose.replace("_", " "), "expires": row.expires_at}
            key = f"consent_expires:{row.consent_id}"
            enqueue(unit, Draft(tenant, row.person_id, MessageKind.CONSENT_EXPIRES, key, fields, row.expires_at), now)
            count += 1
    return count


def tell_lost_links(unit: Unit, tenant: str, now: datetime) -> int:
    """Tell drivers of cars that a maker's cloud does not let us at any more; once for each time, how many."""
    accounts = {(one.provider, one.account): one for one in unit.cars.accounts(tenant) if one.fault}
    lost = [row for row in unit.cars.links_live(tenant) if (row.provider, row.account) in accounts] if accounts else []
    drivers = unit.drivers.of_vehicles(tenant, [row.vehicle_id for row in lost])
    for row in lost:
        since = accounts[row.provider, row.account].changed_at or now
        if row.vehicle_id in drivers and now - since <= _WEEK:
            fields = {"vehicle": _name_of(unit, tenant, row.vehicle_id), "provider": row.provider.value, "since": since}
            key = f"link_lost:{row.vehicle_id}:{since:%Y-%m-%d}"
            person_id = drivers[row.vehicle_id].driver_id
            enqueue(unit, Draft(tenant, person_id, MessageKind.LINK_LOST, key, fields, since + _WEEK), now)
    return len(lost)


def tell_savings(unit: Unit, driver: DriverRow, now: datetime) -> bool:
    """Tell a driver, once in a calendar week, what waiting saved in the seven days before; whether there was enough."""
    year, week, _ = now.isocalendar()
    key = f"savings:{driver.driver_id}:{year}-W{week:02d}"
    if unit.messages.with_key(driver.tenant, key) is not None or not _wants_nudges(unit, driver, now):
        return False
    window = Interval(now - _WEEK, now)
    found = [
        one for row in unit.sessions.of_vehicles(driver.tenant, driver.vehicles, window) if row.unplugged_at is not None
        for one in [_savings(unit, row)] if one is not None
    ]  # fmt: skip
    currencies = {currency for _, currency in found}
    total = Savings(
        sum(one.energy_kwh for one, _ in found),
        sum(one.cost for one, _ in found),
        sum(one.cost_at_once for one, _ in found),
    )
    if len(currencies) != 1 or total.saved < SAVED_LEAST:
        return False
    fields = {"saved": f"{total.saved:.2f} {currencies.pop()}", "energy": total.energy_kwh}
    enqueue(unit, Draft(driver.tenant, driver.driver_id, MessageKind.SAVINGS_NUDGE, key, fields, now + 3 * _DAY), now)
    return True


def tell_clean_hours(unit: Unit, driver: DriverRow, now: datetime) -> bool:
    """Tell a driver of clean hours ahead, on two afternoons a week, where carbon is known for a day; whether it was."""
    site = unit.sites.find(driver.tenant, driver.site_id) if driver.site_id else None
    local = now.astimezone(time_zone(site.timezone if site else "UTC"))
    if local.weekday() not in _CLEAN_DAYS or local.hour < _CLEAN_FROM or not _wants_nudges(unit, driver, now):
        return False
    key = f"clean_hours:{driver.driver_id}:{local:%Y-%m-%d}"
    if unit.messages.with_key(driver.tenant, key) is not None:
        return False
    begins = quarter_of(now) + QUARTER
    values = _values(unit, driver.tenant, driver.site_id, Interval(begins, begins + _DAY), "carbon_g_per_kwh")
    best = clean_hours(values, begins)
    if best is None or best.start <= now:
        return False
    fields = {"start": best.start, "end": best.end, "share": best.share}
    draft = Draft(driver.tenant, driver.driver_id, MessageKind.CLEAN_HOURS_NUDGE, key, fields, best.start)
    enqueue(unit, draft, now)
    return True


def _of_promise(unit: Unit, row: PromiseRow) -> Draft:
    kind = MessageKind.READY if row.is_met else MessageKind.NOT_READY
    fields = {
        "vehicle": _name_of(unit, row.tenant, row.vehicle_id), "by": row.by,
        "sentence": row.sentence or f"It can have {row.energy_kwh:.1f} kWh by then.",
    }  # fmt: skip
    return Draft(row.tenant, row.driver_id, kind, f"{kind}:{row.session_id}", fields, row.by)


def _name_of(unit: Unit, tenant: str, vehicle_id: str) -> str:
    vehicle = unit.vehicles.find(tenant, vehicle_id)
    return (vehicle.name if vehicle else "") or vehicle_id or "Your car"


def _wants_nudges(unit: Unit, driver: DriverRow, now: datetime) -> bool:
    """Whether nudges are agreed to, and the driver is not away."""
    if not may(unit, driver.tenant, driver.driver_id, Purpose.NUDGES, now).granted:
        return False
    return not is_away(unit, driver.tenant, driver.driver_id, now)


def _savings(unit: Unit, row: SessionRow) -> tuple[Savings, str] | None:
    """What a session saved, and in which currency; ``None`` where its quarter hours or prices are not known."""
    device = unit.devices.find(row.tenant, row.device_id)
    if device is None or row.unplugged_at is None:
        return None
    window = Interval(quarter_of(row.plugged_at), max(row.unplugged_at, row.plugged_at + QUARTER))
    slots = unit.slots.of_evse(device.station, device.evse_id, window)
    found = savings_of(row.plugged_at, slots, _values(unit, row.tenant, row.site_id, window, "price_per_kwh"))
    currencies = {one.currency for one in unit.signals.within(row.tenant, window) if one.currency}
    return (found, currencies.pop()) if found is not None and len(currencies) == 1 else None


def _values(unit: Unit, tenant: str, node: str, window: Interval, value: str) -> dict[datetime, float]:
    """Values of a node, and those of everywhere where the node has none of its own."""
    everywhere = by_quarter(unit.signals.within(tenant, window, ""), value)
    return everywhere | (by_quarter(unit.signals.within(tenant, window, node), value) if node else {})
