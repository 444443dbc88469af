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
from evenload.domain.session import Control
from evenload.domain.station_commands import SetProfile
from evenload.domain.station_limits import Limits, LimitStep
from evenload.schedule.planner import Planned, plan_for
from evenload.schedule.solver.optimum import Settings, Solution
from evenload.schedule.why.explain import explain
from evenload.schedule.why.plan_reasons import held_by
from evenload.schedule.why.summary import Outcome
from evenload.service.devices_of import ANY
from evenload.service.live_rows import DecisionRow, DeviceRow, PlannedSession, PlanRow, SessionRow
from evenload.service.planned_cars import is_full
from evenload.service.problem_of import Asked, horizon_at, problem_of
from evenload.service.reasons import reasons_of
from evenload.service.rounding import Tellable, told_kw
from evenload.service.snapshot import DeviceState, Snapshot
from evenload.service.wishes import wishes_of

_DOWN_KW: Final = 100.0
"""Powers are told in whole 10 W, rounded down."""

_TRY_MORE: Final = 1.2
_NOTHING_KW: Final = 0.05
_SHORT_KWH: Final = 0.1
_TURN: Final = "off until its turn comes, within minutes: all at once would be more than circuits carry"


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
    sweeps_again: int = 10


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
    planned: Planned
    plan: PlanRow
    told: tuple[Told, ...]
    kept: tuple[str, ...]
    overloads: tuple[Overload, ...]

    @property
    def solution(self) -> Solution:
        """The continuous plan with its proof."""
        return self.planned.solution

    @property
    def is_short(self) -> bool:
        """Whether some will lack energy."""
        return self.solution.certificate.energy_kwh_unserved > _SHORT_KWH

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
    sweeps = policy.sweeps_max if previous is None else policy.sweeps_again
    settings = Settings(gap=policy.gap, sweeps_max=sweeps, threads=1, thorough=False)
    planned = plan_for(asked.problem, wishes_of(seen, asked), settings, previous)
    outcome = Outcome.of(planned.problem, planned.power_kw, planned.fitted.minimum_kw)
    powers = _powers(asked, planned, policy)
    why = _reasons(asked, planned, outcome, powers[:, 0], seen)
    plan_id = new_id()
    horizon = asked.problem.horizon
    starts = [max(seen.now, to_datetime(at)) for at in horizon.starts()[: powers.shape[1]]]
    told, kept = [], []
    for number, session in enumerate(asked.sessions):
        device = seen.devices[session.device_id].device
        # one that is full may wake up as it was told or as its fallback allows, and then is planned for
        if is_full(session, seen) or device.commands_max == 0:
            continue
        limits = _limits(starts, powers[number], seen.now + policy.ahead)
        if near_enough(seen.given.get(device.device_id), limits, seen.now, policy):
            kept.append(session.session_id)
            continue
        command = SetProfile(command_id=new_id(), evse_id=device.evse_id, limits=limits, worthless_at=limits.end)
        told.append(Told(device, session, command, why[number]))
    told.sort(key=lambda one: _raises(one, seen))
    overloads = _overloads(outcome)
    plan = PlanRow(
        seen.tenant, plan_id, seen.now, trigger, horizon.start, horizon.step_minutes, horizon.steps,
        _summary(asked, planned, outcome, overloads),
        tuple(
            PlannedSession(one.session_id, *_planned_kw(asked, planned, i), why[i])
            for i, one in enumerate(asked.sessions)
        ),
    )  # fmt: skip
    return Decision(asked, planned, plan, tuple(told), tuple(kept), overloads)


def _powers(asked: Asked, planned: Planned, policy: ControlPolicy) -> FloatArray:
    """What devices are told in the steps that limits reach, (sessions, steps)."""
    problem, fitted = asked.problem, planned.fitted
    steps = int(policy.ahead / timedelta(minutes=problem.horizon.step_minutes)) + 1
    at_once = problem.delivered_kwh(fitted.minimum_kw) > 0
    full = planned.problem.opted_out[problem.slot_sessions()] & (fitted.power_kw > 0)  # they are let be
    level_kw = np.where(full, problem.power_kw_max[problem.slot_sessions()], fitted.told_kw)
    tellable = Tellable(asked.told, _most_kw(asked), asked.charging, at_once)
    powers = told_kw(problem, fitted.power_kw, level_kw, tellable, steps, asked.share_left)
    for one in asked.holds:
        powers[one.session, : one.steps] = one.kw
    for i, (can, known_kw) in enumerate(zip(asked.told, asked.known_kw, strict=True)):
        if can.control is Control.ON_OFF:
            powers[i, powers[i] > 0] = known_kw  # on is on: another number would be told anew
    return powers


