"""OCPP 2.0.1: reservation. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum

from msgspec import field

from evenload.ocpp.v201.wire.datatypes import IdToken, StatusInfo
from evenload.ocpp.wire import Extensible, Timestamp


class CancelReservationStatusEnum(StrEnum):
    """The values of CancelReservationStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ConnectorEnum(StrEnum):
    """The values of ConnectorEnumType (OCPP 2.0.1)."""

    OTHER1_PH_MAX16_A = "Other1PhMax16A"
    OTHER1_PH_OVER16_A = "Other1PhOver16A"
    OTHER3_PH = "Other3Ph"
    PAN = "Pan"
    UNDETERMINED = "Undetermined"
    UNKNOWN = "Unknown"
    C_CCS1 = "cCCS1"
    C_CCS2 = "cCCS2"
    C_G105 = "cG105"
    C_TESLA = "cTesla"
    C_TYPE1 = "cType1"
    C_TYPE2 = "cType2"
    S309_1_P_16_A = "s309-1P-16A"
    S309_1_P_32_A = "s309-1P-32A"
    S309_3_P_16_A = "s309-3P-16A"
    S309_3_P_32_A = "s309-3P-32A"
    S_BS1361 = "sBS1361"
    S_CEE_7_7 = "sCEE-7-7"
    S_TYPE2 = "sType2"
    S_TYPE3 = "sType3"
    W_INDUCTIVE = "wInductive"
    W_RESONANT = "wResonant"


class ReservationUpdateStatusEnum(StrEnum):
    """The values of ReservationUpdateStatusEnumType (OCPP 2.0.1)."""

    EXPIRED = "Expired"
    REMOVED = "Removed"


class ReserveNowStatusEnum(StrEnum):
    """The values of ReserveNowStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


class CancelReservationRequest(Extensible, frozen=True, kw_only=True):
    """CancelReservation, the request."""

    reservation_id: int = field(name="reservationId")


class ReservationStatusUpdateResponse(Extensible, frozen=True, kw_only=True):
    """ReservationStatusUpdate, the response."""


class CancelReservationResponse(Extensible, frozen=True, kw_only=True):
    """CancelReservation, the response."""

    status: CancelReservationStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class ReservationStatusUpdateRequest(Extensible, frozen=True, kw_only=True):
    """ReservationStatusUpdate, the request."""

    reservation_id: int = field(name="reservationId")
    reservation_update_status: ReservationUpdateStatusEnum = field(name="reservationUpdateStatus")


class ReserveNowRequest(Extensible, frozen=True, kw_only=True):
    """ReserveNow, the request."""

    id: int
    expiry_date_time: Timestamp = field(name="expiryDateTime")
    id_token: IdToken = field(name="idToken")
    connector_type: ConnectorEnum | None = field(default=None, name="connectorType")
    evse_id: int | None = field(default=None, name="evseId")
    group_id_token: IdToken | None = field(default=None, name="groupIdToken")


class ReserveNowResponse(Extensible, frozen=True, kw_only=True):
    """ReserveNow, the response."""

    status: ReserveNowStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
