"""OCPP 2.0.1: data transfer. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import StatusInfo
from evenload.ocpp.wire import Extensible

String50 = Annotated[str, Meta(max_length=50)]
String255 = Annotated[str, Meta(max_length=255)]


class DataTransferStatusEnum(StrEnum):
    """The values of DataTransferStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class DataTransferRequest(Extensible, frozen=True, kw_only=True):
    """DataTransfer, the request."""

    vendor_id: String255 = field(name="vendorId")
    message_id: String50 | None = field(default=None, name="messageId")
    data: Any | None = None


class DataTransferResponse(Extensible, frozen=True, kw_only=True):
    """DataTransfer, the response."""

    status: DataTransferStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    data: Any | None = None
