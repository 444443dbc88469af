"""Control: from what is seen to what devices are told. The brain's decision, pure: same snapshot, same answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Final

import msgspec
import numpy as np

from evenload.base.instants import Interval, to_datetime
from evenload.base.units import FloatArray
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits, LimitStep
from evenload.schedule.problem import Problem
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.schedule.why.explain import explain
from evenload.schedule.why.summary import Outcome
from evenload.service.live_rows import DecisionRow, DeviceRow, PlannedSession, PlanRow, SessionRow
from evenload.service.problem_of import Asked, horizon_at, is_full, power_kw_least, problem_of
from evenload.service.reasons import reasons_of
from evenload.service.rounding import Tellable, told_kw
from evenload.service.snapshot import DeviceState, Snapshot

_DOWN_KW: Final = 100.0
"""Powers are told in whole 10 W, rounded down."""

_TRY_MORE: Final = 1.2


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """How devices are told. Limits reach ``ahead`` into the future; they are told again ``renew`` before they end, or
    when at some time ``soon`` they are more than ``over_kw`` above what is wanted, or ``drift_kw`` below: what many
    have too much of adds up at a circuit. A plan that follows another begins where that ended, so ``sweeps_again`` do:
    whoever just came waits for it.
    """

    ahead: timedelta = timedelta(hours=1)
    renew: timedelta = timedelta(minutes=20)
    soon: timedelta = timedelta(minutes=5)
    drift_kw: float = 0.4
    over_kw: float = 0.03
    gap: float = 5e-4
    sweeps_max: int = 60
    sweeps_again: int = 25


@dataclass(frozen=True, slots=True)
class Told:
    """What one device is told, for whom and why."""

    device: DeviceRow
    session: SessionRow
    command: SetProfile
    why: str


@dataclass(frozen=True, slots=True)
class Overload:
    """A circuit that is expected above its limit whatever the plan does: by base load, devices not controlled, or the
    energy that is given at once.
    """

    node: str
    at: datetime
    kw_over: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What the brain decided at a moment. ``kept`` are sessions whose device has what it should have already."""

    asked: Asked
    solution: Solution
    plan: PlanRow
    told: tuple[Told, ...]
    kept: tuple[str, ...]
    overloads: tuple[Overload, ...]

    @property
    def given(self) -> dict[str, Limits]:
        """What is told, by device."""
        return {one.device.device_id: one.command.limits for one in self.told}

    @property
    def uncontrolled(self) -> tuple[DeviceState, ...]:
        """Devices with a car that cannot be told what to draw."""
        return self.asked.uncontrolled

    def learned_kw(self) -> dict[str, float]:
        """The power (kW) that cars showed to be all they can, by session."""
        power_kw = self.asked.problem.power_kw_max.tolist()
        return {
            one.session_id: kw
            for one, kw, known in zip(self.asked.sessions, power_kw, self.asked.known_kw, strict=True)
            if kw < known
        }

    def rows(self) -> Iterator[DecisionRow]:
        """What was decided, device by device, with why."""
        for one in self.told:
            first_kw = one.command.limits.steps[0].power_kw
            yield DecisionRow(
                self.plan.tenant, self.plan.made_at, one.device.device_id, one.session.session_id, "limit", one.why,
                first_kw, self.plan.plan_id, one.command.command_id,
            )  # fmt: skip


def decide(
    seen: Snapshot, trigger: str, new_id: Callable[[], str], policy: ControlPolicy | None = None,
    previous: Solution | None = None,
) -> Decision:  # fmt: skip
    """Plan for everybody, and say what has to be told to whom. ``previous`` makes it faster."""
    policy = policy or ControlPolicy()
    asked = problem_of(seen, horizon_at(seen.now))
    problem = asked.problem
    sweeps = policy.sweeps_max if previous is None else policy.sweeps_again
    solution = solve(problem, Settings(gap=policy.gap, sweeps_max=sweeps, threads=1), previous)
    outcome = Outcome.of(problem, solution.plan.power_kw, solution.minimum_kw)
    found = explain(outcome, solution.shadow_price, solution.scarcity, solution.marginal_per_kwh)
    steps = int(policy.ahead / timedelta(minutes=problem.horizon.step_minutes)) + 1
    least_kw = np.array([power_kw_least(one, seen) for one in asked.sessions], dtype=np.float64)
    at_once = problem.delivered_kwh(solution.minimum_kw) > 0
    tellable = Tellable(least_kw, _most_kw(asked), asked.charging, at_once)
    powers = told_kw(problem, solution.plan.power_kw, tellable, steps, asked.share_left)
    plan_id = new_id()
    why = reasons_of(found, asked, seen)
    starts = [max(seen.now, to_datetime(at)) for at in problem.horizon.starts()[:steps]]
    told, kept = [], []
    for number, session in enumerate(asked.sessions):
        device = seen.devices[session.device_id].device
        limits = _limits(starts, powers[number], seen.now + policy.ahead)
        why[number] = (
            f"{_turn(solution, asked, number, limits.steps[0].power_kw, float(least_kw[number]))}{why[number]}"
        )
        if is_full(session, seen):  # it may wake up as it was told or as its fallback allows, and then is planned for
            continue
        if near_enough(seen.given.get(device.device_id), limits, seen.now, policy):
            kept.append(session.session_id)
            continue
        command = SetProfile(command_id=new_id(), evse_id=device.evse_id, limits=limits, worthless_at=limits.end)
        told.append(Told(device, session, command, why[number]))
    told.sort(key=lambda one: _raises(one, seen))
    overloads = _overloads(outcome)
    plan = PlanRow(
        seen.tenant, plan_id, seen.now, trigger, problem.horizon.start, problem.horizon.step_minutes,
        problem.horizon.steps, _summary(asked, solution, outcome, overloads),
        tuple(
            PlannedSession(one.session_id, int(problem.first_step[i]), _floats(solution, problem, i), why[i])
            for i, one in enumerate(asked.sessions)
        ),
    )  # fmt: skip
    return Decision(asked, solution, plan, tuple(told), tuple(kept), overloads)


