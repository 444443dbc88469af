"""OCPP 2.0.1: display. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import Component, MessageContent, StatusInfo
from evenload.ocpp.wire import Extensible, Timestamp

String36 = Annotated[str, Meta(max_length=36)]


class ClearMessageStatusEnum(StrEnum):
    """The values of ClearMessageStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class DisplayMessageStatusEnum(StrEnum):
    """The values of DisplayMessageStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_MESSAGE_FORMAT = "NotSupportedMessageFormat"
    NOT_SUPPORTED_PRIORITY = "NotSupportedPriority"
    NOT_SUPPORTED_STATE = "NotSupportedState"
    REJECTED = "Rejected"
    UNKNOWN_TRANSACTION = "UnknownTransaction"


class GetDisplayMessagesStatusEnum(StrEnum):
    """The values of GetDisplayMessagesStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class MessagePriorityEnum(StrEnum):
    """The values of MessagePriorityEnumType (OCPP 2.0.1)."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


class MessageStateEnum(StrEnum):
    """The values of MessageStateEnumType (OCPP 2.0.1)."""

    CHARGING = "Charging"
    FAULTED = "Faulted"
    IDLE = "Idle"
    UNAVAILABLE = "Unavailable"


class ClearDisplayMessageRequest(Extensible, frozen=True, kw_only=True):
    """ClearDisplayMessage, the request."""

    id: int


class NotifyDisplayMessagesResponse(Extensible, frozen=True, kw_only=True):
    """NotifyDisplayMessages, the response."""


class ClearDisplayMessageResponse(Extensible, frozen=True, kw_only=True):
    """ClearDisplayMessage, the response."""

    status: ClearMessageStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetDisplayMessagesRequest(Extensible, frozen=True, kw_only=True):
    """GetDisplayMessages, the request."""

    request_id: int = field(name="requestId")
    id: Annotated[tuple[int, ...], Meta(min_length=1)] | None = None
    priority: MessagePriorityEnum | None = None
    state: MessageStateEnum | None = None


class GetDisplayMessagesResponse(Extensible, frozen=True, kw_only=True):
    """GetDisplayMessages, the response."""

    status: GetDisplayMessagesStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class MessageInfo(Extensible, frozen=True, kw_only=True):
    """MessageInfoType (OCPP 2.0.1)."""

    id: int
    priority: MessagePriorityEnum
    message: MessageContent
    display: Component | None = None
    state: MessageStateEnum | None = None
    start_date_time: Timestamp | None = field(default=None, name="startDateTime")
    end_date_time: Timestamp | None = field(default=None, name="endDateTime")
    transaction_id: String36 | None = field(default=None, name="transactionId")


class NotifyDisplayMessagesRequest(Extensible, frozen=True, kw_only=True):
    """NotifyDisplayMessages, the request."""

    request_id: int = field(name="requestId")
    message_info: Annotated[tuple[MessageInfo, ...], Meta(min_length=1)] | None = field(
        default=None, name="messageInfo"
    )
    tbc: bool | None = None


class SetDisplayMessageRequest(Extensible, frozen=True, kw_only=True):
    """SetDisplayMessage, the request."""

    message: MessageInfo


class SetDisplayMessageResponse(Extensible, frozen=True, kw_only=True):
    """SetDisplayMessage, the response."""

    status: DisplayMessageStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
