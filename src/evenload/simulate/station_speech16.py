"""Virtual stations that speak OCPP 1.6."""

from collections.abc import Mapping
from datetime import datetime
from math import inf, isinf
from typing import Any, Final

from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Unit
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.wire import core, local_list, remote_trigger, smart_charging
from evenload.ocpp.v16.wire.datatypes import (
    AuthorizationStatus,
    ChargingProfile,
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingRateUnitType,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKindType,
)
from evenload.ocpp.wire import Wire
from evenload.simulate.station_car import Flow, Outlet
from evenload.simulate.station_profiles import Held
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_speech import Booted, Cannot, Charge, Moment, Obedient
from evenload.simulate.station_tokens import Entry

PURPOSES: Final = {
    ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE: Purpose.STATION_MAX,
    ChargingProfilePurposeType.TX_DEFAULT_PROFILE: Purpose.TX_DEFAULT,
    ChargingProfilePurposeType.TX_PROFILE: Purpose.TX,
}
_STATUS: Final = {
    Flow.EMPTY: core.ChargePointStatus.AVAILABLE,
    Flow.WAITING: core.ChargePointStatus.PREPARING,
    Flow.CHARGING: core.ChargePointStatus.CHARGING,
    Flow.LIMITED_TO_NOTHING: core.ChargePointStatus.SUSPENDED_EVSE,
    Flow.CAR_IS_CONTENT: core.ChargePointStatus.SUSPENDED_EV,
    Flow.OVER: core.ChargePointStatus.FINISHING,
}
_NO_LIMIT: Final = {Unit.A: 1000.0, Unit.W: 1_000_000.0}  # what a station says in place of "no limit"


class Speech16:
    """``Speech`` of OCPP 1.6."""

    dialect = OCPP16

    def boot(self, spec: StationSpec, *, restarted: bool) -> Wire:  # noqa: ARG002  # 1.6 does not say why
        """BootNotification."""
        return core.BootNotificationRequest(
            charge_point_vendor=spec.vendor[:20],
            charge_point_model=spec.model[:20],
            charge_point_serial_number=spec.identity[:25],
        )

    def booted(self, response: Any) -> Booted:  # noqa: ANN401
        """Its answer."""
        accepted = response.status is core.RegistrationStatus.ACCEPTED
        return Booted(accepted, response.interval, response.current_time)

    def heartbeat(self) -> Wire:
        """Heartbeat."""
        return core.HeartbeatRequest()

    def time_of(self, response: Any) -> datetime:  # noqa: ANN401
        """Its answer."""
        return response.current_time  # type: ignore[no-any-return]

    def status(self, outlet: Outlet, at: datetime, *, in_service: bool) -> Wire:
        """StatusNotification."""
        status = _STATUS[outlet.flow] if in_service else core.ChargePointStatus.UNAVAILABLE
        return core.StatusNotificationRequest(
            connector_id=outlet.evse_id, error_code=core.ChargePointErrorCode.NO_ERROR, status=status, timestamp=at
        )

    def authorise(self, token: str) -> Wire:
        """Authorize."""
        return core.AuthorizeRequest(id_tag=token)

    def authorised(self, response: Any) -> bool:  # noqa: ANN401
        """Its answer."""
        return response.id_tag_info.status is AuthorizationStatus.ACCEPTED

    def started(self, charge: Charge, moment: Moment) -> Wire:
        """StartTransaction."""
        return core.StartTransactionRequest(
            connector_id=charge.evse_id,
            id_tag=charge.token,
            meter_start=round(charge.register_kwh * 1000),
            timestamp=moment.at,
        )

    def sampled(self, charge: Charge, moment: Moment) -> Wire:
        """MeterValues."""
        number = charge.number if charge.number >= 0 else None
        values = (core.MeterValue(timestamp=moment.at, sampled_value=_sampled(moment)),)
        return core.MeterValuesRequest(connector_id=charge.evse_id, meter_value=values, transaction_id=number)

    def ended(self, charge: Charge, moment: Moment, reason: str) -> Wire:
        """StopTransaction."""
        return core.StopTransactionRequest(
            meter_stop=round(moment.register_kwh * 1000),
            timestamp=moment.at,
            transaction_id=charge.number,
            id_tag=charge.token or None,
            reason=core.Reason(reason),
        )

    def noted(self, charge: Charge, response: Wire) -> bool:
        """Answers to these: StartTransaction's names the transaction and may refuse the token."""
        if isinstance(response, core.StartTransactionResponse):
            charge.number = response.transaction_id
            return response.id_tag_info.status is AuthorizationStatus.ACCEPTED
        return True

    def answer(self, station: Obedient, request: Wire) -> Wire | Cannot:
        """Do what the CSMS asks."""
        act = _ACTS.get(type(request))
        return act(station, request) if act else Cannot()


