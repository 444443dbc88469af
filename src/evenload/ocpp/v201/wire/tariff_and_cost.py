"""OCPP 2.0.1: tariff and cost. Made by tools/ocpp_structs.py. Do not edit."""

from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Extensible

String36 = Annotated[str, Meta(max_length=36)]


class CostUpdatedRequest(Extensible, frozen=True, kw_only=True):
    """CostUpdated, the request."""

    total_cost: float = field(name="totalCost")
    transaction_id: String36 = field(name="transactionId")


class CostUpdatedResponse(Extensible, frozen=True, kw_only=True):
    """CostUpdated, the response."""
