"""Loads metered at circuits."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from evenload.domain.station_readings import Quality
from evenload.service import loads
from evenload.service.live_rows import LoadKind, LoadRow
from evenload.service.loads import LoadFault
from evenload.web.fields import DurationS, Instant, Name, NameOrNone, Resource, SignedPowerKw, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import ONCE, tenant_router

router = tenant_router("loads", "loads")


class Load(Resource):
    """A load metered at a circuit."""

    node: Name = Field(description="Circuit it was metered at.", examples=["F12"])
    at: Instant = Field(description="Start of the interval.")
    duration_s: DurationS = Field(900.0, description="Length of the interval.")
    load_kw: SignedPowerKw = Field(description="Mean power, kW (not W); generation is negative.")
    kind: LoadKind = Field(LoadKind.DIRECT, description="What is connected at the node, or all below it too.")
    quality: Quality = Field(Quality.MEASURED, description="How far it can be trusted.")

    @classmethod
    def of(cls, row: LoadRow) -> "Load":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


class LoadsBody(
    Resource,
    json_schema_extra=example(
        loads=[{"node": "F12", "at": "2026-01-12T17:00:00+01:00", "duration_s": 900.0, "load_kw": 212.5}]
    ),
):
    """Loads to keep together."""

    loads: list[Load] = Field(min_length=1, max_length=20_000)


class Flag(Resource):
    """What was found odd: the loads were kept as estimated."""

    node: str
    fault: LoadFault
    since: Instant
    why: str


class LoadsKept(Resource):
    """What was kept."""

    count: int
    flags: list[Flag]


@router.get("")
def list_loads(
    scope: Asking, services: With, cut: Cutting, window: Window,
    node: Annotated[NameOrNone, Query(description="Of one circuit.")] = "",
    latest: Annotated[bool, Query(description="Only the last of each circuit, whatever the window.")] = False,
) -> Page[Load]:  # fmt: skip
    """Loads that begin in a window, by circuit and instant."""
    if latest:
        begin, _, kind = cut.after.rpartition(" ")
        found = loads.latest_loads(scope, services.store, max((begin, kind), (node, "")), cut.count + 1)
        return cut.page([row for row in found if node in ("", row.node)], lambda one: f"{one.node} {one.kind}", Load.of)
    rows = loads.loads(scope, services.store, window, [node] if node else None)
    return cut.of_all(rows, lambda one: f"{one.node} {one.at.isoformat()} {one.kind}", Load.of)


@router.post("", dependencies=[ONCE])
def put_loads(scope: Asking, services: With, body: LoadsBody) -> LoadsKept:
    """Keep loads, all or none. Role: operator.

    Refused: a node not in the grid, a time to come, more than 20 times the limit of the circuit (watts for kilowatts).
    Flagged: a meter that tells the same to the last digit again and again.
    """
    rows = [LoadRow(scope.tenant, **one.model_dump()) for one in body.loads]
    flags = loads.put_loads(scope, services.store, rows, services.clock())
    return LoadsKept(count=len(rows), flags=[Flag.model_validate(one) for one in flags])
