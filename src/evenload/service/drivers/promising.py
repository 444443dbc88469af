"""Keep what drivers are told that their cars will have: an estimate at plug-in, what the plan says after that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import Final

from evenload.base.instants import Interval
from evenload.service.driver_rows import DriverRow, PromiseBasis, PromiseRow
from evenload.service.drivers.promise import Ceiling, Outlook, estimate_of, outlook_of_plan, sentence
from evenload.service.live_rows import DeviceRow, PlanRow, SessionRow, VehicleRow
from evenload.service.ports import Unit

_APART_KWH: Final = 1.0
_LESS_KWH: Final = 2.0
_BLINK: Final = timedelta(minutes=1)


def estimate(unit: Unit, driver: DriverRow, session: SessionRow, now: datetime) -> PromiseRow | None:
    """Keep what power and time allow, where that is another thing than what was told before; ``None`` if not."""
    if session.unplugged_at is not None or session.departs_at <= now:
        return None
    vehicle = unit.vehicles.find(session.tenant, session.vehicle_id)
    found = estimated(unit, session, vehicle, now)
    before = unit.promises.latest(session.tenant, [session.session_id]).get(session.session_id)
    if before is not None and not _is_another(before, found):
        return None
    row = _row(unit, driver.driver_id, session, found, PromiseBasis.ESTIMATE, now, before)
    unit.promises.add([row])
    return row


def estimated(unit: Unit, session: SessionRow, vehicle: VehicleRow | None, now: datetime) -> Outlook:
    """What power and time allow a session."""
    battery_kwh = vehicle.battery_kwh if vehicle else None
    return estimate_of(session, full_kw(unit, session), battery_kwh, now, ceilings_of(unit, session, now))


def full_kw(unit: Unit, session: SessionRow) -> float:
    """The most that a car and its device draw together (kW)."""
    device = unit.devices.find(session.tenant, session.device_id)
    return min(device.power_kw_max if device else inf, session.power_kw_max or inf)


def ceilings_of(unit: Unit, session: SessionRow, now: datetime) -> Sequence[Ceiling]:
    """What circuits above a session carry at most until it leaves, by their own limits and those posted."""
    window = Interval(now, max(session.departs_at, now + _BLINK))
    above: list[str] = []
    found: list[Ceiling] = []
    node = session.site_id
    while node and node not in above and (circuit := unit.circuits.find(session.tenant, node)):
        above.append(node)
        if isfinite(circuit.limit_kw):
            found.append(Ceiling(window, circuit.limit_kw, node))
        node = circuit.parent
    posted = unit.limits.within(session.tenant, window)
    found += [Ceiling(Interval(one.start, one.end), one.limit_kw, one.node) for one in posted if one.node in above]
    return found


def confirm(
    unit: Unit, plan: PlanRow, told: Mapping[str, PromiseRow], now: datetime
) -> Sequence[PromiseRow]:  # fmt: skip
    """Say again what a plan makes of what was ``told`` (by session): the first plan always, later ones where it
    matters. The rows that were kept.
    """
    rows = confirmed(unit, plan, told, now)
    unit.promises.add(rows)
    return rows


def confirmed(
    unit: Unit, plan: PlanRow, told: Mapping[str, PromiseRow], now: datetime
) -> Sequence[PromiseRow]:  # fmt: skip
    """The same without keeping anything: many are looked at, and few are told another thing."""
    rows = []
    known = _Known.of(unit, plan.tenant)
    for planned in plan.sessions:
        before = told.get(planned.session_id)
        if before is None or before.plan_id == plan.plan_id or before.at > plan.made_at:
            continue  # one made before knows nothing of what was wished since
        session = known.sessions.get(planned.session_id)
        if session is None or session.departs_at <= now:
            continue
        vehicle, device = known.vehicles.get(before.vehicle_id), known.devices.get(session.device_id)
        most_kw = min(device.power_kw_max if device else inf, session.power_kw_max or inf)
        found = outlook_of_plan(session, plan, planned, most_kw, vehicle.battery_kwh if vehicle else None)
        if before.basis is PromiseBasis.PLAN and not _matters(before, found):
            continue
        rows.append(_row(unit, before.driver_id, session, found, PromiseBasis.PLAN, now, before, plan_id=plan.plan_id))
    return rows


@dataclass(frozen=True, slots=True)
class _Known:
    """All of a tenant, read in one go."""

    sessions: Mapping[str, SessionRow]
    devices: Mapping[str, DeviceRow]
    vehicles: Mapping[str, VehicleRow]

    @classmethod
    def of(cls, unit: Unit, tenant: str) -> "_Known":
        return cls(
            {one.session_id: one for one in unit.sessions.going_on(tenant)},
            {one.device_id: one for one in unit.devices.of(tenant)},
            {one.vehicle_id: one for one in unit.vehicles.of(tenant)},
        )


def _row(  # noqa: PLR0913 - what a promise is made of
    unit: Unit, driver_id: str, session: SessionRow, found: Outlook, basis: PromiseBasis, now: datetime,
    before: PromiseRow | None, plan_id: str = "",
) -> PromiseRow:  # fmt: skip
    site = unit.sites.find(session.tenant, session.site_id)
    return PromiseRow(
        session.tenant, session.session_id, driver_id, session.vehicle_id, now, basis, found.by, found.energy_kwh,
        found.energy_kwh_wanted, found.is_met, found.soc, found.soc_wanted, found.ready_at, found.reason,
        sentence(found, site.timezone if site else "UTC", now), plan_id,
        before is not None and _is_another(before, found),
    )  # fmt: skip


def _is_another(before: PromiseRow, found: Outlook) -> bool:
    """Whether a driver is told another thing than before."""
    apart = abs(before.energy_kwh - found.energy_kwh), abs(before.energy_kwh_wanted - found.energy_kwh_wanted)
    return before.is_met != found.is_met or before.by != found.by or max(apart) > _APART_KWH


def _matters(before: PromiseRow, found: Outlook) -> bool:
    """Whether a later plan breaks or mends what was told, or the driver wants another thing."""
    if before.is_met != found.is_met or before.by != found.by:
        return True
    return not found.is_met and abs(before.energy_kwh - found.energy_kwh) > _LESS_KWH
