"""``summary.json`` of a plan: its schema, made of a problem and its solution, and written. Source: DESIGN section 6."""

import math
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from evenload.base.instants import to_datetime
from evenload.base.units import GRAMS_PER_KILOGRAM
from evenload.domain.reason import UnservedReason
from evenload.domain.signal import Signal
from evenload.files.replacing import replacing
from evenload.schedule.objective import Objective
from evenload.schedule.optimum import Solution
from evenload.schedule.problem import Problem
from evenload.schedule.summary import Outcome, base_overloads, circuit_figures, shortfalls

CARBON_UNIT: Final = "kg CO2"


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
    """Worst breach of each level of the order of importance, measured on the plan itself."""

    power_kw: float = Field(description="outside 0 and what a car can draw")
    energy_kwh_above_need: float
    circuit_kw: float = Field(description="above a limit, and not explained by base load")
    energy_kwh_unserved: float


class UnservedEnergy(_Part):
    """Energy a session lacks, at the connector, for one reason."""

    session_id: str
    energy_kwh: float
    reason: UnservedReason
    node: str | None = Field(description="circuit on its path that is at its limit longest while it is plugged in")


class Overload(_Part):
    """A circuit above its limit in one step."""

    node: str
    timestamp: datetime
    excess_kw: float
    cause: Literal["base"] = Field(description="base: load that cannot be controlled is above the limit by itself")


class CircuitSummary(_Part):
    """How a circuit fares. Shadow prices are in the objective's unit, what unserved energy is worth included."""

    node: str
    kind: str
    limit_kw_min: Number = Field(description="lowest limit over the horizon; null is unlimited")
    peak_kw: float
    loading_max: Number = Field(description="highest load over limit; null: no limit, or load on a limit of 0 kW")
    loading_max_at: datetime
    hours_at_limit: float
    shadow_price_per_kwh_max: float
    shadow_price_per_kwh_mean: float
    value_per_kw: float = Field(description="what one kW more over the whole horizon is worth")


class PlanSummary(BaseModel):
    """``summary.json`` of a plan. Costs are float estimates; numbers unknown or not finite are null."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Summary of an evenload plan")
    evenload: str = Field(description="version that made it")
    status: Literal["optimal", "feasible"] = Field(
        description="optimal: no plan serves more, and the gap is within the one asked for; feasible: within all limits"
    )
    objective_kind: Objective
    objective_unit: str = Field(description="currency, or kg CO2")
    objective: float
    bound: Number = Field(description="no plan that leaves as little unserved has a lower objective")
    gap: Number = Field(description="(objective - bound) / max(|bound|, 1 % of the unmanaged objective)")
    gap_asked: float
    residuals: PlanResiduals
    cost: float = Field(description="money of the plan at the signal's price")
    currency: str
    carbon_kg: Number = Field(description="null where the signal has no carbon")
    energy_kwh_needed: float = Field(description="at the connector")
    energy_kwh_unserved: float
    unserved: list[UnservedEnergy]
    overloads: list[Overload]
    peak_kw: float = Field(description="highest load at the top of the grid")
    seconds: float = Field(description="arrays in to plan and certificate out")
    seconds_total: float = Field(description="files in to plan file out")
    horizon: PlanHorizon
    sessions: PlannedSessions
    notes: list[str] = Field(description="what the files say and the plan does not use")
    circuits: list[CircuitSummary] = Field(description="those most worth upgrading first")


class Asked(NamedTuple):
    """What a plan was asked for, and what was seen on the way to its problem."""

    objective: Objective
    gap: float
    sessions: PlannedSessions
    notes: tuple[str, ...] = ()


class Seconds(NamedTuple):
    """How long solving took, and everything."""

    solve: float
    total: float


def summary_of(
    outcome: Outcome, solution: Solution, signal: Signal, asked: Asked, seconds: Seconds, version: str
) -> PlanSummary:
    """The summary of a solution whose powers ``outcome`` looks at; ``signal`` is on its problem's horizon."""
    problem, proof = outcome.problem, solution.certificate
    unserved_kwh = float(outcome.unserved_kwh().sum())
    at = _clock(problem)
    ev_kwh = outcome.ev_load_kw[0] * problem.horizon.hours_per_step
    carbon = signal.carbon_g_per_kwh
    breaches = {name: value for name, value in asdict(outcome.residuals()).items() if name != "kept"}
    optimal = proof.gap <= asked.gap and proof.unserved_is_least
    return PlanSummary(
        evenload=version,
        status="optimal" if optimal else "feasible",
        objective_kind=asked.objective,
        objective_unit=CARBON_UNIT if asked.objective is Objective.CARBON else signal.currency,
        objective=proof.objective,
        bound=proof.bound,
        gap=proof.gap,
        gap_asked=asked.gap,
        residuals=PlanResiduals(**breaches, energy_kwh_unserved=unserved_kwh),
        cost=float(ev_kwh @ signal.price_per_kwh),
        currency=signal.currency,
        carbon_kg=None if carbon is None else float(ev_kwh @ carbon) / GRAMS_PER_KILOGRAM,
        energy_kwh_needed=float(problem.energy_kwh.sum()),
        energy_kwh_unserved=unserved_kwh,
        unserved=_unserved(outcome),
        overloads=_overloads(problem, at),
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


def _unserved(outcome: Outcome) -> list[UnservedEnergy]:
    problem, found = outcome.problem, shortfalls(outcome)
    names = [circuit.node for circuit in problem.tree.circuits]
    rows = zip(problem.session_id[found.session].tolist(), found.energy_kwh.tolist(), found.node.tolist(), strict=True)
    return [
        UnservedEnergy(
            session_id=session, energy_kwh=kwh, reason=found.reason(row), node=names[node] if node >= 0 else None
        )
        for row, (session, kwh, node) in enumerate(rows)
    ]


def _overloads(problem: Problem, at: Callable[[int], datetime]) -> list[Overload]:
    rows = zip(*(column.tolist() for column in base_overloads(problem)), strict=True)
    return [
        Overload(node=problem.tree.circuits[node].node, timestamp=at(step), excess_kw=kw, cause="base")
        for node, step, kw in rows
    ]


def _circuits(outcome: Outcome, solution: Solution, at: Callable[[int], datetime]) -> list[CircuitSummary]:
    figures = circuit_figures(outcome, solution.shadow_price)
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
        )
        for n in figures.ranking.tolist()
    ]
