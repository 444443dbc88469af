"""OCPP 2.0.1: firmware. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import GenericStatusEnum, StatusInfo
from evenload.ocpp.wire import Extensible, Timestamp

String32 = Annotated[str, Meta(max_length=32)]
String512 = Annotated[str, Meta(max_length=512)]
String800 = Annotated[str, Meta(max_length=800)]
String5500 = Annotated[str, Meta(max_length=5500)]


class FirmwareStatusEnum(StrEnum):
    """The values of FirmwareStatusEnumType (OCPP 2.0.1)."""

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


class PublishFirmwareStatusEnum(StrEnum):
    """The values of PublishFirmwareStatusEnumType (OCPP 2.0.1)."""

    CHECKSUM_VERIFIED = "ChecksumVerified"
    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOAD_PAUSED = "DownloadPaused"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADED = "Downloaded"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INVALID_CHECKSUM = "InvalidChecksum"
    PUBLISH_FAILED = "PublishFailed"
    PUBLISHED = "Published"


class UnpublishFirmwareStatusEnum(StrEnum):
    """The values of UnpublishFirmwareStatusEnumType (OCPP 2.0.1)."""

    DOWNLOAD_ONGOING = "DownloadOngoing"
    NO_FIRMWARE = "NoFirmware"
    UNPUBLISHED = "Unpublished"


class UpdateFirmwareStatusEnum(StrEnum):
    """The values of UpdateFirmwareStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"
    REJECTED = "Rejected"
    REVOKED_CERTIFICATE = "RevokedCertificate"


class Firmware(Extensible, frozen=True, kw_only=True):
    """FirmwareType (OCPP 2.0.1)."""

    location: String512
    retrieve_date_time: Timestamp = field(name="retrieveDateTime")
    install_date_time: Timestamp | None = field(default=None, name="installDateTime")
    signing_certificate: String5500 | None = field(default=None, name="signingCertificate")
    signature: String800 | None = None


class FirmwareStatusNotificationResponse(Extensible, frozen=True, kw_only=True):
    """FirmwareStatusNotification, the response."""


class PublishFirmwareRequest(Extensible, frozen=True, kw_only=True):
    """PublishFirmware, the request."""

    location: String512
    checksum: String32
    request_id: int = field(name="requestId")
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class PublishFirmwareStatusNotificationResponse(Extensible, frozen=True, kw_only=True):
    """PublishFirmwareStatusNotification, the response."""


class UnpublishFirmwareRequest(Extensible, frozen=True, kw_only=True):
    """UnpublishFirmware, the request."""

    checksum: String32


class FirmwareStatusNotificationRequest(Extensible, frozen=True, kw_only=True):
    """FirmwareStatusNotification, the request."""

    status: FirmwareStatusEnum
    request_id: int | None = field(default=None, name="requestId")


class PublishFirmwareResponse(Extensible, frozen=True, kw_only=True):
    """PublishFirmware, the response."""

    status: GenericStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class PublishFirmwareStatusNotificationRequest(Extensible, frozen=True, kw_only=True):
    """PublishFirmwareStatusNotification, the request."""

    status: PublishFirmwareStatusEnum
    location: Annotated[tuple[String512, ...], Meta(min_length=1)] | None = None
    request_id: int | None = field(default=None, name="requestId")


class UnpublishFirmwareResponse(Extensible, frozen=True, kw_only=True):
    """UnpublishFirmware, the response."""

    status: UnpublishFirmwareStatusEnum


class UpdateFirmwareRequest(Extensible, frozen=True, kw_only=True):
    """UpdateFirmware, the request."""

    request_id: int = field(name="requestId")
    firmware: Firmware
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class UpdateFirmwareResponse(Extensible, frozen=True, kw_only=True):
    """UpdateFirmware, the response."""

    status: UpdateFirmwareStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
