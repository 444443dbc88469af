"""OCPP 2.0.1: smart charging. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.v201.wire.datatypes import (
    ChargingProfile,
    ChargingProfilePurposeEnum,
    ChargingRateUnitEnum,
    ChargingSchedule,
    ChargingSchedulePeriod,
    GenericStatusEnum,
    StatusInfo,
)
from evenload.ocpp.wire import Extensible, Timestamp


class ChargingLimitSourceEnum(StrEnum):
    """The values of ChargingLimitSourceEnumType (OCPP 2.0.1)."""

    CSO = "CSO"
    EMS = "EMS"
    OTHER = "Other"
    SO = "SO"


class ChargingProfileStatusEnum(StrEnum):
    """The values of ChargingProfileStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearChargingProfileStatusEnum(StrEnum):
    """The values of ClearChargingProfileStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class EnergyTransferModeEnum(StrEnum):
    """The values of EnergyTransferModeEnumType (OCPP 2.0.1)."""

    AC_SINGLE_PHASE = "AC_single_phase"
    AC_THREE_PHASE = "AC_three_phase"
    AC_TWO_PHASE = "AC_two_phase"
    DC = "DC"


class GetChargingProfileStatusEnum(StrEnum):
    """The values of GetChargingProfileStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    NO_PROFILES = "NoProfiles"


class NotifyEVChargingNeedsStatusEnum(StrEnum):
    """The values of NotifyEVChargingNeedsStatusEnumType (OCPP 2.0.1)."""

    ACCEPTED = "Accepted"
    PROCESSING = "Processing"
    REJECTED = "Rejected"


class ACChargingParameters(Extensible, frozen=True, kw_only=True):
    """ACChargingParametersType (OCPP 2.0.1)."""

    energy_amount: int = field(name="energyAmount")
    ev_min_current: int = field(name="evMinCurrent")
    ev_max_current: int = field(name="evMaxCurrent")
    ev_max_voltage: int = field(name="evMaxVoltage")


class ClearedChargingLimitResponse(Extensible, frozen=True, kw_only=True):
    """ClearedChargingLimit, the response."""


class DCChargingParameters(Extensible, frozen=True, kw_only=True):
    """DCChargingParametersType (OCPP 2.0.1)."""

    ev_max_current: int = field(name="evMaxCurrent")
    ev_max_voltage: int = field(name="evMaxVoltage")
    energy_amount: int | None = field(default=None, name="energyAmount")
    ev_max_power: int | None = field(default=None, name="evMaxPower")
    state_of_charge: Annotated[int, Meta(ge=0, le=100)] | None = field(default=None, name="stateOfCharge")
    ev_energy_capacity: int | None = field(default=None, name="evEnergyCapacity")
    full_soc: Annotated[int, Meta(ge=0, le=100)] | None = field(default=None, name="fullSoC")
    bulk_soc: Annotated[int, Meta(ge=0, le=100)] | None = field(default=None, name="bulkSoC")


class NotifyChargingLimitResponse(Extensible, frozen=True, kw_only=True):
    """NotifyChargingLimit, the response."""


class ReportChargingProfilesResponse(Extensible, frozen=True, kw_only=True):
    """ReportChargingProfiles, the response."""


class ChargingLimit(Extensible, frozen=True, kw_only=True):
    """ChargingLimitType (OCPP 2.0.1)."""

    charging_limit_source: ChargingLimitSourceEnum = field(name="chargingLimitSource")
    is_grid_critical: bool | None = field(default=None, name="isGridCritical")


class ChargingNeeds(Extensible, frozen=True, kw_only=True):
    """ChargingNeedsType (OCPP 2.0.1)."""

    requested_energy_transfer: EnergyTransferModeEnum = field(name="requestedEnergyTransfer")
    ac_charging_parameters: ACChargingParameters | None = field(default=None, name="acChargingParameters")
    dc_charging_parameters: DCChargingParameters | None = field(default=None, name="dcChargingParameters")
    departure_time: Timestamp | None = field(default=None, name="departureTime")


class ChargingProfileCriterion(Extensible, frozen=True, kw_only=True):
    """ChargingProfileCriterionType (OCPP 2.0.1)."""

    charging_profile_purpose: ChargingProfilePurposeEnum | None = field(default=None, name="chargingProfilePurpose")
    stack_level: int | None = field(default=None, name="stackLevel")
    charging_profile_id: Annotated[tuple[int, ...], Meta(min_length=1)] | None = field(
        default=None, name="chargingProfileId"
    )
    charging_limit_source: Annotated[tuple[ChargingLimitSourceEnum, ...], Meta(min_length=1, max_length=4)] | None = (
        field(default=None, name="chargingLimitSource")
    )


