"""What a session needs and by when: as its driver said of it, or wishes in advance, else its vehicle, else what is
usual for it or its site.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import time_zone
from evenload.domain.station_events import NeedDeclared
from evenload.service.driver_rows import ChoiceRow, WishRow
from evenload.service.live_rows import DeviceRow, NeedBasis, SessionRow, SiteRow, VehicleRow

STAY_MIN: Final = timedelta(hours=1)
"""A car that comes less than this before its usual departure is supposed to stay until the day after."""

EFFICIENCY: Final = 0.9
"""What arrives in a battery of what flows through a connector: states of charge are at the battery, needs are not."""

_SURE: Final = (NeedBasis.DRIVER, NeedBasis.VEHICLE)
_DAYS_OF_A_WEEK: Final = 7
_ALIKE_KWH: Final = 0.5
_ALIKE_SHARE: Final = 0.02
_FULL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Said:
    """What the driver of a vehicle said in advance: a wish, and a choice that holds now and keeps it to the minimum.

    ``kwh_told`` is what the vehicle says that it can take still, at the connector.
    """

    wish: WishRow | None = None
    hold: ChoiceRow | None = None
    kwh_told: float | None = None


NOTHING_SAID: Final = Said()


def next_local(clock_time: str, zone: str, after: datetime) -> datetime:
    """The first instant after ``after`` at which clocks of a zone show ``HH:MM`` (in UTC).

    A time that a day leaves out is taken as the instant the clocks jump; of one it has twice, the first counts.
    """
    found = next_of_week((clock_time,) * _DAYS_OF_A_WEEK, zone, after)
    if found is None:
        raise InputError(f"{clock_time!r} is not a time of day such as 07:00")
    return found


def next_of_week(clock_times: Sequence[str], zone: str, after: datetime) -> datetime | None:
    """The first instant after ``after`` that a week's times name (from Monday, ``""`` for none); ``None`` for no time.

    Times are those of a zone's clocks, on days of 23 and 25 hours as in ``next_local``.
    """
    local = after.astimezone(time_zone(zone))
    for days in range(_DAYS_OF_A_WEEK + 2):
        day = local.date() + timedelta(days=days)
        clock_time = clock_times[day.weekday()]
        if not clock_time:
            continue
        hour, minute = parse_clock_time(clock_time)
        wanted = datetime(day.year, day.month, day.day, hour, minute, tzinfo=local.tzinfo).astimezone(after.tzinfo)
        if wanted > after:
            return wanted
    return None


def parse_clock_time(text: str) -> tuple[int, int]:
    """Hour and minute of ``HH:MM``; ``InputError`` for anything else."""
    hour, colon, minute = text.partition(":")
    if colon and hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60 and len(minute) == 2:
        return int(hour), int(minute)
    raise InputError(f"{text!r} is not a time of day such as 07:00")


def name_of(device: DeviceRow, plugged_at: datetime) -> str:
    """The id of the session of a car plugged in at an instant."""
    return f"{device.device_id}@{plugged_at:%Y%m%dT%H%M%S}"


def begun(
    device: DeviceRow, site: SiteRow, vehicle: VehicleRow | None, plugged_at: datetime, said: Said = NOTHING_SAID
) -> SessionRow:
    """A session of a car that was just plugged in, with what is known of its need without being told."""
    session = SessionRow(
        device.tenant, name_of(device, plugged_at), device.device_id, device.site_id, plugged_at, plugged_at + STAY_MIN,
        site.energy_kwh_usual, energy_kwh_minimum=site.energy_kwh_minimum,
    )  # fmt: skip
    return supposed(session, site, vehicle, said)


def supposed(
    session: SessionRow, site: SiteRow, vehicle: VehicleRow | None, said: Said = NOTHING_SAID,
    since: datetime | None = None,
) -> SessionRow:  # fmt: skip
    """A session with what its driver wishes in advance, or is usual for its vehicle and site, but not in place of what
    was said of this stay. Its departure is the next one after ``since``, or after it was plugged in.
    """
    if vehicle is not None:
        session = replace(
            session, vehicle_id=vehicle.vehicle_id, power_kw_max=vehicle.power_kw_max or session.power_kw_max
        )
    if said.hold is None and session.basis is NeedBasis.DRIVER:
        return session
    after = max(session.plugged_at + STAY_MIN, since or session.plugged_at)
    if said.wish is not None or said.hold is not None:
        return _wished(session, site, vehicle, said, after)
    if session.basis in _SURE:
        return session
    departs_at = next_local((vehicle.ready_by if vehicle else "") or site.ready_by, site.timezone, after)
    usual_kwh, minimum_kwh = _usual(site, vehicle)
    is_known = vehicle is not None and bool(vehicle.ready_by or vehicle.energy_kwh_usual is not None)
    return replace(
        session, departs_at=departs_at, energy_kwh=usual_kwh, energy_kwh_minimum=minimum_kwh,
        basis=NeedBasis.USUAL if is_known else NeedBasis.SITE,
    )  # fmt: skip


def told_by_vehicle(session: SessionRow, need: NeedDeclared) -> SessionRow:
    """A session after its vehicle said what it still needs; a driver's word and wish stand above it."""
    session = replace(session, power_kw_max=need.power_kw_max or session.power_kw_max)
    session = session if need.soc is None else with_soc(session, need.soc)
    says_nothing = need.energy_kwh is None and need.departs_at is None
    if session.basis in (NeedBasis.DRIVER, NeedBasis.WISH) or says_nothing:
        return session
    departs_at = need.departs_at if need.departs_at and need.departs_at > session.plugged_at else session.departs_at
    missing = None if need.energy_kwh is None else need.energy_kwh + session.energy_kwh_delivered
    return replace(
        session, departs_at=departs_at, energy_kwh=session.energy_kwh if missing is None else missing,
        basis=NeedBasis.VEHICLE,
    )  # fmt: skip


