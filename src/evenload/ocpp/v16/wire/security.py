"""OCPP 1.6: security. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Timestamp, Wire

String40 = Annotated[str, Meta(max_length=40)]
String50 = Annotated[str, Meta(max_length=50)]
String128 = Annotated[str, Meta(max_length=128)]
String255 = Annotated[str, Meta(max_length=255)]
String512 = Annotated[str, Meta(max_length=512)]
String800 = Annotated[str, Meta(max_length=800)]
String5500 = Annotated[str, Meta(max_length=5500)]
String10000 = Annotated[str, Meta(max_length=10000)]


class CertificateSignedStatusEnum(StrEnum):
    """The values of CertificateSignedStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class CertificateUseEnum(StrEnum):
    """The values of CertificateUseEnumType (OCPP 1.6)."""

    CENTRAL_SYSTEM_ROOT_CERTIFICATE = "CentralSystemRootCertificate"
    MANUFACTURER_ROOT_CERTIFICATE = "ManufacturerRootCertificate"


class DeleteCertificateStatusEnum(StrEnum):
    """The values of DeleteCertificateStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


class FirmwareStatusEnum(StrEnum):
    """The values of FirmwareStatusEnumType (OCPP 1.6)."""

    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOAD_PAUSED = "DownloadPaused"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADED = "Downloaded"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLED = "Installed"
    INSTALLING = "Installing"
    INVALID_SIGNATURE = "InvalidSignature"
    SIGNATURE_VERIFIED = "SignatureVerified"


class GenericStatusEnum(StrEnum):
    """The values of GenericStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class GetInstalledCertificateStatusEnum(StrEnum):
    """The values of GetInstalledCertificateStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"


class HashAlgorithmEnum(StrEnum):
    """The values of HashAlgorithmEnumType (OCPP 1.6)."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class InstallCertificateStatusEnum(StrEnum):
    """The values of InstallCertificateStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class LogEnum(StrEnum):
    """The values of LogEnumType (OCPP 1.6)."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogStatusEnum(StrEnum):
    """The values of LogStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    REJECTED = "Rejected"


class MessageTriggerEnum(StrEnum):
    """The values of MessageTriggerEnumType (OCPP 1.6)."""

    BOOT_NOTIFICATION = "BootNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    LOG_STATUS_NOTIFICATION = "LogStatusNotification"
    METER_VALUES = "MeterValues"
    SIGN_CHARGE_POINT_CERTIFICATE = "SignChargePointCertificate"
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageStatusEnum(StrEnum):
    """The values of TriggerMessageStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    NOT_IMPLEMENTED = "NotImplemented"
    REJECTED = "Rejected"


