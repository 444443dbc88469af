"""OCPP 2.0.1: what several blocks use. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Extensible, Timestamp

String8 = Annotated[str, Meta(max_length=8)]
String20 = Annotated[str, Meta(max_length=20)]
String32 = Annotated[str, Meta(max_length=32)]
String36 = Annotated[str, Meta(max_length=36)]
String40 = Annotated[str, Meta(max_length=40)]
String50 = Annotated[str, Meta(max_length=50)]
String128 = Annotated[str, Meta(max_length=128)]
String512 = Annotated[str, Meta(max_length=512)]
String2500 = Annotated[str, Meta(max_length=2500)]


class AuthorizationStatusEnum(StrEnum):
    """The values of AuthorizationStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


class ChargingProfileKindEnum(StrEnum):
    """The values of ChargingProfileKindEnumType (OCPP 2.0.1)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class ChargingProfilePurposeEnum(StrEnum):
    """The values of ChargingProfilePurposeEnumType (OCPP 2.0.1)."""

    CHARGING_STATION_EXTERNAL_CONSTRAINTS = "ChargingStationExternalConstraints"
    CHARGING_STATION_MAX_PROFILE = "ChargingStationMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class ChargingRateUnitEnum(StrEnum):
    """The values of ChargingRateUnitEnumType (OCPP 2.0.1)."""

    A = "A"
    W = "W"


class CostKindEnum(StrEnum):
    """The values of CostKindEnumType (OCPP 2.0.1)."""

    CARBON_DIOXIDE_EMISSION = "CarbonDioxideEmission"
    RELATIVE_PRICE_PERCENTAGE = "RelativePricePercentage"
    RENEWABLE_GENERATION_PERCENTAGE = "RenewableGenerationPercentage"


class GenericDeviceModelStatusEnum(StrEnum):
    """The values of GenericDeviceModelStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    EMPTY_RESULT_SET = "EmptyResultSet"
    NOT_SUPPORTED = "NotSupported"
    REJECTED = "Rejected"


class GenericStatusEnum(StrEnum):
    """The values of GenericStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class HashAlgorithmEnum(StrEnum):
    """The values of HashAlgorithmEnumType (OCPP 2.0.1)."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


class IdTokenEnum(StrEnum):
    """The values of IdTokenEnumType (OCPP 2.0.1)."""

    CENTRAL = "Central"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"
    E_MAID = "eMAID"


class LocationEnum(StrEnum):
    """The values of LocationEnumType (OCPP 2.0.1)."""

    BODY = "Body"
    CABLE = "Cable"
    EV = "EV"
    INLET = "Inlet"
    OUTLET = "Outlet"


class MeasurandEnum(StrEnum):
    """The values of MeasurandEnumType (OCPP 2.0.1)."""

    CURRENT_EXPORT = "Current.Export"
    CURRENT_IMPORT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    ENERGY_ACTIVE_EXPORT_INTERVAL = "Energy.Active.Export.Interval"
    ENERGY_ACTIVE_EXPORT_REGISTER = "Energy.Active.Export.Register"
    ENERGY_ACTIVE_IMPORT_INTERVAL = "Energy.Active.Import.Interval"
    ENERGY_ACTIVE_IMPORT_REGISTER = "Energy.Active.Import.Register"
    ENERGY_ACTIVE_NET = "Energy.Active.Net"
    ENERGY_APPARENT_EXPORT = "Energy.Apparent.Export"
    ENERGY_APPARENT_IMPORT = "Energy.Apparent.Import"
    ENERGY_APPARENT_NET = "Energy.Apparent.Net"
    ENERGY_REACTIVE_EXPORT_INTERVAL = "Energy.Reactive.Export.Interval"
    ENERGY_REACTIVE_EXPORT_REGISTER = "Energy.Reactive.Export.Register"
    ENERGY_REACTIVE_IMPORT_INTERVAL = "Energy.Reactive.Import.Interval"
    ENERGY_REACTIVE_IMPORT_REGISTER = "Energy.Reactive.Import.Register"
    ENERGY_REACTIVE_NET = "Energy.Reactive.Net"
    FREQUENCY = "Frequency"
    POWER_ACTIVE_EXPORT = "Power.Active.Export"
    POWER_ACTIVE_IMPORT = "Power.Active.Import"
    POWER_FACTOR = "Power.Factor"
    POWER_OFFERED = "Power.Offered"
    POWER_REACTIVE_EXPORT = "Power.Reactive.Export"
    POWER_REACTIVE_IMPORT = "Power.Reactive.Import"
    SOC = "SoC"
    VOLTAGE = "Voltage"


