"""OCPP 2.0.1, what others want (blocks K11 to K17): limits from outside, needs and schedules of vehicles."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from evenload.domain.station_events import LimitReported, NeedDeclared, VehicleScheduleReported
from evenload.domain.station_limits import Limits, LimitSource, LimitStep
from evenload.ocpp.composite import Kind, Period, Profile, Purpose, Unit
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome, Request
from evenload.ocpp.v201.profiles import periods_of, set_profile
from evenload.ocpp.v201.wire.datatypes import ChargingSchedule, GenericStatusEnum
from evenload.ocpp.v201.wire.smart_charging import (
    ChargingLimitSourceEnum,
    ChargingNeeds,
    ClearedChargingLimitRequest,
    ClearedChargingLimitResponse,
    EnergyTransferModeEnum,
    NotifyChargingLimitRequest,
    NotifyChargingLimitResponse,
    NotifyEVChargingNeedsRequest,
    NotifyEVChargingNeedsResponse,
    NotifyEVChargingNeedsStatusEnum,
    NotifyEVChargingScheduleRequest,
    NotifyEVChargingScheduleResponse,
)

SOURCES: Final = {
    ChargingLimitSourceEnum.EMS: LimitSource.ENERGY_MANAGEMENT,
    ChargingLimitSourceEnum.SO: LimitSource.GRID_OPERATOR,
    ChargingLimitSourceEnum.CSO: LimitSource.OPERATOR,
}
_PHASES: Final = {
    EnergyTransferModeEnum.AC_SINGLE_PHASE: 1,
    EnergyTransferModeEnum.AC_TWO_PHASE: 2,
    EnergyTransferModeEnum.AC_THREE_PHASE: 3,
}
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_W_PER_KW: Final = 1000.0
_PERCENT: Final = 100.0


def limited(dossier: Dossier, request: NotifyChargingLimitRequest, now: datetime) -> Outcome:
    """NotifyChargingLimit (K12, K13): a limit from outside."""
    limit, evse_id = request.charging_limit, request.evse_id or 0
    source = SOURCES.get(limit.charging_limit_source, LimitSource.OTHER)
    told = [limits_of(dossier, evse_id, one, now) for one in request.charging_schedule or ()]
    keep(dossier, str(limit.charging_limit_source), evse_id, told)
    shown: Sequence[Limits | None] = told or [None]
    events = tuple(
        dossier.event(
            LimitReported, now, evse_id=evse_id, source=source, limits=one, grid_critical=bool(limit.is_grid_critical)
        )
        for one in shown
    )
    return Outcome(NotifyChargingLimitResponse(), events, durable=True)


def unlimited(dossier: Dossier, request: ClearedChargingLimitRequest, now: datetime) -> Outcome:
    """ClearedChargingLimit (K13, K14): a limit from outside is lifted."""
    evse_id = request.evse_id or 0
    dossier.charging.limited(str(request.charging_limit_source), evse_id, None)
    source = SOURCES.get(request.charging_limit_source, LimitSource.OTHER)
    event = dossier.event(LimitReported, now, evse_id=evse_id, source=source, lifted=True)
    return Outcome(ClearedChargingLimitResponse(), (event,), durable=True)


def limits_of(dossier: Dossier, evse_id: int, schedule: ChargingSchedule, now: datetime) -> Limits:
    """A schedule in kW, from its own start or from now; without a duration it holds for good."""
    start = schedule.start_schedule or now
    end = start + timedelta(seconds=max(1, schedule.duration)) if schedule.duration else _FOREVER
    supply, unit = dossier.charging.electrics(evse_id).supply, Unit(schedule.charging_rate_unit)
    by_start = {start + timedelta(seconds=one.start_s): one for one in periods_of(schedule.charging_schedule_period)}
    steps = tuple(
        LimitStep(instant, supply.convert(period, unit, Unit.W) / _W_PER_KW)
        for instant, period in sorted(by_start.items())
        if start <= instant < end
    )
    return Limits(steps or (LimitStep(start, float("inf")),), end)


def keep(dossier: Dossier, source: str, evse_id: int, told: Sequence[Limits]) -> None:
    """What a limit from outside means for the schedule a station should follow; of several the first."""
    dossier.charging.limited(source, evse_id, _profile(source, evse_id, told[0]) if told else None)


def _profile(source: str, evse_id: int, limits: Limits) -> Profile:
    start = limits.steps[0].start
    periods = [Period((step.start - start).total_seconds(), step.power_kw * _W_PER_KW) for step in limits.steps]
    return Profile(
        Purpose.EXTERNAL, 0, Kind.ABSOLUTE, Unit.W, periods, evse_id, start, valid_to=limits.end, source=source
    )


def needs(dossier: Dossier, request: NotifyEVChargingNeedsRequest, now: datetime) -> Outcome:
    """NotifyEVChargingNeeds (K15): the driver's need, answered at once within the limits that hold."""
    evse_id = max(0, request.evse_id)
    dossier.saw(evse_id)
    transaction = dossier.transactions.open_on(evse_id)
    event = _need(dossier, evse_id, request.charging_needs, now, transaction.transaction_id if transaction else "")
    statuses = NotifyEVChargingNeedsStatusEnum
    answered = _answer_need(dossier, evse_id, now, request.max_schedule_tuples)
    status = statuses.ACCEPTED if answered else statuses.PROCESSING
    return Outcome(NotifyEVChargingNeedsResponse(status=status), (event,), durable=True)


