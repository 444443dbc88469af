"""OCPP 1.6: firmware. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Timestamp, Wire

String255 = Annotated[str, Meta(max_length=255)]


class DiagnosticsStatus(StrEnum):
    """The values of DiagnosticsStatus (OCPP 1.6)."""

    IDLE = "Idle"
    UPLOAD_FAILED = "UploadFailed"
    UPLOADED = "Uploaded"
    UPLOADING = "Uploading"


class FirmwareStatus(StrEnum):
    """The values of FirmwareStatus (OCPP 1.6)."""

    DOWNLOAD_FAILED = "DownloadFailed"
    DOWNLOADED = "Downloaded"
    DOWNLOADING = "Downloading"
    IDLE = "Idle"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLED = "Installed"
    INSTALLING = "Installing"


class DiagnosticsStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    """DiagnosticsStatusNotification, the response."""


class FirmwareStatusNotificationResponse(Wire, frozen=True, kw_only=True):
    """FirmwareStatusNotification, the response."""


class GetDiagnosticsRequest(Wire, frozen=True, kw_only=True):
    """GetDiagnostics, the request."""

    location: str
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")
    start_time: Timestamp | None = field(default=None, name="startTime")
    stop_time: Timestamp | None = field(default=None, name="stopTime")


class GetDiagnosticsResponse(Wire, frozen=True, kw_only=True):
    """GetDiagnostics, the response."""

    file_name: String255 | None = field(default=None, name="fileName")


class UpdateFirmwareRequest(Wire, frozen=True, kw_only=True):
    """UpdateFirmware, the request."""

    location: str
    retrieve_date: Timestamp = field(name="retrieveDate")
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class UpdateFirmwareResponse(Wire, frozen=True, kw_only=True):
    """UpdateFirmware, the response."""


class DiagnosticsStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    """DiagnosticsStatusNotification, the request."""

    status: DiagnosticsStatus


class FirmwareStatusNotificationRequest(Wire, frozen=True, kw_only=True):
    """FirmwareStatusNotification, the request."""

    status: FirmwareStatus