def _sampled(moment: Moment) -> tuple[core.SampledValue, ...]:
    return tuple(
        core.SampledValue(
            value=f"{one.value:.3f}".rstrip("0").rstrip("."),
            measurand=core.Measurand(one.measurand),
            unit=core.UnitOfMeasure(one.unit),
            phase=core.Phase(one.phase) if one.phase else None,
            context=core.ReadingContext.SAMPLE_PERIODIC,
        )
        for one in moment.samples
    )


def held_profile(told: ChargingProfile, evse_id: int) -> Held:
    """A profile as it is kept."""
    schedule = told.charging_schedule
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
    number = told.transaction_id
    return Held(told.charging_profile_id, profile, "" if number is None else str(number))


def _kind(told: ChargingProfile) -> Kind:
    if told.charging_profile_kind is ChargingProfileKindType.RECURRING:
        return Kind.WEEKLY if told.recurrency_kind is RecurrencyKindType.WEEKLY else Kind.DAILY
    absolute = told.charging_profile_kind is ChargingProfileKindType.ABSOLUTE
    return Kind.ABSOLUTE if absolute else Kind.RELATIVE


def _set_profile(station: Obedient, request: smart_charging.SetChargingProfileRequest) -> Wire:
    taken = station.hold(held_profile(request.cs_charging_profiles, request.connector_id))
    status = smart_charging.ChargingProfileStatus.ACCEPTED if taken else smart_charging.ChargingProfileStatus.REJECTED
    return smart_charging.SetChargingProfileResponse(status=status)


def _clear_profile(station: Obedient, request: smart_charging.ClearChargingProfileRequest) -> Wire:
    purpose = request.charging_profile_purpose
    known = station.clear(
        request.id, request.connector_id, None if purpose is None else PURPOSES[purpose], request.stack_level
    )
    words = smart_charging.ClearChargingProfileStatus
    return smart_charging.ClearChargingProfileResponse(status=words.ACCEPTED if known else words.UNKNOWN)


def _composite(station: Obedient, request: smart_charging.GetCompositeScheduleRequest) -> Wire:
    words = smart_charging.GetCompositeScheduleStatus
    if request.connector_id and request.connector_id not in station.outlets:
        return smart_charging.GetCompositeScheduleResponse(status=words.REJECTED)
    unit = Unit(request.charging_rate_unit or station.spec.rate_unit)
    steps = station.composite(request.connector_id, request.duration, unit)
    periods = tuple(
        ChargingSchedulePeriod(
            start_period=int(one.start_s),
            limit=_NO_LIMIT[unit] if isinf(one.limit) else round(one.limit, 1),
            number_phases=one.phases,
        )
        for one in steps
    )
    start = station.wall().replace(microsecond=0)
    schedule = ChargingSchedule(
        charging_rate_unit=ChargingRateUnitType(unit), charging_schedule_period=periods, duration=request.duration,
        start_schedule=start,
    )  # fmt: skip
    return smart_charging.GetCompositeScheduleResponse(
        status=words.ACCEPTED, connector_id=request.connector_id, schedule_start=start, charging_schedule=schedule
    )


def _said(done: bool) -> core.RemoteStartStopStatus:
    return core.RemoteStartStopStatus.ACCEPTED if done else core.RemoteStartStopStatus.REJECTED


def _start(station: Obedient, request: core.RemoteStartTransactionRequest) -> Wire:
    evse_id = request.connector_id or 1
    held = held_profile(request.charging_profile, evse_id) if request.charging_profile else None
    return core.RemoteStartTransactionResponse(
        status=_said(station.start_remotely(evse_id, request.id_tag, None, held))
    )


