"""OCPP 1.6: smart charging. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum

from msgspec import field

from evenload.ocpp.v16.wire.datatypes import (
    ChargingProfile,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
)
from evenload.ocpp.wire import Timestamp, Wire


class ChargingProfileStatus(StrEnum):
    """The values of ChargingProfileStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    NOT_SUPPORTED = "NotSupported"
    REJECTED = "Rejected"


class ClearChargingProfileStatus(StrEnum):
    """The values of ClearChargingProfileStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    UNKNOWN = "Unknown"


class GetCompositeScheduleStatus(StrEnum):
    """The values of GetCompositeScheduleStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"


class ClearChargingProfileRequest(Wire, frozen=True, kw_only=True):
    """ClearChargingProfile, the request."""

    id: int | None = None
    connector_id: int | None = field(default=None, name="connectorId")
    charging_profile_purpose: ChargingProfilePurposeType | None = field(default=None, name="chargingProfilePurpose")
    stack_level: int | None = field(default=None, name="stackLevel")


class ClearChargingProfileResponse(Wire, frozen=True, kw_only=True):
    """ClearChargingProfile, the response."""

    status: ClearChargingProfileStatus


class GetCompositeScheduleRequest(Wire, frozen=True, kw_only=True):
    """GetCompositeSchedule, the request."""

    connector_id: int = field(name="connectorId")
    duration: int
    charging_rate_unit: ChargingRateUnitType | None = field(default=None, name="chargingRateUnit")


class GetCompositeScheduleResponse(Wire, frozen=True, kw_only=True):
    """GetCompositeSchedule, the response."""

    status: GetCompositeScheduleStatus
    connector_id: int | None = field(default=None, name="connectorId")
    schedule_start: Timestamp | None = field(default=None, name="scheduleStart")
    charging_schedule: ChargingSchedule | None = field(default=None, name="chargingSchedule")


class SetChargingProfileRequest(Wire, frozen=True, kw_only=True):
    """SetChargingProfile, the request."""

    connector_id: int = field(name="connectorId")
    cs_charging_profiles: ChargingProfile = field(name="csChargingProfiles")


class SetChargingProfileResponse(Wire, frozen=True, kw_only=True):
    """SetChargingProfile, the response."""

    status: ChargingProfileStatus
