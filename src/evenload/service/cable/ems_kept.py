"""Energy managers that are kept: enrolled as devices, and their desks as they were when the server ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.session import Control
from evenload.domain.station import StationId
from evenload.domain.station_readings import ReadingKind
from evenload.service import audit, orders, tags
from evenload.service.access_rows import Role
from evenload.service.cable.ems import EMS_PREFIX, ManagerDesk
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.grid import known_site
from evenload.service.live_rows import DeviceRow
from evenload.service.local_time import check_clock
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.rows import StationRow
from evenload.service.scope import Scope

PAST: Final = timedelta(days=35)
_HEARTBEAT_S: Final = (2.0, 900.0)
_NAME_MAX: Final = 48 - len(EMS_PREFIX)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An energy manager, the device that it is to plans, and whether it answers."""

    row: EnergyManagerRow
    device: DeviceRow
    connected: bool


def managers(scope: Scope, store: Store) -> Sequence[Enrolled]:
    """Energy managers of a tenant by device."""
    with store.reading() as unit:
        return [_enrolled(unit, row) for row in unit.cables.energy_managers(scope.tenant)]


def manager(scope: Scope, store: Store, device_id: str) -> Enrolled:
    """One energy manager; ``NotFoundError`` where there is none."""
    with store.reading() as unit:
        return _enrolled(unit, _known(unit, scope.tenant, device_id))


def put_manager(
    scope: Scope, store: Store, row: EnergyManagerRow, device: DeviceRow, now: datetime, *,
    keeps_secret: bool = False, expected: str = "",
) -> Enrolled:  # fmt: skip
    """Enrol an energy manager at a site, or change how it is reached; ``InputError`` where that cannot be.

    ``device`` says its site, its connection (``power_kw_max``) and its fallback; the rest follows from what it is.
    The secret that is kept stays with ``keeps_secret``, at the same address only: another may be somebody else's.
    """
    scope.require(Role.OPERATOR)
    _check(row, device)
    identity = f"{EMS_PREFIX}{row.device_id}"
    with store.writing() as unit:
        known_site(unit, scope.tenant, device.site_id)
        before = _find(unit, scope.tenant, row.device_id)
        enrolled = unit.devices.find(scope.tenant, row.device_id)
        tags.check(expected, *((before, enrolled) if before else (None,)))
        if enrolled is not None and enrolled.identity != identity:
            raise ConflictError(Refusal.TAKEN, f"device {row.device_id!r} is there already, and no energy manager")
        made = replace(
            device, tenant=scope.tenant, device_id=row.device_id, identity=identity, evse_id=1,
            control=Control.CONTINUOUS, power_kw_min=min(device.power_kw_min, device.power_kw_max), managed=True,
            priority=enrolled.priority if enrolled else device.priority,
            enrolled_at=enrolled.enrolled_at if enrolled and enrolled.retired_at is None else now,
        )  # fmt: skip
        kept = replace(
            row, tenant=scope.tenant, made_at=before.made_at if before else now,
            secret_sealed=_kept_secret(before, row) if keeps_secret else row.secret_sealed,
        )  # fmt: skip
        unit.devices.put([made])
        station = StationId(scope.tenant, identity)
        unit.stations.put([unit.stations.find(station) or StationRow(station, approved=True, noted_at=now)])
        unit.cables.put_energy_managers([kept])
        audit.note(unit, scope, now, "energy_managers.put", row.device_id, {"address": row.address})
        return _enrolled(unit, kept)


def remove_manager(scope: Scope, store: Store, device_id: str, now: datetime, *, expected: str = "") -> None:
    """Ask an energy manager nothing any more, and forget its secret.

    Its device stays, and its cars count with its fallback until that is retired.
    """
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = _known(unit, scope.tenant, device_id)
        tags.check(expected, row, unit.devices.find(scope.tenant, device_id))
        unit.cables.remove_energy_manager(scope.tenant, device_id)
        audit.note(unit, scope, now, "energy_managers.remove", device_id)


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


def _check(row: EnergyManagerRow, device: DeviceRow) -> None:
    check_clock("ready_by", row.ready_by)
    if not row.address.startswith(("modbus:", "http://", "https://")):
        raise InputError(f"{row.address!r} is no energy manager: write modbus:... or http(s)://...")
    if "@" in row.address.partition("//")[2].partition("/")[0]:
        raise InputError("an address is shown and logged: leave user and password out of it, and give a secret")
    if len(row.device_id) > _NAME_MAX:
        raise InputError(f"the name of an energy manager has at most {_NAME_MAX} characters, not {len(row.device_id)}")
    if ":" in row.device_id:
        raise InputError(f"the name of an energy manager has no colon, as {row.device_id!r} has")
    if not _HEARTBEAT_S[0] <= row.heartbeat_s <= _HEARTBEAT_S[1]:
        raise InputError(f"heartbeat_s {row.heartbeat_s:g} is outside {_HEARTBEAT_S[0]:g} to {_HEARTBEAT_S[1]:g}")
    if device.fallback_kw is None:
        raise InputError("an energy manager needs fallback_kw: what its cars may draw when its line is lost")


def _kept_secret(before: EnergyManagerRow | None, row: EnergyManagerRow) -> str:
    if before is None or not before.secret_sealed:
        return ""
    if before.address != row.address:
        raise InputError("the address is another: say its secret too, or an empty one")
    return before.secret_sealed


def _find(unit: Unit, tenant: str, device_id: str) -> EnergyManagerRow | None:
    return next((one for one in unit.cables.energy_managers(tenant) if one.device_id == device_id), None)


def _known(unit: Unit, tenant: str, device_id: str) -> EnergyManagerRow:
    row = _find(unit, tenant, device_id)
    if row is None:
        raise NotFoundError(f"there is no energy manager {device_id!r}")
    return row


def _enrolled(unit: Unit, row: EnergyManagerRow) -> Enrolled:
    station = StationId(row.tenant, f"{EMS_PREFIX}{row.device_id}")
    device = unit.devices.find(row.tenant, row.device_id) or DeviceRow(row.tenant, row.device_id, "", station.identity)
    found = unit.stations.find(station)
    return Enrolled(row, device, found is not None and found.connected)


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
