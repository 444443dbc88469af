"""OCPP 1.6: local list. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v16.wire.datatypes import IdTagInfo
from evenload.ocpp.wire import Wire

String20 = Annotated[str, Meta(max_length=20)]


class UpdateStatus(StrEnum):
    """The values of UpdateStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"
    VERSION_MISMATCH = "VersionMismatch"


class UpdateType(StrEnum):
    """The values of UpdateType (OCPP 1.6)."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class GetLocalListVersionRequest(Wire, frozen=True, kw_only=True):
    """GetLocalListVersion, the request."""


class GetLocalListVersionResponse(Wire, frozen=True, kw_only=True):
    """GetLocalListVersion, the response."""

    list_version: int = field(name="listVersion")


class AuthorizationData(Wire, frozen=True, kw_only=True):
    """AuthorizationData (OCPP 1.6)."""

    id_tag: String20 = field(name="idTag")
    id_tag_info: IdTagInfo | None = field(default=None, name="idTagInfo")


class SendLocalListRequest(Wire, frozen=True, kw_only=True):
    """SendLocalList, the request."""

    list_version: int = field(name="listVersion")
    update_type: UpdateType = field(name="updateType")
    local_authorization_list: tuple[AuthorizationData, ...] | None = field(default=None, name="localAuthorizationList")


class SendLocalListResponse(Wire, frozen=True, kw_only=True):
    """SendLocalList, the response."""

    status: UpdateStatus
