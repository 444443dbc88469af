"""``summary.json`` of a plan: its schema, made of a problem and its solution, and written. Source: DESIGN section 6."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from evenload.base.instants import to_datetime
from evenload.base.units import GRAMS_PER_KILOGRAM, FloatArray
from evenload.domain.event import EventKind
from evenload.domain.reason import OverloadCause, UnservedReason
from evenload.domain.signal import Signal
from evenload.files.replacing import replacing
from evenload.files.site_summary import SiteSummary, sites_of
from evenload.schedule.events.report import Delivered
from evenload.schedule.planner import Planned
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.sites.figures import SeenSite, money_of
from evenload.schedule.solver.objective import Objective
from evenload.schedule.solver.optimum import Solution
from evenload.schedule.why.circuit_figures import circuit_figures, overloads
from evenload.schedule.why.fairness_words import shared_words
from evenload.schedule.why.shortfalls import shortfalls
from evenload.schedule.why.summary import Outcome


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


Number = Annotated[float | None, BeforeValidator(_finite_or_none)]
"""A number, or null where there is none that is finite."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlanHorizon(_Part):
    """The steps that were planned."""

    start: datetime
    end: datetime
    step_minutes: int
    steps: int
    timezone: str = Field(description="of the top of the grid; UTC where it names none")


class PlannedSessions(_Part):
    """How many sessions the file held, and what became of them."""

    planned: int
    outside_horizon: int = Field(description="left out: they neither begin nor end nor last inside the horizon")
    cut_at_horizon: int = Field(description="of those planned: only the part inside is used, for the whole need")


class PlanResiduals(_Part):
    """What is left at each level of the order of importance, measured on the plan itself: the worst breach of promises,
    sums of energy that is not served. The level of money is objective, bound and gap.
    """

    power_kw: float = Field(description="outside what a car can draw or give back")
    level_kwh: float = Field(description="outside the band of a battery")
    taper_kw: float = Field(description="more than a battery takes at its level")
    energy_kwh_above_need: float
    emergency_kw: float = Field(description="above an emergency limit, and not explained by base load")
    minimum_kwh_unserved: float = Field(description="of minimum energy")
    circuit_kw: float = Field(description="above a limit, and not explained by base load or minimum energy")
    export_kw: float = Field(description="beyond a limit on export, and not explained by base load")
    across_kw: float = Field(
        description="above limits across the grid that must hold, and not explained as circuits are"
    )
    energy_kwh_unserved: float


class UnservedEnergy(_Part):
    """Energy a session lacks, at the connector, for one reason."""

    session_id: str
    energy_kwh: float
    reason: UnservedReason
    node: str | None = Field(description="circuit on its path that keeps it from it longest while it is plugged in")
    shared: str = Field(default="", description="how it shares a shortage with others; blank where it does not")


class EventResponse(_Part):
    """What an event gets: mean changes of its members' charging in its direction, against a plan without events."""

    event_id: str
    kind: EventKind
    members: int = Field(description="sessions that heed it in some step")
    opted_out: int
    hours: float = Field(description="how long it holds inside the horizon")
    baseline_kw_mean: float = Field(description="charging of the members without it")
    requested_kw_mean: float = Field(description="change it asks for")
    delivered_kw_mean: float = Field(description="change the plan gives; negative is the opposite")


class Overload(_Part):
    """A circuit above its limit in one step."""

    node: str
    timestamp: datetime
    excess_kw: float
    cause: OverloadCause = Field(
        description="base: load that cannot be controlled is above the limit by itself; minimum_energy: what minimum "
        "energy, given at once, adds to that"
    )


class CircuitSummary(_Part):
    """How a circuit fares. Shadow prices and value are what more of the limit saves, in the objective's unit."""

    node: str
    kind: str
    limit_kw_min: Number = Field(description="lowest limit over the horizon; null is unlimited")
    peak_kw: float
    loading_max: Number = Field(description="highest load over limit; null: no limit, or load on a limit of 0 kW")
    loading_max_at: datetime
    hours_at_limit: float
    shadow_price_per_kwh_max: float
    shadow_price_per_kwh_mean: float
    value_per_kw: float = Field(description="what one kW more over the whole horizon saves of the objective")
    scarcity_kwh_per_kw: float = Field(description="energy that one kW more over the whole horizon serves besides")


class PlanTerms(_Part):
    """What charging adds to the objective at circuits with terms, beyond what base load costs there by itself."""

    peak: float
    smoothing: float


