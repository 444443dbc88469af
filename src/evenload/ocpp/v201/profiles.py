"""OCPP 2.0.1, smart charging (block K): profiles to the wire, schedules from it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import inf
from typing import Final

from evenload.base.instants import Interval
from evenload.domain.station_commands import ClearProfile, Settlement
from evenload.ocpp.composite import Kind, Period, Purpose, Unit
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Reply, Request
from evenload.ocpp.profiles import Placement
from evenload.ocpp.v201.wire.datatypes import (
    ChargingProfile,
    ChargingProfileKindEnum,
    ChargingProfilePurposeEnum,
    ChargingRateUnitEnum,
    ChargingSchedule,
    ChargingSchedulePeriod,
    GenericStatusEnum,
    StatusInfo,
)
from evenload.ocpp.v201.wire.smart_charging import (
    ChargingProfileStatusEnum,
    ClearChargingProfileRequest,
    ClearChargingProfileResponse,
    GetCompositeScheduleRequest,
    GetCompositeScheduleResponse,
    SetChargingProfileRequest,
    SetChargingProfileResponse,
)

PURPOSES: Final = {
    Purpose.STATION_MAX: ChargingProfilePurposeEnum.CHARGING_STATION_MAX_PROFILE,
    Purpose.TX_DEFAULT: ChargingProfilePurposeEnum.TX_DEFAULT_PROFILE,
    Purpose.TX: ChargingProfilePurposeEnum.TX_PROFILE,
}
_KINDS: Final = {Kind.ABSOLUTE: ChargingProfileKindEnum.ABSOLUTE, Kind.RELATIVE: ChargingProfileKindEnum.RELATIVE}
_PHASES_OF_SCHEDULE: Final = 3
_FINAL_REASONS: Final = frozenset({"InvalidMessageSeq", "TxNotFound", "UnknownEvse", "UnknownTxId"})
"""Reasons (2.0.1 appendix 5) that are not about how a profile is written."""


def wire_profile(placement: Placement) -> ChargingProfile:
    """A profile on the wire, with one schedule of its own id."""
    profile = placement.profile
    schedule = ChargingSchedule(
        id=placement.profile_id,
        charging_rate_unit=ChargingRateUnitEnum(profile.unit),
        charging_schedule_period=tuple(
            ChargingSchedulePeriod(start_period=int(one.start_s), limit=one.limit, number_phases=one.phases)
            for one in profile.periods
        ),
        start_schedule=profile.start,
        duration=int(profile.duration_s) if profile.duration_s < inf else None,
    )
    return ChargingProfile(
        id=placement.profile_id,
        stack_level=profile.stack_level,
        charging_profile_purpose=PURPOSES[profile.purpose],
        charging_profile_kind=_KINDS[profile.kind],
        charging_schedule=(schedule,),
        valid_to=profile.valid_to,
        transaction_id=placement.transaction_id or None,
    )


def set_profile(placement: Placement) -> SetChargingProfileRequest:
    """SetChargingProfile (K01 to K05)."""
    return SetChargingProfileRequest(evse_id=placement.profile.evse_id, charging_profile=wire_profile(placement))


def words_of(status: str, info: StatusInfo | None) -> str:
    """A status with the station's reason."""
    reason = f"{info.reason_code} {info.additional_info or ''}".strip() if info else ""
    return f"{status}: {reason}" if reason else status


def profile_set(_dossier: Dossier, _request: Request, response: SetChargingProfileResponse, _now: datetime) -> Reply:
    """Whether a profile was taken."""
    if response.status is ChargingProfileStatusEnum.ACCEPTED:
        return Reply()
    reason = response.status_info.reason_code if response.status_info else ""
    return Reply(Settlement.REJECTED, words_of(response.status, response.status_info), final=reason in _FINAL_REASONS)


def clear(dossier: Dossier, command: ClearProfile, _now: datetime) -> tuple[ClearChargingProfileRequest, ...]:
    """ClearChargingProfile (K10): each profile by its id."""
    ids = dossier.charging.ids_of(command.evse_id, fallback=command.fallback)
    return tuple(ClearChargingProfileRequest(charging_profile_id=one) for one in ids)


def cleared(dossier: Dossier, request: Request, response: ClearChargingProfileResponse, _now: datetime) -> Reply:
    """What was cleared is gone; what the station did not know was not there."""
    if isinstance(request.command, ClearProfile):
        dossier.charging.forget(request.command.evse_id, fallback=request.command.fallback)
    return Reply(info=str(response.status))


def ask_composite(dossier: Dossier, evse_id: int, duration_s: int) -> GetCompositeScheduleRequest:
    """GetCompositeSchedule (K08) in the unit the station is given limits in."""
    unit = ChargingRateUnitEnum(dossier.charging.abilities.unit)
    return GetCompositeScheduleRequest(evse_id=evse_id, duration=duration_s, charging_rate_unit=unit)


def composite_got(dossier: Dossier, request: Request, response: GetCompositeScheduleResponse, now: datetime) -> Reply:
    """What the station says is in force, held against what it was given."""
    asked, schedule = request.message, response.schedule
    accepted = response.status is GenericStatusEnum.ACCEPTED
    if not accepted or schedule is None or not isinstance(asked, GetCompositeScheduleRequest):
        return Reply(Settlement.REJECTED, words_of(response.status, response.status_info))
    end = schedule.schedule_start + timedelta(seconds=max(1, min(schedule.duration or asked.duration, asked.duration)))
    window = Interval(schedule.schedule_start, end)
    periods = periods_of(schedule.charging_schedule_period)
    return dossier.composite_told(asked.evse_id, periods, Unit(schedule.charging_rate_unit), window, now)


def periods_of(periods: Iterable[ChargingSchedulePeriod]) -> list[Period]:
    """Periods from the wire; below 0 some stations mean that there is no limit."""
    return [
        Period(one.start_period, one.limit if one.limit >= 0 else inf, _phases(one.number_phases)) for one in periods
    ]


def _phases(told: int | None) -> int:
    return told if told and 1 <= told <= _PHASES_OF_SCHEDULE else _PHASES_OF_SCHEDULE
