"""Cars as they are now: how many do what, and the few that are worth a look, with why."""

from collections import Counter
from datetime import datetime
from typing import Final

from evenload.app.view import LiveView
from evenload.service.control import Decision
from evenload.service.live_rows import PlannedSession, SessionRow
from evenload.service.live_state import CarNow, CarsNow
from evenload.service.planned_cars import is_full, missing_kwh
from evenload.service.snapshot import Snapshot, Trust

NOTED_MAX: Final = 20
_DRAWS_KW: Final = 0.1
_LACKS_KWH: Final = 0.5
_MARKED: Final = ("late", "overdue", "opted_out", *(one.value for one in Trust), "boosted")
"""What makes a car worth a look, the most unusual first."""


def cars_now(decision: Decision, seen: Snapshot, view: LiveView, now: datetime) -> CarsNow:
    """All cars that are plugged in."""
    planned = {one.session_id: one for one in decision.plan.sessions}
    hours = decision.plan.step_minutes / 60
    cars = [
        _car(one, seen, planned.get(one.session_id), hours, view, now)
        for one in seen.sessions if one.device_id in seen.devices
    ]  # fmt: skip
    states = Counter(one.state for one in cars)
    marks = Counter(mark for one in cars for mark in one.marks)
    return CarsNow(
        len(cars), states["charging"], states["waiting"], states["full"], marks["opted_out"], marks["boosted"],
        marks["late"], {one.value: marks[one.value] for one in Trust if marks[one.value]},
        tuple(sorted(cars, key=_worth)[:NOTED_MAX]),
    )  # fmt: skip


def _worth(car: CarNow) -> tuple[bool, int, float, datetime]:
    """Those that want something before those that do not; unusual ones first, then those that leave soonest."""
    rank = min((_MARKED.index(mark) for mark in car.marks), default=len(_MARKED))
    return car.state == "full", rank, -car.lacking_kwh, car.departs_at


def _car(
    session: SessionRow, seen: Snapshot, planned: PlannedSession | None, hours: float, view: LiveView, now: datetime
) -> CarNow:
    state = seen.devices[session.device_id]
    device = state.device
    metered = view.power.get((device.station, device.evse_id))
    power_kw = metered.power_kw if metered is not None and metered.at >= session.plugged_at else 0.0
    missing = missing_kwh(session, seen)
    # who cannot be told anything is not planned for, and who should be gone is served as it goes
    lacking = max(missing - sum(planned.power_kw) * hours, 0.0) if planned and session.departs_at > now else 0.0
    lacking = lacking if lacking > _LACKS_KWH else 0.0
    marks = [
        *(["late"] if lacking else []),
        *(["overdue"] if session.departs_at <= now and missing > _LACKS_KWH else []),
        *(["opted_out"] if session.opted_out else []),
        *([state.trust.value] if state.trust is not Trust.CONTROLLED else []),
        *(["boosted"] if session.boosted else []),
    ]
    charges = power_kw > _DRAWS_KW
    why = state.trust.sentence if state.trust is not Trust.CONTROLLED else planned.why if planned else ""
    return CarNow(
        session.session_id, session.device_id, session.site_id, session.vehicle_id,
        "charging" if charges else "full" if is_full(session, seen) or missing <= 0 else "waiting",
        tuple(marks), round(power_kw, 2), round(session.energy_kwh, 2), round(session.energy_kwh_delivered, 2),
        round(lacking, 2), session.departs_at, why,
    )  # fmt: skip
