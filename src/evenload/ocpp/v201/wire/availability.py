"""OCPP 2.0.1: availability. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum

from msgspec import field

from evenload.ocpp.v201.wire.datatypes import EVSE, StatusInfo
from evenload.ocpp.wire import Extensible, Timestamp


class ChangeAvailabilityStatusEnum(StrEnum):
    """The values of ChangeAvailabilityStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class ConnectorStatusEnum(StrEnum):
    """The values of ConnectorStatusEnumType (OCPP 2.0.1)."""

    AVAILABLE = "Available"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"


class OperationalStatusEnum(StrEnum):
    """The values of OperationalStatusEnumType (OCPP 2.0.1)."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class HeartbeatRequest(Extensible, frozen=True, kw_only=True):
    """Heartbeat, the request."""


class HeartbeatResponse(Extensible, frozen=True, kw_only=True):
    """Heartbeat, the response."""

    current_time: Timestamp = field(name="currentTime")


class StatusNotificationResponse(Extensible, frozen=True, kw_only=True):
    """StatusNotification, the response."""


class ChangeAvailabilityRequest(Extensible, frozen=True, kw_only=True):
    """ChangeAvailability, the request."""

    operational_status: OperationalStatusEnum = field(name="operationalStatus")
    evse: EVSE | None = None


class ChangeAvailabilityResponse(Extensible, frozen=True, kw_only=True):
    """ChangeAvailability, the response."""

    status: ChangeAvailabilityStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class StatusNotificationRequest(Extensible, frozen=True, kw_only=True):
    """StatusNotification, the request."""

    timestamp: Timestamp
    connector_status: ConnectorStatusEnum = field(name="connectorStatus")
    evse_id: int = field(name="evseId")
    connector_id: int = field(name="connectorId")
