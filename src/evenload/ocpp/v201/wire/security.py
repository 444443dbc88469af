"""OCPP 2.0.1: security. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import GenericStatusEnum, StatusInfo
from evenload.ocpp.wire import Extensible, Timestamp

String50 = Annotated[str, Meta(max_length=50)]
String255 = Annotated[str, Meta(max_length=255)]
String5500 = Annotated[str, Meta(max_length=5500)]
String10000 = Annotated[str, Meta(max_length=10000)]


class CertificateSignedStatusEnum(StrEnum):
    """The values of CertificateSignedStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateSigningUseEnum(StrEnum):
    """The values of CertificateSigningUseEnumType (OCPP 2.0.1)."""

    CHARGING_STATION_CERTIFICATE = "ChargingStationCertificate"
    V2G_CERTIFICATE = "V2GCertificate"


class SecurityEventNotificationRequest(Extensible, frozen=True, kw_only=True):
    """SecurityEventNotification, the request."""

    type: String50
    timestamp: Timestamp
    tech_info: String255 | None = field(default=None, name="techInfo")


class SecurityEventNotificationResponse(Extensible, frozen=True, kw_only=True):
    """SecurityEventNotification, the response."""


class CertificateSignedRequest(Extensible, frozen=True, kw_only=True):
    """CertificateSigned, the request."""

    certificate_chain: String10000 = field(name="certificateChain")
    certificate_type: CertificateSigningUseEnum | None = field(default=None, name="certificateType")


class CertificateSignedResponse(Extensible, frozen=True, kw_only=True):
    """CertificateSigned, the response."""

    status: CertificateSignedStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SignCertificateRequest(Extensible, frozen=True, kw_only=True):
    """SignCertificate, the request."""

    csr: String5500
    certificate_type: CertificateSigningUseEnum | None = field(default=None, name="certificateType")


class SignCertificateResponse(Extensible, frozen=True, kw_only=True):
    """SignCertificate, the response."""

    status: GenericStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
