"""What virtual stations of OCPP 2.0.1 do when they are called."""

from collections.abc import Mapping
from math import isinf
from typing import Any, Final

from evenload.ocpp.composite import Purpose, Unit
from evenload.ocpp.v201.wire import authorization, availability, local_list, provisioning, remote_control
from evenload.ocpp.v201.wire import smart_charging as smart
from evenload.ocpp.v201.wire.datatypes import (
    AuthorizationStatusEnum,
    ChargingRateUnitEnum,
    ChargingSchedulePeriod,
    GenericStatusEnum,
)
from evenload.ocpp.wire import Wire
from evenload.simulate.station_profiles201 import PURPOSES, held_profile, report_profiles
from evenload.simulate.station_report201 import base_report
from evenload.simulate.station_speech import Obedient
from evenload.simulate.station_tokens import Entry

_NO_LIMIT: Final = {Unit.A: 1000.0, Unit.W: 1_000_000.0}  # what a station says in place of "no limit"


def _set_profile(station: Obedient, request: smart.SetChargingProfileRequest) -> Wire:
    held = held_profile(request.charging_profile, request.evse_id)
    taken = held.profile.purpose is not Purpose.EXTERNAL and station.hold(held)  # those are not a server's (K01.FR.22)
    words = smart.ChargingProfileStatusEnum
    return smart.SetChargingProfileResponse(status=words.ACCEPTED if taken else words.REJECTED)


def _clear_profile(station: Obedient, request: smart.ClearChargingProfileRequest) -> Wire:
    which = request.charging_profile_criteria or smart.ClearChargingProfile()
    purpose = which.charging_profile_purpose
    known = station.clear(
        request.charging_profile_id, which.evse_id, None if purpose is None else PURPOSES[purpose], which.stack_level
    )
    words = smart.ClearChargingProfileStatusEnum
    return smart.ClearChargingProfileResponse(status=words.ACCEPTED if known else words.UNKNOWN)


def _composite(station: Obedient, request: smart.GetCompositeScheduleRequest) -> Wire:
    if request.evse_id and request.evse_id not in station.outlets:
        return smart.GetCompositeScheduleResponse(status=GenericStatusEnum.REJECTED)
    unit = Unit(request.charging_rate_unit or station.spec.rate_unit)
    steps = station.composite(request.evse_id, request.duration, unit)
    periods = tuple(
        ChargingSchedulePeriod(
            start_period=int(one.start_s),
            limit=_NO_LIMIT[unit] if isinf(one.limit) else round(one.limit, 1),
            number_phases=one.phases,
        )
        for one in steps
    )
    schedule = smart.CompositeSchedule(
        charging_schedule_period=periods,
        evse_id=request.evse_id,
        duration=request.duration,
        schedule_start=station.wall().replace(microsecond=0),
        charging_rate_unit=ChargingRateUnitEnum(unit),
    )
    return smart.GetCompositeScheduleResponse(status=GenericStatusEnum.ACCEPTED, schedule=schedule)


def _start(station: Obedient, request: remote_control.RequestStartTransactionRequest) -> Wire:
    evse_id = request.evse_id or 1
    held = held_profile(request.charging_profile, evse_id) if request.charging_profile else None
    done = station.start_remotely(evse_id, request.id_token.id_token, request.remote_start_id, held)
    return remote_control.RequestStartTransactionResponse(status=_said(done))


def _stop(station: Obedient, request: remote_control.RequestStopTransactionRequest) -> Wire:
    charge = station.charge_of(request.transaction_id)
    done = charge is not None and station.stop_remotely(charge)
    return remote_control.RequestStopTransactionResponse(status=_said(done))


def _said(done: bool) -> remote_control.RequestStartStopStatusEnum:
    words = remote_control.RequestStartStopStatusEnum
    return words.ACCEPTED if done else words.REJECTED


def _reset(station: Obedient, request: provisioning.ResetRequest) -> Wire:
    done = station.reset(at_once=request.type is provisioning.ResetEnum.IMMEDIATE)
    words = provisioning.ResetStatusEnum
    return provisioning.ResetResponse(status=words.ACCEPTED if done else words.REJECTED)


def _trigger(station: Obedient, request: remote_control.TriggerMessageRequest) -> Wire:
    done = station.trigger(request.requested_message.value, request.evse.id if request.evse else 0)
    words = remote_control.TriggerMessageStatusEnum
    return remote_control.TriggerMessageResponse(status=words.ACCEPTED if done else words.NOT_IMPLEMENTED)


