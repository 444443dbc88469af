"""Devices: EVSEs of stations, enrolled at sites."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from evenload.domain.session import Control
from evenload.service import enrolment
from evenload.service.live_rows import DeviceRow
from evenload.web.fields import (
    STATION_PATTERN,
    Instant,
    Name,
    NameInPath,
    NameOrNone,
    PowerKw,
    Resource,
    Switch,
    example,
)
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import Expected, NewId, set_tag, tenant_router

router = tenant_router("devices", "devices")


class DeviceBody(
    Resource,
    json_schema_extra=example(site_id="depot-north", identity="CP1", evse_id=1, power_kw_max=11.0, fallback_kw=4.2),
):
    """A device as it is enrolled."""

    site_id: Name = Field(description="Where it stands.", examples=["depot-north"])
    identity: str = Field(
        min_length=1, max_length=48, pattern=STATION_PATTERN,
        description="Its station's own name, as its path ends.", examples=["CP1"],
    )  # fmt: skip
    evse_id: int = Field(1, strict=True, ge=1, le=999, description="Which EVSE of the station.")
    power_kw_max: float = Field(11.0, strict=True, gt=0, le=2000, description="Most it can give, kW.")
    power_kw_min: float = Field(
        1.38, strict=True, ge=0, le=2000, description="Least it can give other than nothing, kW."
    )
    phases: int = Field(3, strict=True, ge=1, le=3, description="How many phases it charges on.")
    voltage_v: float = Field(230.0, strict=True, ge=50, le=1500, description="Of a phase to neutral.")
    fallback_kw: PowerKw | None = Field(
        None,
        description="Stored in the station, and held to when nothing else was said; null has evenload allot one.",
    )
    priority: int = Field(0, strict=True, ge=-100, le=100, description="Higher goes first.")
    control: Control = Field(Control.CONTINUOUS, description="How finely it can be told.")
    managed: Switch = Field(True, description="Whether it is given plans, or only watched.")
    commands_max: int | None = Field(
        None, strict=True, ge=0, le=10_000,
        description="How often it may be told something new in a session; null for any number.",
    )  # fmt: skip
    dwell_minutes: float = Field(
        0.0, strict=True, ge=0, le=1440, description="How long what it is told stands at the least, minutes."
    )


class Device(DeviceBody, json_schema_extra={}):
    """A device."""

    device_id: Name
    enrolled_at: Instant | None = None
    retired_at: Instant | None = None
    fallback_allotted: bool = Field(
        False, description="Whether its fallback was allotted; told again as it is, it remains so."
    )

    @classmethod
    def of(cls, row: DeviceRow) -> "Device":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


@router.get("")
def list_devices(
    scope: Asking, services: With, cut: Cutting,
    site_id: Annotated[NameOrNone, Query(description="Of one site.")] = "",
    retired: Annotated[bool, Query(description="Retired ones too.")] = False,
) -> Page[Device]:  # fmt: skip
    """Devices, by id."""
    rows = enrolment.devices(scope, services.store, cut.after, cut.count + 1, site_id=site_id, retired=retired)
    return cut.page(rows, lambda one: one.device_id, Device.of)


@router.get("/{device_id}")
def get_device(scope: Asking, services: With, device_id: NameInPath, response: Response) -> Device:
    """One device."""
    row = enrolment.device(scope, services.store, device_id)
    set_tag(response, row)
    return Device.of(row)


@router.put("/{device_id}")
def enrol_device(
    scope: Asking, services: With, device_id: NameInPath, body: DeviceBody, expected: Expected, command_id: NewId,
    response: Response,
) -> Device:  # fmt: skip
    """Enrol a device, or change one. Role: operator.

    Its station must have knocked or been added. Refused where another tenant or another device has the EVSE.
    """
    wanted = DeviceRow(scope.tenant, device_id, **body.model_dump())
    row = enrolment.enrol(scope, services.store, wanted, services.clock(), command_id, expected=expected)
    set_tag(response, row)
    return Device.of(row)


@router.delete("/{device_id}")
def retire_device(
    scope: Asking, services: With, device_id: NameInPath, expected: Expected, command_id: NewId, response: Response
) -> Device:
    """Retire a device: it is no longer managed, and its limits are taken back. Role: operator."""
    row = enrolment.retire(scope, services.store, device_id, services.clock(), command_id, expected=expected)
    set_tag(response, row)
    return Device.of(row)
