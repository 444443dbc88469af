"""OCPP 2.0.1: provisioning. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import (
    Component,
    ComponentVariable,
    GenericDeviceModelStatusEnum,
    StatusInfo,
    Variable,
)
from evenload.ocpp.wire import Extensible, Timestamp

String6 = Annotated[str, Meta(max_length=6)]
String16 = Annotated[str, Meta(max_length=16)]
String20 = Annotated[str, Meta(max_length=20)]
String25 = Annotated[str, Meta(max_length=25)]
String50 = Annotated[str, Meta(max_length=50)]
String255 = Annotated[str, Meta(max_length=255)]
String512 = Annotated[str, Meta(max_length=512)]
String1000 = Annotated[str, Meta(max_length=1000)]
String2500 = Annotated[str, Meta(max_length=2500)]


class APNAuthenticationEnum(StrEnum):
    """The values of APNAuthenticationEnumType (OCPP 2.0.1)."""

    AUTO = "AUTO"
    CHAP = "CHAP"
    NONE = "NONE"
    PAP = "PAP"


class AttributeEnum(StrEnum):
    """The values of AttributeEnumType (OCPP 2.0.1)."""

    ACTUAL = "Actual"
    MAX_SET = "MaxSet"
    MIN_SET = "MinSet"
    TARGET = "Target"


class BootReasonEnum(StrEnum):
    """The values of BootReasonEnumType (OCPP 2.0.1)."""

    APPLICATION_RESET = "ApplicationReset"
    FIRMWARE_UPDATE = "FirmwareUpdate"
    LOCAL_RESET = "LocalReset"
    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"
    UNKNOWN = "Unknown"
    WATCHDOG = "Watchdog"


class ComponentCriterionEnum(StrEnum):
    """The values of ComponentCriterionEnumType (OCPP 2.0.1)."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class DataEnum(StrEnum):
    """The values of DataEnumType (OCPP 2.0.1)."""

    MEMBER_LIST = "MemberList"
    OPTION_LIST = "OptionList"
    SEQUENCE_LIST = "SequenceList"
    BOOLEAN = "boolean"
    DATE_TIME = "dateTime"
    DECIMAL = "decimal"
    INTEGER = "integer"
    STRING = "string"


class GetVariableStatusEnum(StrEnum):
    """The values of GetVariableStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"


class MutabilityEnum(StrEnum):
    """The values of MutabilityEnumType (OCPP 2.0.1)."""

    READ_ONLY = "ReadOnly"
    READ_WRITE = "ReadWrite"
    WRITE_ONLY = "WriteOnly"


class OCPPInterfaceEnum(StrEnum):
    """The values of OCPPInterfaceEnumType (OCPP 2.0.1)."""

    WIRED0 = "Wired0"
    WIRED1 = "Wired1"
    WIRED2 = "Wired2"
    WIRED3 = "Wired3"
    WIRELESS0 = "Wireless0"
    WIRELESS1 = "Wireless1"
    WIRELESS2 = "Wireless2"
    WIRELESS3 = "Wireless3"


class OCPPTransportEnum(StrEnum):
    """The values of OCPPTransportEnumType (OCPP 2.0.1)."""

    JSON = "JSON"
    SOAP = "SOAP"


class OCPPVersionEnum(StrEnum):
    """The values of OCPPVersionEnumType (OCPP 2.0.1)."""

    OCPP12 = "OCPP12"
    OCPP15 = "OCPP15"
    OCPP16 = "OCPP16"
    OCPP20 = "OCPP20"


class RegistrationStatusEnum(StrEnum):
    """The values of RegistrationStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    PENDING = "Pending"
    REJECTED = "Rejected"


class ReportBaseEnum(StrEnum):
    """The values of ReportBaseEnumType (OCPP 2.0.1)."""

    CONFIGURATION_INVENTORY = "ConfigurationInventory"
    FULL_INVENTORY = "FullInventory"
    SUMMARY_INVENTORY = "SummaryInventory"


class ResetEnum(StrEnum):
    """The values of ResetEnumType (OCPP 2.0.1)."""

    IMMEDIATE = "Immediate"
    ON_IDLE = "OnIdle"


class ResetStatusEnum(StrEnum):
    """The values of ResetStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class SetNetworkProfileStatusEnum(StrEnum):
    """The values of SetNetworkProfileStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    REJECTED = "Rejected"


