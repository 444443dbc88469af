"""Look at what happens: readings of a device, plans, decisions, and why a session is given what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.base.instants import Interval
from evenload.domain.station_readings import Reading
from evenload.service.enrolment import known_device
from evenload.service.live_rows import DecisionRow, PlannedSession, PlanRow, SessionRow
from evenload.service.ports import Store
from evenload.service.refusals import NotFoundError
from evenload.service.rows import EventRow
from evenload.service.scope import Scope

READINGS_MAX: Final = 10_000
_WHY_DECISIONS: Final = 20


@dataclass(frozen=True, slots=True)
class MeanPower:
    """The mean of the powers metered in a step; ``samples`` is how many."""

    at: datetime
    duration_s: float
    power_kw: float
    samples: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a session is given what it is given: what the last plan says, and the last decisions, the latest first."""

    session: SessionRow
    plan: PlanRow | None
    planned: PlannedSession | None
    decisions: Sequence[DecisionRow]

    @property
    def steps(self) -> list[tuple[datetime, float]]:
        """Starts of the steps the last plan gives it, and mean power (kW)."""
        return _steps(self.plan, self.planned) if self.plan and self.planned else []

    @property
    def why(self) -> str:
        """One sentence."""
        if self.session.unplugged_at is not None:
            return "the car was unplugged"
        told = self.planned.why if self.planned else ""
        if not self.decisions:
            return told or "no plan holds it yet"
        last = self.decisions[0]
        if told and self.plan and last.at <= self.plan.made_at:
            return told
        return f"{last.why}; by the plan before that: {told}" if told and last.plan_id == "" else told or last.why


def _steps(plan: PlanRow, planned: PlannedSession) -> list[tuple[datetime, float]]:
    step = timedelta(minutes=plan.step_minutes)
    return [(plan.start + (planned.first_step + i) * step, power) for i, power in enumerate(planned.power_kw)]


def readings(scope: Scope, store: Store, device_id: str, window: Interval, count: int) -> Sequence[Reading]:
    """The last ``count`` readings of a device in a window, in order of time."""
    with store.reading() as unit:
        row = known_device(unit, scope.tenant, device_id)
        found = unit.readings.within(row.station, window, READINGS_MAX)
    return [one.reading for one in found if row.evse_id in (0, one.evse_id)][-count:]


def mean_powers(scope: Scope, store: Store, device_id: str, window: Interval, step_minutes: int) -> Sequence[MeanPower]:
    """Powers of a device as means of steps, which count from midnight UTC; steps without a reading are left out."""
    if window.hours * 60 / step_minutes > READINGS_MAX:
        raise InputError(f"that is more than {READINGS_MAX} steps: ask for a shorter window or longer steps")
    sums: dict[int, tuple[float, int]] = {}
    step_s = step_minutes * 60
    for one in readings(scope, store, device_id, window, READINGS_MAX):
        if one.power_kw is not None:
            place = int(one.at.timestamp() // step_s)
            total, samples = sums.get(place, (0.0, 0))
            sums[place] = (total + one.power_kw, samples + 1)
    zero = datetime.fromtimestamp(0, window.start.tzinfo)
    return [
        MeanPower(zero + timedelta(seconds=place * step_s), float(step_s), total / samples, samples)
        for place, (total, samples) in sorted(sums.items())
    ]


def plans(scope: Scope, store: Store, count: int) -> Sequence[PlanRow]:
    """The last plans without their sessions, the latest first."""
    with store.reading() as unit:
        return unit.plans.last(scope.tenant, count, only=())


def plan(scope: Scope, store: Store, plan_id: str) -> PlanRow:
    """One plan; the last with ``latest``."""
    with store.reading() as unit:
        if plan_id == "latest":
            row = next(iter(unit.plans.last(scope.tenant)), None)
        else:
            row = unit.plans.find(scope.tenant, plan_id)
    if row is None:
        raise NotFoundError("there is no plan yet" if plan_id == "latest" else f"there is no plan {plan_id!r}")
    return row


def decisions(
    scope: Scope, store: Store, count: int, *, device_id: str = "", session_id: str = "", before: int | None = None
) -> Sequence[DecisionRow]:
    """The last decisions, the latest first."""
    with store.reading() as unit:
        return unit.decisions.last(scope.tenant, count, device_id=device_id, session_id=session_id, before=before)


def explain(scope: Scope, store: Store, session_id: str) -> Explanation:
    """Why a session is given what it is given."""
    with store.reading() as unit:
        row = unit.sessions.find(scope.tenant, session_id)
        if row is None:
            raise NotFoundError(f"there is no session {session_id!r}")
        last = next(iter(unit.plans.last(scope.tenant, only=(session_id,))), None)
        told = unit.decisions.last(scope.tenant, _WHY_DECISIONS, session_id=session_id)
    planned = next((one for one in last.sessions if one.session_id == session_id), None) if last else None
    return Explanation(row, last, planned, told)


def events(scope: Scope, store: Store, after: int, count: int) -> Sequence[EventRow]:
    """Events that follow a number, in order."""
    with store.reading() as unit:
        return unit.events.after(scope.tenant, after, count)
