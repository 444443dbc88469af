"""What drivers wish for in advance and choose for a while."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from evenload.service.driver_rows import WEEKDAYS, ChoiceKind, ChoiceRow, WishRow
from evenload.service.drivers import choosing, standing, wishing
from evenload.web.fields import CLOCK_OR_NONE, EnergyKwh, Instant, Name, NameInPath, NameOrNone, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.tenant_route import ONCE, DriverRoute, NewId, tenant_router

router = tenant_router("drivers", "drivers", DriverRoute)

ShareOrNone = Annotated[float, Field(strict=True, ge=0, le=1)] | None
Clock = Annotated[str, Field(pattern=CLOCK_OR_NONE)]
WhichVehicle = Annotated[NameOrNone, Field(description="One vehicle of the driver; may be left out where it has one.")]


class Week(Resource, json_schema_extra=example(mon="07:00", tue="07:00", wed="07:00", thu="07:00", fri="06:15")):
    """A local time for each weekday, empty for a day without a departure."""

    mon: Clock = ""
    tue: Clock = ""
    wed: Clock = ""
    thu: Clock = ""
    fri: Clock = ""
    sat: Clock = ""
    sun: Clock = ""


class WishBody(
    Resource, json_schema_extra=example(ready_by={"mon": "07:00", "fri": "06:15"}, soc_target=0.8, soc_minimum=0.3)
):
    """What is wished for from now on; what is null is left to what is usual."""

    vehicle_id: WhichVehicle = ""
    ready_by: Week = Field(default_factory=Week)
    soc_target: ShareOrNone = Field(None, description="State of charge, 0 to 1.")
    soc_minimum: ShareOrNone = Field(None, description="Wanted at once after plug-in.")
    energy_kwh: EnergyKwh | None = Field(None, description="In place of a target: so much each stay, at the connector.")
    energy_kwh_minimum: EnergyKwh | None = Field(None, description="Wanted at once after plug-in, at the connector.")


class Wish(Resource):
    """What a driver wishes for a vehicle."""

    vehicle_id: Name
    ready_by: Week
    soc_target: float | None
    soc_minimum: float | None
    energy_kwh: float | None
    energy_kwh_minimum: float | None
    made_at: Instant | None = Field(description="Null where nothing was wished for yet.")
    made_by: str
    ended_at: Instant | None = Field(description="When another took its place; null for the one that holds.")

    @classmethod
    def of(cls, row: WishRow) -> "Wish":
        """As it is answered."""
        told = {name: value for name, value in asdict(row).items() if name in cls.model_fields}
        return cls.model_validate(told | {"ready_by": dict(zip(WEEKDAYS, row.ready_by, strict=True))})


class Wishes(Resource):
    """Wishes by vehicle, the latest first."""

    items: list[Wish]


class UndoBody(Resource, json_schema_extra=example(vehicle_id="leaf")):
    """Which wish to take back."""

    vehicle_id: WhichVehicle = ""


class ChoiceBody(Resource, json_schema_extra=example(reason="on foot tomorrow")):
    """A choice for a while."""

    vehicle_id: NameOrNone = Field("", description="One vehicle; all of the driver where left out.")
    reason: Text = ""


class DriverOptOutBody(ChoiceBody, json_schema_extra=example(event_id="peak-1", reason="night shift")):
    """Of what to take no part: an event, a window, or with neither the stay that goes on."""

    event_id: NameOrNone = Field("", description="The id of a limit that was posted.")
    start: Instant | None = Field(None, description="Null for now.")
    end: Instant | None = None


class VacationBody(ChoiceBody, json_schema_extra=example(start="2026-07-04T08:00:00Z", end="2026-07-25T18:00:00Z")):
    """From when to when."""

    start: Instant | None = Field(None, description="Null for now.")
    end: Instant


class Choice(Resource):
    """A choice, also one undone or over."""

    choice_id: str
    kind: ChoiceKind
    vehicle_id: str = Field(description="Empty for all.")
    start: Instant
    end: Instant | None = Field(description="Null: until the car is unplugged.")
    event_id: str
    reason: str
    made_at: Instant | None
    made_by: str
    undone_at: Instant | None
    undone_by: str
    session_id: str = Field(description="The session it changed last; empty for none yet.")
    settled: bool = Field(description="Nothing more comes of it.")

    @classmethod
    def of(cls, row: ChoiceRow) -> "Choice":
        """As it is answered."""
        told = asdict(row) | {"session_id": "" if row.applied_to == standing.NO_SESSION else row.applied_to}
        return cls.model_validate({name: told[name] for name in cls.model_fields})


class Choices(Resource):
    """Choices, the latest first."""

    items: list[Choice]


@router.get("/{driver_id}/wishes")
def list_wishes(
    scope: Asking, services: With, driver_id: NameInPath,
    past: Annotated[bool, Query(description="Also what was wished for before.")] = False,
) -> Wishes:  # fmt: skip
    """What a driver wishes for, by vehicle."""
    rows = wishing.wishes(scope, services.store, driver_id, past=past)
    return Wishes(items=[Wish.of(one) for one in rows])


@router.put("/{driver_id}/wishes")
def put_wish(scope: Asking, services: With, driver_id: NameInPath, body: WishBody, wish_id: NewId) -> Wish:
    """Wish for something from now on; a car that is plugged in follows. Role: the driver, or driver agent."""
    week = tuple(getattr(body.ready_by, day) for day in WEEKDAYS)
    row = WishRow(
        scope.tenant, wish_id, driver_id, body.vehicle_id, week, body.soc_target, body.soc_minimum, body.energy_kwh,
        body.energy_kwh_minimum,
    )  # fmt: skip
    return Wish.of(wishing.put_wish(scope, services.store, row, wish_id, services.clock()))


@router.post("/{driver_id}/wishes/undo", dependencies=[ONCE])
def undo_wish(scope: Asking, services: With, driver_id: NameInPath, body: UndoBody, wish_id: NewId) -> Wish:
    """Wish again for what was wished for before. Role: the driver, or driver agent."""
    now = services.clock()
    return Wish.of(wishing.undo_wish(scope, services.store, driver_id, body.vehicle_id, wish_id, now))


@router.get("/{driver_id}/choices")
def list_choices(
    scope: Asking, services: With, driver_id: NameInPath, count: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Choices:
    """Choices of a driver, the latest first, also those undone or over."""
    return Choices(items=[Choice.of(one) for one in choosing.choices(scope, services.store, driver_id, count)])


@router.post("/{driver_id}/skip", status_code=201, dependencies=[ONCE])
def skip(scope: Asking, services: With, driver_id: NameInPath, body: ChoiceBody, choice_id: NewId) -> Choice:
    """Charge no more than the minimum until noon after this night. Role: the driver, or driver agent."""
    now = services.clock()
    row = ChoiceRow(scope.tenant, choice_id, driver_id, ChoiceKind.SKIP, now, None, body.vehicle_id, "", body.reason)
    return Choice.of(choosing.skip(scope, services.store, row, now))


@router.post("/{driver_id}/boost", status_code=201, dependencies=[ONCE])
def boost(scope: Asking, services: With, driver_id: NameInPath, body: ChoiceBody, choice_id: NewId) -> Choice:
    """Let the car that is plugged in go first, within the limits. Role: the driver, or driver agent."""
    now = services.clock()
    row = ChoiceRow(scope.tenant, choice_id, driver_id, ChoiceKind.BOOST, now, None, body.vehicle_id, "", body.reason)
    return Choice.of(choosing.boost(scope, services.store, row, now))


@router.post("/{driver_id}/opt-outs", status_code=201, dependencies=[ONCE])
def opt_out(scope: Asking, services: With, driver_id: NameInPath, body: DriverOptOutBody, choice_id: NewId) -> Choice:
    """Take no part: in an event, in a window, or now in this stay. Role: the driver, or driver agent."""
    now = services.clock()
    row = ChoiceRow(
        scope.tenant, choice_id, driver_id, ChoiceKind.OPT_OUT, body.start or now, body.end, body.vehicle_id,
        body.event_id, body.reason,
    )  # fmt: skip
    return Choice.of(choosing.opt_out(scope, services.store, row, now))


@router.post("/{driver_id}/vacation", status_code=201, dependencies=[ONCE])
def vacation(scope: Asking, services: With, driver_id: NameInPath, body: VacationBody, choice_id: NewId) -> Choice:
    """Be away: no car is expected, and one that is plugged in keeps its minimum. Role: the driver, or driver agent."""
    now = services.clock()
    row = ChoiceRow(
        scope.tenant, choice_id, driver_id, ChoiceKind.VACATION, body.start or now, body.end, body.vehicle_id, "",
        body.reason,
    )  # fmt: skip
    return Choice.of(choosing.vacation(scope, services.store, row, now))


@router.delete("/{driver_id}/choices/{choice_id}")
def undo(scope: Asking, services: With, driver_id: NameInPath, choice_id: NameInPath) -> Choice:
    """Take a skip, boost, opt-out or vacation back. Role: the driver, or driver agent."""
    return Choice.of(choosing.undo(scope, services.store, driver_id, choice_id, services.clock()))
