"""Charging profiles as virtual stations of OCPP 2.0.1 take them, keep them and report them (K01, K09)."""

from collections.abc import Sequence
from math import inf, isinf
from typing import Final

from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Unit
from evenload.ocpp.v201.wire import smart_charging as smart
from evenload.ocpp.v201.wire.datatypes import (
    ChargingProfile,
    ChargingProfileKindEnum,
    ChargingProfilePurposeEnum,
    ChargingRateUnitEnum,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKindEnum,
)
from evenload.ocpp.wire import Wire
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_speech import Obedient

PURPOSES: Final = {
    ChargingProfilePurposeEnum.CHARGING_STATION_MAX_PROFILE: Purpose.STATION_MAX,
    ChargingProfilePurposeEnum.CHARGING_STATION_EXTERNAL_CONSTRAINTS: Purpose.EXTERNAL,
    ChargingProfilePurposeEnum.TX_DEFAULT_PROFILE: Purpose.TX_DEFAULT,
    ChargingProfilePurposeEnum.TX_PROFILE: Purpose.TX,
}
_WORDS: Final = {purpose: word for word, purpose in PURPOSES.items()}
_RECURRING: Final = {Kind.DAILY: RecurrencyKindEnum.DAILY, Kind.WEEKLY: RecurrencyKindEnum.WEEKLY}


def held_profile(told: ChargingProfile, evse_id: int) -> Held:
    """A profile as it is kept; of several schedules the first."""
    schedule = told.charging_schedule[0]
    profile = Profile(
        purpose=PURPOSES[told.charging_profile_purpose],
        stack_level=told.stack_level,
        kind=_kind(told),
        unit=Unit(schedule.charging_rate_unit),
        periods=[Period(one.start_period, one.limit, one.number_phases) for one in schedule.charging_schedule_period],
        evse_id=evse_id,
        start=schedule.start_schedule,
        duration_s=inf if schedule.duration is None else schedule.duration,
        valid_from=told.valid_from,
        valid_to=told.valid_to,
    )
    return Held(told.id, profile, told.transaction_id or "")


def _kind(told: ChargingProfile) -> Kind:
    if told.charging_profile_kind is ChargingProfileKindEnum.RECURRING:
        return Kind.WEEKLY if told.recurrency_kind is RecurrencyKindEnum.WEEKLY else Kind.DAILY
    absolute = told.charging_profile_kind is ChargingProfileKindEnum.ABSOLUTE
    return Kind.ABSOLUTE if absolute else Kind.RELATIVE


def _told_profile(held: Held) -> ChargingProfile:
    profile = held.profile
    kinds = ChargingProfileKindEnum
    once = {Kind.ABSOLUTE: kinds.ABSOLUTE, Kind.RELATIVE: kinds.RELATIVE}
    schedule = ChargingSchedule(
        id=held.profile_id,
        charging_rate_unit=ChargingRateUnitEnum(profile.unit),
        charging_schedule_period=tuple(
            ChargingSchedulePeriod(start_period=int(one.start_s), limit=one.limit, number_phases=one.phases)
            for one in profile.periods
        ),
        start_schedule=profile.start,
        duration=None if isinf(profile.duration_s) else int(profile.duration_s),
    )
    return ChargingProfile(
        id=held.profile_id,
        stack_level=profile.stack_level,
        charging_profile_purpose=_WORDS[profile.purpose],
        charging_profile_kind=once.get(profile.kind, kinds.RECURRING),
        charging_schedule=(schedule,),
        recurrency_kind=_RECURRING.get(profile.kind),
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction_id=held.transaction_id or None,
    )


def report_profiles(station: Obedient, request: smart.GetChargingProfilesRequest) -> Wire:
    """Promise the profiles asked for, which follow: one message for each source and EVSE."""
    asked = [one for one in station.held if _is_asked_for(one, request)]
    groups: dict[tuple[smart.ChargingLimitSourceEnum, int], list[Held]] = {}
    for one in asked:
        groups.setdefault((_source(one), one.profile.evse_id), []).append(one)
    station.to_say += _reports(request.request_id, groups)
    words = smart.GetChargingProfileStatusEnum
    return smart.GetChargingProfilesResponse(status=words.ACCEPTED if asked else words.NO_PROFILES)


def _reports(
    request_id: int, groups: dict[tuple[smart.ChargingLimitSourceEnum, int], list[Held]]
) -> Sequence[smart.ReportChargingProfilesRequest]:
    return [
        smart.ReportChargingProfilesRequest(
            request_id=request_id, charging_limit_source=source, evse_id=evse_id,
            charging_profile=tuple(_told_profile(one) for one in held), tbc=number < len(groups),
        )
        for number, ((source, evse_id), held) in enumerate(groups.items(), start=1)
    ]  # fmt: skip


def _is_asked_for(held: Held, request: smart.GetChargingProfilesRequest) -> bool:
    which, profile = request.charging_profile, held.profile
    return (
        request.evse_id in (None, profile.evse_id)
        and which.charging_profile_purpose in (None, _WORDS[profile.purpose])
        and which.stack_level in (None, profile.stack_level)
        and (which.charging_profile_id is None or held.profile_id in which.charging_profile_id)
        and (which.charging_limit_source is None or _source(held) in which.charging_limit_source)
    )


def _source(held: Held) -> smart.ChargingLimitSourceEnum:
    return smart.ChargingLimitSourceEnum(held.profile.source or smart.ChargingLimitSourceEnum.CSO)