class SetVariableStatusEnum(StrEnum):
    """The values of SetVariableStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED_ATTRIBUTE_TYPE = "NotSupportedAttributeType"
    REBOOT_REQUIRED = "RebootRequired"
    REJECTED = "Rejected"
    UNKNOWN_COMPONENT = "UnknownComponent"
    UNKNOWN_VARIABLE = "UnknownVariable"


class VPNEnum(StrEnum):
    """The values of VPNEnumType (OCPP 2.0.1)."""

    IK_EV2 = "IKEv2"
    IP_SEC = "IPSec"
    L2TP = "L2TP"
    PPTP = "PPTP"


class Modem(Extensible, frozen=True, kw_only=True):
    """ModemType (OCPP 2.0.1)."""

    iccid: String20 | None = None
    imsi: String20 | None = None


class NotifyReportResponse(Extensible, frozen=True, kw_only=True):
    """NotifyReport, the response."""


class APN(Extensible, frozen=True, kw_only=True):
    """APNType (OCPP 2.0.1)."""

    apn: String512
    apn_authentication: APNAuthenticationEnum = field(name="apnAuthentication")
    apn_user_name: String20 | None = field(default=None, name="apnUserName")
    apn_password: String20 | None = field(default=None, name="apnPassword")
    sim_pin: int | None = field(default=None, name="simPin")
    preferred_network: String6 | None = field(default=None, name="preferredNetwork")
    use_only_preferred_network: bool | None = field(default=None, name="useOnlyPreferredNetwork")


class ChargingStation(Extensible, frozen=True, kw_only=True):
    """ChargingStationType (OCPP 2.0.1)."""

    model: String20
    vendor_name: String50 = field(name="vendorName")
    serial_number: String25 | None = field(default=None, name="serialNumber")
    modem: Modem | None = None
    firmware_version: String50 | None = field(default=None, name="firmwareVersion")


class BootNotificationRequest(Extensible, frozen=True, kw_only=True):
    """BootNotification, the request."""

    charging_station: ChargingStation = field(name="chargingStation")
    reason: BootReasonEnum


class BootNotificationResponse(Extensible, frozen=True, kw_only=True):
    """BootNotification, the response."""

    current_time: Timestamp = field(name="currentTime")
    interval: int
    status: RegistrationStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetBaseReportRequest(Extensible, frozen=True, kw_only=True):
    """GetBaseReport, the request."""

    request_id: int = field(name="requestId")
    report_base: ReportBaseEnum = field(name="reportBase")


class GetBaseReportResponse(Extensible, frozen=True, kw_only=True):
    """GetBaseReport, the response."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetReportRequest(Extensible, frozen=True, kw_only=True):
    """GetReport, the request."""

    request_id: int = field(name="requestId")
    component_variable: Annotated[tuple[ComponentVariable, ...], Meta(min_length=1)] | None = field(
        default=None, name="componentVariable"
    )
    component_criteria: Annotated[tuple[ComponentCriterionEnum, ...], Meta(min_length=1, max_length=4)] | None = field(
        default=None, name="componentCriteria"
    )


class GetReportResponse(Extensible, frozen=True, kw_only=True):
    """GetReport, the response."""

    status: GenericDeviceModelStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetVariableData(Extensible, frozen=True, kw_only=True):
    """GetVariableDataType (OCPP 2.0.1)."""

    component: Component
    variable: Variable
    attribute_type: AttributeEnum | None = field(default=None, name="attributeType")


class GetVariableResult(Extensible, frozen=True, kw_only=True):
    """GetVariableResultType (OCPP 2.0.1)."""

    attribute_status: GetVariableStatusEnum = field(name="attributeStatus")
    component: Component
    variable: Variable
    attribute_status_info: StatusInfo | None = field(default=None, name="attributeStatusInfo")
    attribute_type: AttributeEnum | None = field(default=None, name="attributeType")
    attribute_value: String2500 | None = field(default=None, name="attributeValue")


class GetVariablesRequest(Extensible, frozen=True, kw_only=True):
    """GetVariables, the request."""

    get_variable_data: Annotated[tuple[GetVariableData, ...], Meta(min_length=1)] = field(name="getVariableData")


class GetVariablesResponse(Extensible, frozen=True, kw_only=True):
    """GetVariables, the response."""

    get_variable_result: Annotated[tuple[GetVariableResult, ...], Meta(min_length=1)] = field(name="getVariableResult")


