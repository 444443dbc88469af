"""Plans: what sessions are to be given."""

import json
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from evenload.service import look
from evenload.service.live_rows import PlannedSession, PlanRow
from evenload.web.fields import Instant, NameInPath, Resource
from evenload.web.identity import Asking, With
from evenload.web.tenant_route import tenant_router

router = tenant_router("plans", "plans")


class PlanOutline(Resource):
    """A plan without its sessions."""

    plan_id: str
    made_at: Instant
    trigger: str = Field(description="What made it be made.")
    start: Instant = Field(description="Start of step 0.")
    step_minutes: float
    steps: int
    summary: dict[str, Any] = Field(description="Objective, bound, gap, what is not served, circuits.")


class Planned(Resource):
    """What a plan gives a session."""

    session_id: str
    first_step: int = Field(description="Step of the first power.")
    power_kw: list[float] = Field(description="Mean power of each step from the first, at the connector.")
    why: str


class Plan(PlanOutline):
    """A plan."""

    sessions: list[Planned]


class Plans(Resource):
    """The last plans."""

    items: list[PlanOutline]


@router.get("")
def list_plans(
    scope: Asking, services: With, count: Annotated[int, Query(ge=1, le=50, description="How many at most.")] = 10
) -> Plans:
    """The last plans, the latest first, without their sessions."""
    return Plans(items=[PlanOutline(**_outline(row)) for row in look.plans(scope, services.store, count)])


@router.get("/{plan_id}")
def get_plan(scope: Asking, services: With, plan_id: NameInPath) -> Plan:
    """One plan; `latest` for the last."""
    row = look.plan(scope, services.store, plan_id)
    return Plan(**_outline(row), sessions=[_planned(one) for one in row.sessions])


def _outline(row: PlanRow) -> dict[str, Any]:
    return {
        "plan_id": row.plan_id, "made_at": row.made_at, "trigger": row.trigger, "start": row.start,
        "step_minutes": row.step_minutes, "steps": row.steps,
        "summary": json.loads(row.summary) if row.summary else {},
    }  # fmt: skip


def _planned(row: PlannedSession) -> Planned:
    return Planned(session_id=row.session_id, first_step=row.first_step, power_kw=list(row.power_kw), why=row.why)
