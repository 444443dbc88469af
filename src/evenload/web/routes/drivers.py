"""Drivers: who drives what, the links they come in by, and what they are told."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from evenload.service.driver_rows import DriverRow, LinkRow, PromiseBasis, PromiseRow
from evenload.service.drivers import asking, keeping, links
from evenload.service.drivers.why import WhyCode
from evenload.web.fields import CURRENCY_PATTERN, Instant, Name, NameInPath, NameOrNone, Resource, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, DriverRoute, Expected, NewId, set_tag, tenant_router

router = tenant_router("drivers", "drivers", DriverRoute)

VehicleAsked = Annotated[NameOrNone, Query(description="One vehicle of the driver; all where left out.")]
_LINK_ID_LENGTH = 12


class DriverBody(Resource, json_schema_extra=example(vehicles=["leaf"], site_id="home", language="nb", currency="NOK")):
    """A driver as it is put. No names or addresses: those are kept elsewhere."""

    user_id: NameOrNone = Field("", description="The account they log in with; empty where they come by links only.")
    vehicles: list[Name] = Field(default_factory=list, max_length=20, description="Each vehicle has one driver.")
    site_id: NameOrNone = Field("", description="Where they charge usually: its clocks are theirs.")
    language: str = Field("en", pattern=r"^[a-z]{2,3}$", description="ISO 639.", examples=["nb"])
    currency: str = Field("", pattern=CURRENCY_PATTERN)


class Driver(DriverBody, json_schema_extra={}):
    """A driver."""

    driver_id: Name
    made_at: Instant | None = None

    @classmethod
    def of(cls, row: DriverRow) -> "Driver":
        """As it is answered."""
        told = asdict(row) | {"vehicles": list(row.vehicles)}
        return cls.model_validate({name: value for name, value in told.items() if name != "tenant"})


class Reason(Resource):
    """Why a vehicle is charging or not."""

    vehicle_id: str
    session_id: str = Field(description="Empty where it is not plugged in.")
    code: WhyCode = Field(description="The same for programs.")
    sentence: str = Field(description="One sentence in local time.")
    is_charging: bool
    starts_at: Instant | None = Field(description="When it charges next, by the plan.")
    ready_at: Instant | None = Field(description="When it has what is wanted, by the plan.")
    plan_id: str


class Reasons(Resource):
    """Why each vehicle of a driver is charging or not."""

    items: list[Reason]


class Promise(Resource):
    """What a vehicle will have when it leaves. Energies are at the connector, counted from plug-in."""

    session_id: str
    vehicle_id: str
    at: Instant = Field(description="When it was said.")
    basis: PromiseBasis = Field(description="`estimate`: power and time alone; `plan`: what a plan gives.")
    sentence: str = Field(description="One sentence in local time.")
    is_met: bool = Field(description="Whether it has all that is wanted by then.")
    by: Instant
    energy_kwh: float
    energy_kwh_wanted: float
    soc: float | None = Field(description="State of charge by then, 0 to 1, where the car tells its own.")
    soc_wanted: float | None
    ready_at: Instant | None = Field(description="When all will be there; null where nobody knows.")
    reason: str = Field(description="Why not all; empty where it is met.")
    plan_id: str
    corrects: bool = Field(description="It says another thing than the one before.")

    @classmethod
    def of(cls, row: PromiseRow) -> "Promise":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class Forecast(Resource):
    """What each vehicle that is plugged in will have when it leaves."""

    items: list[Promise]


class DriverLinkBody(Resource, json_schema_extra=example(days=30.0)):
    """A link as it is made."""

    days: float = Field(30.0, gt=0, le=links.DAYS_MAX, strict=True, description="Good for so many days.")


class DriverLink(Resource):
    """A link, without its secret."""

    link_id: str
    made_by: str
    made_at: Instant | None
    expires_at: Instant | None
    revoked_at: Instant | None

    @classmethod
    def of(cls, row: LinkRow) -> "DriverLink":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class NewDriverLink(Resource):
    """A link that was just made."""

    link_id: str
    expires_at: Instant
    text: str = Field(description="Shown this once: sent as `Authorization: Bearer`.", examples=["evd_..."])


@router.get("")
def list_drivers(scope: Asking, services: With, cut: Cutting) -> Page[Driver]:
    """Drivers, by id. A driver sees one: itself."""
    rows = keeping.drivers(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.driver_id, Driver.of)


@router.get("/{driver_id}")
def get_driver(scope: Asking, services: With, driver_id: NameInPath, response: Response) -> Driver:
    """One driver."""
    row = keeping.driver(scope, services.store, driver_id)
    set_tag(response, row)
    return Driver.of(row)


@router.put("/{driver_id}")
def put_driver(
    scope: Asking, services: With, driver_id: NameInPath, body: DriverBody, expected: Expected, response: Response
) -> Driver:
    """Add or replace a driver. Role: operator; a driver may change its own language and currency."""
    fields = body.model_dump() | {"vehicles": tuple(body.vehicles)}
    row = DriverRow(scope.tenant, driver_id, **fields)
    kept = keeping.put_driver(scope, services.store, row, services.clock(), expected=expected)
    set_tag(response, kept)
    return Driver.of(kept)


@router.delete("/{driver_id}", status_code=204)
def remove_driver(scope: Asking, services: With, driver_id: NameInPath, expected: Expected) -> None:
    """Forget a driver with all wishes, choices, links and promises. Role: operator."""
    keeping.remove_driver(scope, services.store, driver_id, services.clock(), expected=expected)


@router.get("/{driver_id}/why")
def why(scope: Asking, services: With, driver_id: NameInPath, vehicle_id: VehicleAsked = "") -> Reasons:
    """Why each vehicle of a driver is charging or not."""
    found = asking.ask(scope, services.store, driver_id, services.clock(), vehicle_id)
    return Reasons(
        items=[
            Reason(
                vehicle_id=one.vehicle_id, session_id=one.session.session_id if one.session else "",
                code=one.why.code, sentence=one.why.sentence, is_charging=one.why.is_charging,
                starts_at=one.why.starts_at, ready_at=one.why.ready_at, plan_id=one.plan_id,
            )
            for one in found
        ]
    )  # fmt: skip


@router.get("/{driver_id}/forecast")
def forecast(scope: Asking, services: With, driver_id: NameInPath, vehicle_id: VehicleAsked = "") -> Forecast:
    """What each vehicle that is plugged in will have when it leaves, as it was told last."""
    rows = asking.forecast(scope, services.store, driver_id, services.clock(), vehicle_id)
    return Forecast(items=[Promise.of(one) for one in rows])


@router.get("/{driver_id}/links")
def list_links(scope: Asking, services: With, cut: Cutting, driver_id: NameInPath) -> Page[DriverLink]:
    """Links of a driver, by id. Role: driver agent."""
    return cut.of_all(links.links(scope, services.store, driver_id), lambda one: one.link_id, DriverLink.of)


@router.post("/{driver_id}/links", status_code=201, dependencies=[ONCE])
def add_link(
    scope: Asking, services: With, driver_id: NameInPath, body: DriverLinkBody, drawn: NewId, response: Response
) -> NewDriverLink:
    """Make a link that lets its bearer speak for this driver. Its text is answered this once. Role: driver agent."""
    now = services.clock()
    link_id, secret = drawn[:_LINK_ID_LENGTH], services.draw() + services.draw()
    expires_at = now + timedelta(days=body.days)
    text = links.add_link(scope, services.store, driver_id, link_id, secret, now, expires_at)
    response.headers["Cache-Control"] = "no-store"
    return NewDriverLink(link_id=link_id, expires_at=expires_at, text=text)


@router.delete("/{driver_id}/links/{link_id}")
def revoke_link(scope: Asking, services: With, driver_id: NameInPath, link_id: NameInPath) -> DriverLink:
    """Take a link back at once and for good; drivers may take back their own."""
    return DriverLink.of(links.revoke_link(scope, services.store, driver_id, link_id, services.clock()))
