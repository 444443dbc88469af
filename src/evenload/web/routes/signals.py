"""Signals: prices and carbon over time."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from evenload.service import signals
from evenload.service.live_rows import SignalRow
from evenload.web.fields import CURRENCY_PATTERN, DurationS, Instant, NameOrNone, Price, Resource, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.routes.circuits import Counted
from evenload.web.routes.windows import Window
from evenload.web.tenant_route import ONCE, tenant_router

router = tenant_router("signals", "signals")


class Signal(Resource):
    """A price or carbon value that holds for a time."""

    node: NameOrNone = Field("", description="Circuit; empty for everywhere.")
    at: Instant
    duration_s: DurationS = Field(3600.0, description="How long it holds.")
    price_per_kwh: Price | None = Field(None, description="Of energy bought.", examples=[0.21])
    export_price_per_kwh: Price | None = Field(None, description="Of energy sold.")
    currency: str = Field("", pattern=CURRENCY_PATTERN, description="ISO 4217.", examples=["EUR"])
    carbon_g_per_kwh: float | None = Field(None, strict=True, ge=0, le=5000, description="Grams of CO2 a kWh.")

    @classmethod
    def of(cls, row: SignalRow) -> "Signal":
        """As it is answered."""
        return cls.model_validate({name: value for name, value in asdict(row).items() if name != "tenant"})


class SignalsBody(
    Resource,
    json_schema_extra=example(
        signals=[{"at": "2026-01-12T17:00:00+01:00", "duration_s": 3600.0, "price_per_kwh": 0.21, "currency": "EUR"}]
    ),
):
    """Values to keep together."""

    signals: list[Signal] = Field(min_length=1, max_length=20_000)


@router.get("")
def list_signals(
    scope: Asking, services: With, cut: Cutting, window: Window,
    node: Annotated[
        str | None, Query(max_length=64, description="Of one circuit; empty for those that hold everywhere.")
    ] = None,
) -> Page[Signal]:  # fmt: skip
    """Values that hold at some time of a window, by circuit and instant."""
    rows = signals.signals(scope, services.store, window, node)
    return cut.of_all(rows, lambda one: f"{one.node} {one.at.isoformat()}", Signal.of)


@router.post("", dependencies=[ONCE])
def put_signals(scope: Asking, services: With, body: SignalsBody) -> Counted:
    """Keep values, all or none; those of the same circuit and instant are replaced. Role: operator."""
    rows = [SignalRow(scope.tenant, **one.model_dump()) for one in body.signals]
    return Counted(count=signals.put_signals(scope, services.store, rows, services.clock()))
