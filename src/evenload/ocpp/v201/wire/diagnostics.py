"""OCPP 2.0.1: diagnostics. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import (
    CertificateHashData,
    Component,
    ComponentVariable,
    GenericDeviceModelStatusEnum,
    GenericStatusEnum,
    IdToken,
    StatusInfo,
    Variable,
)
from evenload.ocpp.wire import Extensible, Timestamp

String36 = Annotated[str, Meta(max_length=36)]
String50 = Annotated[str, Meta(max_length=50)]
String64 = Annotated[str, Meta(max_length=64)]
String255 = Annotated[str, Meta(max_length=255)]
String500 = Annotated[str, Meta(max_length=500)]
String512 = Annotated[str, Meta(max_length=512)]
String2500 = Annotated[str, Meta(max_length=2500)]


class ClearMonitoringStatusEnum(StrEnum):
    """The values of ClearMonitoringStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_FOUND = "NotFound"
    REJECTED = "Rejected"


class CustomerInformationStatusEnum(StrEnum):
    """The values of CustomerInformationStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    INVALID = "Invalid"
    REJECTED = "Rejected"


class EventNotificationEnum(StrEnum):
    """The values of EventNotificationEnumType (OCPP 2.0.1)."""

    CUSTOM_MONITOR = "CustomMonitor"
    HARD_WIRED_MONITOR = "HardWiredMonitor"
    HARD_WIRED_NOTIFICATION = "HardWiredNotification"
    PRECONFIGURED_MONITOR = "PreconfiguredMonitor"


class EventTriggerEnum(StrEnum):
    """The values of EventTriggerEnumType (OCPP 2.0.1)."""

    ALERTING = "Alerting"
    DELTA = "Delta"
    PERIODIC = "Periodic"


class LogEnum(StrEnum):
    """The values of LogEnumType (OCPP 2.0.1)."""

    DIAGNOSTICS_LOG = "DiagnosticsLog"
    SECURITY_LOG = "SecurityLog"


class LogStatusEnum(StrEnum):
    """The values of LogStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    REJECTED = "Rejected"


class MonitorEnum(StrEnum):
    """The values of MonitorEnumType (OCPP 2.0.1)."""

    DELTA = "Delta"
    LOWER_THRESHOLD = "LowerThreshold"
    PERIODIC = "Periodic"
    PERIODIC_CLOCK_ALIGNED = "PeriodicClockAligned"
    UPPER_THRESHOLD = "UpperThreshold"


class MonitoringBaseEnum(StrEnum):
    """The values of MonitoringBaseEnumType (OCPP 2.0.1)."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


class MonitoringCriterionEnum(StrEnum):
    """The values of MonitoringCriterionEnumType (OCPP 2.0.1)."""

    DELTA_MONITORING = "DeltaMonitoring"
    PERIODIC_MONITORING = "PeriodicMonitoring"
    THRESHOLD_MONITORING = "ThresholdMonitoring"


class SetMonitoringStatusEnum(StrEnum):
    """The values of SetMonitoringStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    DUPLICATE = "Duplicate"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"
    UNSUPPORTED_MONITOR_TYPE = "UnsupportedMonitorType"


