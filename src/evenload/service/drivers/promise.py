"""What a car will have when it leaves: out of power and time at once, out of the plan as soon as there is one (R46)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.base.instants import Interval, time_zone
from evenload.service.live_rows import PlannedSession, PlanRow, SessionRow
from evenload.service.needs import EFFICIENCY, soc_at_plug_in

TIME_TOO_SHORT: Final = "even at full power the time is too short"
NO_POWER: Final = "nothing can be charged until then"
NO_ROOM: Final = "there is no room for more until then"
_ENOUGH_KWH: Final = 0.1
_STEP: Final = timedelta(minutes=5)
_STEPS_MAX: Final = 12 * 24 * 4
_SHORT: Final = re.compile(r"kWh short: ([^;]+)")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a car will have by its departure, counted from plug-in at the connector, against what is wanted.

    ``ready_at`` is when all that is wanted will be there, ``None`` where nobody knows. States of charge are 0 to 1,
    ``None`` where the car does not tell its own.
    """

    by: datetime
    energy_kwh: float
    energy_kwh_wanted: float
    ready_at: datetime | None
    reason: str = ""
    soc: float | None = None
    soc_wanted: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it has what is wanted by then."""
        return self.energy_kwh >= self.energy_kwh_wanted - _ENOUGH_KWH


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that a circuit above the car carries in a time (kW), and what to call it."""

    window: Interval
    power_kw: float
    name: str


def estimate_of(
    session: SessionRow, power_kw: float, battery_kwh: float | None, now: datetime, ceilings: Sequence[Ceiling] = ()
) -> Outlook:
    """The best that can be from now on at full power (kW), where no other car takes any of what circuits carry."""
    wanted = session.energy_kwh
    missing = max(wanted - session.energy_kwh_delivered, 0.0)
    got, ready_at = _filled(missing, power_kw, now, session.departs_at, ceilings)
    reason = ""
    if got < missing - _ENOUGH_KWH:
        alone, _ = _filled(missing, power_kw, now, session.departs_at, ())
        names = sorted({one.name for one in ceilings if one.window.start < session.departs_at})
        is_time = alone < missing - _ENOUGH_KWH or not names
        reason = NO_POWER if power_kw <= 0 else TIME_TOO_SHORT if is_time else f"{' and '.join(names)} carries no more"
    return _outlook(session, session.energy_kwh_delivered + got, ready_at, reason, battery_kwh)


def outlook_of_plan(
    session: SessionRow, plan: PlanRow, planned: PlannedSession, power_kw: float, battery_kwh: float | None
) -> Outlook:
    """What a plan gives a session by its departure; one that leaves after the plan's end is taken to its end."""
    step, wanted = timedelta(minutes=plan.step_minutes), session.energy_kwh
    hours, sum_kwh, ready_at = plan.step_minutes / 60.0, session.energy_kwh_delivered, None
    if sum_kwh >= wanted - _ENOUGH_KWH:
        ready_at = plan.made_at
    for place, kw in enumerate(planned.power_kw):
        start = plan.start + (planned.first_step + place) * step
        if ready_at is None and kw > 0 and sum_kwh + kw * hours >= wanted - _ENOUGH_KWH:
            ready_at = start + timedelta(hours=max(wanted - sum_kwh, 0.0) / kw)
        sum_kwh += kw * hours
    energy_kwh = min(sum_kwh, max(wanted, session.energy_kwh_delivered))
    missing, reason = wanted - energy_kwh, ""
    if missing > _ENOUGH_KWH:
        told = _SHORT.search(planned.why)
        reason = told[1].strip() if told else NO_ROOM
        ready_at = session.departs_at + timedelta(hours=missing / power_kw) if power_kw > 0 else None
    return _outlook(session, energy_kwh, ready_at, reason, battery_kwh)


def sentence(found: Outlook, zone: str, now: datetime) -> str:
    """An outlook in the driver's words and local time."""
    by, energy = told_time(found.by, zone, now), f"{found.energy_kwh:.0f} kWh"
    if found.soc is None or found.soc_wanted is None:
        has, wanted = f"have charged {energy}", f"{found.energy_kwh_wanted:.0f} kWh"
    else:
        has, wanted = (
            f"have {found.soc:.0%} ({energy})".replace("%", " %"),
            f"{found.soc_wanted:.0%}".replace("%", " %"),
        )
    if found.is_met:
        return f"Your car will {has} by {by}."
    later = f"; {wanted} by {told_time(found.ready_at, zone, now)}" if found.ready_at else ""
    return f"Your car will {has} by {by}, not {wanted}: {found.reason}{later}."


def told_time(at: datetime, zone: str, now: datetime) -> str:
    """A time of day by a zone's clocks, with its weekday where it is not within a day, its date not within a week."""
    local = at.astimezone(time_zone(zone))
    ahead = abs(at - now)
    if ahead < timedelta(hours=20):
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if ahead < timedelta(days=6) else f"{local:%a %-d %b %H:%M}"


def _outlook(
    session: SessionRow, energy_kwh: float, ready_at: datetime | None, reason: str, battery_kwh: float | None
) -> Outlook:
    start = soc_at_plug_in(session, battery_kwh) if battery_kwh else None
    soc = wanted = None
    if start is not None and battery_kwh:
        soc, wanted = (
            min(max(start + kwh * EFFICIENCY / battery_kwh, 0.0), 1.0) for kwh in (energy_kwh, session.energy_kwh)
        )
    return Outlook(session.departs_at, energy_kwh, session.energy_kwh, ready_at, reason, soc, wanted)


def _filled(
    missing_kwh: float, power_kw: float, now: datetime, departs_at: datetime, ceilings: Sequence[Ceiling]
) -> tuple[float, datetime | None]:
    """What of a need is charged by departure at full power (kWh), and when all of it will be."""
    at, got, by_departure = now, 0.0, 0.0
    for _ in range(_STEPS_MAX):
        if got >= missing_kwh:
            break
        end = at + _STEP if at >= departs_at else min(at + _STEP, departs_at)
        kw = min([power_kw, *(max(one.power_kw, 0.0) for one in ceilings if at in one.window)], default=inf)
        hours = (end - at).total_seconds() / 3600
        if kw > 0 and got + kw * hours >= missing_kwh:
            at, got = at + timedelta(hours=(missing_kwh - got) / kw), missing_kwh
        else:
            at, got = end, got + kw * hours
        if at <= departs_at:
            by_departure = got
    return by_departure, at if got >= missing_kwh else None
