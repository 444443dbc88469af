"""Enrol devices: which EVSE of which station stands at which site, and what it does when the line is down."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from evenload.base.errors import InputError, did_you_mean
from evenload.domain.station_commands import ClearProfile, SetFallback
from evenload.service import audit, orders, tags
from evenload.service.access_rows import Role
from evenload.service.admission import check_evse
from evenload.service.grid import NEAR_MAX, known_site
from evenload.service.live_rows import DeviceRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, NotFoundError, Refusal
from evenload.service.scope import Scope


def devices(
    scope: Scope, store: Store, after: str = "", count: int | None = None, *, site_id: str = "", retired: bool = False
) -> Sequence[DeviceRow]:
    """Devices by id, at most ``count`` that follow ``after``."""
    with store.reading() as unit:
        return unit.devices.of(scope.tenant, after=after, count=count, site_id=site_id, retired=retired)


def device(scope: Scope, store: Store, device_id: str) -> DeviceRow:
    """One device."""
    with store.reading() as unit:
        return known_device(unit, scope.tenant, device_id)


def enrol(
    scope: Scope, store: Store, row: DeviceRow, now: datetime, command_id: str, *, expected: str = ""
) -> DeviceRow:
    """Enrol a device, or change one. Its station must have knocked or have been added.

    A new ``fallback_kw`` is ordered under ``command_id``, to be stored in the station; without one it is allotted one
    later, or keeps what it was allotted. ``ConflictError`` where another
    tenant or another device has the EVSE.
    """
    scope.require(Role.OPERATOR)
    _check(row)
    with store.writing() as unit:
        before = unit.devices.find(scope.tenant, row.device_id)
        tags.check(expected, before)
        enrolled = before.enrolled_at if before and before.retired_at is None else now
        kept = _with_fallback(before, replace(row, tenant=scope.tenant, enrolled_at=enrolled, retired_at=None))
        _check_place(unit, kept)
        unit.devices.put([kept])
        _order_fallback(unit, before, kept, now, command_id)
        audit.note(unit, scope, now, "devices.enrol", row.device_id, kept)
        return kept


def retire(
    scope: Scope, store: Store, device_id: str, now: datetime, command_id: str, *, expected: str = ""
) -> DeviceRow:
    """Retire a device: it is not managed any more, and the station is told to forget every limit of the EVSE."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = known_device(unit, scope.tenant, device_id)
        tags.check(expected, row)
        if row.retired_at is not None:
            return row
        if unit.sessions.going_on_at(scope.tenant, [device_id]):
            raise ConflictError(Refusal.IN_USE, f"a car is plugged in at device {device_id!r}: retire it afterwards")
        kept = replace(row, retired_at=now)
        unit.devices.put([kept])
        if unit.stations.find(row.station):
            free = ClearProfile(command_id=command_id, evse_id=row.evse_id, fallback=True)
            orders.give(unit, row.station, free, now)
        audit.note(unit, scope, now, "devices.retire", device_id)
        return kept


def known_device(unit: Unit, tenant: str, device_id: str) -> DeviceRow:
    """A device that there is; ``NotFoundError`` otherwise."""
    row = unit.devices.find(tenant, device_id)
    if row is None:
        near = did_you_mean(device_id, [one.device_id for one in unit.devices.of(tenant, count=NEAR_MAX)])
        raise NotFoundError(f"there is no device {device_id!r}.{near}")
    return row


def _check(row: DeviceRow) -> None:
    if row.evse_id < 1:
        raise InputError(f"device {row.device_id}: EVSEs count from 1; enrol each EVSE of a station as a device")
    if row.power_kw_min > row.power_kw_max:
        raise InputError(f"device {row.device_id}: power_kw_min {row.power_kw_min} is above power_kw_max")
    if row.fallback_kw is not None and row.fallback_kw > row.power_kw_max:
        raise InputError(f"device {row.device_id}: fallback_kw {row.fallback_kw} is above power_kw_max")


def _check_place(unit: Unit, row: DeviceRow) -> None:
    known_site(unit, row.tenant, row.site_id)
    if any(tenant != row.tenant for tenant in unit.devices.claimed_by(row.identity)):
        raise ConflictError(
            Refusal.CLAIMED_ELSEWHERE,
            f"station {row.identity!r} is enrolled by another tenant: it must retire its device there first",
        )
    if unit.stations.find(row.station) is None:
        raise InputError(
            f"station {row.identity!r} never knocked and was not added: let it connect, or add it first "
            f"(POST /v1/stations, or `evenload ocpp add {row.identity}`)"
        )
    check_evse(unit, row.station, row.evse_id)
    for other in unit.devices.at_stations([row.station]):
        if other.device_id != row.device_id and other.evse_id == row.evse_id:
            raise ConflictError(
                Refusal.EVSE_ENROLLED, f"EVSE {row.evse_id} of station {row.identity!r} is device {other.device_id!r}"
            )


def _with_fallback(before: DeviceRow | None, row: DeviceRow) -> DeviceRow:
    """A fallback that was allotted stays until another is chosen; what is told as it was is not another."""
    if before is None or before.retired_at is not None or not before.fallback_allotted:
        return replace(row, fallback_allotted=False)
    same = row.fallback_kw in (None, before.fallback_kw) and (before.fallback_kw or 0.0) <= row.power_kw_max
    return replace(row, fallback_kw=before.fallback_kw if same else row.fallback_kw, fallback_allotted=same)


def _order_fallback(unit: Unit, before: DeviceRow | None, row: DeviceRow, now: datetime, command_id: str) -> None:
    told = (before.identity, before.evse_id, before.fallback_kw) if before and before.retired_at is None else None
    if row.fallback_kw is not None and told != (row.identity, row.evse_id, row.fallback_kw):
        stored = SetFallback(command_id=command_id, evse_id=row.evse_id, power_kw=row.fallback_kw)
        orders.give(unit, row.station, stored, now)
