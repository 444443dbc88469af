"""Decisions: what was decided for devices, and why."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from evenload.service import look
from evenload.service.live_rows import DecisionRow
from evenload.web.fields import Instant, NameOrNone, Resource
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page, number_in
from evenload.web.tenant_route import tenant_router

router = tenant_router("decisions", "decisions")


class Decision(Resource):
    """Something the brain, the guard or a person decided."""

    number: int = Field(description="Counts up.")
    at: Instant
    device_id: str
    session_id: str
    kind: str
    why: str = Field(description="A sentence.")
    power_kw: float | None
    plan_id: str
    order_id: str

    @classmethod
    def of(cls, row: DecisionRow) -> "Decision":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


@router.get("")
def list_decisions(
    scope: Asking, services: With, cut: Cutting,
    device_id: Annotated[NameOrNone, Query(description="For one device.")] = "",
    session_id: Annotated[NameOrNone, Query(description="For one session.")] = "",
) -> Page[Decision]:  # fmt: skip
    """Decisions, the latest first."""
    before = number_in(cut.after) if cut.after else None
    rows = look.decisions(
        scope, services.store, cut.count + 1, device_id=device_id, session_id=session_id, before=before
    )
    return cut.page(rows, lambda one: str(one.number), Decision.of)