def _raises(told: Told, seen: Snapshot) -> bool:
    """Whether a device may draw more than before: those that make room are told first."""
    given = seen.given.get(told.device.device_id)
    before_kw = given.at(seen.now) if given else told.device.fallback_kw or 0.0
    return told.command.limits.at(seen.now) > before_kw


def _most_kw(asked: Asked) -> FloatArray:
    """What is told where cars may draw all they can: some more than they seem to take, so that they can show it."""
    return np.minimum(np.array(asked.known_kw, dtype=np.float64), asked.problem.power_kw_max * _TRY_MORE)


def _turn(solution: Solution, asked: Asked, session: int, told_kw: float, least_kw: float) -> str:
    """What is to be added where a device cannot draw as little as is planned for it."""
    problem = asked.problem
    slots = solution.plan.power_kw[problem.offset[session] : problem.offset[session + 1]]
    planned_kw = float(slots[0]) / asked.share_left if slots.size else 0.0
    if 0 < planned_kw < least_kw - 1 / _DOWN_KW:
        if told_kw > 0:
            return f"its turn now, at the {least_kw:.2g} kW it needs at least; "
        return f"off until its turn comes, since it cannot charge at less than {least_kw:.2g} kW; "
    return ""


def _floats(solution: Solution, problem: Problem, session: int) -> tuple[float, ...]:
    window = slice(int(problem.offset[session]), int(problem.offset[session + 1]))
    return tuple(solution.plan.power_kw[window].round(3).tolist())


def _limits(starts: Sequence[datetime], power_kw: FloatArray, end: datetime) -> Limits:
    """Powers of steps that begin at ``starts`` as limits, steps alike merged."""
    down_kw = np.floor(power_kw * _DOWN_KW + 1e-6) / _DOWN_KW
    steps: list[LimitStep] = []
    for start, kw in zip(starts, down_kw.tolist(), strict=True):
        if start < end and not (steps and abs(steps[-1].power_kw - kw) < 1 / _DOWN_KW):
            steps.append(LimitStep(start, kw))
    return Limits(tuple(steps), end)


def near_enough(given: Limits | None, wanted: Limits, now: datetime, policy: ControlPolicy) -> bool:
    """Whether what a device was told still does, until it is planned for again."""
    if given is None or given.end < now + policy.renew:
        return False
    window = Interval(now, now + policy.soon)
    instants = {now, *(one.start for limits in (given, wanted) for one in limits.steps if one.start in window)}
    return all(_alike(given.at(instant), wanted.at(instant), policy) for instant in instants)


def _alike(given_kw: float, wanted_kw: float, policy: ControlPolicy) -> bool:
    if given_kw == 0 or wanted_kw == 0:
        return given_kw == wanted_kw
    return wanted_kw - policy.drift_kw <= given_kw <= wanted_kw + policy.over_kw


def _overloads(outcome: Outcome) -> tuple[Overload, ...]:
    """The worst step of every circuit that is expected above its limit."""
    problem = outcome.problem
    over = outcome.load_kw - problem.limit_kw
    worst = over.argmax(axis=1)
    starts = problem.horizon.starts()
    return tuple(
        Overload(problem.tree.circuits[node].node, to_datetime(starts[step]), float(over[node, step]))
        for node, step in enumerate(worst.tolist())
        if over[node, step] > 1e-3 * max(1.0, problem.limit_kw[node, step])
    )


def _summary(asked: Asked, solution: Solution, outcome: Outcome, overloads: Sequence[Overload]) -> str:
    """The plan in figures, as JSON."""
    proof = solution.certificate
    told: dict[str, object] = {
        "sessions": len(asked.sessions), "objective": proof.objective, "bound": proof.bound, "gap": proof.gap,
        "energy_kwh_needed": proof.energy_kwh_needed, "energy_kwh_unserved": proof.energy_kwh_unserved,
        "peak_kw": float(outcome.load_kw[0].max()), "price_is_known": asked.price_is_known,
        "nodes_without_forecast": len(asked.without), "forecast_steps_held": asked.steps_held,
        "fallbacks_unverified": asked.fallbacks_unverified,
        "uncontrolled": {one.device.device_id: one.trust.value for one in asked.uncontrolled},
        "devices_unseen": len(asked.unseen), "sessions_at_no_circuit": len(asked.unplaced),
        "overloads": [[one.node, one.at.isoformat(), round(one.kw_over, 3)] for one in overloads],
        "circuits": _circuits(asked, outcome, solution),
    }  # fmt: skip
    return msgspec.json.encode(told).decode()


def _circuits(asked: Asked, outcome: Outcome, solution: Solution) -> Sequence[Mapping[str, object]]:
    """What flows now through every circuit by the plan, its own limit, and what a kW more there would be worth."""
    problem = asked.problem
    return [
        {
            "node": one.node, "base_kw": round(float(problem.base_load_kw[node, 0]), 3),
            "ev_kw": round(float(outcome.ev_load_kw[node, 0]) / asked.share_left, 3),
            "limit_kw": None if one.limit_kw == inf else round(one.limit_kw, 3),
            "shadow_price": round(float(solution.shadow_price[node].sum()), 6),
            "scarce_steps": int(solution.scarcity[node].sum()),
        }
        for node, one in enumerate(problem.tree.circuits)
    ]  # fmt: skip
