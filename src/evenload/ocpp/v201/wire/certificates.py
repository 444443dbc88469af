"""OCPP 2.0.1: certificates. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import CertificateHashData, OCSPRequestData, StatusInfo
from evenload.ocpp.wire import Extensible

String50 = Annotated[str, Meta(max_length=50)]
String5500 = Annotated[str, Meta(max_length=5500)]
String5600 = Annotated[str, Meta(max_length=5600)]
String7500 = Annotated[str, Meta(max_length=7500)]


class CertificateActionEnum(StrEnum):
    """The values of CertificateActionEnumType (OCPP 2.0.1)."""

    INSTALL = "Install"
    UPDATE = "Update"


class DeleteCertificateStatusEnum(StrEnum):
    """The values of DeleteCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class GetCertificateIdUseEnum(StrEnum):
    """The values of GetCertificateIdUseEnumType (OCPP 2.0.1)."""

    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    V2G_CERTIFICATE_CHAIN = "V2GCertificateChain"
    V2G_ROOT_CERTIFICATE = "V2GRootCertificate"


class GetCertificateStatusEnum(StrEnum):
    """The values of GetCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class GetInstalledCertificateStatusEnum(StrEnum):
    """The values of GetInstalledCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class InstallCertificateStatusEnum(StrEnum):
    """The values of InstallCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class InstallCertificateUseEnum(StrEnum):
    """The values of InstallCertificateUseEnumType (OCPP 2.0.1)."""

    CSMS_ROOT_CERTIFICATE = "CSMSRootCertificate"
    MO_ROOT_CERTIFICATE = "MORootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"
    V2G_ROOT_CERTIFICATE = "V2GRootCertificate"


class Iso15118EVCertificateStatusEnum(StrEnum):
    """The values of Iso15118EVCertificateStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"


class CertificateHashDataChain(Extensible, frozen=True, kw_only=True):
    """CertificateHashDataChainType (OCPP 2.0.1)."""

    certificate_hash_data: CertificateHashData = field(name="certificateHashData")
    certificate_type: GetCertificateIdUseEnum = field(name="certificateType")
    child_certificate_hash_data: Annotated[tuple[CertificateHashData, ...], Meta(min_length=1, max_length=4)] | None = (
        field(default=None, name="childCertificateHashData")
    )


class DeleteCertificateRequest(Extensible, frozen=True, kw_only=True):
    """DeleteCertificate, the request."""

    certificate_hash_data: CertificateHashData = field(name="certificateHashData")


class DeleteCertificateResponse(Extensible, frozen=True, kw_only=True):
    """DeleteCertificate, the response."""

    status: DeleteCertificateStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class Get15118EVCertificateRequest(Extensible, frozen=True, kw_only=True):
    """Get15118EVCertificate, the request."""

    iso15118_schema_version: String50 = field(name="iso15118SchemaVersion")
    action: CertificateActionEnum
    exi_request: String5600 = field(name="exiRequest")


class Get15118EVCertificateResponse(Extensible, frozen=True, kw_only=True):
    """Get15118EVCertificate, the response."""

    status: Iso15118EVCertificateStatusEnum
    exi_response: String7500 = field(name="exiResponse")
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetCertificateStatusRequest(Extensible, frozen=True, kw_only=True):
    """GetCertificateStatus, the request."""

    ocsp_request_data: OCSPRequestData = field(name="ocspRequestData")


class GetCertificateStatusResponse(Extensible, frozen=True, kw_only=True):
    """GetCertificateStatus, the response."""

    status: GetCertificateStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    ocsp_result: String5500 | None = field(default=None, name="ocspResult")


class GetInstalledCertificateIdsRequest(Extensible, frozen=True, kw_only=True):
    """GetInstalledCertificateIds, the request."""

    certificate_type: Annotated[tuple[GetCertificateIdUseEnum, ...], Meta(min_length=1)] | None = field(
        default=None, name="certificateType"
    )


class GetInstalledCertificateIdsResponse(Extensible, frozen=True, kw_only=True):
    """GetInstalledCertificateIds, the response."""

    status: GetInstalledCertificateStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    certificate_hash_data_chain: Annotated[tuple[CertificateHashDataChain, ...], Meta(min_length=1)] | None = field(
        default=None, name="certificateHashDataChain"
    )


class InstallCertificateRequest(Extensible, frozen=True, kw_only=True):
    """InstallCertificate, the request."""

    certificate_type: InstallCertificateUseEnum = field(name="certificateType")
    certificate: String5500


class InstallCertificateResponse(Extensible, frozen=True, kw_only=True):
    """InstallCertificate, the response."""

    status: InstallCertificateStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
