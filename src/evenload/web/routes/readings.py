"""Readings of devices."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from evenload.domain.station_readings import Quality, ReadingKind
from evenload.service import look
from evenload.web.fields import NAME_PATTERN, Instant, Resource
from evenload.web.identity import Asking, With
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import tenant_router

router = tenant_router("readings", "readings")


class MeteredReading(Resource):
    """What was metered at a device, at the connector; null where it was not."""

    at: Instant = Field(description="Start of an interval, else the instant of the sample.")
    kind: ReadingKind
    quality: Quality
    duration_s: float | None = None
    power_kw: float | None = Field(None, description="Positive into the vehicle.")
    energy_kwh_import: float | None = None
    energy_kwh_export: float | None = None
    soc: float | None = Field(None, description="State of charge, 0 to 1.")
    samples: int = Field(1, description="How many were averaged.")


class Readings(Resource):
    """Readings of a device, in order of time."""

    device_id: str
    items: list[MeteredReading]


@router.get("")
def list_readings(
    scope: Asking, services: With, window: Window,
    device_id: Annotated[str, Query(max_length=64, pattern=NAME_PATTERN, description="Which device.")],
    count: Annotated[int, Query(ge=1, le=look.READINGS_MAX, description="The last so many.")] = 1000,
    step_minutes: Annotated[
        int, Query(ge=0, le=1440, description="Mean powers of steps of so many minutes; 0 for what was metered.")
    ] = 0,
) -> Readings:  # fmt: skip
    """Readings of a device in a window, as they were metered or as mean powers of steps."""
    if step_minutes:
        means = look.mean_powers(scope, services.store, device_id, window, step_minutes)[-count:]
        items = [
            MeteredReading(kind=ReadingKind.INTERVAL, quality=Quality.ESTIMATED, **_fields(one, "at", "duration_s",
                           "power_kw", "samples"))
            for one in means
        ]  # fmt: skip
    else:
        names = ("at", "kind", "quality", "duration_s", "power_kw", "energy_kwh_import", "energy_kwh_export", "soc")
        found = look.readings(scope, services.store, device_id, window, count)
        items = [MeteredReading(**_fields(one, *names)) for one in found]
    return Readings(device_id=device_id, items=items)


def _fields(row: object, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