class UploadLogStatusEnum(StrEnum):
    """The values of UploadLogStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED_CANCELED = "AcceptedCanceled"
    BAD_MESSAGE = "BadMessage"
    IDLE = "Idle"
    NOT_SUPPORTED_OPERATION = "NotSupportedOperation"
    PERMISSION_DENIED = "PermissionDenied"
    UPLOAD_FAILURE = "UploadFailure"
    UPLOADED = "Uploaded"
    UPLOADING = "Uploading"


class ClearVariableMonitoringRequest(Extensible, frozen=True, kw_only=True):
    """ClearVariableMonitoring, the request."""

    id: Annotated[tuple[int, ...], Meta(min_length=1)]


class LogParameters(Extensible, frozen=True, kw_only=True):
    """LogParametersType (OCPP 2.0.1)."""

    remote_location: String512 = field(name="remoteLocation")
    oldest_timestamp: Timestamp | None = field(default=None, name="oldestTimestamp")
    latest_timestamp: Timestamp | None = field(default=None, name="latestTimestamp")


class LogStatusNotificationResponse(Extensible, frozen=True, kw_only=True):
    """LogStatusNotification, the response."""


class NotifyCustomerInformationRequest(Extensible, frozen=True, kw_only=True):
    """NotifyCustomerInformation, the request."""

    data: String512
    seq_no: int = field(name="seqNo")
    generated_at: Timestamp = field(name="generatedAt")
    request_id: int = field(name="requestId")
    tbc: bool | None = None


class NotifyCustomerInformationResponse(Extensible, frozen=True, kw_only=True):
    """NotifyCustomerInformation, the response."""


class NotifyEventResponse(Extensible, frozen=True, kw_only=True):
    """NotifyEvent, the response."""


class NotifyMonitoringReportResponse(Extensible, frozen=True, kw_only=True):
    """NotifyMonitoringReport, the response."""


class SetMonitoringLevelRequest(Extensible, frozen=True, kw_only=True):
    """SetMonitoringLevel, the request."""

    severity: int


class ClearMonitoringResult(Extensible, frozen=True, kw_only=True):
    """ClearMonitoringResultType (OCPP 2.0.1)."""

    status: ClearMonitoringStatusEnum
    id: int
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class ClearVariableMonitoringResponse(Extensible, frozen=True, kw_only=True):
    """ClearVariableMonitoring, the response."""

    clear_monitoring_result: Annotated[tuple[ClearMonitoringResult, ...], Meta(min_length=1)] = field(
        name="clearMonitoringResult"
    )


class CustomerInformationRequest(Extensible, frozen=True, kw_only=True):
    """CustomerInformation, the request."""

    request_id: int = field(name="requestId")
    report: bool
    clear: bool
    customer_certificate: CertificateHashData | None = field(default=None, name="customerCertificate")
    id_token: IdToken | None = field(default=None, name="idToken")
    customer_identifier: String64 | None = field(default=None, name="customerIdentifier")


class CustomerInformationResponse(Extensible, frozen=True, kw_only=True):
    """CustomerInformation, the response."""

    status: CustomerInformationStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class EventData(Extensible, frozen=True, kw_only=True):
    """EventDataType (OCPP 2.0.1)."""

    event_id: int = field(name="eventId")
    timestamp: Timestamp
    trigger: EventTriggerEnum
    actual_value: String2500 = field(name="actualValue")
    component: Component
    event_notification_type: EventNotificationEnum = field(name="eventNotificationType")
    variable: Variable
    cause: int | None = None
    tech_code: String50 | None = field(default=None, name="techCode")
    tech_info: String500 | None = field(default=None, name="techInfo")
    cleared: bool | None = None
    transaction_id: String36 | None = field(default=None, name="transactionId")
    variable_monitoring_id: int | None = field(default=None, name="variableMonitoringId")


class GetLogRequest(Extensible, frozen=True, kw_only=True):
    """GetLog, the request."""

    log: LogParameters
    log_type: LogEnum = field(name="logType")
    request_id: int = field(name="requestId")
    retries: int | None = None
    retry_interval: int | None = field(default=None, name="retryInterval")


class GetLogResponse(Extensible, frozen=True, kw_only=True):
    """GetLog, the response."""

    status: LogStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    filename: String255 | None = None


class GetMonitoringReportRequest(Extensible, frozen=True, kw_only=True):
    """GetMonitoringReport, the request."""

    request_id: int = field(name="requestId")
    component_variable: Annotated[tuple[ComponentVariable, ...], Meta(min_length=1)] | None = field(
        default=None, name="componentVariable"
    )
    monitoring_criteria: Annotated[tuple[MonitoringCriterionEnum, ...], Meta(min_length=1, max_length=3)] | None = (
        field(default=None, name="monitoringCriteria")
    )


class GetMonitoringReportResponse(Extensible, frozen=True, kw_only=True):
    """GetMonitoringReport, the response."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class LogStatusNotificationRequest(Extensible, frozen=True, kw_only=True):
    """LogStatusNotification, the request."""

    status: UploadLogStatusEnum
    request_id: int | None = field(default=None, name="requestId")


class VariableMonitoring(Extensible, frozen=True, kw_only=True):
    """VariableMonitoringType (OCPP 2.0.1)."""

    id: int
    transaction: bool
    value: float
    type: MonitorEnum
    severity: int


class MonitoringData(Extensible, frozen=True, kw_only=True):
    """MonitoringDataType (OCPP 2.0.1)."""

    component: Component
    variable: Variable
    variable_monitoring: Annotated[tuple[VariableMonitoring, ...], Meta(min_length=1)] = field(
        name="variableMonitoring"
    )


class NotifyEventRequest(Extensible, frozen=True, kw_only=True):
    """NotifyEvent, the request."""

    generated_at: Timestamp = field(name="generatedAt")
    seq_no: int = field(name="seqNo")
    event_data: Annotated[tuple[EventData, ...], Meta(min_length=1)] = field(name="eventData")
    tbc: bool | None = None


class NotifyMonitoringReportRequest(Extensible, frozen=True, kw_only=True):
    """NotifyMonitoringReport, the request."""

    request_id: int = field(name="requestId")
    seq_no: int = field(name="seqNo")
    generated_at: Timestamp = field(name="generatedAt")
    monitor: Annotated[tuple[MonitoringData, ...], Meta(min_length=1)] | None = None
    tbc: bool | None = None


class SetMonitoringBaseRequest(Extensible, frozen=True, kw_only=True):
    """SetMonitoringBase, the request."""

    monitoring_base: MonitoringBaseEnum = field(name="monitoringBase")


class SetMonitoringBaseResponse(Extensible, frozen=True, kw_only=True):
    """SetMonitoringBase, the response."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SetMonitoringData(Extensible, frozen=True, kw_only=True):
    """SetMonitoringDataType (OCPP 2.0.1)."""

    value: float
    type: MonitorEnum
    severity: int
    component: Component
    variable: Variable
    id: int | None = None
    transaction: bool | None = None


class SetMonitoringLevelResponse(Extensible, frozen=True, kw_only=True):
    """SetMonitoringLevel, the response."""

    status: GenericStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SetMonitoringResult(Extensible, frozen=True, kw_only=True):
    """SetMonitoringResultType (OCPP 2.0.1)."""

    status: SetMonitoringStatusEnum
    type: MonitorEnum
    component: Component
    variable: Variable
    severity: int
    id: int | None = None
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SetVariableMonitoringRequest(Extensible, frozen=True, kw_only=True):
    """SetVariableMonitoring, the request."""

    set_monitoring_data: Annotated[tuple[SetMonitoringData, ...], Meta(min_length=1)] = field(name="setMonitoringData")


class SetVariableMonitoringResponse(Extensible, frozen=True, kw_only=True):
    """SetVariableMonitoring, the response."""

    set_monitoring_result: Annotated[tuple[SetMonitoringResult, ...], Meta(min_length=1)] = field(
        name="setMonitoringResult"
    )