class MessageFormatEnum(StrEnum):
    """The values of MessageFormatEnumType (OCPP 2.0.1)."""

    ASCII = "ASCII"
    HTML = "HTML"
    URI = "URI"
    UTF8 = "UTF8"


class PhaseEnum(StrEnum):
    """The values of PhaseEnumType (OCPP 2.0.1)."""

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


class ReadingContextEnum(StrEnum):
    """The values of ReadingContextEnumType (OCPP 2.0.1)."""

    INTERRUPTION_BEGIN = "Interruption.Begin"
    INTERRUPTION_END = "Interruption.End"
    OTHER = "Other"
    SAMPLE_CLOCK = "Sample.Clock"
    SAMPLE_PERIODIC = "Sample.Periodic"
    TRANSACTION_BEGIN = "Transaction.Begin"
    TRANSACTION_END = "Transaction.End"
    TRIGGER = "Trigger"


class RecurrencyKindEnum(StrEnum):
    """The values of RecurrencyKindEnumType (OCPP 2.0.1)."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class AdditionalInfo(Extensible, frozen=True, kw_only=True):
    """AdditionalInfoType (OCPP 2.0.1)."""

    additional_id_token: String36 = field(name="additionalIdToken")
    type: String50


class ChargingSchedulePeriod(Extensible, frozen=True, kw_only=True):
    """ChargingSchedulePeriodType (OCPP 2.0.1)."""

    start_period: int = field(name="startPeriod")
    limit: float
    number_phases: int | None = field(default=None, name="numberPhases")
    phase_to_use: int | None = field(default=None, name="phaseToUse")


class EVSE(Extensible, frozen=True, kw_only=True):
    """EVSEType (OCPP 2.0.1)."""

    id: int
    connector_id: int | None = field(default=None, name="connectorId")


class RelativeTimeInterval(Extensible, frozen=True, kw_only=True):
    """RelativeTimeIntervalType (OCPP 2.0.1)."""

    start: int
    duration: int | None = None


class SignedMeterValue(Extensible, frozen=True, kw_only=True):
    """SignedMeterValueType (OCPP 2.0.1)."""

    signed_meter_data: String2500 = field(name="signedMeterData")
    signing_method: String50 = field(name="signingMethod")
    encoding_method: String50 = field(name="encodingMethod")
    public_key: String2500 = field(name="publicKey")


class StatusInfo(Extensible, frozen=True, kw_only=True):
    """StatusInfoType (OCPP 2.0.1)."""

    reason_code: String20 = field(name="reasonCode")
    additional_info: String512 | None = field(default=None, name="additionalInfo")


class UnitOfMeasure(Extensible, frozen=True, kw_only=True):
    """UnitOfMeasureType (OCPP 2.0.1)."""

    unit: String20 | None = None
    multiplier: int | None = None


class Variable(Extensible, frozen=True, kw_only=True):
    """VariableType (OCPP 2.0.1)."""

    name: String50
    instance: String50 | None = None


class CertificateHashData(Extensible, frozen=True, kw_only=True):
    """CertificateHashDataType (OCPP 2.0.1)."""

    hash_algorithm: HashAlgorithmEnum = field(name="hashAlgorithm")
    issuer_name_hash: String128 = field(name="issuerNameHash")
    issuer_key_hash: String128 = field(name="issuerKeyHash")
    serial_number: String40 = field(name="serialNumber")


class Cost(Extensible, frozen=True, kw_only=True):
    """CostType (OCPP 2.0.1)."""

    cost_kind: CostKindEnum = field(name="costKind")
    amount: int
    amount_multiplier: int | None = field(default=None, name="amountMultiplier")


class ConsumptionCost(Extensible, frozen=True, kw_only=True):
    """ConsumptionCostType (OCPP 2.0.1)."""

    start_value: float = field(name="startValue")
    cost: Annotated[tuple[Cost, ...], Meta(min_length=1, max_length=3)]


class SalesTariffEntry(Extensible, frozen=True, kw_only=True):
    """SalesTariffEntryType (OCPP 2.0.1)."""

    relative_time_interval: RelativeTimeInterval = field(name="relativeTimeInterval")
    e_price_level: Annotated[int, Meta(ge=0)] | None = field(default=None, name="ePriceLevel")
    consumption_cost: Annotated[tuple[ConsumptionCost, ...], Meta(min_length=1, max_length=3)] | None = field(
        default=None, name="consumptionCost"
    )


class SalesTariff(Extensible, frozen=True, kw_only=True):
    """SalesTariffType (OCPP 2.0.1)."""

    id: int
    sales_tariff_entry: Annotated[tuple[SalesTariffEntry, ...], Meta(min_length=1, max_length=1024)] = field(
        name="salesTariffEntry"
    )
    sales_tariff_description: String32 | None = field(default=None, name="salesTariffDescription")
    num_e_price_levels: int | None = field(default=None, name="numEPriceLevels")


class ChargingSchedule(Extensible, frozen=True, kw_only=True):
    """ChargingScheduleType (OCPP 2.0.1)."""

    id: int
    charging_rate_unit: ChargingRateUnitEnum = field(name="chargingRateUnit")
    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Meta(min_length=1, max_length=1024)] = (
        field(name="chargingSchedulePeriod")
    )
    start_schedule: Timestamp | None = field(default=None, name="startSchedule")
    duration: int | None = None
    min_charging_rate: float | None = field(default=None, name="minChargingRate")
    sales_tariff: SalesTariff | None = field(default=None, name="salesTariff")


class ChargingProfile(Extensible, frozen=True, kw_only=True):
    """ChargingProfileType (OCPP 2.0.1)."""

    id: int
    stack_level: int = field(name="stackLevel")
    charging_profile_purpose: ChargingProfilePurposeEnum = field(name="chargingProfilePurpose")
    charging_profile_kind: ChargingProfileKindEnum = field(name="chargingProfileKind")
    charging_schedule: Annotated[tuple[ChargingSchedule, ...], Meta(min_length=1, max_length=3)] = field(
        name="chargingSchedule"
    )
    recurrency_kind: RecurrencyKindEnum | None = field(default=None, name="recurrencyKind")
    valid_from: Timestamp | None = field(default=None, name="validFrom")
    valid_to: Timestamp | None = field(default=None, name="validTo")
    transaction_id: String36 | None = field(default=None, name="transactionId")


class Component(Extensible, frozen=True, kw_only=True):
    """ComponentType (OCPP 2.0.1)."""

    name: String50
    evse: EVSE | None = None
    instance: String50 | None = None


class ComponentVariable(Extensible, frozen=True, kw_only=True):
    """ComponentVariableType (OCPP 2.0.1)."""

    component: Component
    variable: Variable | None = None


class IdToken(Extensible, frozen=True, kw_only=True):
    """IdTokenType (OCPP 2.0.1)."""

    id_token: String36 = field(name="idToken")
    type: IdTokenEnum
    additional_info: Annotated[tuple[AdditionalInfo, ...], Meta(min_length=1)] | None = field(
        default=None, name="additionalInfo"
    )


class MessageContent(Extensible, frozen=True, kw_only=True):
    """MessageContentType (OCPP 2.0.1)."""

    format: MessageFormatEnum
    content: String512
    language: String8 | None = None


class IdTokenInfo(Extensible, frozen=True, kw_only=True):
    """IdTokenInfoType (OCPP 2.0.1)."""

    status: AuthorizationStatusEnum
    cache_expiry_date_time: Timestamp | None = field(default=None, name="cacheExpiryDateTime")
    charging_priority: int | None = field(default=None, name="chargingPriority")
    language1: String8 | None = None
    evse_id: Annotated[tuple[int, ...], Meta(min_length=1)] | None = field(default=None, name="evseId")
    group_id_token: IdToken | None = field(default=None, name="groupIdToken")
    language2: String8 | None = None
    personal_message: MessageContent | None = field(default=None, name="personalMessage")


class SampledValue(Extensible, frozen=True, kw_only=True):
    """SampledValueType (OCPP 2.0.1)."""

    value: float
    context: ReadingContextEnum | None = None
    measurand: MeasurandEnum | None = None
    phase: PhaseEnum | None = None
    location: LocationEnum | None = None
    signed_meter_value: SignedMeterValue | None = field(default=None, name="signedMeterValue")
    unit_of_measure: UnitOfMeasure | None = field(default=None, name="unitOfMeasure")


class MeterValue(Extensible, frozen=True, kw_only=True):
    """MeterValueType (OCPP 2.0.1)."""

    sampled_value: Annotated[tuple[SampledValue, ...], Meta(min_length=1)] = field(name="sampledValue")
    timestamp: Timestamp


class OCSPRequestData(Extensible, frozen=True, kw_only=True):
    """OCSPRequestDataType (OCPP 2.0.1)."""

    hash_algorithm: HashAlgorithmEnum = field(name="hashAlgorithm")
    issuer_name_hash: String128 = field(name="issuerNameHash")
    issuer_key_hash: String128 = field(name="issuerKeyHash")
    serial_number: String40 = field(name="serialNumber")
    responder_url: String512 = field(name="responderURL")
