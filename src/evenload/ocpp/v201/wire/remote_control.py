"""OCPP 2.0.1: remote control. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import EVSE, ChargingProfile, IdToken, StatusInfo
from evenload.ocpp.wire import Extensible

String36 = Annotated[str, Meta(max_length=36)]


class MessageTriggerEnum(StrEnum):
    """The values of MessageTriggerEnumType (OCPP 2.0.1)."""

    BOOT_NOTIFICATION = "BootNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    METER_VALUES = "MeterValues"
    PUBLISH_FIRMWARE_STATUS_NOTIFICATION = "PublishFirmwareStatusNotification"
    SIGN_CHARGING_STATION_CERTIFICATE = "SignChargingStationCertificate"
    SIGN_COMBINED_CERTIFICATE = "SignCombinedCertificate"
    SIGN_V2G_CERTIFICATE = "SignV2GCertificate"
    STATUS_NOTIFICATION = "StatusNotification"
    TRANSACTION_EVENT = "TransactionEvent"


class RequestStartStopStatusEnum(StrEnum):
    """The values of RequestStartStopStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class TriggerMessageStatusEnum(StrEnum):
    """The values of TriggerMessageStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_IMPLEMENTED = "NotImplemented"
    REJECTED = "Rejected"


class UnlockStatusEnum(StrEnum):
    """The values of UnlockStatusEnumType (OCPP 2.0.1)."""

    ONGOING_AUTHORIZED_TRANSACTION = "OngoingAuthorizedTransaction"
    UNKNOWN_CONNECTOR = "UnknownConnector"
    UNLOCK_FAILED = "UnlockFailed"
    UNLOCKED = "Unlocked"


class RequestStopTransactionRequest(Extensible, frozen=True, kw_only=True):
    """RequestStopTransaction, the request."""

    transaction_id: String36 = field(name="transactionId")


class UnlockConnectorRequest(Extensible, frozen=True, kw_only=True):
    """UnlockConnector, the request."""

    evse_id: int = field(name="evseId")
    connector_id: int = field(name="connectorId")


class RequestStartTransactionRequest(Extensible, frozen=True, kw_only=True):
    """RequestStartTransaction, the request."""

    id_token: IdToken = field(name="idToken")
    remote_start_id: int = field(name="remoteStartId")
    evse_id: int | None = field(default=None, name="evseId")
    group_id_token: IdToken | None = field(default=None, name="groupIdToken")
    charging_profile: ChargingProfile | None = field(default=None, name="chargingProfile")


class RequestStartTransactionResponse(Extensible, frozen=True, kw_only=True):
    """RequestStartTransaction, the response."""

    status: RequestStartStopStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    transaction_id: String36 | None = field(default=None, name="transactionId")


class RequestStopTransactionResponse(Extensible, frozen=True, kw_only=True):
    """RequestStopTransaction, the response."""

    status: RequestStartStopStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class TriggerMessageRequest(Extensible, frozen=True, kw_only=True):
    """TriggerMessage, the request."""

    requested_message: MessageTriggerEnum = field(name="requestedMessage")
    evse: EVSE | None = None


class TriggerMessageResponse(Extensible, frozen=True, kw_only=True):
    """TriggerMessage, the response."""

    status: TriggerMessageStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class UnlockConnectorResponse(Extensible, frozen=True, kw_only=True):
    """UnlockConnector, the response."""

    status: UnlockStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
