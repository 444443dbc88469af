"""Limits at circuits for a time."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from evenload.service import limits
from evenload.service.live_rows import LimitRow
from evenload.web.fields import Instant, Name, NameInPath, PowerKw, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import ONCE, Expected, NewId, set_tag, tenant_router

router = tenant_router("limits", "limits")


class LimitBody(
    Resource,
    json_schema_extra=example(
        node="F12",
        start="2026-01-12T17:00:00+01:00",
        end="2026-01-12T20:00:00+01:00",
        limit_kw=250.0,
        reason="evening peak",
    ),
):
    """A limit as it is posted."""

    node: Name = Field(description="Circuit it is at.", examples=["F12"])
    start: Instant
    end: Instant = Field(description="First instant after it.")
    limit_kw: PowerKw = Field(description="Most power through the circuit, kW; its static limit holds where lower.")
    reason: Text = Field("", description="For people.", examples=["evening peak"])


class PostedLimit(LimitBody, json_schema_extra={}):
    """A limit."""

    limit_id: Name
    made_by: str
    made_at: Instant | None
    cancelled_at: Instant | None = Field(description="Null while it holds.")

    @classmethod
    def of(cls, row: LimitRow) -> "PostedLimit":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


@router.get("")
def list_limits(
    scope: Asking, services: With, cut: Cutting, window: Window,
    cancelled: Annotated[bool, Query(description="Cancelled ones too.")] = False,
) -> Page[PostedLimit]:  # fmt: skip
    """Limits that hold at some time of a window, by start."""
    rows = limits.limits(scope, services.store, window, cancelled=cancelled)
    return cut.of_all(rows, lambda one: f"{one.start.isoformat()} {one.limit_id}", PostedLimit.of)


@router.post("", status_code=201, dependencies=[ONCE])
def post_limit(scope: Asking, services: With, body: LimitBody, limit_id: NewId, response: Response) -> PostedLimit:
    """Post a limit; the next plan keeps to it. Role: operator."""
    wanted = LimitRow(scope.tenant, limit_id, body.node, body.start, body.end, body.limit_kw, body.reason)
    row = limits.post_limit(scope, services.store, wanted, services.clock())
    response.headers["Location"] = f"/v1/limits/{row.limit_id}"
    set_tag(response, row)
    return PostedLimit.of(row)


@router.get("/{limit_id}")
def get_limit(scope: Asking, services: With, limit_id: NameInPath, response: Response) -> PostedLimit:
    """One limit."""
    row = limits.limit(scope, services.store, limit_id)
    set_tag(response, row)
    return PostedLimit.of(row)


@router.delete("/{limit_id}")
def cancel_limit(
    scope: Asking, services: With, limit_id: NameInPath, expected: Expected, response: Response
) -> PostedLimit:
    """Cancel a limit. Role: operator."""
    row = limits.cancel_limit(scope, services.store, limit_id, services.clock(), expected=expected)
    set_tag(response, row)
    return PostedLimit.of(row)
