"""OCPP 1.6, smart charging: profiles to the wire, schedules from it."""

from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_commands import (
    ClearProfile,
    Settlement,
)
from evenload.ocpp.composite import Kind, Period, Purpose, Unit
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.profiles import Placement
from evenload.ocpp.v16.wire.datatypes import (
    ChargingProfile,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
    ChargingSchedulePeriod,
)
from evenload.ocpp.v16.wire.smart_charging import (
    ChargingProfileStatus,
    ClearChargingProfileRequest,
    ClearChargingProfileResponse,
    GetCompositeScheduleRequest,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    SetChargingProfileRequest,
    SetChargingProfileResponse,
)

_PURPOSES: Final = {
    Purpose.STATION_MAX: ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE,
    Purpose.TX_DEFAULT: ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
    Purpose.TX: ChargingProfilePurposeType.TX_PROFILE,
}
_KINDS: Final = {Kind.ABSOLUTE: ChargingProfileKindType.ABSOLUTE, Kind.RELATIVE: ChargingProfileKindType.RELATIVE}
_PHASES_OF_SCHEDULE: Final = 3


def wire_profile(placement: Placement, *, for_start: bool = False) -> ChargingProfile:
    """A profile on the wire. One that goes with a remote start names no transaction yet (5.11)."""
    profile = placement.profile
    periods = tuple(
        ChargingSchedulePeriod(start_period=int(one.start_s), limit=one.limit, number_phases=one.phases)
        for one in profile.periods
    )
    schedule = ChargingSchedule(
        charging_rate_unit=ChargingRateUnitType(profile.unit),
        charging_schedule_period=periods,
        duration=int(profile.duration_s) if profile.duration_s < inf else None,
        start_schedule=profile.start,
    )
    return ChargingProfile(
        charging_profile_id=placement.profile_id,
        stack_level=profile.stack_level,
        charging_profile_purpose=_PURPOSES[profile.purpose],
        charging_profile_kind=_KINDS[profile.kind],
        charging_schedule=schedule,
        transaction_id=int(placement.transaction_id) if placement.transaction_id and not for_start else None,
        valid_to=profile.valid_to,
    )


def set_profile(placement: Placement) -> SetChargingProfileRequest:
    """SetChargingProfile (5.16)."""
    return SetChargingProfileRequest(
        connector_id=placement.profile.evse_id, cs_charging_profiles=wire_profile(placement)
    )


def profile_set(_dossier: Dossier, _request: Request, response: SetChargingProfileResponse, _now: datetime) -> Reply:
    """Whether a profile was taken."""
    if response.status is ChargingProfileStatus.ACCEPTED:
        return Reply()
    unsupported = response.status is ChargingProfileStatus.NOT_SUPPORTED
    return Reply(Settlement.NOT_SUPPORTED if unsupported else Settlement.REJECTED, str(response.status))


def clear(dossier: Dossier, command: ClearProfile, _now: datetime) -> tuple[ClearChargingProfileRequest, ...]:
    """ClearChargingProfile (5.5): everything, or each profile by its id."""
    if command.fallback and not command.evse_id:
        return (ClearChargingProfileRequest(),)
    ids = dossier.charging.ids_of(command.evse_id, fallback=command.fallback)
    return tuple(ClearChargingProfileRequest(id=one) for one in ids)


def cleared(dossier: Dossier, request: Request, response: ClearChargingProfileResponse, _now: datetime) -> Reply:
    """What was cleared is gone; what the station did not know was not there."""
    if isinstance(request.command, ClearProfile):
        dossier.charging.forget(request.command.evse_id, fallback=request.command.fallback)
    return Reply(info=str(response.status))


def ask_composite(dossier: Dossier, evse_id: int, duration_s: int) -> GetCompositeScheduleRequest:
    """GetCompositeSchedule (5.7) in the unit the station is given limits in."""
    unit = ChargingRateUnitType(dossier.charging.abilities.unit)
    return GetCompositeScheduleRequest(connector_id=evse_id, duration=duration_s, charging_rate_unit=unit)


def composite_got(dossier: Dossier, request: Request, response: GetCompositeScheduleResponse, now: datetime) -> Reply:
    """What the station says is in force, held against what it was given."""
    asked, schedule = request.message, response.charging_schedule
    if response.status is not GetCompositeScheduleStatus.ACCEPTED or schedule is None:
        return Reply(Settlement.REJECTED, str(response.status))
    if not isinstance(asked, GetCompositeScheduleRequest):
        return Reply(Settlement.REJECTED)
    periods = [
        Period(one.start_period, one.limit if one.limit >= 0 else inf, _phases(one.number_phases))
        for one in schedule.charging_schedule_period
    ]
    start = response.schedule_start or schedule.start_schedule or now
    duration_s = min(schedule.duration or asked.duration, asked.duration)
    end = start + timedelta(seconds=max(1, duration_s))
    unit = Unit(schedule.charging_rate_unit)
    return dossier.composite_told(asked.connector_id, periods, unit, Interval(start, end), now)


def _phases(told: int | None) -> int:
    return told if told and 1 <= told <= _PHASES_OF_SCHEDULE else _PHASES_OF_SCHEDULE