def _set_variables(station: Obedient, request: provisioning.SetVariablesRequest) -> Wire:
    words = provisioning.SetVariableStatusEnum
    results = []
    for one in request.set_variable_data:
        known = station.change_setting(f"{one.component.name}.{one.variable.name}", one.attribute_value)
        status = words.ACCEPTED if known else words.UNKNOWN_VARIABLE
        result = provisioning.SetVariableResult(attribute_status=status, component=one.component, variable=one.variable)
        results.append(result)
    return provisioning.SetVariablesResponse(set_variable_result=tuple(results))


def _get_variables(station: Obedient, request: provisioning.GetVariablesRequest) -> Wire:
    words = provisioning.GetVariableStatusEnum
    results = []
    for one in request.get_variable_data:
        value = station.settings.get(f"{one.component.name}.{one.variable.name}")
        result = provisioning.GetVariableResult(
            attribute_status=words.UNKNOWN_VARIABLE if value is None else words.ACCEPTED,
            component=one.component, variable=one.variable, attribute_value=value,
        )  # fmt: skip
        results.append(result)
    return provisioning.GetVariablesResponse(get_variable_result=tuple(results))


def _availability(station: Obedient, request: availability.ChangeAvailabilityRequest) -> Wire:
    evse_ids = [request.evse.id] if request.evse else list(station.outlets)
    busy = any(station.charge_at(evse_id) for evse_id in evse_ids)
    station.serve(evse_ids, operative=request.operational_status is availability.OperationalStatusEnum.OPERATIVE)
    words = availability.ChangeAvailabilityStatusEnum
    return availability.ChangeAvailabilityResponse(status=words.SCHEDULED if busy else words.ACCEPTED)


def _unlock(station: Obedient, request: remote_control.UnlockConnectorRequest) -> Wire:
    words = remote_control.UnlockStatusEnum
    known = request.evse_id in station.outlets
    status = words.UNKNOWN_CONNECTOR if not known else words.UNLOCKED
    busy = known and station.charge_at(request.evse_id) is not None
    return remote_control.UnlockConnectorResponse(status=words.ONGOING_AUTHORIZED_TRANSACTION if busy else status)


def _send_list(station: Obedient, request: local_list.SendLocalListRequest) -> Wire:
    entries = [_entry(one) for one in request.local_authorization_list or ()]
    words = local_list.SendLocalListStatusEnum
    if request.update_type is local_list.UpdateEnum.FULL:
        station.local_list.replace(request.version_number, entries)
    elif not station.local_list.update(request.version_number, entries):
        return local_list.SendLocalListResponse(status=words.VERSION_MISMATCH)
    return local_list.SendLocalListResponse(status=words.ACCEPTED)


def _entry(told: local_list.AuthorizationData) -> Entry:
    info = told.id_token_info
    if info is None:
        return told.id_token.id_token, None, None
    accepted = info.status is AuthorizationStatusEnum.ACCEPTED
    return told.id_token.id_token, accepted, info.cache_expiry_date_time


def _list_version(station: Obedient, _: local_list.GetLocalListVersionRequest) -> Wire:
    return local_list.GetLocalListVersionResponse(version_number=station.local_list.version)


ACTS: Final[Mapping[type[Wire], Any]] = {
    authorization.ClearCacheRequest: lambda *_: authorization.ClearCacheResponse(
        status=authorization.ClearCacheStatusEnum.ACCEPTED
    ),
    availability.ChangeAvailabilityRequest: _availability,
    local_list.GetLocalListVersionRequest: _list_version,
    local_list.SendLocalListRequest: _send_list,
    provisioning.GetBaseReportRequest: base_report,
    provisioning.GetVariablesRequest: _get_variables,
    provisioning.ResetRequest: _reset,
    provisioning.SetVariablesRequest: _set_variables,
    remote_control.RequestStartTransactionRequest: _start,
    remote_control.RequestStopTransactionRequest: _stop,
    remote_control.TriggerMessageRequest: _trigger,
    remote_control.UnlockConnectorRequest: _unlock,
    smart.ClearChargingProfileRequest: _clear_profile,
    smart.GetChargingProfilesRequest: report_profiles,
    smart.GetCompositeScheduleRequest: _composite,
    smart.SetChargingProfileRequest: _set_profile,
}
