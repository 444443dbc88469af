"""Sites: places with devices."""

from dataclasses import asdict

from fastapi import Response
from pydantic import Field

from evenload.service import grid
from evenload.service.live_rows import SiteRow
from evenload.web.fields import (
    METER_PATTERN,
    ClockTime,
    EnergyKwh,
    Instant,
    Name,
    NameInPath,
    PowerKw,
    Resource,
    Text,
    example,
)
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.routes.circuits import CircuitBody
from evenload.web.tenant_route import Expected, set_tag, tenant_router

router = tenant_router("sites", "sites")


class SiteFields(Resource):
    """What is said of a site."""

    name: Text = Field("", description="For people.", examples=["Depot north"])
    timezone: Text = Field("UTC", description="IANA time zone of its local times.", examples=["Europe/Oslo"])
    ready_by: ClockTime = Field("07:00", description="Local time by which cars are ready of which nothing is known.")
    energy_kwh_usual: EnergyKwh = Field(20.0, description="What such a car is supposed to need, at the connector.")
    energy_kwh_minimum: EnergyKwh = Field(0.0, description="What every car gets at once.")
    meter: str = Field(
        "", pattern=METER_PATTERN, description="Main meter: none, `rest`, `ocpp:IDENTITY` or `modbus:...`."
    )
    guard_kw: PowerKw | None = Field(None, description="What the guard holds the meter below; null for no guard.")


class SiteBody(
    SiteFields,
    json_schema_extra=example(
        name="Depot north",
        timezone="Europe/Oslo",
        ready_by="06:30",
        guard_kw=95.0,
        circuit={"parent": "F12", "limit_kw": 100.0},
    ),
):
    """A site as it is put."""

    circuit: CircuitBody | None = Field(
        None, description="Where it hangs in the grid, as a circuit of the same name; left out where that is known."
    )


class Site(SiteFields):
    """A site."""

    site_id: Name
    made_at: Instant | None = None

    @classmethod
    def of(cls, row: SiteRow) -> "Site":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


@router.get("")
def list_sites(scope: Asking, services: With, cut: Cutting) -> Page[Site]:
    """Sites, by id."""
    rows = grid.sites(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.site_id, Site.of)


@router.get("/{site_id}")
def get_site(scope: Asking, services: With, site_id: NameInPath, response: Response) -> Site:
    """One site."""
    row = grid.site(scope, services.store, site_id)
    set_tag(response, row)
    return Site.of(row)


@router.put("/{site_id}")
def put_site(
    scope: Asking, services: With, site_id: NameInPath, body: SiteBody, expected: Expected, response: Response
) -> Site:
    """Add or replace a site. Role: operator."""
    fields = {name: getattr(body, name) for name in SiteFields.model_fields}
    place = body.circuit.named(site_id) if body.circuit else None
    wanted = SiteRow(scope.tenant, site_id, **fields)
    row = grid.put_site(scope, services.store, wanted, services.clock(), place=place, expected=expected)
    set_tag(response, row)
    return Site.of(row)


@router.delete("/{site_id}", status_code=204)
def remove_site(scope: Asking, services: With, site_id: NameInPath, expected: Expected) -> None:
    """Take a site away, and its circuit; not while devices are enrolled at it. Role: operator."""
    grid.remove_site(scope, services.store, site_id, services.clock(), expected=expected)
