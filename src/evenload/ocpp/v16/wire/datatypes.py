"""OCPP 1.6: what several blocks use. Made by tools/ocpp_structs.py. Do not edit."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from evenload.ocpp.wire import Timestamp, Wire

String20 = Annotated[str, Meta(max_length=20)]


class AuthorizationStatus(StrEnum):
    """The values of AuthorizationStatus (OCPP 1.6)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"


class ChargingProfileKindType(StrEnum):
    """The values of ChargingProfileKindType (OCPP 1.6)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class ChargingProfilePurposeType(StrEnum):
    """The values of ChargingProfilePurposeType (OCPP 1.6)."""

    CHARGE_POINT_MAX_PROFILE = "ChargePointMaxProfile"
    TX_DEFAULT_PROFILE = "TxDefaultProfile"
    TX_PROFILE = "TxProfile"


class ChargingRateUnitType(StrEnum):
    """The values of ChargingRateUnitType (OCPP 1.6)."""

    A = "A"
    W = "W"


class RecurrencyKindType(StrEnum):
    """The values of RecurrencyKindType (OCPP 1.6)."""

    DAILY = "Daily"
    WEEKLY = "Weekly"


class ChargingSchedulePeriod(Wire, frozen=True, kw_only=True):
    """ChargingSchedulePeriod (OCPP 1.6)."""

    start_period: int = field(name="startPeriod")
    limit: float
    number_phases: int | None = field(default=None, name="numberPhases")


class ChargingSchedule(Wire, frozen=True, kw_only=True):
    """ChargingSchedule (OCPP 1.6)."""

    charging_rate_unit: ChargingRateUnitType = field(name="chargingRateUnit")
    charging_schedule_period: tuple[ChargingSchedulePeriod, ...] = field(name="chargingSchedulePeriod")
    duration: int | None = None
    start_schedule: Timestamp | None = field(default=None, name="startSchedule")
    min_charging_rate: float | None = field(default=None, name="minChargingRate")


class ChargingProfile(Wire, frozen=True, kw_only=True):
    """ChargingProfile (OCPP 1.6)."""

    charging_profile_id: int = field(name="chargingProfileId")
    stack_level: int = field(name="stackLevel")
    charging_profile_purpose: ChargingProfilePurposeType = field(name="chargingProfilePurpose")
    charging_profile_kind: ChargingProfileKindType = field(name="chargingProfileKind")
    charging_schedule: ChargingSchedule = field(name="chargingSchedule")
    transaction_id: int | None = field(default=None, name="transactionId")
    recurrency_kind: RecurrencyKindType | None = field(default=None, name="recurrencyKind")
    valid_from: Timestamp | None = field(default=None, name="validFrom")
    valid_to: Timestamp | None = field(default=None, name="validTo")


class IdTagInfo(Wire, frozen=True, kw_only=True):
    """IdTagInfo (OCPP 1.6)."""

    status: AuthorizationStatus
    expiry_date: Timestamp | None = field(default=None, name="expiryDate")
    parent_id_tag: String20 | None = field(default=None, name="parentIdTag")
