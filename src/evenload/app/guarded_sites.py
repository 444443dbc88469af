"""Sites that the guard looks after: what they may draw, which cars are there, and what is said of them."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Final

import numpy as np

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.service.guard import Guarded, Metered, Sight
from evenload.service.live_rows import DeviceRow, SessionRow, SiteRow
from evenload.service.ports import Unit
from evenload.service.problem_of import HOURS_AHEAD, horizon_at
from evenload.service.snapshot import Expected

_log = logging.getLogger("evenload.app.guard")

_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class GuardedSite:
    """A site with a meter: what it may draw, its devices with cars now, and what its connection is made for (kW)."""

    site: SiteRow
    limit_kw: float
    cars: tuple[tuple[DeviceRow, SessionRow], ...]
    rated_kw: float


def fallback_kw_of(device: DeviceRow) -> float:
    """What a device may draw that nobody tells anything: all it can where nothing was chosen."""
    return device.power_kw_max if device.fallback_kw is None else device.fallback_kw


def say(one: GuardedSite, before: Guarded, after: Guarded) -> None:
    """Log what changed in what the guard sees."""
    key = (one.site.tenant, one.site.site_id)
    if after.sight is not before.sight:
        level = logging.INFO if after.sight is Sight.CLEAR else logging.ERROR
        _log.log(level, "tenant=%s site=%s event=guard_sight sight=%s: %s", *key, after.sight, after.sight.sentence)
    if (after.over_since is None) is not (before.over_since is None):
        _log.warning("tenant=%s site=%s event=%s limit_kw=%.2f", *key,
                     "over_limit" if after.over_since else "below_limit", one.limit_kw)  # fmt: skip


def why_of(one: GuardedSite, state: Guarded) -> str:
    """Why the guard does what it does, in a sentence."""
    metered: Metered | None = state.metered
    if state.sight is not Sight.CLEAR or metered is None:
        held = "cars are held at their fallbacks, those without one at 0"
        return f"guard at {one.site.site_id}: {state.sight.sentence}; {held}"
    over_kw = metered.power_kw - one.limit_kw
    side = f"{over_kw:.1f} kW above" if over_kw > 0 else f"{-over_kw:.1f} kW below"
    return f"guard at {one.site.site_id}: {metered.power_kw:.1f} kW, {side} its limit of {one.limit_kw:.1f} kW"


def guarded_sites(unit: Unit, tenant: str, now: datetime) -> Iterable[GuardedSite]:
    """Sites of a tenant that have a meter, with the limit that holds now."""
    sites = [one for one in unit.sites.of(tenant) if one.meter]
    if not sites:
        return
    limits = unit.limits.within(tenant, Interval(now, now + _MOMENT))
    sessions = {one.device_id: one for one in unit.sessions.going_on(tenant)}
    for site in sites:
        circuit = unit.circuits.find(tenant, site.site_id)
        posted = [one.limit_kw for one in limits if one.node == site.site_id]
        guard_kw = inf if site.guard_kw is None else site.guard_kw
        limit_kw = min([circuit.limit_kw if circuit else inf, guard_kw, *posted])
        cars = tuple(
            (device, sessions[device.device_id])
            for device in unit.devices.of(tenant, site_id=site.site_id)
            if device.managed and device.device_id in sessions
        )
        yield GuardedSite(site, limit_kw, cars, _rated_kw(circuit, guard_kw))


def _rated_kw(circuit: Circuit | None, guard_kw: float) -> float:
    """What a connection is made for (kW), whatever is allowed now: its limit, its rating, or what the guard keeps."""
    told = (circuit.limit_kw, circuit.rating_kva) if circuit else ()
    return next((kw for kw in told if 0 < kw < inf), guard_kw)


def steady(site_id: str, base_kw: float, now: datetime) -> Expected:
    """That a site goes on to draw beside its cars what it draws now: all that is known where nobody forecasts."""
    horizon = horizon_at(now, hours=HOURS_AHEAD + 1)
    load_kw = np.full((1, horizon.steps), max(base_kw, 0.0))
    return Expected((site_id,), horizon.start, horizon.step_minutes, load_kw, basis={site_id: "its meter now"})
