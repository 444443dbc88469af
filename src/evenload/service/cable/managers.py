"""Energy managers that are kept: enrolled as devices, and their desks as they were when the server ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.session import Control
from evenload.domain.station import StationId
from evenload.domain.station_readings import ReadingKind
from evenload.service import audit, orders
from evenload.service.access_rows import Role
from evenload.service.cable.energy_manager import EMS_PREFIX, ManagerDesk
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.grid import known_site
from evenload.service.live_rows import DeviceRow
from evenload.service.local_time import check_clock
from evenload.service.ports import Store, Unit
from evenload.service.rows import StationRow
from evenload.service.scope import Scope

PAST: Final = timedelta(days=35)
_HEARTBEAT_S: Final = (2.0, 900.0)


def put_manager(scope: Scope, store: Store, row: EnergyManagerRow, device: DeviceRow, now: datetime) -> DeviceRow:
    """Enrol an energy manager at a site, or change how it is reached; ``InputError`` where that cannot be.

    ``device`` says its site, its connection (``power_kw_max``) and its fallback; the rest follows from what it is.
    """
    scope.require(Role.OPERATOR)
    check_clock("ready_by", row.ready_by)
    if not row.address.startswith(("modbus:", "http://", "https://")):
        raise InputError(f"{row.address!r} is no energy manager: write modbus:... or http(s)://...")
    if not _HEARTBEAT_S[0] <= row.heartbeat_s <= _HEARTBEAT_S[1]:
        raise InputError(f"heartbeat_s {row.heartbeat_s:g} is outside {_HEARTBEAT_S[0]:g} to {_HEARTBEAT_S[1]:g}")
    if device.fallback_kw is None:
        raise InputError("an energy manager needs fallback_kw: what its cars may draw when its line is lost")
    identity = f"{EMS_PREFIX}{row.device_id}"
    made = replace(
        device, tenant=scope.tenant, device_id=row.device_id, identity=identity, evse_id=1, control=Control.CONTINUOUS,
        power_kw_min=min(device.power_kw_min, device.power_kw_max), managed=True, enrolled_at=now,
    )  # fmt: skip
    with store.writing() as unit:
        known_site(unit, scope.tenant, made.site_id)
        unit.devices.put([made])
        station = StationId(scope.tenant, identity)
        unit.stations.put([unit.stations.find(station) or StationRow(station, approved=True, noted_at=now)])
        unit.cables.put_energy_managers([replace(row, tenant=scope.tenant, made_at=row.made_at or now)])
        audit.note(unit, scope, now, "energy_managers.put", row.device_id, {"address": row.address})
    return made


def managers_of(unit: Unit, tenant: str, now: datetime) -> dict[StationId, ManagerDesk]:
    """Desks of a tenant's energy managers, each with the block that goes on and the limits it was given."""
    found: dict[StationId, ManagerDesk] = {}
    for row in unit.cables.energy_managers(tenant):
        device = unit.devices.find(tenant, row.device_id)
        if device is None or device.retired_at is not None:
            continue
        site = unit.sites.find(tenant, device.site_id)
        desk = ManagerDesk(device, row, site.timezone if site else "UTC")
        _restored(unit, desk, now)
        found[device.station] = desk
    return found


def _restored(unit: Unit, desk: ManagerDesk, now: datetime) -> None:
    device = desk.device
    session = next(iter(unit.sessions.going_on_at(device.tenant, [device.device_id])), None)
    for one in unit.readings.latest(device.tenant) if session else ():
        if one.station == device.station and one.reading.kind is ReadingKind.REGISTER:
            desk.register_kwh = one.reading.energy_kwh_import or 0.0
    if session is not None and session.transaction_id:
        desk.goes_on(session.transaction_id, session.energy_kwh_delivered)
    for order in unit.orders.standing(device.station):
        command = orders.command_of(order)
        limits = getattr(command, "limits", None)
        if limits is not None and limits.end > now:
            desk.want(limits)
