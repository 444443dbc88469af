"""OCPP 2.0.1: authorization. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import IdToken, IdTokenInfo, OCSPRequestData, StatusInfo
from evenload.ocpp.wire import Extensible

String5500 = Annotated[str, Meta(max_length=5500)]


class AuthorizeCertificateStatusEnum(StrEnum):
    """The values of AuthorizeCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    CERT_CHAIN_ERROR = "CertChainError"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_REVOKED = "CertificateRevoked"
    CONTRACT_CANCELLED = "ContractCancelled"
    NO_CERTIFICATE_AVAILABLE = "NoCertificateAvailable"
    SIGNATURE_ERROR = "SignatureError"


class ClearCacheStatusEnum(StrEnum):
    """The values of ClearCacheStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearCacheRequest(Extensible, frozen=True, kw_only=True):
    """ClearCache, the request."""


class AuthorizeRequest(Extensible, frozen=True, kw_only=True):
    """Authorize, the request."""

    id_token: IdToken = field(name="idToken")
    certificate: String5500 | None = None
    iso15118_certificate_hash_data: Annotated[tuple[OCSPRequestData, ...], Meta(min_length=1, max_length=4)] | None = (
        field(default=None, name="iso15118CertificateHashData")
    )


class AuthorizeResponse(Extensible, frozen=True, kw_only=True):
    """Authorize, the response."""

    id_token_info: IdTokenInfo = field(name="idTokenInfo")
    certificate_status: AuthorizeCertificateStatusEnum | None = field(default=None, name="certificateStatus")


class ClearCacheResponse(Extensible, frozen=True, kw_only=True):
    """ClearCache, the response."""

    status: ClearCacheStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