class PlanSummary(BaseModel):
    """``summary.json`` of a plan. Costs are float estimates; numbers unknown or not finite are null."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Summary of an evenload plan")
    evenload: str = Field(description="version that made it")
    status: Literal["optimal", "feasible"] = Field(
        description="optimal: no plan serves more, and the gap is within the one asked for; feasible: within all limits"
    )
    objective_kind: Objective
    objective_unit: str = Field(description="currency, kg CO2, kW of the highest load, or kWh weighted by loading")
    objective: float
    bound: Number = Field(description="no plan that leaves as little unserved has a lower objective")
    gap: Number = Field(description="(objective - bound) / max(|bound|, 1 % of the unmanaged objective)")
    gap_asked: float
    rounding_loss: float = Field(
        description="of the objective, what keeping to the taper adds; the bound leaves it out"
    )
    device_loss: float = Field(
        description="of the objective, what devices that take only some levels add; the bound leaves it out"
    )
    device_loss_kwh: float = Field(description="energy they leave unserved more than continuous power would")
    commands: int = Field(description="how often such devices are told something new, all together")
    residuals: PlanResiduals
    cost: float = Field(
        description="money of the plan: energy bought less energy given back, and wear; behind a meter, own "
        "generation costs what exporting it would earn"
    )
    currency: str
    terms: PlanTerms | None = Field(description="part of the objective; null where no circuit has terms")
    carbon_kg: Number = Field(description="null where the signal has no carbon")
    energy_kwh_needed: float = Field(description="at the connector")
    energy_kwh_unserved: float
    energy_kwh_unserved_bound: float = Field(description="no plan leaves less")
    energy_kwh_minimum_unserved: float = Field(description="of minimum energy, given at once after plug-in")
    discharged_kwh: float = Field(description="energy given back, at the connector")
    unserved: list[UnservedEnergy]
    events: list[EventResponse] = Field(description="events that ask somebody")
    sites: list[SiteSummary] = Field(description="sites of the problem file")
    overloads: list[Overload]
    peak_kw: float = Field(description="highest load at the top of the grid")
    seconds: float = Field(description="arrays in to plan and certificate out")
    seconds_total: float = Field(description="files in to plan file out")
    horizon: PlanHorizon
    sessions: PlannedSessions
    notes: list[str] = Field(description="what the files say and the plan does not use")
    circuits: list[CircuitSummary] = Field(description="those most worth upgrading first")


class Asked(NamedTuple):
    """What a plan was asked for, and what was seen on the way to its problem.

    ``money`` is what sessions pay and earn (currency per kWh), None for the signal's price both ways; ``carbon`` what
    they emit (kg per kWh), None for the signal's carbon. ``sites`` are those to be told of.
    """

    objective: Objective
    gap: float
    sessions: PlannedSessions
    notes: tuple[str, ...] = ()
    money: Tariffs | None = None
    carbon: Tariffs | None = None
    sites: Sequence[SeenSite] = ()


class Seconds(NamedTuple):
    """How long solving took, and everything."""

    solve: float
    total: float


def summary_of(
    outcome: Outcome,
    planned: Planned,
    signal: Signal,
    asked: Asked,
    seconds: Seconds,
    version: str,
    responses: Sequence[Delivered] = (),
) -> PlanSummary:
    """The summary of a plan whose powers ``outcome`` looks at; ``signal`` is on its problem's horizon."""
    solution, fitted = planned.solution, planned.fitted
    problem, proof = outcome.problem, solution.certificate
    at = _clock(problem)
    residuals = {name: value for name, value in asdict(outcome.residuals()).items() if name != "kept"}
    peak, smoothing = outcome.terms_cost()
    everyone = _same_for_all(problem, signal.price_per_kwh)
    optimal = proof.gap <= asked.gap and proof.unserved_is_least
    return PlanSummary(
        evenload=version,
        status="optimal" if optimal else "feasible",
        objective_kind=asked.objective,
        objective_unit=asked.objective.unit(signal.currency),
        objective=proof.objective,
        bound=proof.bound,
        gap=proof.gap,
        gap_asked=asked.gap,
        rounding_loss=proof.rounding_loss,
        device_loss=fitted.loss,
        device_loss_kwh=fitted.loss_kwh,
        commands=int(fitted.commands.sum()),
        residuals=PlanResiduals(**residuals),
        cost=money_of(problem, outcome.power_kw, asked.money or everyone, asked.sites),
        currency=signal.currency,
        terms=None if problem.terms is None else PlanTerms(peak=peak, smoothing=smoothing),
        carbon_kg=_carbon_kg(outcome, signal, asked.carbon),
        energy_kwh_needed=float(problem.energy_kwh.sum()),
        energy_kwh_unserved=residuals["energy_kwh_unserved"],
        energy_kwh_unserved_bound=proof.energy_kwh_unserved_bound,
        energy_kwh_minimum_unserved=proof.energy_kwh_minimum_unserved,
        discharged_kwh=outcome.discharged_kwh(),
        unserved=_unserved(outcome, planned),
        events=[_event(one, problem.horizon.hours_per_step) for one in responses],
        sites=sites_of(outcome, asked.sites),
        overloads=_overloads(outcome, at),
        peak_kw=float(outcome.load_kw[0].max()),
        seconds=seconds.solve,
        seconds_total=seconds.total,
        horizon=PlanHorizon(
            start=problem.horizon.start,
            end=problem.horizon.end,
            step_minutes=problem.horizon.step_minutes,
            steps=problem.horizon.steps,
            timezone=problem.tree.circuits[0].timezone or "UTC",
        ),
        sessions=asked.sessions,
        notes=list(asked.notes),
        circuits=_circuits(outcome, solution, at),
    )


