"""Vehicle links: cars that are managed through their makers' clouds, their states, and what they were asked."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from evenload.domain.vehicle_state import ActKind, ActReason, ActStatus, PlugState, Provider, SocBasis
from evenload.service.access_rows import Role
from evenload.service.car_rows import CarActRow, CarLinkRow, CarStateRow, ConsentState, SourceRow
from evenload.service.cars import acts, links, sources, states
from evenload.telematics.port import Home
from evenload.web.fields import NAME_OR_NONE, NAME_PATTERN, Instant, Name, NameInPath, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.problem import ProblemError
from evenload.web.tenant_route import set_tag, tenant_router

router = tenant_router("vehicle-links", "vehicle-links")
acts_router = tenant_router("vehicle-acts", "vehicle-links")
state_router = tenant_router("vehicles", "vehicle-links")

Why = Annotated[str, Query(max_length=200, description="Why, for the record.")]
EventId = Annotated[str, Query(max_length=64, pattern=NAME_PATTERN, description="A limit or event.")]
EventIdOrNone = Annotated[
    str, Query(max_length=64, pattern=NAME_OR_NONE, description="Only those of a limit or event.")
]
VehicleIdOrNone = Annotated[str, Query(max_length=64, pattern=NAME_OR_NONE, description="Only those of a vehicle.")]


class HomeBody(Resource, json_schema_extra=example(latitude=52.37, longitude=4.9)):
    """Where the car is at home: kept sealed, used to tell home from away, and never answered."""

    latitude: float = Field(strict=True, ge=-90, le=90, description="Degrees.")
    longitude: float = Field(strict=True, ge=-180, le=180, description="Degrees.")
    radius_m: float = Field(150.0, strict=True, ge=20, le=5000, description="How near is at home.")


class VehicleLinkBody(
    Resource, json_schema_extra=example(vehicle_id="ann-leaf", provider="smartcar", site_id="depot-north")
):
    """A car to be linked."""

    vehicle_id: Name = Field(description="What the vehicle is called here; 1 to 44 characters.", examples=["ann-leaf"])
    provider: Provider = Field(description="Which cloud it is reached by.")
    site_id: Name = Field(description="Where it charges.", examples=["depot-north"])
    home: HomeBody | None = Field(None, description="Without it a plugged-in car counts as at home.")


class VehicleLinkBegun(Resource):
    """A consent that was asked for."""

    vehicle_id: str
    provider: Provider
    url: str = Field(description="Where the driver consents: for this driver only, good once.")
    expires_at: Instant


class VehicleLink(Resource):
    """A car that is linked, or was."""

    vehicle_id: str
    provider: Provider
    site_id: str
    device_id: str = Field(description="The device that it is to plans.")
    model: str
    consent: ConsentState
    granted_at: Instant | None
    expires_at: Instant | None
    revoked_at: Instant | None
    revoked_why: str
    linked_by: str

    @classmethod
    def of(cls, row: CarLinkRow, consent: ConsentState) -> "VehicleLink":
        """As it is answered."""
        names = cls.model_fields.keys() - {"consent"}
        return cls.model_validate({name: getattr(row, name) for name in names} | {"consent": consent})


class VehicleState(Resource):
    """What a car told last. States of charge are 0 to 1."""

    at: Instant = Field(description="When the car measured it.")
    received_at: Instant
    age_s: float = Field(description="How old it is now.")
    plug: PlugState
    soc: float | None
    soc_confidence: float
    soc_basis: SocBasis
    charge_limit_soc: float | None
    power_kw: float | None
    current_a: float | None
    voltage_v: float | None
    energy_kwh_added: float | None
    is_home: bool | None
    range_km: float | None
    is_asleep: bool | None
    timer_start: Instant | None
    is_overridden: bool = Field(description="Whether the driver took charging in hand in the maker's app.")
    problems: list[str] = Field(description="What was odd in it.")

    @classmethod
    def of(cls, row: CarStateRow, age_s: float) -> "VehicleState":
        """As it is answered."""
        told = {name: value for name, value in asdict(row).items() if name not in ("tenant", "vehicle_id")}
        return cls.model_validate(told | {"age_s": round(age_s, 3), "problems": list(row.problems)})


class VehicleAct(Resource):
    """Something a car was asked, and what became of it."""

    act_id: str
    vehicle_id: str
    kind: ActKind
    value: float | None = Field(description="Amperes of each phase, or a state of charge.")
    status: ActStatus
    reason: ActReason | None
    why: str = Field(description="The reason in words.")
    info: str = Field(description="The cloud's own words.")
    made_at: Instant
    sent_at: Instant | None
    ended_at: Instant | None
    deadline: Instant
    tries: int
    event_id: str = Field(description="The limit or event it was made for.")
    order_id: str

    @classmethod
    def of(cls, row: CarActRow) -> "VehicleAct":
        """As it is answered."""
        names = cls.model_fields.keys() - {"why"}
        why = row.reason.sentence if row.reason is not None else ""
        return cls.model_validate({name: getattr(row, name) for name in names} | {"why": why})


class VehicleSource(Resource):
    """Where what is known of a vehicle came from, and from when to when."""

    source: str = Field(description="A cloud, `obd` or `charger`.")
    began_at: Instant
    ended_at: Instant | None
    why: str

    @classmethod
    def of(cls, row: SourceRow) -> "VehicleSource":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class VehicleLinkStatus(Resource):
    """A link with how its car is."""

    link: VehicleLink
    connected: bool = Field(description="Whether the car can be told something now.")
    fault: str = Field(description="Why its account does not let us in; empty where it does.")
    state: VehicleState | None
    acts: list[VehicleAct] = Field(description="The last ones, the latest first.")
    sources: list[VehicleSource]


class VehicleSourceBody(Resource, json_schema_extra=example(source="obd", why="the logger is in the car now")):
    """Where what is known of a vehicle comes from now on."""

    source: str = Field(max_length=32, description="A cloud, `obd` or `charger`.")
    why: Text = ""


class ActsAccount(Resource):
    """What became of all that cars were asked for one limit or event."""

    event_id: str
    total: int
    settled: bool = Field(description="Whether all have ended.")
    counts: dict[ActStatus, int]


@router.get("")
def list_vehicle_links(scope: Asking, services: With, cut: Cutting) -> Page[VehicleLink]:
    """Links, by vehicle; those that ended too."""
    now = services.clock()
    rows = links.links(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.vehicle_id, lambda one: VehicleLink.of(one, one.consent(now)))


@router.post("", status_code=201)
async def begin_vehicle_link(
    scope: Asking, services: With, body: VehicleLinkBody, response: Response
) -> VehicleLinkBegun:
    """Ask for a driver's consent: send the driver to the answer's `url` within a day. Role: driver agent."""
    scope.require(Role.DRIVER_AGENT)
    if services.cars is None:
        raise ProblemError(409, "no cloud of cars is set up on this server", "unknown")
    home = Home(body.home.latitude, body.home.longitude, body.home.radius_m) if body.home else None
    asked = await services.cars.begin(scope, body.provider, body.vehicle_id, body.site_id, home)
    response.headers["Location"] = f"/v1/vehicle-links/{body.vehicle_id}"
    response.headers["Cache-Control"] = "no-store"
    return VehicleLinkBegun(
        vehicle_id=body.vehicle_id, provider=body.provider, url=asked.url, expires_at=asked.expires_at
    )


@router.get("/{vehicle_id}")
def get_vehicle_link(scope: Asking, services: With, vehicle_id: NameInPath, response: Response) -> VehicleLinkStatus:
    """One link, and how its car is."""
    now = services.clock()
    found = states.status(scope, services.store, vehicle_id, now)
    set_tag(response, found.link)
    return VehicleLinkStatus(
        link=VehicleLink.of(found.link, found.consent), connected=found.connected, fault=found.fault,
        state=None if found.state is None else VehicleState.of(found.state, found.age_s(now) or 0.0),
        acts=[VehicleAct.of(one) for one in found.acts], sources=[VehicleSource.of(one) for one in found.sources],
    )  # fmt: skip


@router.delete("/{vehicle_id}")
async def revoke_vehicle_link(scope: Asking, services: With, vehicle_id: NameInPath, why: Why = "") -> VehicleLink:
    """End a link: nothing is asked of the car any more, its tokens and its last state are forgotten. Role: driver
    agent."""
    if services.cars is None:
        ended = await run_in_threadpool(links.revoke, scope, services.store, vehicle_id, services.clock(), why)
        row = ended.link
    else:
        row = await services.cars.revoke(scope, vehicle_id, why)
    return VehicleLink.of(row, row.consent(services.clock()))


@acts_router.get("")
def list_vehicle_acts(
    scope: Asking, services: With, cut: Cutting, event_id: EventIdOrNone = "", vehicle_id: VehicleIdOrNone = ""
) -> Page[VehicleAct]:
    """Acts: the last ones, the latest first; of an event, by vehicle and time."""
    if event_id:
        rows = acts.acts_of_event(scope, services.store, event_id)
        wanted = [one for one in rows if vehicle_id in ("", one.vehicle_id)]
        return cut.of_all(wanted, lambda one: f"{one.vehicle_id} {one.act_id}", VehicleAct.of)
    rows = (
        acts.acts_of_car(scope, services.store, vehicle_id, cut.count)
        if vehicle_id
        else acts.acts_last(scope, services.store, cut.count)
    )
    return Page(items=[VehicleAct.of(one) for one in rows], next=None)


@acts_router.get("/account")
def get_account(scope: Asking, services: With, event_id: EventId) -> ActsAccount:
    """What became of all that cars were asked for a limit or event: every car counted, none left out."""
    found = acts.account_of_event(scope, services.store, event_id)
    return ActsAccount(event_id=event_id, total=found.total, settled=found.is_settled, counts=dict(found.counts))


@state_router.get("/{vehicle_id}/state")
def get_vehicle_state(scope: Asking, services: With, vehicle_id: NameInPath) -> VehicleState:
    """What a vehicle told last, and how old that is."""
    row = states.state_of(scope, services.store, vehicle_id)
    if row is None:
        raise ProblemError(404, f"vehicle {vehicle_id!r} has told nothing yet", "unknown")
    return VehicleState.of(row, row.age(services.clock()).total_seconds())


@state_router.get("/{vehicle_id}/sources")
def list_sources(scope: Asking, services: With, vehicle_id: NameInPath) -> list[VehicleSource]:
    """Where what is known of a vehicle came from over time, the first first."""
    return [VehicleSource.of(one) for one in sources.sources(scope, services.store, vehicle_id)]


@state_router.post("/{vehicle_id}/source")
def change_source(
    scope: Asking, services: With, vehicle_id: NameInPath, body: VehicleSourceBody
) -> list[VehicleSource]:
    """Say where what is known of a vehicle comes from from now on; what was before is kept. Role: driver agent."""
    rows = sources.change_source(scope, services.store, vehicle_id, body.source, services.clock(), body.why)
    return [VehicleSource.of(one) for one in rows]
