"""OCPP 2.0.1, meter values (block J): of an EVSE outside transactions, or told with one."""

from collections.abc import Iterable
from datetime import datetime

from evenload.domain.station_events import StationEvent
from evenload.domain.station_readings import MeterFault, Quality, Reading, SampleContext
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.sampling import Sampling, context_of
from evenload.ocpp.transactions import Transaction
from evenload.ocpp.v201.wire.datatypes import MeterValue, UnitOfMeasure
from evenload.ocpp.v201.wire.metering import MeterValuesRequest, MeterValuesResponse

_ANSWER = MeterValuesResponse()
_NO_UNIT = UnitOfMeasure()


def meter_values(dossier: Dossier, request: MeterValuesRequest, now: datetime) -> Outcome:
    """MeterValues (J01): clock-aligned, so they may fall into a transaction that goes on."""
    evse_id = max(0, request.evse_id)
    dossier.saw(evse_id)
    transaction = dossier.transactions.open_on(evse_id) if evse_id else None
    events: list[StationEvent] = []
    for value in request.meter_value:
        events += events_of(dossier, evse_id, value, now, transaction)[1]
    return Outcome(_ANSWER, tuple(events))


def events_of(
    dossier: Dossier, evse_id: int, value: MeterValue, now: datetime, transaction: Transaction | None
) -> tuple[Iterable[Reading], list[StationEvent]]:
    """What a meter value means: readings and events."""
    sampling = _sampling(value, now)
    readings = tuple(sampling.readings(dossier.interval_s))
    signed_data = tuple(sampling.signed_data)
    return readings, dossier.metered(evse_id, readings, sampling.faults, now, transaction, signed_data)


def _sampling(value: MeterValue, now: datetime) -> Sampling:
    at = station_time(value.timestamp, now)
    trusted = at == value.timestamp
    quality = Quality.MEASURED if trusted else Quality.ESTIMATED
    sampling = Sampling(at, _context_of(value), quality)
    if not trusted:
        sampling.faults.append((MeterFault.TIME_IMPLAUSIBLE, f"sampled at {value.timestamp.isoformat()}"))
    for one in value.sampled_value:
        unit = one.unit_of_measure or _NO_UNIT
        sampling.add(one.measurand, one.value, unit.unit, one.phase, one.location, unit.multiplier)
        if one.signed_meter_value:
            sampling.signed_data.append(one.signed_meter_value.signed_meter_data)
    return sampling


def _context_of(value: MeterValue) -> SampleContext:
    for one in value.sampled_value:
        if one.context:
            return context_of(one.context)
    return context_of(None)