def write_plan_summary(path: Path, summary: PlanSummary) -> None:
    """Write ``summary.json``, whole or not at all."""
    with replacing(path) as draft:
        draft.write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _clock(problem: Problem) -> Callable[[int], datetime]:
    starts = [to_datetime(instant) for instant in problem.horizon.starts()]
    return starts.__getitem__


def _same_for_all(problem: Problem, per_kwh: FloatArray) -> Tariffs:
    return Tariffs(np.zeros(problem.sessions, dtype=np.int64), per_kwh[None, :], per_kwh[None, :])


def _carbon_kg(outcome: Outcome, signal: Signal, carbon: Tariffs | None) -> float | None:
    """Carbon of charging less that of what is given back; wear emits none."""
    problem = outcome.problem
    if carbon is None:
        if signal.carbon_g_per_kwh is None:
            return None
        carbon = _same_for_all(problem, signal.carbon_g_per_kwh / GRAMS_PER_KILOGRAM)
    return replace(problem, tariffs=carbon, batteries=None).money(outcome.power_kw)


def _event(one: Delivered, hours_per_step: float) -> EventResponse:
    return EventResponse(
        event_id=one.event_id, kind=one.kind, members=one.members, opted_out=one.opted_out,
        hours=one.step.size * hours_per_step, baseline_kw_mean=float(one.baseline_kw.mean()),
        requested_kw_mean=float(one.requested_kw.mean()), delivered_kw_mean=float(one.delivered_kw.mean()),
    )  # fmt: skip


def _unserved(outcome: Outcome, planned: Planned) -> list[UnservedEnergy]:
    problem, found = outcome.problem, shortfalls(outcome, planned.solution.scarcity)
    shared = [""] * found.session.size
    if planned.fair is not None:
        shared = shared_words(problem, planned.fair, found.session)
    names = [circuit.node for circuit in problem.tree.circuits]
    rows = zip(problem.session_id[found.session].tolist(), found.energy_kwh.tolist(), found.node.tolist(), strict=True)
    return [
        UnservedEnergy(
            session_id=session,
            energy_kwh=kwh,
            reason=found.reason(row),
            node=names[node] if node >= 0 else None,
            shared=shared[row],
        )
        for row, (session, kwh, node) in enumerate(rows)
    ]


def _overloads(outcome: Outcome, at: Callable[[int], datetime]) -> list[Overload]:
    found, circuits = overloads(outcome), outcome.problem.tree.circuits
    rows = zip(found.node.tolist(), found.step.tolist(), found.excess_kw.tolist(), strict=True)
    return [
        Overload(node=circuits[node].node, timestamp=at(step), excess_kw=kw, cause=found.cause(row))
        for row, (node, step, kw) in enumerate(rows)
    ]


def _circuits(outcome: Outcome, solution: Solution, at: Callable[[int], datetime]) -> list[CircuitSummary]:
    figures = circuit_figures(outcome, solution.shadow_price, solution.scarcity)
    circuits = outcome.problem.tree.circuits
    return [
        CircuitSummary(
            node=circuits[n].node,
            kind=circuits[n].kind.value,
            limit_kw_min=float(figures.limit_kw_min[n]),
            peak_kw=float(figures.peak_kw[n]),
            loading_max=float(figures.loading_max[n]),
            loading_max_at=at(int(figures.worst_step[n])),
            hours_at_limit=float(figures.hours_at_limit[n]),
            shadow_price_per_kwh_max=float(figures.shadow_price_per_kwh_max[n]),
            shadow_price_per_kwh_mean=float(figures.shadow_price_per_kwh_mean[n]),
            value_per_kw=float(figures.value_per_kw[n]),
            scarcity_kwh_per_kw=float(figures.scarcity_kwh_per_kw[n]),
        )
        for n in figures.ranking.tolist()
    ]
