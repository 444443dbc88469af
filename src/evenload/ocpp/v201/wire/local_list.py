"""OCPP 2.0.1: local list. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import IdToken, IdTokenInfo, StatusInfo
from evenload.ocpp.wire import Extensible


class SendLocalListStatusEnum(StrEnum):
    """The values of SendLocalListStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"


class UpdateEnum(StrEnum):
    """The values of UpdateEnumType (OCPP 2.0.1)."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class GetLocalListVersionRequest(Extensible, frozen=True, kw_only=True):
    """GetLocalListVersion, the request."""


class GetLocalListVersionResponse(Extensible, frozen=True, kw_only=True):
    """GetLocalListVersion, the response."""

    version_number: int = field(name="versionNumber")


class AuthorizationData(Extensible, frozen=True, kw_only=True):
    """AuthorizationData (OCPP 2.0.1)."""

    id_token: IdToken = field(name="idToken")
    id_token_info: IdTokenInfo | None = field(default=None, name="idTokenInfo")


class SendLocalListRequest(Extensible, frozen=True, kw_only=True):
    """SendLocalList, the request."""

    version_number: int = field(name="versionNumber")
    update_type: UpdateEnum = field(name="updateType")
    local_authorization_list: Annotated[tuple[AuthorizationData, ...], Meta(min_length=1)] | None = field(
        default=None, name="localAuthorizationList"
    )


class SendLocalListResponse(Extensible, frozen=True, kw_only=True):
    """SendLocalList, the response."""

    status: SendLocalListStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