def _answer_need(dossier: Dossier, evse_id: int, now: datetime, periods_max: int | None) -> bool:
    """Send the limits that hold to the vehicle's transaction, where there are any."""
    placement = dossier.charging.need_placement(evse_id, now, periods_max)
    if placement:
        dossier.to_call.append(Request(set_profile(placement), placement=placement))
    return placement is not None


def _need(dossier: Dossier, evse_id: int, needs: ChargingNeeds, now: datetime, transaction_id: str) -> NeedDeclared:
    ac, dc = needs.ac_charging_parameters, needs.dc_charging_parameters
    phases = _PHASES.get(needs.requested_energy_transfer)
    watt_hours = ac.energy_amount if ac else (dc.energy_amount if dc else None)
    watts: list[float | None] = [None, None]
    if ac:
        watts = [one * ac.ev_max_voltage * (phases or 1) for one in (ac.ev_max_current, ac.ev_min_current)]
    elif dc:
        watts[0] = dc.ev_max_power or dc.ev_max_current * dc.ev_max_voltage
    return dossier.event(
        NeedDeclared,
        now,
        evse_id=evse_id,
        transaction_id=transaction_id,
        energy_kwh=None if watt_hours is None else watt_hours / _W_PER_KW,
        departs_at=needs.departure_time,
        power_kw_max=None if watts[0] is None else watts[0] / _W_PER_KW,
        power_kw_min=None if watts[1] is None else watts[1] / _W_PER_KW,
        battery_kwh=dc.ev_energy_capacity / _W_PER_KW if dc and dc.ev_energy_capacity else None,
        soc=dc.state_of_charge / _PERCENT if dc and dc.state_of_charge is not None else None,
        phases=phases,
    )


def vehicle_schedule(dossier: Dossier, request: NotifyEVChargingScheduleRequest, now: datetime) -> Outcome:
    """NotifyEVChargingSchedule (K15 to K17): accepted where it keeps the limits that hold."""
    evse_id = max(0, request.evse_id)
    limits = limits_of(dossier, evse_id, request.charging_schedule, request.time_base)
    kept = dossier.charging.exceeding(evse_id, limits) is None
    event = dossier.event(VehicleScheduleReported, now, evse_id=evse_id, limits=limits, within_limits=kept)
    if not kept:  # the limits once more make the station negotiate again (K16)
        _answer_need(dossier, evse_id, now, None)
    status = GenericStatusEnum.ACCEPTED if kept else GenericStatusEnum.REJECTED
    return Outcome(NotifyEVChargingScheduleResponse(status=status), (event,))