class VPN(Extensible, frozen=True, kw_only=True):
    """VPNType (OCPP 2.0.1)."""

    server: String512
    user: String20
    password: String20
    key: String255
    type: VPNEnum
    group: String20 | None = None


class NetworkConnectionProfile(Extensible, frozen=True, kw_only=True):
    """NetworkConnectionProfileType (OCPP 2.0.1)."""

    ocpp_version: OCPPVersionEnum = field(name="ocppVersion")
    ocpp_transport: OCPPTransportEnum = field(name="ocppTransport")
    ocpp_csms_url: String512 = field(name="ocppCsmsUrl")
    message_timeout: int = field(name="messageTimeout")
    security_profile: int = field(name="securityProfile")
    ocpp_interface: OCPPInterfaceEnum = field(name="ocppInterface")
    apn: APN | None = None
    vpn: VPN | None = None


class VariableAttribute(Extensible, frozen=True, kw_only=True):
    """VariableAttributeType (OCPP 2.0.1)."""

    type: AttributeEnum | None = None
    value: String2500 | None = None
    mutability: MutabilityEnum | None = None
    persistent: bool | None = None
    constant: bool | None = None


class VariableCharacteristics(Extensible, frozen=True, kw_only=True):
    """VariableCharacteristicsType (OCPP 2.0.1)."""

    data_type: DataEnum = field(name="dataType")
    supports_monitoring: bool = field(name="supportsMonitoring")
    unit: String16 | None = None
    min_limit: float | None = field(default=None, name="minLimit")
    max_limit: float | None = field(default=None, name="maxLimit")
    values_list: String1000 | None = field(default=None, name="valuesList")


class ReportData(Extensible, frozen=True, kw_only=True):
    """ReportDataType (OCPP 2.0.1)."""

    component: Component
    variable: Variable
    variable_attribute: Annotated[tuple[VariableAttribute, ...], Meta(min_length=1, max_length=4)] = field(
        name="variableAttribute"
    )
    variable_characteristics: VariableCharacteristics | None = field(default=None, name="variableCharacteristics")


class NotifyReportRequest(Extensible, frozen=True, kw_only=True):
    """NotifyReport, the request."""

    request_id: int = field(name="requestId")
    generated_at: Timestamp = field(name="generatedAt")
    seq_no: int = field(name="seqNo")
    report_data: Annotated[tuple[ReportData, ...], Meta(min_length=1)] | None = field(default=None, name="reportData")
    tbc: bool | None = None


class ResetRequest(Extensible, frozen=True, kw_only=True):
    """Reset, the request."""

    type: ResetEnum
    evse_id: int | None = field(default=None, name="evseId")


class ResetResponse(Extensible, frozen=True, kw_only=True):
    """Reset, the response."""

    status: ResetStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SetNetworkProfileRequest(Extensible, frozen=True, kw_only=True):
    """SetNetworkProfile, the request."""

    configuration_slot: int = field(name="configurationSlot")
    connection_data: NetworkConnectionProfile = field(name="connectionData")


class SetNetworkProfileResponse(Extensible, frozen=True, kw_only=True):
    """SetNetworkProfile, the response."""

    status: SetNetworkProfileStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class SetVariableData(Extensible, frozen=True, kw_only=True):
    """SetVariableDataType (OCPP 2.0.1)."""

    attribute_value: String1000 = field(name="attributeValue")
    component: Component
    variable: Variable
    attribute_type: AttributeEnum | None = field(default=None, name="attributeType")


class SetVariableResult(Extensible, frozen=True, kw_only=True):
    """SetVariableResultType (OCPP 2.0.1)."""

    attribute_status: SetVariableStatusEnum = field(name="attributeStatus")
    component: Component
    variable: Variable
    attribute_type: AttributeEnum | None = field(default=None, name="attributeType")
    attribute_status_info: StatusInfo | None = field(default=None, name="attributeStatusInfo")


class SetVariablesRequest(Extensible, frozen=True, kw_only=True):
    """SetVariables, the request."""

    set_variable_data: Annotated[tuple[SetVariableData, ...], Meta(min_length=1)] = field(name="setVariableData")


class SetVariablesResponse(Extensible, frozen=True, kw_only=True):
    """SetVariables, the response."""

    set_variable_result: Annotated[tuple[SetVariableResult, ...], Meta(min_length=1)] = field(name="setVariableResult")
