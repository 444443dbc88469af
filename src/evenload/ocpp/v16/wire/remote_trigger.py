"""OCPP 1.6: remote trigger. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum

from msgspec import field

from evenload.ocpp.wire import Wire


class MessageTrigger(StrEnum):
    """The values of MessageTrigger (OCPP 1.6)."""

    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageStatus(StrEnum):
    """The values of TriggerMessageStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    NOT_IMPLEMENTED = "NotImplemented"
    REJECTED = "Rejected"


class TriggerMessageRequest(Wire, frozen=True, kw_only=True):
    """TriggerMessage, the request."""

    requested_message: MessageTrigger = field(name="requestedMessage")
    connector_id: int | None = field(default=None, name="connectorId")


class TriggerMessageResponse(Wire, frozen=True, kw_only=True):
    """TriggerMessage, the response."""

    status: TriggerMessageStatus
