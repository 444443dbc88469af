"""Stays as a plug-in logger recorded them: kept as the car's own sessions, counted once beside what chargers told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.domain.vehicle_state import CarId, PlugState, Provider, SocBasis
from evenload.service import audit, needs
from evenload.service.access_rows import Role
from evenload.service.cable.sources import Stay, counted
from evenload.service.cable_rows import Sample
from evenload.service.car_rows import CHARGER, CarStateRow, SourceRow
from evenload.service.grid import known_site
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.ports import Store, Unit
from evenload.service.rows import ReadingRow
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle

_AROUND: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class LoggedStay:
    """One stay of a logger's file. ``energy_kwh`` is at the connector; ``began`` and ``ended`` say how sure both ends
    are, ``quality`` how the energy is known. Where it was is kept as ``is_home`` only.
    """

    plugged_at: datetime
    unplugged_at: datetime
    energy_kwh: float
    samples: tuple[Sample, ...]
    is_home: bool | None = None
    began: Quality = Quality.MEASURED
    ended: Quality = Quality.MEASURED
    quality: Quality = Quality.MEASURED


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of logged stays: kept anew, there before, and those a charger or cloud counts already."""

    kept: int
    known: int
    absorbed: int


def import_stays(
    scope: Scope, store: Store, vehicle_id: str, site_id: str, stays: Sequence[LoggedStay], now: datetime
) -> Imported:
    """Keep a logger's stays of a vehicle whose home is a site; the same file again changes nothing.

    Each becomes a session of the car's own device, unmanaged where there was none. Energy that another source counted
    of the same stay is not counted again.
    """
    scope.require(Role.DRIVER_AGENT)
    late = [one for one in stays if one.unplugged_at > now]
    if late:
        raise InputError(f"the stay of {late[0].plugged_at.isoformat()} ends in the future: check the logger's clock")
    with store.writing() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        known_site(unit, scope.tenant, site_id)
        device = _device(unit, scope.tenant, vehicle_id, site_id, now)
        known = [one for one in stays if unit.sessions.find(scope.tenant, needs.name_of(device, one.plugged_at))]
        rows = [_session(device, vehicle_id, one) for one in stays if one not in known]
        rows = _counted_once(unit, scope.tenant, vehicle_id, rows)
        unit.sessions.put(rows)
        for stay in stays:
            unit.readings.put(_readings(device, stay))
        _source(unit, scope.tenant, vehicle_id, stays)
        _state(unit, scope.tenant, vehicle_id, stays, now)
        absorbed = sum(bool(one.absorbed_by) for one in rows)
        told = {"stays": len(stays), "kept": len(rows), "absorbed": absorbed}
        audit.note(unit, scope, now, "vehicles.import_logger", vehicle_id, told)
        return Imported(len(rows), len(known), absorbed)


def _device(unit: Unit, tenant: str, vehicle_id: str, site_id: str, now: datetime) -> DeviceRow:
    identity = CarId(tenant, vehicle_id).station.identity
    found = unit.devices.find(tenant, identity)
    if found is None:
        found = DeviceRow(tenant, identity, site_id, identity, managed=False, enrolled_at=now)
        unit.devices.put([found])
    return found


def _session(device: DeviceRow, vehicle_id: str, stay: LoggedStay) -> SessionRow:
    soc = next((one.soc for one in reversed(stay.samples) if one.soc is not None), None)
    return SessionRow(
        device.tenant, needs.name_of(device, stay.plugged_at), device.device_id, device.site_id, stay.plugged_at,
        stay.unplugged_at, stay.energy_kwh, began=stay.began, unplugged_at=stay.unplugged_at, vehicle_id=vehicle_id,
        energy_kwh_delivered=stay.energy_kwh, energy_quality=stay.quality, power_kw=0.0, soc=soc,
        metered_at=stay.unplugged_at, energy_kwh_at_soc=stay.energy_kwh,
    )  # fmt: skip


def _counted_once(unit: Unit, tenant: str, vehicle_id: str, rows: Sequence[SessionRow]) -> list[SessionRow]:
    if not rows:
        return []
    first, last = min(one.plugged_at for one in rows), max(one.unplugged_at or one.plugged_at for one in rows)
    there = unit.sessions.of_vehicles(tenant, [vehicle_id], Interval(first - _AROUND, last + _AROUND))
    stays = [Stay.of(one, is_logged=False) for one in there] + [Stay.of(one, is_logged=True) for one in rows]
    absorbed_by = {one.stay.session_id: one.absorbed_by for one in counted(stays)}
    return [replace(one, absorbed_by=absorbed_by[one.session_id]) for one in rows]


def _readings(device: DeviceRow, stay: LoggedStay) -> list[ReadingRow]:
    rows = []
    for one in stay.samples:
        kind = ReadingKind.INSTANT
        reading = Reading(at=one.at, kind=kind, quality=stay.quality, power_kw=one.power_kw, soc=one.soc)
        rows.append(ReadingRow(device.station, device.evse_id, reading))
    return rows


def _source(unit: Unit, tenant: str, vehicle_id: str, stays: Sequence[LoggedStay]) -> None:
    """The logger is the source of the time its file tells of, where nothing else was known then."""
    if not stays:
        return
    began = min(one.plugged_at for one in stays)
    ended = max(one.unplugged_at for one in stays)
    history = unit.cars.sources(tenant, vehicle_id)
    if any(one.source == Provider.OBD and one.began_at <= began for one in history):
        return
    later = min((one.began_at for one in history if one.began_at > began), default=None)
    earlier = [one for one in history if one.began_at <= began]
    if earlier and earlier[-1].source != CHARGER:
        return  # a cloud told of it then; the logger adds to that
    until = ended if later is None else min(ended, later)
    unit.cars.put_sources([SourceRow(tenant, vehicle_id, Provider.OBD.value, began, until, why="a logger's file")])


def _state(unit: Unit, tenant: str, vehicle_id: str, stays: Sequence[LoggedStay], now: datetime) -> None:
    """What the logger knew last, where nothing newer is known."""
    last = max((one for stay in stays for one in stay.samples if one.soc is not None), key=_at, default=None)
    before = unit.cars.state(tenant, vehicle_id)
    if last is None or (before is not None and before.at >= last.at):
        return
    row = CarStateRow(
        tenant, vehicle_id, last.at, now, PlugState.UNKNOWN, last.soc, 0.9, SocBasis.PERCENT,
        problems=("of a logger's file",),
    )  # fmt: skip
    unit.cars.put_states([row])


def _at(sample: Sample) -> datetime:
    return sample.at
