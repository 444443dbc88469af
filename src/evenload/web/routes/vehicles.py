"""Vehicles: cars that are known when they come."""

from dataclasses import asdict

from fastapi import Response
from pydantic import Field

from evenload.service import vehicles
from evenload.service.live_rows import VehicleRow
from evenload.web.fields import (
    CLOCK_OR_NONE,
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
from evenload.web.tenant_route import Expected, set_tag, tenant_router

router = tenant_router("vehicles", "vehicles")


class VehicleBody(
    Resource,
    json_schema_extra=example(name="Van 12", token="04A2B7C1", battery_kwh=75.0, ready_by="06:30"),  # noqa: S106 - nobody has it
):
    """A vehicle as it is put."""

    name: Text = Field("", description="For people.", examples=["Van 12"])
    token: str = Field("", max_length=64, description="What it or its driver identifies with.", examples=["04A2B7C1"])
    battery_kwh: EnergyKwh | None = Field(None, description="Usable size of its battery.")
    power_kw_max: PowerKw | None = Field(None, description="Most it takes, at the connector.")
    ready_by: str = Field("", pattern=CLOCK_OR_NONE, description="Local time of the site; empty for the site's own.")
    energy_kwh_usual: EnergyKwh | None = Field(None, description="What it is supposed to need, at the connector.")
    energy_kwh_minimum: EnergyKwh | None = Field(None, description="What it gets at once.")


class Vehicle(VehicleBody, json_schema_extra={}):
    """A vehicle."""

    vehicle_id: Name
    made_at: Instant | None = None

    @classmethod
    def of(cls, row: VehicleRow) -> "Vehicle":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


@router.get("")
def list_vehicles(scope: Asking, services: With, cut: Cutting) -> Page[Vehicle]:
    """Vehicles, by id."""
    rows = vehicles.vehicles(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.vehicle_id, Vehicle.of)


@router.get("/{vehicle_id}")
def get_vehicle(scope: Asking, services: With, vehicle_id: NameInPath, response: Response) -> Vehicle:
    """One vehicle."""
    row = vehicles.vehicle(scope, services.store, vehicle_id)
    set_tag(response, row)
    return Vehicle.of(row)


@router.put("/{vehicle_id}")
def put_vehicle(
    scope: Asking, services: With, vehicle_id: NameInPath, body: VehicleBody, expected: Expected, response: Response
) -> Vehicle:
    """Add or replace a vehicle. Role: driver agent."""
    wanted = VehicleRow(scope.tenant, vehicle_id, **body.model_dump())
    row = vehicles.put_vehicle(scope, services.store, wanted, services.clock(), expected=expected)
    set_tag(response, row)
    return Vehicle.of(row)


@router.delete("/{vehicle_id}", status_code=204)
def remove_vehicle(scope: Asking, services: With, vehicle_id: NameInPath, expected: Expected) -> None:
    """Forget a vehicle; what it charged is kept. Role: driver agent."""
    vehicles.remove_vehicle(scope, services.store, vehicle_id, services.clock(), expected=expected)
