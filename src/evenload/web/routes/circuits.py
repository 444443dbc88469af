"""Circuits: the grid of a tenant as a tree."""

from math import inf, isfinite, nan
from typing import Annotated

from fastapi import Response
from pydantic import Field

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.service import grid
from evenload.web.fields import PHASES_PATTERN, Name, NameInPath, PowerKw, Resource, Text, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, Expected, set_tag, tenant_router

router = tenant_router("circuits", "circuits")

Limit = Annotated[PowerKw | None, Field(description="Most power through it, kW; null is unlimited.", examples=[400.0])]


class CircuitBody(Resource, json_schema_extra=example(parent="F12", kind="transformer", limit_kw=45.0)):
    """A circuit as it is put."""

    parent: str = Field("", max_length=64, description="Circuit it hangs on; empty for the root.", examples=["SS1"])
    kind: CircuitKind = Field(CircuitKind.FEEDER, description="What it is.")
    limit_kw: Limit = None
    emergency_limit_kw: PowerKw | None = Field(None, description="In an emergency; null is `limit_kw`.")
    export_limit_kw: PowerKw = Field(0.0, description="Most power up through it, kW.")
    rating_kva: PowerKw | None = Field(None, description="Apparent power it is built for, kVA.")
    power_factor: float | None = Field(None, strict=True, gt=0, le=1, description="Between its kW and kVA.")
    phases: str = Field("", pattern=PHASES_PATTERN, description="Phases it has.", examples=["ABC"])
    timezone: Text = Field("", description="IANA time zone, empty for its parent's.", examples=["Europe/Oslo"])

    def named(self, node: str) -> Circuit:
        """As a circuit."""
        return Circuit(
            node, self.parent, self.kind, _or(self.limit_kw, inf), _or(self.emergency_limit_kw, nan),
            self.export_limit_kw, _or(self.rating_kva, nan), _or(self.power_factor, nan), self.phases, self.timezone,
        )  # fmt: skip


class NamedCircuit(CircuitBody, json_schema_extra={}):
    """A circuit."""

    node: Name

    @classmethod
    def of(cls, row: Circuit) -> "NamedCircuit":
        """As it is answered."""
        return cls(
            node=row.node, parent=row.parent, kind=row.kind, limit_kw=_told(row.limit_kw),
            emergency_limit_kw=_told(row.emergency_limit_kw), export_limit_kw=row.export_limit_kw,
            rating_kva=_told(row.rating_kva), power_factor=_told(row.power_factor), phases=row.phases,
            timezone=row.timezone,
        )  # fmt: skip


class CircuitsBody(
    Resource,
    json_schema_extra=example(
        circuits=[
            {"node": "F12", "limit_kw": 400.0},
            {"node": "T7", "parent": "F12", "kind": "transformer", "limit_kw": 45.0},
        ]
    ),
):
    """Circuits to add or replace together."""

    circuits: list[NamedCircuit] = Field(min_length=1, max_length=20_000)


class Counted(Resource):
    """How many were kept."""

    count: int = Field(ge=0)


@router.get("")
def list_circuits(scope: Asking, services: With, cut: Cutting) -> Page[NamedCircuit]:
    """The grid, by name."""
    rows = grid.circuits(scope, services.store, cut.after, cut.count + 1)
    return cut.page(rows, lambda one: one.node, NamedCircuit.of)


@router.post("", dependencies=[ONCE])
def put_circuits(scope: Asking, services: With, body: CircuitsBody) -> Counted:
    """Add or replace many at once; refused as a whole where what comes of it is no tree. Role: operator."""
    grid.put_circuits(scope, services.store, [one.named(one.node) for one in body.circuits], services.clock())
    return Counted(count=len(body.circuits))


@router.get("/{node}")
def get_circuit(scope: Asking, services: With, node: NameInPath, response: Response) -> NamedCircuit:
    """One circuit."""
    row = grid.circuit(scope, services.store, node)
    set_tag(response, row)
    return NamedCircuit.of(row)


@router.put("/{node}")
def put_circuit(
    scope: Asking, services: With, node: NameInPath, body: CircuitBody, expected: Expected, response: Response
) -> NamedCircuit:
    """Add or replace one. Role: operator."""
    row = body.named(node)
    grid.put_circuits(scope, services.store, [row], services.clock(), expected=expected)
    set_tag(response, row)
    return NamedCircuit.of(row)


@router.delete("/{node}", status_code=204)
def remove_circuit(scope: Asking, services: With, node: NameInPath, expected: Expected) -> None:
    """Take one away that nothing hangs on. Role: operator."""
    grid.remove_circuit(scope, services.store, node, services.clock(), expected=expected)


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def _told(value: float) -> float | None:
    return value if isfinite(value) else None