class ClearChargingProfile(Extensible, frozen=True, kw_only=True):
    """ClearChargingProfileType (OCPP 2.0.1)."""

    evse_id: int | None = field(default=None, name="evseId")
    charging_profile_purpose: ChargingProfilePurposeEnum | None = field(default=None, name="chargingProfilePurpose")
    stack_level: int | None = field(default=None, name="stackLevel")


class ClearChargingProfileRequest(Extensible, frozen=True, kw_only=True):
    """ClearChargingProfile, the request."""

    charging_profile_id: int | None = field(default=None, name="chargingProfileId")
    charging_profile_criteria: ClearChargingProfile | None = field(default=None, name="chargingProfileCriteria")


class ClearChargingProfileResponse(Extensible, frozen=True, kw_only=True):
    """ClearChargingProfile, the response."""

    status: ClearChargingProfileStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class ClearedChargingLimitRequest(Extensible, frozen=True, kw_only=True):
    """ClearedChargingLimit, the request."""

    charging_limit_source: ChargingLimitSourceEnum = field(name="chargingLimitSource")
    evse_id: int | None = field(default=None, name="evseId")


class CompositeSchedule(Extensible, frozen=True, kw_only=True):
    """CompositeScheduleType (OCPP 2.0.1)."""

    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Meta(min_length=1)] = field(
        name="chargingSchedulePeriod"
    )
    evse_id: int = field(name="evseId")
    duration: int
    schedule_start: Timestamp = field(name="scheduleStart")
    charging_rate_unit: ChargingRateUnitEnum = field(name="chargingRateUnit")


class GetChargingProfilesRequest(Extensible, frozen=True, kw_only=True):
    """GetChargingProfiles, the request."""

    request_id: int = field(name="requestId")
    charging_profile: ChargingProfileCriterion = field(name="chargingProfile")
    evse_id: int | None = field(default=None, name="evseId")


class GetChargingProfilesResponse(Extensible, frozen=True, kw_only=True):
    """GetChargingProfiles, the response."""

    status: GetChargingProfileStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class GetCompositeScheduleRequest(Extensible, frozen=True, kw_only=True):
    """GetCompositeSchedule, the request."""

    duration: int
    evse_id: int = field(name="evseId")
    charging_rate_unit: ChargingRateUnitEnum | None = field(default=None, name="chargingRateUnit")


class GetCompositeScheduleResponse(Extensible, frozen=True, kw_only=True):
    """GetCompositeSchedule, the response."""

    status: GenericStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
    schedule: CompositeSchedule | None = None


class NotifyChargingLimitRequest(Extensible, frozen=True, kw_only=True):
    """NotifyChargingLimit, the request."""

    charging_limit: ChargingLimit = field(name="chargingLimit")
    charging_schedule: Annotated[tuple[ChargingSchedule, ...], Meta(min_length=1)] | None = field(
        default=None, name="chargingSchedule"
    )
    evse_id: int | None = field(default=None, name="evseId")


class NotifyEVChargingNeedsRequest(Extensible, frozen=True, kw_only=True):
    """NotifyEVChargingNeeds, the request."""

    charging_needs: ChargingNeeds = field(name="chargingNeeds")
    evse_id: int = field(name="evseId")
    max_schedule_tuples: int | None = field(default=None, name="maxScheduleTuples")


class NotifyEVChargingNeedsResponse(Extensible, frozen=True, kw_only=True):
    """NotifyEVChargingNeeds, the response."""

    status: NotifyEVChargingNeedsStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class NotifyEVChargingScheduleRequest(Extensible, frozen=True, kw_only=True):
    """NotifyEVChargingSchedule, the request."""

    time_base: Timestamp = field(name="timeBase")
    charging_schedule: ChargingSchedule = field(name="chargingSchedule")
    evse_id: int = field(name="evseId")


class NotifyEVChargingScheduleResponse(Extensible, frozen=True, kw_only=True):
    """NotifyEVChargingSchedule, the response."""

    status: GenericStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")


class ReportChargingProfilesRequest(Extensible, frozen=True, kw_only=True):
    """ReportChargingProfiles, the request."""

    request_id: int = field(name="requestId")
    charging_limit_source: ChargingLimitSourceEnum = field(name="chargingLimitSource")
    charging_profile: Annotated[tuple[ChargingProfile, ...], Meta(min_length=1)] = field(name="chargingProfile")
    evse_id: int = field(name="evseId")
    tbc: bool | None = None


class SetChargingProfileRequest(Extensible, frozen=True, kw_only=True):
    """SetChargingProfile, the request."""

    evse_id: int = field(name="evseId")
    charging_profile: ChargingProfile = field(name="chargingProfile")


class SetChargingProfileResponse(Extensible, frozen=True, kw_only=True):
    """SetChargingProfile, the response."""

    status: ChargingProfileStatusEnum
    status_info: StatusInfo | None = field(default=None, name="statusInfo")
