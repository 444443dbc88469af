"""OCPP 1.6: reservation. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Timestamp, Wire

String20 = Annotated[str, Meta(max_length=20)]


class CancelReservationStatus(StrEnum):
    """The values of CancelReservationStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ReservationStatus(StrEnum):
    """The values of ReservationStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class CancelReservationRequest(Wire, frozen=True, kw_only=True):
    """CancelReservation, the request."""

    reservation_id: int = field(name="reservationId")


class ReserveNowRequest(Wire, frozen=True, kw_only=True):
    """ReserveNow, the request."""

    connector_id: int = field(name="connectorId")
    expiry_date: Timestamp = field(name="expiryDate")
    id_tag: String20 = field(name="idTag")
    reservation_id: int = field(name="reservationId")
    parent_id_tag: String20 | None = field(default=None, name="parentIdTag")


class CancelReservationResponse(Wire, frozen=True, kw_only=True):
    """CancelReservation, the response."""

    status: CancelReservationStatus


class ReserveNowResponse(Wire, frozen=True, kw_only=True):
    """ReserveNow, the response."""

    status: ReservationStatus