def is_alike(before: SessionRow, after: SessionRow, battery_kwh: float | None) -> bool:
    """Whether two needs differ by no more than a state of charge in whole percents lets them jitter."""
    if (before.departs_at, before.basis) != (after.departs_at, after.basis):
        return False
    if after.energy_kwh <= after.energy_kwh_delivered < before.energy_kwh:
        return False  # it has what was wished for
    alike_kwh = max(_ALIKE_KWH, _ALIKE_SHARE * (battery_kwh or 0.0))
    apart_kwh = (after.energy_kwh - before.energy_kwh, after.energy_kwh_minimum - before.energy_kwh_minimum)
    return all(abs(one) <= alike_kwh for one in apart_kwh)


def _usual(site: SiteRow, vehicle: VehicleRow | None) -> tuple[float, float]:
    """What a stay needs that nobody spoke of, and what of it at once (kWh at the connector)."""
    usual_kwh = vehicle.energy_kwh_usual if vehicle else None
    minimum_kwh = vehicle.energy_kwh_minimum if vehicle else None
    return (
        site.energy_kwh_usual if usual_kwh is None else usual_kwh,
        site.energy_kwh_minimum if minimum_kwh is None else minimum_kwh,
    )


def _wished(
    session: SessionRow, site: SiteRow, vehicle: VehicleRow | None, said: Said, after: datetime
) -> SessionRow:  # fmt: skip
    """A session as its driver wishes it in advance, or no more than the minimum while a choice holds it back."""
    energy_kwh, minimum_kwh = wished_kwh(session, site, vehicle, said)
    if said.hold is not None:
        energy_kwh, after = minimum_kwh, max(after, said.hold.end or after)
    week = said.wish.ready_by if said.wish else ()
    departs_at = next_of_week(week, site.timezone, after) if any(week) else None
    if departs_at is None:
        departs_at = next_local((vehicle.ready_by if vehicle else "") or site.ready_by, site.timezone, after)
    return replace(
        session, departs_at=departs_at, energy_kwh=energy_kwh, energy_kwh_minimum=minimum_kwh, basis=NeedBasis.WISH
    )


def wished_kwh(session: SessionRow, site: SiteRow, vehicle: VehicleRow | None, said: Said) -> tuple[float, float]:
    """What a driver wishes for in all since plug-in, and what of it at once (kWh at the connector)."""
    wish = said.wish
    usual_kwh, minimum_kwh = _usual(site, vehicle)
    battery_kwh = vehicle.battery_kwh if vehicle else None
    energy_kwh = usual_kwh if said.kwh_told is None else said.kwh_told + session.energy_kwh_delivered
    if wish is None:
        return energy_kwh, min(minimum_kwh, energy_kwh)
    if wish.energy_kwh is not None:
        energy_kwh = wish.energy_kwh
    if battery_kwh is not None:
        full_kwh = battery_kwh / EFFICIENCY
        target = _FULL if wish.soc_target is None else wish.soc_target
        start = soc_at_plug_in(session, battery_kwh)
        if start is None:  # as full as it is usually when it comes
            start = max(target - min(usual_kwh, target * full_kwh) / full_kwh, 0.0)
        if wish.soc_target is not None:
            energy_kwh = max(target - start, 0.0) * full_kwh
        if wish.soc_minimum is not None:
            minimum_kwh = max(wish.soc_minimum - start, 0.0) * full_kwh
    if said.kwh_told is not None:
        energy_kwh = min(energy_kwh, said.kwh_told + session.energy_kwh_delivered)
    if wish.energy_kwh_minimum is not None:
        minimum_kwh = wish.energy_kwh_minimum
    if wish.energy_kwh_minimum is None and wish.soc_minimum is None:
        minimum_kwh = min(minimum_kwh, energy_kwh)  # nobody asked for it
    return max(energy_kwh, minimum_kwh), minimum_kwh


def soc_at_plug_in(session: SessionRow, battery_kwh: float) -> float | None:
    """The state of charge a stay began with, out of the last that the car told and what was delivered until now."""
    if session.soc is None:
        return None
    return session.soc - session.energy_kwh_at_soc * EFFICIENCY / battery_kwh


def with_soc(session: SessionRow, soc: float) -> SessionRow:
    """A session whose car told its state of charge now."""
    return replace(session, soc=soc, energy_kwh_at_soc=session.energy_kwh_delivered)
