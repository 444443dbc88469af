"""What drivers' cars charged and cost, what another choice would cost, and what their departures suggest."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from evenload.service.drivers import history as past
from evenload.service.drivers import quoting, suggestions
from evenload.service.drivers.history import By, Sums, gaps_of
from evenload.service.drivers.suggestions import Suggestion as Found
from evenload.web.fields import Instant, NameInPath, NameOrNone, Resource
from evenload.web.identity import Asking, With
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import ONCE, DriverRoute, NewId, tenant_router

router = tenant_router("drivers", "drivers", DriverRoute)

SuggestionId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:@+=*|~-]{0,79}$")]
VehicleAsked = Annotated[NameOrNone, Query(description="One vehicle of the driver; all where left out.")]


class Charged(Resource):
    """What was charged (at the connector), and what of it has a known cost and carbon."""

    energy_kwh: float
    energy_kwh_estimated: float = Field(description="Of that, not metered but estimated.")
    energy_kwh_priced: float = Field(description="Of that, what `cost` is of.")
    energy_kwh_with_carbon: float = Field(description="Of that, what `carbon_g` is of.")
    energy_kwh_untimed: float = Field(description="Of that, when it flowed is not known, so neither its cost.")
    cost: float = Field(description="An estimate from prices per kWh, no bill.")
    carbon_g: float
    cost_at_once_estimate: float | None = Field(description="The same energy at once at plug-in; null: not known.")
    carbon_g_at_once_estimate: float | None
    saved_estimate: float | None = Field(description="What charging at once would have cost more.")
    carbon_g_saved_estimate: float | None
    gaps: list[str] = Field(description="What is not known, in words.")

    @classmethod
    def of(cls, sums: Sums) -> "Charged":
        """As it is answered."""
        told = {name: getattr(sums, name) for name in cls.model_fields if name != "gaps"}
        return cls.model_validate(told | {"gaps": list(gaps_of(sums))})


class HistoryEntry(Resource):
    """A session, a local day or a month."""

    name: str = Field(description="A session's id, a day as 2026-01-31, or a month as 2026-01.")
    start: Instant
    end: Instant | None = Field(description="Null for a session that goes on.")
    vehicle_id: str = Field(description="Empty for days and months.")
    charged: Charged


class HistoryOfDriver(Resource):
    """What a driver's vehicles charged in a window, in order of time."""

    items: list[HistoryEntry]
    total: Charged
    currency: str = Field(description="Empty where no price is known.")
    timezone: str


class Quote(Resource):
    """What charging the rest at once would cost, against the plan. Estimates all: plans change."""

    session_id: str
    vehicle_id: str
    energy_kwh: float = Field(description="What is missing still, at the connector.")
    cost_planned_estimate: float | None = Field(description="Null where a price of then is not known.")
    cost_at_once_estimate: float | None
    cost_more_estimate: float | None
    carbon_g_planned_estimate: float | None
    carbon_g_at_once_estimate: float | None
    carbon_g_more_estimate: float | None
    ready_at_planned: Instant | None
    ready_at_once: Instant | None
    currency: str
    gaps: list[str]

    @classmethod
    def of(cls, found: quoting.Quote) -> "Quote":
        """As it is answered."""
        told = {name: getattr(found, name) for name in cls.model_fields}
        return cls.model_validate(told | {"gaps": list(found.gaps)})


class Suggestion(Resource):
    """Another time to be ready by. It changes nothing until it is accepted."""

    suggestion_id: str
    vehicle_id: str
    weekday: str = Field(examples=["fri"])
    ready_by: str = Field(examples=["06:40"])
    ready_by_now: str = Field(description="What holds today; empty for no time.")
    count: int = Field(description="How many departures say so.")
    spread_minutes: int = Field(description="Within which 8 of 10 of them lie.")
    sentence: str

    @classmethod
    def of(cls, found: Found) -> "Suggestion":
        """As it is answered."""
        return cls.model_validate({name: getattr(found, name) for name in cls.model_fields})


class Suggestions(Resource):
    """What departures suggest, by vehicle and weekday."""

    items: list[Suggestion]


@router.get("/{driver_id}/history")
def history(
    scope: Asking, services: With, driver_id: NameInPath, window: Window,
    by: Annotated[By, Query(description="What it is summed up by.")] = By.SESSION, vehicle_id: VehicleAsked = "",
) -> HistoryOfDriver:  # fmt: skip
    """What a driver's vehicles charged in a window, its cost and carbon, against charging at once at plug-in."""
    found = past.history(scope, services.store, driver_id, window, by, services.clock(), vehicle_id)
    return HistoryOfDriver(
        items=[
            HistoryEntry(
                name=one.name, start=one.start, end=one.end, vehicle_id=one.vehicle_id, charged=Charged.of(one.sums)
            )
            for one in found.entries
        ],
        total=Charged.of(found.total), currency=found.currency, timezone=found.timezone,
    )  # fmt: skip


@router.get("/{driver_id}/quote")
def quote(scope: Asking, services: With, driver_id: NameInPath, vehicle_id: VehicleAsked = "") -> Quote:
    """What a boost or an opt-out would cost now; it makes none."""
    return Quote.of(quoting.quote(scope, services.store, driver_id, services.clock(), vehicle_id))


@router.get("/{driver_id}/suggestions")
def list_suggestions(scope: Asking, services: With, driver_id: NameInPath) -> Suggestions:
    """What a driver's departures suggest."""
    rows = suggestions.suggestions(scope, services.store, driver_id, services.clock())
    return Suggestions(items=[Suggestion.of(one) for one in rows])


@router.post("/{driver_id}/suggestions/{suggestion_id}/accept", dependencies=[ONCE])
def accept(
    scope: Asking, services: With, driver_id: NameInPath, suggestion_id: SuggestionId, wish_id: NewId
) -> Suggestion:
    """Take a suggestion over as a wish. Role: the driver, or driver agent."""
    now = services.clock()
    done = suggestions.answer(scope, services.store, driver_id, suggestion_id, wish_id, now, accept=True)
    return Suggestion.of(done)


@router.post("/{driver_id}/suggestions/{suggestion_id}/dismiss", dependencies=[ONCE])
def dismiss(
    scope: Asking, services: With, driver_id: NameInPath, suggestion_id: SuggestionId, wish_id: NewId
) -> Suggestion:
    """Do not hear of a suggestion again soon. Role: the driver, or driver agent."""
    now = services.clock()
    done = suggestions.answer(scope, services.store, driver_id, suggestion_id, wish_id, now, accept=False)
    return Suggestion.of(done)
