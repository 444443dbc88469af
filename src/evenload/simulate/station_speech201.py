"""Virtual stations that speak OCPP 2.0.1."""

from datetime import datetime
from typing import Any, Final

from evenload.ocpp.v201 import OCPP201
from evenload.ocpp.v201.wire import authorization, availability, provisioning
from evenload.ocpp.v201.wire import transactions as tx
from evenload.ocpp.v201.wire.datatypes import (
    EVSE,
    AuthorizationStatusEnum,
    IdToken,
    IdTokenEnum,
    MeasurandEnum,
    MeterValue,
    PhaseEnum,
    ReadingContextEnum,
    SampledValue,
    UnitOfMeasure,
)
from evenload.ocpp.wire import Wire
from evenload.simulate.station_acts201 import ACTS
from evenload.simulate.station_car import Flow, Outlet
from evenload.simulate.station_spec import StationSpec
from evenload.simulate.station_speech import Booted, Cannot, Charge, Moment, Obedient

_STATE: Final = {
    Flow.EMPTY: tx.ChargingStateEnum.IDLE,
    Flow.WAITING: tx.ChargingStateEnum.EV_CONNECTED,
    Flow.CHARGING: tx.ChargingStateEnum.CHARGING,
    Flow.LIMITED_TO_NOTHING: tx.ChargingStateEnum.SUSPENDED_EVSE,
    Flow.CAR_IS_CONTENT: tx.ChargingStateEnum.SUSPENDED_EV,
    Flow.OVER: tx.ChargingStateEnum.EV_CONNECTED,
}
_TRIGGERS: Final = {
    "EVDisconnected": tx.TriggerReasonEnum.EV_DEPARTED,
    "Remote": tx.TriggerReasonEnum.REMOTE_STOP,
    "DeAuthorized": tx.TriggerReasonEnum.DEAUTHORIZED,
    "Reboot": tx.TriggerReasonEnum.RESET_COMMAND,
}


class Speech201:
    """``Speech`` of OCPP 2.0.1."""

    dialect = OCPP201

    def boot(self, spec: StationSpec, *, restarted: bool) -> Wire:
        """BootNotification."""
        reason = provisioning.BootReasonEnum.POWER_UP if not restarted else provisioning.BootReasonEnum.UNKNOWN
        station = provisioning.ChargingStation(
            model=spec.model[:20], vendor_name=spec.vendor[:50], serial_number=spec.identity[:25]
        )
        return provisioning.BootNotificationRequest(charging_station=station, reason=reason)

    def booted(self, response: Any) -> Booted:  # noqa: ANN401
        """Its answer."""
        accepted = response.status is provisioning.RegistrationStatusEnum.ACCEPTED
        return Booted(accepted, response.interval, response.current_time)

    def heartbeat(self) -> Wire:
        """Heartbeat."""
        return availability.HeartbeatRequest()

    def time_of(self, response: Any) -> datetime:  # noqa: ANN401
        """Its answer."""
        return response.current_time  # type: ignore[no-any-return]

    def status(self, outlet: Outlet, at: datetime, *, in_service: bool) -> Wire:
        """StatusNotification."""
        words = availability.ConnectorStatusEnum
        free = words.AVAILABLE if outlet.flow is Flow.EMPTY else words.OCCUPIED
        return availability.StatusNotificationRequest(
            timestamp=at,
            connector_status=free if in_service else words.UNAVAILABLE,
            evse_id=outlet.evse_id,
            connector_id=1,
        )

    def authorise(self, token: str) -> Wire:
        """Authorize."""
        return authorization.AuthorizeRequest(id_token=_token(token))

    def authorised(self, response: Any) -> bool:  # noqa: ANN401
        """Its answer."""
        return response.id_token_info.status is AuthorizationStatusEnum.ACCEPTED

    def started(self, charge: Charge, moment: Moment) -> Wire:
        """TransactionEvent, Started."""
        remote = charge.remote_start_id is not None
        trigger = tx.TriggerReasonEnum.REMOTE_START if remote else tx.TriggerReasonEnum.AUTHORIZED
        return _event(tx.TransactionEventEnum.STARTED, trigger, charge, moment, token=True)

    def sampled(self, charge: Charge, moment: Moment) -> Wire:
        """TransactionEvent, Updated."""
        trigger = tx.TriggerReasonEnum.METER_VALUE_PERIODIC
        return _event(tx.TransactionEventEnum.UPDATED, trigger, charge, moment)

    def ended(self, charge: Charge, moment: Moment, reason: str) -> Wire:
        """TransactionEvent, Ended."""
        trigger = _TRIGGERS.get(reason, tx.TriggerReasonEnum.ABNORMAL_CONDITION)
        return _event(tx.TransactionEventEnum.ENDED, trigger, charge, moment, tx.ReasonEnum(reason))

    def noted(self, charge: Charge, response: Any) -> bool:  # noqa: ANN401, ARG002
        """Answers to these: any may refuse the token."""
        told = response.id_token_info
        return told is None or told.status is AuthorizationStatusEnum.ACCEPTED

    def answer(self, station: Obedient, request: Wire) -> Wire | Cannot:
        """Do what the CSMS asks."""
        act = ACTS.get(type(request))
        return act(station, request) if act else Cannot()


def _token(text: str) -> IdToken:
    kind = IdTokenEnum.ISO14443 if text else IdTokenEnum.NO_AUTHORIZATION
    return IdToken(id_token=text, type=kind)


def _event(
    kind: tx.TransactionEventEnum,
    trigger: tx.TriggerReasonEnum,
    charge: Charge,
    moment: Moment,
    stopped: tx.ReasonEnum | None = None,
    *,
    token: bool = False,
) -> Wire:
    info = tx.Transaction(
        transaction_id=charge.local_id,
        charging_state=_STATE[moment.flow],
        stopped_reason=stopped,
        remote_start_id=charge.remote_start_id if token else None,
    )
    return tx.TransactionEventRequest(
        event_type=kind,
        timestamp=moment.at,
        trigger_reason=trigger,
        seq_no=moment.sequence,
        transaction_info=info,
        meter_value=(MeterValue(timestamp=moment.at, sampled_value=_sampled(moment, kind)),),
        offline=True if moment.offline else None,
        evse=EVSE(id=charge.evse_id, connector_id=1),
        id_token=_token(charge.token) if token else None,
    )


_CONTEXT: Final = {
    tx.TransactionEventEnum.STARTED: ReadingContextEnum.TRANSACTION_BEGIN,
    tx.TransactionEventEnum.UPDATED: ReadingContextEnum.SAMPLE_PERIODIC,
    tx.TransactionEventEnum.ENDED: ReadingContextEnum.TRANSACTION_END,
}


def _sampled(moment: Moment, kind: tx.TransactionEventEnum) -> tuple[SampledValue, ...]:
    return tuple(
        SampledValue(
            value=round(one.value, 3),
            measurand=MeasurandEnum(one.measurand),
            unit_of_measure=UnitOfMeasure(unit=one.unit),
            phase=PhaseEnum(one.phase) if one.phase else None,
            context=_CONTEXT[kind],
        )
        for one in moment.samples
    )
