"""OCPP 1.6, meter values: of a connector, of a transaction, or told with its end."""

from collections.abc import Iterable
from datetime import datetime

from evenload.domain.station_events import StationEvent
from evenload.domain.station_readings import MeterFault, Quality, SampleContext
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.sampling import Sampling, context_of
from evenload.ocpp.transactions import Transaction
from evenload.ocpp.v16.wire.core import (
    MeterValue,
    MeterValuesRequest,
    MeterValuesResponse,
    TransactionData,
    ValueFormat,
)

_ANSWER = MeterValuesResponse()


def meter_values(dossier: Dossier, request: MeterValuesRequest, now: datetime) -> Outcome:
    """MeterValues (4.7): readings of the transaction named, of a made-up id of the one that goes on, or of none."""
    evse_id = max(0, request.connector_id)
    dossier.saw(evse_id)
    own_id = request.transaction_id
    transaction = None if own_id is None else dossier.transactions.at_evse(str(own_id), evse_id)
    if transaction:
        dossier.goes_on(transaction)
    return Outcome(_ANSWER, tuple(events_of(dossier, evse_id, request.meter_value, now, transaction)))


def events_of(
    dossier: Dossier,
    evse_id: int,
    values: Iterable[MeterValue | TransactionData],
    now: datetime,
    transaction: Transaction | None,
) -> list[StationEvent]:
    """What meter values mean, in their order."""
    events: list[StationEvent] = []
    for value in values:
        sampling = _sampling(value, now)
        readings, signed_data = tuple(sampling.readings(dossier.interval_s)), tuple(sampling.signed_data)
        events += dossier.metered(evse_id, readings, sampling.faults, now, transaction, signed_data)
    return events


def _sampling(value: MeterValue | TransactionData, now: datetime) -> Sampling:
    at = station_time(value.timestamp, now)
    trusted = at == value.timestamp
    quality = Quality.MEASURED if trusted else Quality.ESTIMATED
    sampling = Sampling(at, _context_of(value), quality)
    if not trusted:
        sampling.faults.append((MeterFault.TIME_IMPLAUSIBLE, f"sampled at {value.timestamp.isoformat()}"))
    for one in value.sampled_value:
        if one.format is ValueFormat.SIGNED_DATA:
            sampling.signed_data.append(one.value)
        else:
            sampling.add(one.measurand, one.value, one.unit, one.phase, one.location)
    return sampling


def _context_of(value: MeterValue | TransactionData) -> SampleContext:
    for one in value.sampled_value:
        if one.context and one.format is not ValueFormat.SIGNED_DATA:
            return context_of(one.context)
    return context_of(None)
