"""What goes on now, put together from what is in memory: the view, the last plan, the forecast, the guard."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final

from evenload.app.brain import Brain, Tenant
from evenload.app.forecasting import Forecasting
from evenload.app.guarding import Guarding
from evenload.app.state_cars import cars_now
from evenload.app.state_circuits import Ground, ahead_of, circuits_now, head_of
from evenload.app.view import LiveView
from evenload.service.control import Decision
from evenload.service.guard import Sight
from evenload.service.live_rows import SignalRow
from evenload.service.live_state import (
    Ahead,
    CircuitNow,
    GuardNow,
    LiveHistory,
    LiveState,
    OverAhead,
    PlanNow,
    PostedNow,
    PriceNow,
)
from evenload.service.snapshot import Snapshot

UNMANAGED_EV_KW: Final = "unmanaged_ev_kw"
"""The name in ``extra`` of what all cars would draw now if nobody managed them."""

_SAMPLED: Final = timedelta(minutes=5)
_KEPT: Final = 24 * 12
_LOOK_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """Where it all is."""

    view: LiveView
    brain: Brain
    forecasting: Forecasting
    guarding: Guarding


@dataclass(frozen=True, slots=True)
class _Sample:
    at: datetime
    load_kw: float
    ev_kw: float
    limit_kw: float | None
    price_per_kwh: float | None
    unmanaged_kw: float | None


@dataclass(slots=True)
class _Kept:
    """What is kept of a tenant: the last day, and what its last plan expects ahead, which is worked out once."""

    node: str = ""
    based: bool = False
    samples: deque[_Sample] = field(default_factory=lambda: deque(maxlen=_KEPT))
    sampled_at: datetime | None = None
    ahead: tuple[str, Ahead] | None = None


class LiveStates:
    """States of tenants, without a look at the store; ``extra`` is filled by whoever runs it. ``of`` and ``history``
    are for any thread."""

    def __init__(
        self, parts: Parts, clock: Callable[[], datetime], quantile: float, notes: tuple[str, ...] = ()
    ) -> None:  # fmt: skip
        self.extra: dict[str, Mapping[str, Any]] = {}
        self._parts = parts
        self._clock = clock
        self._quantile = quantile
        self._notes = notes
        self._kept = {name: _Kept() for name in parts.brain.tenants}

    def of(self, tenant: str) -> LiveState:
        """What goes on with a tenant; little where nothing was planned for it yet."""
        now = self._clock()
        kept = self._parts.brain.tenants.get(tenant)
        extra = self.extra.get(tenant, {})
        guards = self._guards(tenant)
        faults = self._faults(tenant, kept, guards)
        decision, seen = (kept.decision, kept.seen) if kept else (None, None)
        if kept is None or decision is None or seen is None:
            return LiveState(tenant, now, guards=guards, faults=faults, extra=extra)
        forecast = self._parts.forecasting.quantiles(tenant)
        ground = Ground.of(decision, seen, forecast, self._quantile, now)
        circuits, left_out = circuits_now(ground, self._parts.view)
        head = head_of(ground.tree)
        zones = {one.timezone for one in seen.sites.values()}
        return LiveState(
            tenant, now, zones.pop() if len(zones) == 1 else "UTC", head, circuits, left_out,
            cars_now(decision, seen, self._parts.view, now), _devices(seen), _price(seen, now), _posted(seen, now),
            _plan(decision, kept.seconds), self._ahead(tenant, decision, seen, head), guards, faults, extra,
        )  # fmt: skip

    def history(self, tenant: str) -> LiveHistory:
        """The last day of a tenant."""
        kept = self._kept.get(tenant)
        if kept is None:
            return LiveHistory()
        rows = tuple(kept.samples)
        return LiveHistory(
            kept.node, tuple(one.at for one in rows), tuple(one.load_kw for one in rows),
            tuple(one.ev_kw for one in rows), tuple(one.limit_kw for one in rows),
            tuple(one.price_per_kwh for one in rows), tuple(one.unmanaged_kw for one in rows),
        )  # fmt: skip

    async def run(self) -> None:
        """Keep the last day, for ever."""
        while True:
            for tenant, kept in self._kept.items():
                if kept.sampled_at is None or self._clock() >= kept.sampled_at + _SAMPLED:
                    await asyncio.to_thread(self._sample, tenant, kept)
            await asyncio.sleep(_LOOK_S)

    def _sample(self, tenant: str, kept: _Kept) -> None:
        state = self.of(tenant)
        head = next((one for one in state.circuits if one.node == state.head), None)
        if head is None:
            return
        if kept.node != head.node or (head.base_kw is not None and not kept.based):
            kept.node, kept.samples = head.node, deque(maxlen=_KEPT)  # a load without its base is no load
        kept.based = head.base_kw is not None
        minutes = timedelta(minutes=state.now.minute % 5, seconds=state.now.second, microseconds=state.now.microsecond)
        kept.sampled_at = state.now - minutes
        kept.samples.append(_Sample(
            state.now, head.load_kw, head.ev_kw, head.limit_kw, state.price.price_per_kwh, _unmanaged_kw(state, head)
        ))  # fmt: skip

    def _ahead(self, tenant: str, decision: Decision, seen: Snapshot, head: str) -> Ahead:
        kept = self._kept[tenant]
        if kept.ahead is None or kept.ahead[0] != decision.plan.plan_id:
            kept.ahead = decision.plan.plan_id, ahead_of(decision, seen, head)
        return kept.ahead[1]

    def _guards(self, tenant: str) -> tuple[GuardNow, ...]:
        states = dict(self._parts.guarding.states)
        return tuple(
            GuardNow(
                site, one.sight.value, one.sight.sentence, one.metered.power_kw if one.metered else None,
                len(one.caps), one.over_since,
            )
            for (owner, site), one in sorted(states.items()) if owner == tenant
        )  # fmt: skip

    def _faults(self, tenant: str, kept: Tenant | None, guards: tuple[GuardNow, ...]) -> tuple[str, ...]:
        found = [
            *self._notes,
            *(f"guard at {one.site_id}: {one.sentence}" for one in guards if one.sight != Sight.CLEAR.value),
        ]
        if kept is not None and kept.failed:
            found.append(f"nothing could be planned: {kept.failed}")
        if self._parts.forecasting.quantiles(tenant) is None:
            found.append("no load was metered yet, so none is expected beside the cars")
        return tuple(found)


def _unmanaged_kw(state: LiveState, head: CircuitNow) -> float | None:
    cars_kw = state.extra.get(UNMANAGED_EV_KW)
    return None if cars_kw is None else round((head.base_kw or 0.0) + float(cars_kw), 3)


def _devices(seen: Snapshot) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in seen.devices.values():
        counts[one.trust.value] = counts.get(one.trust.value, 0) + 1
    return counts


def _price(seen: Snapshot, now: datetime) -> PriceNow:
    """What holds now, everywhere; price and carbon may come from different signals."""
    holding = [one for one in seen.signals if not one.node and _holds(one, now)]
    priced = next((one for one in reversed(holding) if one.price_per_kwh is not None), None)
    carbon = next((one.carbon_g_per_kwh for one in reversed(holding) if one.carbon_g_per_kwh is not None), None)
    return PriceNow(priced.price_per_kwh if priced else None, priced.currency if priced else "", carbon)


def _holds(signal: SignalRow, now: datetime) -> bool:
    return signal.at <= now < signal.at + timedelta(seconds=signal.duration_s)


def _posted(seen: Snapshot, now: datetime) -> tuple[PostedNow, ...]:
    """Limits that hold or will, the next first."""
    rows = sorted((one for one in seen.limits if one.end > now), key=lambda one: (one.start, one.limit_id))
    return tuple(
        PostedNow(
            one.limit_id, one.node, one.start, one.end, one.limit_kw, one.reason, holds=one.start <= now < one.end
        )
        for one in rows
    )  # fmt: skip


def _plan(decision: Decision, seconds: float) -> PlanNow:
    proof, plan = decision.solution.certificate, decision.plan
    return PlanNow(
        plan.plan_id, plan.made_at, plan.trigger, round(seconds, 4), _finite(proof.gap), len(decision.asked.sessions),
        len(decision.told), len(decision.kept), round(proof.energy_kwh_unserved, 3),
        tuple(OverAhead(one.node, one.at, round(one.kw_over, 3)) for one in decision.overloads),
    )  # fmt: skip


def _finite(gap: float) -> float:
    return round(gap, 6) if -inf < gap < inf else 1.0
