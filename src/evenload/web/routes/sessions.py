"""Sessions: cars plugged in, and what people say of them."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from evenload.domain.station_readings import Quality
from evenload.service import look, overrides
from evenload.service.live_rows import NeedBasis, SessionRow
from evenload.web.fields import EnergyKwh, Instant, NameInPath, NameOrNone, Resource, Switch, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.routes.decisions import Decision
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import ONCE, Expected, set_tag, tenant_router

router = tenant_router("sessions", "sessions")


class Session(Resource):
    """A session, plug-in to plug-out. Energies and powers are at the connector."""

    session_id: str
    device_id: str
    site_id: str
    vehicle_id: str = Field(description="Empty where the vehicle is not known.")
    token: str = Field(description="What the driver identified with, empty if nothing.")
    transaction_id: str
    plugged_at: Instant
    departs_at: Instant = Field(description="By when the energy is wanted.")
    unplugged_at: Instant | None = Field(description="Null while it goes on.")
    energy_kwh: float = Field(description="Wanted in all by `departs_at`.")
    energy_kwh_minimum: float = Field(description="Wanted at once.")
    basis: NeedBasis = Field(description="Who said what it needs.")
    power_kw_max: float | None
    energy_kwh_delivered: float = Field(description="Delivered so far.")
    energy_quality: Quality
    power_kw: float | None = Field(description="Last metered.")
    soc: float | None = Field(description="State of charge, 0 to 1, where the vehicle tells it.")
    metered_at: Instant | None
    began: Quality = Field(description="Whether its beginning was told or is estimated.")
    suspended_by_vehicle: bool
    opted_out: bool = Field(description="Charges at once, as fast as the limits allow.")
    boosted: bool = Field(description="Goes before others, within the limits.")

    @classmethod
    def of(cls, row: SessionRow) -> "Session":
        """As it is answered."""
        told = asdict(row)
        return cls.model_validate({name: told[name] for name in cls.model_fields})


class DeclareBody(Resource, json_schema_extra=example(energy_kwh=31.5, departs_at="2026-01-13T07:00:00+01:00")):
    """What a driver says; what is left out stays."""

    energy_kwh: EnergyKwh | None = Field(None, description="Wanted in all since plug-in, at the connector.")
    departs_at: Instant | None = Field(None, description="By when.")
    energy_kwh_minimum: EnergyKwh | None = Field(None, description="Wanted at once, before all money and comfort.")


class BoostBody(Resource, json_schema_extra=example(on=True, why="called to a patient")):
    """Whether it goes before others."""

    on: Switch = True
    why: Text = ""


class OptOutBody(Resource, json_schema_extra=example(out=True, why="leaves at any time")):
    """Whether it is taken out."""

    out: Switch = True
    why: Text = ""


class PlannedStep(Resource):
    """Mean power of a step of the plan."""

    at: Instant
    power_kw: float


class Explained(Resource):
    """Why a session is given what it is given."""

    session_id: str
    why: str = Field(description="One sentence.")
    plan_id: str = Field(description="The last plan; empty where there is none.")
    planned: list[PlannedStep] = Field(description="What it gives the session; empty where it does not hold it.")
    decisions: list[Decision] = Field(description="The last decisions, the latest first.")


@router.get("")
def list_sessions(
    scope: Asking, services: With, cut: Cutting, window: Window,
    going_on: Annotated[bool, Query(description="Those not unplugged, whenever they began.")] = False,
    device_id: Annotated[NameOrNone, Query(description="Of one device.")] = "",
) -> Page[Session]:  # fmt: skip
    """Sessions plugged in at some time of a window, by id."""
    if going_on:
        found = overrides.sessions_going_on(scope, services.store)
        mine = [row for row in found if device_id in ("", row.device_id)]
        return cut.of_all(mine, lambda one: one.session_id, Session.of)
    rows = overrides.sessions(scope, services.store, window, cut.after, cut.count + 1, device_id=device_id)
    return cut.page(rows, lambda one: one.session_id, Session.of)


@router.get("/{session_id}")
def get_session(scope: Asking, services: With, session_id: NameInPath, response: Response) -> Session:
    """One session."""
    row = overrides.session(scope, services.store, session_id)
    set_tag(response, row)
    return Session.of(row)


@router.get("/{session_id}/explanation")
def explain_session(scope: Asking, services: With, session_id: NameInPath) -> Explained:
    """Why a session is given what it is given."""
    told = look.explain(scope, services.store, session_id)
    return Explained(
        session_id=session_id, why=told.why, plan_id=told.plan.plan_id if told.plan else "",
        planned=[PlannedStep(at=at, power_kw=power) for at, power in told.steps],
        decisions=[Decision.of(one) for one in told.decisions],
    )  # fmt: skip


@router.post("/{session_id}/declare", dependencies=[ONCE])
def declare(scope: Asking, services: With, session_id: NameInPath, body: DeclareBody, expected: Expected) -> Session:
    """Say what a session needs and by when. Role: driver agent."""
    said = overrides.Declared(body.energy_kwh, body.departs_at, body.energy_kwh_minimum)
    return Session.of(overrides.declare(scope, services.store, session_id, said, services.clock(), expected=expected))


@router.post("/{session_id}/boost", dependencies=[ONCE])
def boost(scope: Asking, services: With, session_id: NameInPath, body: BoostBody) -> Session:
    """Let a session go before others, within the limits; or take that back. Role: driver agent."""
    now = services.clock()
    return Session.of(overrides.boost(scope, services.store, session_id, now, on=body.on, why=body.why))


@router.post("/{session_id}/opt-out", dependencies=[ONCE])
def opt_out(scope: Asking, services: With, session_id: NameInPath, body: OptOutBody) -> Session:
    """Take a session out: it charges at once, as fast as the limits allow. Or take it in again. Role: driver agent."""
    now = services.clock()
    return Session.of(overrides.opt_out(scope, services.store, session_id, now, out=body.out, why=body.why))
