"""Energy managers of buildings and parking lots, each a device to plans: how they are reached."""

from dataclasses import asdict

from fastapi import Response
from pydantic import Field

from evenload.service.access_rows import Role
from evenload.service.cable import ems_kept
from evenload.service.cable.ems_kept import Enrolled
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.live_rows import DeviceRow
from evenload.web.fields import ClockTime, EnergyKwh, Instant, Name, NameInPath, PowerKw, Resource, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.problem import ProblemError
from evenload.web.tenant_route import Expected, set_tag, tenant_router

router = tenant_router("energy-managers", "energy-managers")


class _Reached(Resource):
    site_id: Name = Field(description="Where its cars stand.", examples=["depot-north"])
    address: str = Field(
        min_length=8, max_length=1000, examples=["https://lot.example/api"],
        description="`https://...`, or `modbus:HOST:PORT/UNIT/REGISTER?limit=REGISTER`. Shown and logged.",
    )  # fmt: skip
    power_kw_max: float = Field(strict=True, gt=0, le=1e5, description="What its cars can draw together, kW.")
    fallback_kw: PowerKw = Field(description="What its cars may draw when its line is lost.")
    cars_usual: float = Field(0.0, strict=True, ge=0, le=1e4, description="How many cars come usually.")
    energy_kwh_usual: EnergyKwh = Field(0.0, description="What each needs usually, where it tells no need itself.")
    ready_by: ClockTime = Field("17:00", description="When they are to be ready, by the site's clocks.")
    heartbeat_s: float = Field(
        30.0, strict=True, ge=2, le=900, description="How often it is read, and told that somebody is there."
    )


class EnergyManagerBody(
    _Reached,
    json_schema_extra=example(
        site_id="depot-north", address="https://lot.example/api", power_kw_max=150.0, fallback_kw=20.0,
        secret="drawn by the energy manager",  # noqa: S106 - an example
    ),
):  # fmt: skip
    """How an energy manager is reached, as it is put."""

    secret: str | None = Field(
        None, max_length=1000, repr=False, json_schema_extra={"writeOnly": True},
        description="Bearer token, for REST: kept sealed, and never answered. Null leaves the one that is kept, at the "
        "same address only; empty for none.",
    )  # fmt: skip


class EnergyManager(_Reached):
    """How an energy manager is reached, and whether it is."""

    device_id: str = Field(description="The device that it is to plans.")
    has_secret: bool = Field(description="Whether it is asked with a secret.")
    connected: bool = Field(description="Whether it answers.")
    made_at: Instant | None

    @classmethod
    def of(cls, found: Enrolled) -> "EnergyManager":
        """As it is answered."""
        told = {**asdict(found.device), **asdict(found.row)}
        more = {"has_secret": bool(found.row.secret_sealed), "connected": found.connected}
        return cls.model_validate({name: told[name] for name in cls.model_fields.keys() - more.keys()} | more)


@router.get("")
def list_energy_managers(scope: Asking, services: With, cut: Cutting) -> Page[EnergyManager]:
    """Energy managers, by device."""
    rows = ems_kept.managers(scope, services.store)
    return cut.of_all(rows, lambda one: one.row.device_id, EnergyManager.of)


@router.get("/{device_id}")
def get_energy_manager(scope: Asking, services: With, device_id: NameInPath, response: Response) -> EnergyManager:
    """One energy manager."""
    found = ems_kept.manager(scope, services.store, device_id)
    set_tag(response, found.row, found.device)
    return EnergyManager.of(found)


@router.put("/{device_id}")
def put_energy_manager(
    scope: Asking, services: With, device_id: NameInPath, body: EnergyManagerBody, expected: Expected,
    response: Response,
) -> EnergyManager:  # fmt: skip
    """Enrol an energy manager, or change how it is reached. Role: operator.

    It becomes a device of that name, told one limit for all its cars; 1 to 44 characters.
    """
    scope.require(Role.OPERATOR)
    if services.ems is None:
        raise ProblemError(409, "this server reaches no energy managers", "unknown")
    wanted = EnergyManagerRow(
        scope.tenant, device_id, body.address, body.cars_usual, body.energy_kwh_usual, body.ready_by, body.heartbeat_s
    )  # fmt: skip
    sealed = services.ems.sealed(wanted, body.secret or "")
    device = DeviceRow(
        scope.tenant, device_id, body.site_id, "", power_kw_max=body.power_kw_max, fallback_kw=body.fallback_kw
    )  # fmt: skip
    found = ems_kept.put_manager(
        scope, services.store, sealed, device, services.clock(), keeps_secret=body.secret is None, expected=expected
    )
    set_tag(response, found.row, found.device)
    return EnergyManager.of(found)


@router.delete("/{device_id}", status_code=204)
def remove_energy_manager(scope: Asking, services: With, device_id: NameInPath, expected: Expected) -> None:
    """Ask an energy manager nothing any more, and forget its secret. Role: operator.

    Its device stays: its cars count with its fallback until that is deleted.
    """
    ems_kept.remove_manager(scope, services.store, device_id, services.clock(), expected=expected)