def _reasons(
    asked: Asked, planned: Planned, outcome: Outcome, first_kw: FloatArray, seen: Snapshot
) -> list[str]:  # fmt: skip
    """Why each session has what it has, in its order; ``first_kw`` (sessions,) is what it is told now."""
    solution = planned.solution
    found = explain(outcome, solution.shadow_price, solution.scarcity, solution.marginal_per_kwh, held_by(planned))
    why = reasons_of(found, asked, seen, planned.fair)
    problem, told = asked.problem, planned.fitted.told_kw
    for i, text in enumerate(why):
        here = problem.offset[i] < problem.offset[i + 1] and problem.first_step[i] == 0
        if here and told[problem.offset[i]] > _NOTHING_KW and first_kw[i] == 0:
            why[i] = f"{_TURN}; {text}"
    return why


def _raises(told: Told, seen: Snapshot) -> bool:
    """Whether a device may draw more than before: those that make room are told first."""
    given = seen.given.get(told.device.device_id)
    before_kw = given.at(seen.now) if given else told.device.fallback_kw or 0.0
    return told.command.limits.at(seen.now) > before_kw


def _most_kw(asked: Asked) -> FloatArray:
    """What is told where cars may draw all they can: some more than they seem to take, so that they can show it; not
    where the number of commands counts.
    """
    problem, devices = asked.problem, asked.problem.devices
    often = np.ones(problem.sessions, dtype=np.bool_)
    if devices is not None and devices.commands_max is not None:
        often = devices.commands_max == ANY
    most_kw = np.minimum(np.array(asked.known_kw, dtype=np.float64), problem.power_kw_max * _TRY_MORE)
    return np.where(often, most_kw, problem.power_kw_max)


def _planned_kw(asked: Asked, planned: Planned, session: int) -> tuple[int, tuple[float, ...]]:
    """First step and powers of a session, with those of steps in which it goes on as it is."""
    problem = asked.problem
    first, window = int(problem.first_step[session]), slice(*problem.offset[session : session + 2].tolist())
    powers = planned.power_kw[window]
    for one in asked.holds:
        if one.session == session:
            held = np.full(max(first, 1), one.kw)
            held[0] *= asked.share_left
            first, powers = 0, np.concatenate([held, powers]) if first else powers
    return first, tuple(powers.round(3).tolist())


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


def _summary(asked: Asked, planned: Planned, outcome: Outcome, overloads: Sequence[Overload]) -> str:
    """The plan in figures, as JSON."""
    proof, fitted = planned.solution.certificate, planned.fitted
    told: dict[str, object] = {
        "sessions": len(asked.sessions), "objective": proof.objective, "bound": proof.bound, "gap": proof.gap,
        "energy_kwh_needed": proof.energy_kwh_needed, "energy_kwh_unserved": float(fitted.unserved_kwh.sum()),
        "device_loss": fitted.loss, "device_loss_kwh": fitted.loss_kwh, "sessions_held": len(asked.holds),
        "notes": list(planned.notes),
        "peak_kw": float(outcome.load_kw[0].max()), "price_is_known": asked.price_is_known,
        "nodes_without_forecast": len(asked.without), "forecast_steps_held": asked.steps_held,
        "fallbacks_unverified": asked.fallbacks_unverified,
        "uncontrolled": {one.device.device_id: one.trust.value for one in asked.uncontrolled},
        "devices_unseen": len(asked.unseen), "sessions_at_no_circuit": len(asked.unplaced),
        "overloads": [[one.node, one.at.isoformat(), round(one.kw_over, 3)] for one in overloads],
        "circuits": _circuits(asked, outcome, planned.solution),
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
