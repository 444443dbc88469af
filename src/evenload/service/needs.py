"""What a session needs and by when: as its driver said, else its vehicle, else what is usual for it or its site."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import time_zone
from evenload.domain.station_events import NeedDeclared
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow, VehicleRow

STAY_MIN: Final = timedelta(hours=1)
"""A car that comes less than this before its usual departure is supposed to stay until the day after."""

_SURE: Final = (NeedBasis.DRIVER, NeedBasis.VEHICLE)


def next_local(clock_time: str, zone: str, after: datetime) -> datetime:
    """The first instant after ``after`` at which clocks of a zone show ``HH:MM`` (in UTC).

    A time that a day leaves out is taken as the instant the clocks jump; of one it has twice, the first counts.
    """
    hour, minute = parse_clock_time(clock_time)
    local = after.astimezone(time_zone(zone))
    for days in range(3):
        day = local.date() + timedelta(days=days)
        wanted = datetime(day.year, day.month, day.day, hour, minute, tzinfo=local.tzinfo).astimezone(after.tzinfo)
        if wanted > after:
            return wanted
    raise AssertionError("a clock shows every time of day within two days")


def parse_clock_time(text: str) -> tuple[int, int]:
    """Hour and minute of ``HH:MM``; ``InputError`` for anything else."""
    hour, colon, minute = text.partition(":")
    if colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60 and len(minute) == 2:
        return int(hour), int(minute)
    raise InputError(f"{text!r} is not a time of day such as 07:00")


def name_of(device: DeviceRow, plugged_at: datetime) -> str:
    """The id of the session of a car plugged in at an instant."""
    return f"{device.device_id}@{plugged_at:%Y%m%dT%H%M%S}"


def begun(device: DeviceRow, site: SiteRow, vehicle: VehicleRow | None, plugged_at: datetime) -> SessionRow:
    """A session of a car that was just plugged in, with what is known of its need without being told."""
    session = SessionRow(
        device.tenant, name_of(device, plugged_at), device.device_id, device.site_id, plugged_at, plugged_at + STAY_MIN,
        site.energy_kwh_usual, energy_kwh_minimum=site.energy_kwh_minimum,
    )  # fmt: skip
    return supposed(session, site, vehicle)


def supposed(session: SessionRow, site: SiteRow, vehicle: VehicleRow | None) -> SessionRow:
    """A session with what is usual for its vehicle and site, but not in place of what was said."""
    if vehicle is not None:
        session = replace(
            session, vehicle_id=vehicle.vehicle_id, power_kw_max=vehicle.power_kw_max or session.power_kw_max
        )
    if session.basis in _SURE:
        return session
    ready_by = (vehicle.ready_by if vehicle else "") or site.ready_by
    departs_at = next_local(ready_by, site.timezone, session.plugged_at + STAY_MIN)
    usual_kwh = vehicle.energy_kwh_usual if vehicle else None
    minimum_kwh = vehicle.energy_kwh_minimum if vehicle else None
    return replace(
        session, departs_at=departs_at, energy_kwh=site.energy_kwh_usual if usual_kwh is None else usual_kwh,
        energy_kwh_minimum=site.energy_kwh_minimum if minimum_kwh is None else minimum_kwh,
        basis=NeedBasis.USUAL if vehicle and (vehicle.ready_by or usual_kwh is not None) else NeedBasis.SITE,
    )  # fmt: skip


def told_by_vehicle(session: SessionRow, need: NeedDeclared) -> SessionRow:
    """A session after its vehicle said what it still needs; a driver's word stands above it."""
    session = replace(
        session, power_kw_max=need.power_kw_max or session.power_kw_max,
        soc=session.soc if need.soc is None else need.soc,
    )  # fmt: skip
    if session.basis is NeedBasis.DRIVER or (need.energy_kwh is None and need.departs_at is None):
        return session
    departs_at = need.departs_at if need.departs_at and need.departs_at > session.plugged_at else session.departs_at
    missing = None if need.energy_kwh is None else need.energy_kwh + session.energy_kwh_delivered
    return replace(
        session, departs_at=departs_at, energy_kwh=session.energy_kwh if missing is None else missing,
        basis=NeedBasis.VEHICLE,
    )  # fmt: skip
