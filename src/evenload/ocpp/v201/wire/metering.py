"""OCPP 2.0.1: metering. Made by tools/ocpp_structs.py. Do not edit."""

from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import MeterValue
from evenload.ocpp.wire import Extensible


class MeterValuesResponse(Extensible, frozen=True, kw_only=True):
    """MeterValues, the response."""


class MeterValuesRequest(Extensible, frozen=True, kw_only=True):
    """MeterValues, the request."""

    evse_id: int = field(name="evseId")
    meter_value: Annotated[tuple[MeterValue, ...], Meta(min_length=1)] = field(name="meterValue")
