"""OCPP 1.6: core. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v16.wire.datatypes import ChargingProfile, IdTagInfo
from evenload.ocpp.wire import Timestamp, Wire

String20 = Annotated[str, Meta(max_length=20)]
String25 = Annotated[str, Meta(max_length=25)]
String50 = Annotated[str, Meta(max_length=50)]
String255 = Annotated[str, Meta(max_length=255)]
String500 = Annotated[str, Meta(max_length=500)]


class AvailabilityStatus(StrEnum):
    """The values of AvailabilityStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class AvailabilityType(StrEnum):
    """The values of AvailabilityType (OCPP 1.6)."""

    INOPERATIVE = "Inoperative"
    OPERATIVE = "Operative"


class ChargePointErrorCode(StrEnum):
    """The values of ChargePointErrorCode (OCPP 1.6)."""

    CONNECTOR_LOCK_FAILURE = "ConnectorLockFailure"
    EV_COMMUNICATION_ERROR = "EVCommunicationError"
    GROUND_FAILURE = "GroundFailure"
    HIGH_TEMPERATURE = "HighTemperature"
    INTERNAL_ERROR = "InternalError"
    LOCAL_LIST_CONFLICT = "LocalListConflict"
    NO_ERROR = "NoError"
    OTHER_ERROR = "OtherError"
    OVER_CURRENT_FAILURE = "OverCurrentFailure"
    OVER_VOLTAGE = "OverVoltage"
    POWER_METER_FAILURE = "PowerMeterFailure"
    POWER_SWITCH_FAILURE = "PowerSwitchFailure"
    READER_FAILURE = "ReaderFailure"
    RESET_FAILURE = "ResetFailure"
    UNDER_VOLTAGE = "UnderVoltage"
    WEAK_SIGNAL = "WeakSignal"


class ChargePointStatus(StrEnum):
    """The values of ChargePointStatus (OCPP 1.6)."""

    AVAILABLE = "Available"
    CHARGING = "Charging"
    FAULTED = "Faulted"
    FINISHING = "Finishing"
    PREPARING = "Preparing"
    RESERVED = "Reserved"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    UNAVAILABLE = "Unavailable"


class ClearCacheStatus(StrEnum):
    """The values of ClearCacheStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ConfigurationStatus(StrEnum):
    """The values of ConfigurationStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED = "NotSupported"
    REBOOT_REQUIRED = "RebootRequired"
    REJECTED = "Rejected"


class DataTransferStatus(StrEnum):
    """The values of DataTransferStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    UNKNOWN_MESSAGE_ID = "UnknownMessageId"
    UNKNOWN_VENDOR_ID = "UnknownVendorId"


class Location(StrEnum):
    """The values of Location (OCPP 1.6)."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"


class Measurand(StrEnum):
    """The values of Measurand (OCPP 1.6)."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_FACTOR = "Power.Factor"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    RPM = "RPM"
    SOC = "SoC"
    TEMPERATURE = "Temperature"
    VOLTAGE = "Voltage"


class Phase(StrEnum):
    """The values of Phase (OCPP 1.6)."""

    L1 = "L1"
    L1_L2 = "L1-L2"
    L1_N = "L1-N"
    L2 = "L2"
    L2_L3 = "L2-L3"
    L2_N = "L2-N"
    L3 = "L3"
    L3_L1 = "L3-L1"
    L3_N = "L3-N"
    N = "N"


class ReadingContext(StrEnum):
    """The values of ReadingContext (OCPP 1.6)."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class Reason(StrEnum):
    """The values of Reason (OCPP 1.6)."""

    DE_AUTHORIZED = "DeAuthorized"
    EV_DISCONNECTED = "EVDisconnected"
    EMERGENCY_STOP = "EmergencyStop"
    HARD_RESET = "HardReset"
    LOCAL = "Local"
    OTHER = "Other"
    POWER_LOSS = "PowerLoss"
    REBOOT = "Reboot"
    REMOTE = "Remote"
    SOFT_RESET = "SoftReset"
    UNLOCK_COMMAND = "UnlockCommand"