def _stop(station: Obedient, request: core.RemoteStopTransactionRequest) -> Wire:
    charge = station.charge_of(str(request.transaction_id))
    return core.RemoteStopTransactionResponse(status=_said(charge is not None and station.stop_remotely(charge)))


def _reset(station: Obedient, request: core.ResetRequest) -> Wire:
    done = station.reset(at_once=request.type is core.ResetType.HARD)
    return core.ResetResponse(status=core.ResetStatus.ACCEPTED if done else core.ResetStatus.REJECTED)


def _trigger(station: Obedient, request: remote_trigger.TriggerMessageRequest) -> Wire:
    done = station.trigger(request.requested_message.value, request.connector_id or 0)
    words = remote_trigger.TriggerMessageStatus
    return remote_trigger.TriggerMessageResponse(status=words.ACCEPTED if done else words.NOT_IMPLEMENTED)


def _change_setting(station: Obedient, request: core.ChangeConfigurationRequest) -> Wire:
    known = station.change_setting(request.key, request.value)
    words = core.ConfigurationStatus
    return core.ChangeConfigurationResponse(status=words.ACCEPTED if known else words.NOT_SUPPORTED)


def _settings(station: Obedient, request: core.GetConfigurationRequest) -> Wire:
    asked = request.key or tuple(station.settings)
    known = tuple(
        core.KeyValue(key=key, readonly=False, value=station.settings[key]) for key in asked if key in station.settings
    )
    unknown = tuple(key for key in asked if key not in station.settings)
    return core.GetConfigurationResponse(configuration_key=known, unknown_key=unknown or None)


def _availability(station: Obedient, request: core.ChangeAvailabilityRequest) -> Wire:
    evse_ids = [request.connector_id] if request.connector_id else list(station.outlets)
    busy = any(station.charge_at(evse_id) for evse_id in evse_ids)
    station.serve(evse_ids, operative=request.type is core.AvailabilityType.OPERATIVE)
    words = core.AvailabilityStatus
    return core.ChangeAvailabilityResponse(status=words.SCHEDULED if busy else words.ACCEPTED)


def _send_list(station: Obedient, request: local_list.SendLocalListRequest) -> Wire:
    entries = [_entry(one) for one in request.local_authorization_list or ()]
    words = local_list.UpdateStatus
    if request.update_type is local_list.UpdateType.FULL:
        station.local_list.replace(request.list_version, entries)
    elif not station.local_list.update(request.list_version, entries):
        return local_list.SendLocalListResponse(status=words.VERSION_MISMATCH)
    return local_list.SendLocalListResponse(status=words.ACCEPTED)


def _entry(told: local_list.AuthorizationData) -> Entry:
    info = told.id_tag_info
    if info is None:
        return told.id_tag, None, None
    return told.id_tag, info.status is AuthorizationStatus.ACCEPTED, info.expiry_date


def _list_version(station: Obedient, _: local_list.GetLocalListVersionRequest) -> Wire:
    return local_list.GetLocalListVersionResponse(list_version=station.local_list.version)


_ACTS: Final[Mapping[type[Wire], Any]] = {
    core.ChangeAvailabilityRequest: _availability,
    core.ChangeConfigurationRequest: _change_setting,
    core.ClearCacheRequest: lambda *_: core.ClearCacheResponse(status=core.ClearCacheStatus.ACCEPTED),
    core.GetConfigurationRequest: _settings,
    core.RemoteStartTransactionRequest: _start,
    core.RemoteStopTransactionRequest: _stop,
    core.ResetRequest: _reset,
    core.UnlockConnectorRequest: lambda *_: core.UnlockConnectorResponse(status=core.UnlockStatus.UNLOCKED),
    local_list.GetLocalListVersionRequest: _list_version,
    local_list.SendLocalListRequest: _send_list,
    remote_trigger.TriggerMessageRequest: _trigger,
    smart_charging.ClearChargingProfileRequest: _clear_profile,
    smart_charging.GetCompositeScheduleRequest: _composite,
    smart_charging.SetChargingProfileRequest: _set_profile,
}
