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

_SOON: Final = timedelta(minutes=45)
"""A visit shorter than this may be over before a car that could not push is read."""


def check(store: Store, done: Sequence[Done], until: datetime) -> list[str]:
    """What is broken: visits without a session, and energy that does not fit."""
    if not done:
        return []
    window = Interval(min(one.visit.plugged_at for one in done) - timedelta(hours=1), until)
    with store.reading() as unit:
        kept = [one for one in unit.sessions.within(TENANT, window) if one.unplugged_at is not None]
    return [
        *_checked(*_part(done, kept, by_cloud=False), STATION_SHARE),
        *_checked(*_part(done, kept, by_cloud=True), CLOUD_SHARE),
    ]


def _part(done: Sequence[Done], kept: Sequence[SessionRow], *, by_cloud: bool) -> tuple[list[Done], list[SessionRow]]:
    return (
        [one for one in done if one.visit.station.startswith(CAR_PREFIX) is by_cloud],
        [one for one in kept if one.device_id.startswith(CAR_PREFIX) is by_cloud],
    )


def _checked(done: list[Done], kept: list[SessionRow], share: float) -> list[str]:
    known = {(one.device_id, one.token.casefold()) for one in kept}
    broken = [
        f"{one.visit.visit_id}: no session is kept of it"
        for one in done
        if (one.visit.station, one.visit.token.casefold()) not in known and not _is_short(one)
    ]
    counted = sum(one.energy_kwh for one in done)
    delivered = sum(one.energy_kwh_delivered for one in kept)
    expected = sum(not _is_short(one) for one in done)
    if len(kept) < expected or abs(counted - delivered) > share * max(counted, 1.0) + 1.0:
        broken.append(
            f"{len(done)} visits with {counted:.1f} kWh by the meters where they charged are {len(kept)} sessions with "
            f"{delivered:.1f} kWh"
        )
    return broken


def _is_short(one: Done) -> bool:
    is_short = one.visit.leaves_at - one.visit.plugged_at < _SOON
    return is_short and one.visit.station.startswith(CAR_PREFIX)


def reached(store: Store, done: Sequence[Done], until: datetime) -> int:
    """How many of the visits at outlets the platform came to know through a cloud."""
    ours = [one for one in done if one.visit.station.startswith(CAR_PREFIX)]
    if not ours:
        return 0
    window = Interval(min(one.visit.plugged_at for one in ours) - timedelta(hours=1), until)
    with store.reading() as unit:
        kept = list(unit.sessions.within(TENANT, window))
    return sum(any(_is_of(session, one) for session in kept) for one in ours)


def _is_of(session: SessionRow, one: Done) -> bool:
    ended_at = session.unplugged_at or one.visit.leaves_at
    overlaps = session.plugged_at < one.visit.leaves_at and ended_at > one.visit.plugged_at
    return session.device_id == one.visit.station and overlaps