class UpdateFirmwareStatusEnum(StrEnum):
    """The values of UpdateFirmwareStatusEnumType (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REJECTED = "Rejected"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class UploadLogStatusEnum(StrEnum):
    """The values of UploadLogStatusEnumType (OCPP 1.6)."""

    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADED = "Uploaded"
    UPLOADING = "Uploading"


class CertificateSignedRequest(Wire, frozen=True, kw_only=True):
    """CertificateSigned, the request."""

    certificate_chain: String10000 = field(name="certificateChain")


class Firmware(Wire, frozen=True, kw_only=True):
    """FirmwareType (OCPP 1.6)."""

    location: String512
    retrieve_date_time: Timestamp = field(name="retrieveDateTime")
    signing_certificate: String5500 = field(name="signingCertificate")
    signature: String800
    install_date_time: Timestamp | None = field(default=None, name="installDateTime")


class LogParameters(Wire, frozen=True, kw_only=True):
    """LogParametersType (OCPP 1.6)."""

    remote_location: String512 = field(name="remoteLocation")
    oldest_timestamp: Timestamp | None = field(default=None, name="oldestTimestamp")
    latest_timestamp: Timestamp | None = field(default=None, name="latestTimestamp")


class LogStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    """LogStatusNotification, the response."""


class SecurityEventNotificationRequest(Wire, frozen=True, kw_only=True):
    """SecurityEventNotification, the request."""

    type: String50
    timestamp: Timestamp
    tech_info: String255 | None = field(default=None, name="techInfo")


class SecurityEventNotificationResponse(Wire, frozen=True, kw_only=True):
    """SecurityEventNotification, the response."""


class SignCertificateRequest(Wire, frozen=True, kw_only=True):
    """SignCertificate, the request."""

    csr: String5500


class SignedFirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    """SignedFirmwareStatusNotification, the response."""


class CertificateHashData(Wire, frozen=True, kw_only=True):
    """CertificateHashDataType (OCPP 1.6)."""

    hash_algorithm: HashAlgorithmEnum = field(name="hashAlgorithm")
    issuer_name_hash: String128 = field(name="issuerNameHash")
    issuer_key_hash: String128 = field(name="issuerKeyHash")
    serial_number: String40 = field(name="serialNumber")


class CertificateSignedResponse(Wire, frozen=True, kw_only=True):
    """CertificateSigned, the response."""

    status: CertificateSignedStatusEnum


class DeleteCertificateRequest(Wire, frozen=True, kw_only=True):
    """DeleteCertificate, the request."""

    certificate_hash_data: CertificateHashData = field(name="certificateHashData")


class DeleteCertificateResponse(Wire, frozen=True, kw_only=True):
    """DeleteCertificate, the response."""

    status: DeleteCertificateStatusEnum


class ExtendedTriggerMessageRequest(Wire, frozen=True, kw_only=True):
    """ExtendedTriggerMessage, the request."""

    requested_message: MessageTriggerEnum = field(name="requestedMessage")
    connector_id: int | None = field(default=None, name="connectorId")


class ExtendedTriggerMessageResponse(Wire, frozen=True, kw_only=True):
    """ExtendedTriggerMessage, the response."""

    status: TriggerMessageStatusEnum


class GetInstalledCertificateIdsRequest(Wire, frozen=True, kw_only=True):
    """GetInstalledCertificateIds, the request."""

    certificate_type: CertificateUseEnum = field(name="certificateType")


class GetInstalledCertificateIdsResponse(Wire, frozen=True, kw_only=True):
    """GetInstalledCertificateIds, the response."""

    status: GetInstalledCertificateStatusEnum
    certificate_hash_data: Annotated[tuple[CertificateHashData, ...], Meta(min_length=1)] | None = field(
        default=None, name="certificateHashData"
    )


class GetLogRequest(Wire, frozen=True, kw_only=True):
    """GetLog, the request."""

    log: LogParameters
    log_type: LogEnum = field(name="logType")
    request_id: int = field(name="requestId")
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class GetLogResponse(Wire, frozen=True, kw_only=True):
    """GetLog, the response."""

    status: LogStatusEnum
    filename: String255 | None = None


class InstallCertificateRequest(Wire, frozen=True, kw_only=True):
    """InstallCertificate, the request."""

    certificate_type: CertificateUseEnum = field(name="certificateType")
    certificate: String5500


class InstallCertificateResponse(Wire, frozen=True, kw_only=True):
    """InstallCertificate, the response."""

    status: InstallCertificateStatusEnum


class LogStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    """LogStatusNotification, the request."""

    status: UploadLogStatusEnum
    request_id: int | None = field(default=None, name="requestId")


class SignCertificateResponse(Wire, frozen=True, kw_only=True):
    """SignCertificate, the response."""

    status: GenericStatusEnum


class SignedFirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    """SignedFirmwareStatusNotification, the request."""

    status: FirmwareStatusEnum
    request_id: int | None = field(default=None, name="requestId")


class SignedUpdateFirmwareRequest(Wire, frozen=True, kw_only=True):
    """SignedUpdateFirmware, the request."""

    request_id: int = field(name="requestId")
    firmware: Firmware
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class SignedUpdateFirmwareResponse(Wire, frozen=True, kw_only=True):
    """SignedUpdateFirmware, the response."""

    status: UpdateFirmwareStatusEnum
