"""OCPP 1.6, transactions: started and stopped, on time or long after, once or again, with an id or without."""

from datetime import datetime

from evenload.domain.station import Token
from evenload.domain.station_events import (
    MeterFaultFound,
    StationEvent,
    TransactionEnded,
    TransactionStarted,
    TransactionUnplaced,
)
from evenload.domain.station_readings import MeterFault, Quality
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier, count
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.transactions import Transaction
from evenload.ocpp.v16 import metering
from evenload.ocpp.v16.tokens import info_of
from evenload.ocpp.v16.wire.core import (
    StartTransactionRequest,
    StartTransactionResponse,
    StopTransactionRequest,
    StopTransactionResponse,
)

_WH_PER_KWH = 1000.0


def start(dossier: Dossier, request: StartTransactionRequest, now: datetime) -> Outcome:
    """StartTransaction (4.8). A start told again gets the id it got before, and nothing happens twice."""
    evse_id, token = max(0, request.connector_id), Token(request.id_tag)
    at, register_kwh = station_time(request.timestamp, now), request.meter_start / _WH_PER_KWH
    dossier.saw(evse_id)
    verdict = dossier.records.authorise(token, evse_id, now)
    again = dossier.transactions.began(evse_id, at, token.key, register_kwh)
    events: list[StationEvent] = []
    transaction_id = again.transaction_id if again else str(dossier.records.next_transaction_id())
    if again is None:
        events += dossier.superseded(evse_id, at, now)
        dossier.begin(Transaction(transaction_id, evse_id, at, token.key, register_kwh))
        event = dossier.event(
            TransactionStarted,
            now,
            at,
            evse_id,
            transaction_id=transaction_id,
            token=token,
            token_status=verdict.status,
            register_kwh=register_kwh,
            reservation_id=request.reservation_id,
            offline=dossier.is_late(at, now),
        )
        events.append(event)
    answer = StartTransactionResponse(id_tag_info=info_of(verdict), transaction_id=int(transaction_id))
    return Outcome(answer, tuple(events), durable=True)


def stop(dossier: Dossier, request: StopTransactionRequest, now: datetime) -> Outcome:
    """StopTransaction (4.10): always acknowledged, else the station would send it for ever."""
    token = Token(request.id_tag) if request.id_tag else None
    at, register_kwh = station_time(request.timestamp, now), request.meter_stop / _WH_PER_KWH
    transactions = dossier.transactions
    own_id = str(request.transaction_id)
    transaction = transactions.find(own_id)
    if transaction is None and request.transaction_id <= 0:
        transaction = transactions.ending(at, token.key if token else "", register_kwh)
    verdict = dossier.records.authorise(token, transaction.evse_id if transaction else 0, now) if token else None
    answer = StopTransactionResponse(id_tag_info=info_of(verdict) if verdict else None)
    if transaction is None:
        text = f"stopped at {at.isoformat()} with the meter at {register_kwh:g} kWh"
        unplaced = dossier.event(TransactionUnplaced, now, at, transaction_id=own_id, text=text)
        return Outcome(answer, (unplaced,), durable=True)
    if transaction.ended is Quality.MEASURED:
        return Outcome(answer, durable=True)
    data = request.transaction_data or ()
    events = metering.events_of(dossier, transaction.evse_id, data, now, transaction)
    if text := count(transaction, register_kwh, at):
        fault = MeterFault.REGISTER_FELL
        events.append(dossier.event(MeterFaultFound, now, evse_id=transaction.evse_id, fault=fault, text=text))
    events.append(_ended(dossier, transaction, request, at, now))
    return Outcome(answer, tuple(events), durable=True)


def _ended(
    dossier: Dossier, transaction: Transaction, request: StopTransactionRequest, at: datetime, now: datetime
) -> TransactionEnded:
    register_kwh = request.meter_stop / _WH_PER_KWH
    energy_kwh, quality = transaction.energy(register_kwh)
    transaction.ended = Quality.MEASURED
    dossier.charging.ended(transaction)
    return dossier.event(
        TransactionEnded,
        now,
        at,
        transaction.evse_id,
        transaction_id=transaction.transaction_id,
        token=Token(request.id_tag) if request.id_tag else None,
        reason=str(request.reason or "Local"),  # what 1.6 means by none
        register_kwh=register_kwh,
        energy_kwh=energy_kwh,
        energy_quality=quality,
        offline=dossier.is_late(at, now),
    )
