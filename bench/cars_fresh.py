"""Part of the benchmark of cars: how old states of many cars are that are read under quotas, without a single push.

Only who is read when is at work here, the same code as in the server, on a clock that runs as fast as it can.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from evenload.domain.vehicle_state import CarId, Provider
from evenload.telematics.budget import QUOTAS, Account, Allowance, Quotas
from evenload.telematics.polling import PollPlan, Situation
from evenload.telematics.port import Cost

BEGAN = datetime(2026, 1, 13, 12, tzinfo=UTC)
STEP_S = 10
WARM_H = 8
PROVIDERS = (Provider.SMARTCAR, Provider.ENODE, Provider.TESLA)
MIX: Mapping[Situation, float] = {
    Situation.CHARGING: 0.15, Situation.WAITING: 0.45, Situation.ELSEWHERE: 0.3, Situation.ASLEEP: 0.1,
}  # fmt: skip
"""An evening: so many of the cars do what."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ages of the states of cars at home (s), beside what one read every so often would give at the quota's rate."""

    provider: str
    cars: int
    quota_s: float
    median_s: float
    p95_s: float
    reads_per_s: float
    processor_share: float


def scaled(provider: Provider, cars: int) -> Quotas:
    """An application's limits for so many cars: as much as the plans of its cars add up to, as contracts of that size
    have it. The limits of one car stay."""
    quotas = QUOTAS[provider]
    of_app = {
        cost: Allowance(max(quotas.app(cost).burst, quotas.car(cost).burst * cars), quotas.car(cost).per_s * cars)
        for cost in (Cost.READ, Cost.COMMAND) if quotas.car(cost).per_s < float("inf")
    }  # fmt: skip
    return Quotas(of_app, quotas.of_car)


def fresh(cars: int, hours: float = 4.0) -> list[Fresh]:
    """Read so many cars for some hours, of which a while before is not counted."""
    return [_fresh(provider, cars // len(PROVIDERS), hours) for provider in PROVIDERS]


def _fresh(provider: Provider, cars: int, hours: float) -> Fresh:
    quotas = scaled(provider, cars)
    plan, account = PollPlan(quotas.car(Cost.READ)), Account(quotas)
    rng = np.random.default_rng(1)
    does = rng.choice([int(one) for one in MIX], cars, p=list(MIX.values())).tolist()
    ids = [CarId("bench", f"{provider.value}{number}") for number in range(cars)]
    situation = dict(zip(ids, (Situation(one) for one in does), strict=True))
    quota_s = 1.0 / quotas.car(Cost.READ).per_s
    for car in ids:
        plan.add(car, BEGAN, spread_s=quota_s)
    heard = dict.fromkeys(ids, BEGAN)
    at_home = [car for car in ids if situation[car] in (Situation.CHARGING, Situation.WAITING)]
    ages: list[float] = []
    reads, began_s, used = 0, time.process_time(), 0.0
    for step in range(int((WARM_H + hours) * 3600 / STEP_S)):
        now = BEGAN + timedelta(seconds=step * STEP_S)
        is_warm = step * STEP_S >= WARM_H * 3600
        for car in plan.due(now, account.left(Cost.READ, now)):
            account.spend(Cost.READ, now)
            plan.asked(car, now)
            plan.heard(car, situation[car], now)
            heard[car] = now
            reads += is_warm
        if is_warm and step % 360 == 0:
            ages += _ages(at_home, heard, now)
    used = time.process_time() - began_s
    median, p95 = np.quantile(ages, [0.5, 0.95]).tolist()
    seconds = (WARM_H + hours) * 3600
    return Fresh(provider.value, cars, quota_s, median, p95, reads / (hours * 3600), used / seconds)


def _ages(cars: Sequence[CarId], heard: Mapping[CarId, datetime], now: datetime) -> list[float]:
    return [(now - heard[car]).total_seconds() for car in cars]