class RegistrationStatus(StrEnum):
    """The values of RegistrationStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class RemoteStartStopStatus(StrEnum):
    """The values of RemoteStartStopStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ResetStatus(StrEnum):
    """The values of ResetStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ResetType(StrEnum):
    """The values of ResetType (OCPP 1.6)."""

    HARD = "Hard"
    SOFT = "Soft"


class UnitOfMeasure(StrEnum):
    """The values of UnitOfMeasure (OCPP 1.6)."""

    A = "A"
    CELCIUS = "Celcius"
    CELSIUS = "Celsius"
    FAHRENHEIT = "Fahrenheit"
    HERTZ = "Hertz"
    K = "K"
    PERCENT = "Percent"
    V = "V"
    VA = "VA"
    W = "W"
    WH = "Wh"
    KVA = "kVA"
    KW = "kW"
    KWH = "kWh"
    KVAR = "kvar"
    KVARH = "kvarh"
    VAR = "var"
    VARH = "varh"


class UnlockStatus(StrEnum):
    """The values of UnlockStatus (OCPP 1.6)."""

    NOT_SUPPORTED = "NotSupported"
    UNLOCK_FAILED = "UnlockFailed"
    UNLOCKED = "Unlocked"


class ValueFormat(StrEnum):
    """The values of ValueFormat (OCPP 1.6)."""

    RAW = "Raw"
    SIGNED_DATA = "SignedData"


class AuthorizeRequest(Wire, frozen=True, kw_only=True):
    """Authorize, the request."""

    id_tag: String20 = field(name="idTag")


class BootNotificationRequest(Wire, frozen=True, kw_only=True):
    """BootNotification, the request."""

    charge_point_vendor: String20 = field(name="chargePointVendor")
    charge_point_model: String20 = field(name="chargePointModel")
    charge_point_serial_number: String25 | None = field(default=None, name="chargePointSerialNumber")
    charge_box_serial_number: String25 | None = field(default=None, name="chargeBoxSerialNumber")
    firmware_version: String50 | None = field(default=None, name="firmwareVersion")
    iccid: String20 | None = None
    imsi: String20 | None = None
    meter_type: String25 | None = field(default=None, name="meterType")
    meter_serial_number: String25 | None = field(default=None, name="meterSerialNumber")


class ChangeConfigurationRequest(Wire, frozen=True, kw_only=True):
    """ChangeConfiguration, the request."""

    key: String50
    value: String500


class ClearCacheRequest(Wire, frozen=True, kw_only=True):
    """ClearCache, the request."""


class DataTransferRequest(Wire, frozen=True, kw_only=True):
    """DataTransfer, the request."""

    vendor_id: String255 = field(name="vendorId")
    message_id: String50 | None = field(default=None, name="messageId")
    data: str | None = None


class GetConfigurationRequest(Wire, frozen=True, kw_only=True):
    """GetConfiguration, the request."""

    key: tuple[String50, ...] | None = None


class HeartbeatRequest(Wire, frozen=True, kw_only=True):
    """Heartbeat, the request."""


class HeartbeatResponse(Wire, frozen=True, kw_only=True):
    """Heartbeat, the response."""

    current_time: Timestamp = field(name="currentTime")


class KeyValue(Wire, frozen=True, kw_only=True):
    """KeyValue (OCPP 1.6)."""

    key: String50
    readonly: bool
    value: String500 | None = None


class MeterValuesResponse(Wire, frozen=True, kw_only=True):
    """MeterValues, the response."""


class RemoteStopTransactionRequest(Wire, frozen=True, kw_only=True):
    """RemoteStopTransaction, the request."""

    transaction_id: int = field(name="transactionId")


class StartTransactionRequest(Wire, frozen=True, kw_only=True):
    """StartTransaction, the request."""

    connector_id: int = field(name="connectorId")
    id_tag: String20 = field(name="idTag")
    meter_start: int = field(name="meterStart")
    timestamp: Timestamp
    reservation_id: int | None = field(default=None, name="reservationId")


class StatusNotificationResponse(Wire, frozen=True, kw_only=True):
    """StatusNotification, the response."""


class UnlockConnectorRequest(Wire, frozen=True, kw_only=True):
    """UnlockConnector, the request."""

    connector_id: int = field(name="connectorId")


class AuthorizeResponse(Wire, frozen=True, kw_only=True):
    """Authorize, the response."""

    id_tag_info: IdTagInfo = field(name="idTagInfo")


class BootNotificationResponse(Wire, frozen=True, kw_only=True):
    """BootNotification, the response."""

    status: RegistrationStatus
    current_time: Timestamp = field(name="currentTime")
    interval: int


class ChangeAvailabilityRequest(Wire, frozen=True, kw_only=True):
    """ChangeAvailability, the request."""

    connector_id: int = field(name="connectorId")
    type: AvailabilityType


class ChangeAvailabilityResponse(Wire, frozen=True, kw_only=True):
    """ChangeAvailability, the response."""

    status: AvailabilityStatus


class ChangeConfigurationResponse(Wire, frozen=True, kw_only=True):
    """ChangeConfiguration, the response."""

    status: ConfigurationStatus


class ClearCacheResponse(Wire, frozen=True, kw_only=True):
    """ClearCache, the response."""

    status: ClearCacheStatus


class DataTransferResponse(Wire, frozen=True, kw_only=True):
    """DataTransfer, the response."""

    status: DataTransferStatus
    data: str | None = None


class GetConfigurationResponse(Wire, frozen=True, kw_only=True):
    """GetConfiguration, the response."""

    configuration_key: tuple[KeyValue, ...] | None = field(default=None, name="configurationKey")
    unknown_key: tuple[String50, ...] | None = field(default=None, name="unknownKey")


class SampledValue(Wire, frozen=True, kw_only=True):
    """SampledValue (OCPP 1.6)."""

    value: str
    context: ReadingContext | None = None
    format: ValueFormat | None = None
    measurand: Measurand | None = None
    phase: Phase | None = None
    location: Location | None = None
    unit: UnitOfMeasure | None = None


class MeterValue(Wire, frozen=True, kw_only=True):
    """MeterValue (OCPP 1.6)."""

    timestamp: Timestamp
    sampled_value: Annotated[tuple[SampledValue, ...], Meta(min_length=1)] = field(name="sampledValue")


class MeterValuesRequest(Wire, frozen=True, kw_only=True):
    """MeterValues, the request."""

    connector_id: int = field(name="connectorId")
    meter_value: Annotated[tuple[MeterValue, ...], Meta(min_length=1)] = field(name="meterValue")
    transaction_id: int | None = field(default=None, name="transactionId")


class RemoteStartTransactionRequest(Wire, frozen=True, kw_only=True):
    """RemoteStartTransaction, the request."""

    id_tag: String20 = field(name="idTag")
    connector_id: int | None = field(default=None, name="connectorId")
    charging_profile: ChargingProfile | None = field(default=None, name="chargingProfile")


class RemoteStartTransactionResponse(Wire, frozen=True, kw_only=True):
    """RemoteStartTransaction, the response."""

    status: RemoteStartStopStatus


class RemoteStopTransactionResponse(Wire, frozen=True, kw_only=True):
    """RemoteStopTransaction, the response."""

    status: RemoteStartStopStatus


class ResetRequest(Wire, frozen=True, kw_only=True):
    """Reset, the request."""

    type: ResetType


class ResetResponse(Wire, frozen=True, kw_only=True):
    """Reset, the response."""

    status: ResetStatus


class StartTransactionResponse(Wire, frozen=True, kw_only=True):
    """StartTransaction, the response."""

    id_tag_info: IdTagInfo = field(name="idTagInfo")
    transaction_id: int = field(name="transactionId")


class StatusNotificationRequest(Wire, frozen=True, kw_only=True):
    """StatusNotification, the request."""

    connector_id: int = field(name="connectorId")
    error_code: ChargePointErrorCode = field(name="errorCode")
    status: ChargePointStatus
    info: String50 | None = None
    timestamp: Timestamp | None = None
    vendor_id: String255 | None = field(default=None, name="vendorId")
    vendor_error_code: String50 | None = field(default=None, name="vendorErrorCode")


class TransactionData(Wire, frozen=True, kw_only=True):
    """TransactionData (OCPP 1.6)."""

    timestamp: Timestamp
    sampled_value: tuple[SampledValue, ...] = field(name="sampledValue")


class StopTransactionRequest(Wire, frozen=True, kw_only=True):
    """StopTransaction, the request."""

    meter_stop: int = field(name="meterStop")
    timestamp: Timestamp
    transaction_id: int = field(name="transactionId")
    id_tag: String20 | None = field(default=None, name="idTag")
    reason: Reason | None = None
    transaction_data: tuple[TransactionData, ...] | None = field(default=None, name="transactionData")


class StopTransactionResponse(Wire, frozen=True, kw_only=True):
    """StopTransaction, the response."""

    id_tag_info: IdTagInfo | None = field(default=None, name="idTagInfo")


class UnlockConnectorResponse(Wire, frozen=True, kw_only=True):
    """UnlockConnector, the response."""

    status: UnlockStatus
