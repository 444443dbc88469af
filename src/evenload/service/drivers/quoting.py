"""What a boost or an opt-out would cost, before it is made: an estimate from the plan and the prices that are known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from evenload.base.instants import Interval
from evenload.service.drivers import owning, promising
from evenload.service.drivers.choosing import plugged_in
from evenload.service.drivers.history import Values, slots_of
from evenload.service.drivers.standing import going_on
from evenload.service.live_rows import PlannedSession, PlanRow, SessionRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

_SLOT = timedelta(minutes=15)
_AHEAD = timedelta(days=3)
Flow = Iterator[tuple[datetime, float]]
"""Quarter hours and energy in them (kWh)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What the rest of a stay costs as planned, and at once; ``None`` where a price of then is not known.

    All are estimates: plans change, and at once is at full power, which other cars may leave no room for.
    """

    session_id: str
    vehicle_id: str
    energy_kwh: float
    cost_planned_estimate: float | None
    cost_at_once_estimate: float | None
    carbon_g_planned_estimate: float | None
    carbon_g_at_once_estimate: float | None
    ready_at_planned: datetime | None
    ready_at_once: datetime | None
    currency: str
    gaps: tuple[str, ...] = ()

    @property
    def cost_more_estimate(self) -> float | None:
        """What it costs more."""
        if self.cost_at_once_estimate is None or self.cost_planned_estimate is None:
            return None
        return self.cost_at_once_estimate - self.cost_planned_estimate

    @property
    def carbon_g_more_estimate(self) -> float | None:
        """What it emits more."""
        if self.carbon_g_at_once_estimate is None or self.carbon_g_planned_estimate is None:
            return None
        return self.carbon_g_at_once_estimate - self.carbon_g_planned_estimate


def quote(scope: Scope, store: Store, driver_id: str, now: datetime, vehicle_id: str = "") -> Quote:
    """What charging the rest at once would cost of the car that is plugged in; nothing is changed."""
    with store.reading() as unit:
        driver = owning.seen(unit, scope, driver_id)
        name = plugged_in(unit, driver, vehicle_id, now)
        session = going_on(unit, driver.tenant, [name], now)[-1]
        return _quote(unit, session, now)


def _quote(unit: Unit, session: SessionRow, now: datetime) -> Quote:
    tenant, missing = session.tenant, max(session.energy_kwh - session.energy_kwh_delivered, 0.0)
    window = Interval(now - _SLOT, max(now + _AHEAD, session.departs_at))
    values = Values.of(unit.signals.within(tenant, window), session.site_id)
    plan = next(iter(unit.plans.last(tenant, only=(session.session_id,))), None)
    planned = next((one for one in plan.sessions if one.session_id == session.session_id), None) if plan else None
    power_kw = promising.full_kw(unit, session)
    at_once = list(_at_once(missing, power_kw, now))
    gaps = []
    if plan is None or planned is None:
        gaps.append("no plan holds this car yet, so what it would cost otherwise is not known")
        as_planned = None
    else:
        as_planned = list(_as_planned(plan, planned, missing, now))
        short = missing - sum(kwh for _, kwh in as_planned)
        if short > 0.1:
            gaps.append(f"the plan leaves {short:.1f} kWh out, which at once would be charged too")
    if any(values.price.get(at) is None for at, _ in [*at_once, *(as_planned or ())]):
        gaps.append("some prices of then are not known")
    return Quote(
        session.session_id, session.vehicle_id, missing, _sum(as_planned, values.price), _sum(at_once, values.price),
        _sum(as_planned, values.carbon), _sum(at_once, values.carbon),
        as_planned[-1][0] + _SLOT if as_planned else None,
        now + timedelta(hours=missing / power_kw) if 0 < power_kw < inf else None, values.currency, tuple(gaps),
    )  # fmt: skip


def _sum(flow: list[tuple[datetime, float]] | None, values: Mapping[datetime, float]) -> float | None:
    if flow is None:
        return None
    told = [(kwh, values.get(at)) for at, kwh in flow]
    return None if any(one is None for _, one in told) else sum(kwh * (one or 0.0) for kwh, one in told)


def _at_once(missing_kwh: float, power_kw: float, now: datetime) -> Flow:
    at, left = now, missing_kwh
    while left > 1e-9 and 0 < power_kw < inf:
        slot = next(slots_of(Interval(at, at + timedelta(seconds=1))))
        kwh = min(left, power_kw * (slot + _SLOT - at).total_seconds() / 3600)
        yield slot, kwh
        at, left = slot + _SLOT, left - kwh


def _as_planned(plan: PlanRow, planned: PlannedSession, missing_kwh: float, now: datetime) -> Flow:
    """What a plan gives from now on, by quarter hour, no more than is missing."""
    step, left = timedelta(minutes=plan.step_minutes), missing_kwh
    for place, kw in enumerate(planned.power_kw):
        start = plan.start + (planned.first_step + place) * step
        for slot in slots_of(Interval(start, start + step)):
            first, last = max(slot, start, now), min(slot + _SLOT, start + step)
            kwh = min(left, kw * (last - first).total_seconds() / 3600) if last > first else 0.0
            if kwh > 0:
                left -= kwh
                yield slot, kwh
