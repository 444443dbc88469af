"""What the platform knows of visits that ended, against what the meters where they charged counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from evenload.app.town.enrol import TENANT
from evenload.base.instants import Interval
from evenload.domain.vehicle_state import CAR_PREFIX
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store
from evenload.simulate.town_drivers import Done

STATION_SHARE: Final = 0.01
CLOUD_SHARE: Final = 0.1
"""So far may energy be off that cars tell in whole per cent, now and then, and that is interpolated between."""

MISSED_SHARE: Final = 0.1
"""So many visits at outlets may stay unknown, and one in any case: a webhook gets lost, and a car that is gone before
its turn to be read comes was never there."""


def check(store: Store, done: Sequence[Done], until: datetime) -> list[str]:
    """What is broken: visits without a session, and energy that does not fit."""
    if not done:
        return []
    kept = _kept(store, done, until)
    at_stations = [one for one in done if not one.visit.station.startswith(CAR_PREFIX)]
    ended = [one for one in kept if one.unplugged_at is not None and not one.device_id.startswith(CAR_PREFIX)]
    return [*_at_stations(at_stations, ended), *_at_outlets([one for one in done if one not in at_stations], kept)]


def _kept(store: Store, done: Sequence[Done], until: datetime) -> list[SessionRow]:
    window = Interval(min(one.visit.plugged_at for one in done) - timedelta(hours=1), until)
    with store.reading() as unit:
        return list(unit.sessions.within(TENANT, window))


def _at_stations(done: list[Done], kept: list[SessionRow]) -> list[str]:
    known = {(one.device_id, one.token.casefold()) for one in kept}
    broken = [
        f"{one.visit.visit_id}: no session is kept of it"
        for one in done
        if (one.visit.station, one.visit.token.casefold()) not in known
    ]
    counted, delivered = sum(one.energy_kwh for one in done), sum(one.energy_kwh_delivered for one in kept)
    if len(kept) < len(done) or abs(counted - delivered) > STATION_SHARE * max(counted, 1.0) + 1.0:
        broken.append(
            f"{len(done)} visits with {counted:.1f} kWh by the stations' meters are {len(kept)} sessions with "
            f"{delivered:.1f} kWh"
        )
    return broken


def _at_outlets(done: list[Done], kept: list[SessionRow]) -> list[str]:
    """That a car left may come to be known late, so a session that still goes on counts too."""
    found = {one.visit.visit_id: _sessions_of(one, kept) for one in done}
    missed = sum(not one for one in found.values())
    counted = sum(one.energy_kwh for one in done if found[one.visit.visit_id])
    sessions = {one.session_id: one for of in found.values() for one in of}
    delivered = sum(one.energy_kwh_delivered for one in sessions.values())
    if missed > max(1.0, MISSED_SHARE * len(done)) or abs(counted - delivered) > CLOUD_SHARE * counted + 1.0:
        return [
            f"of {len(done)} visits at outlets {missed} were not known; the others' {counted:.1f} kWh are "
            f"{delivered:.1f} kWh of sessions"
        ]
    return []


def reached(store: Store, done: Sequence[Done], until: datetime) -> int:
    """How many of the visits at outlets the platform came to know through a cloud."""
    ours = [one for one in done if one.visit.station.startswith(CAR_PREFIX)]
    kept = _kept(store, ours, until) if ours else []
    return sum(bool(_sessions_of(one, kept)) for one in ours)


def _sessions_of(one: Done, kept: Sequence[SessionRow]) -> list[SessionRow]:
    visit = one.visit
    return [
        session for session in kept
        if session.device_id == visit.station and session.plugged_at < visit.leaves_at
        and (session.unplugged_at is None or session.unplugged_at > visit.plugged_at)
    ]  # fmt: skip
