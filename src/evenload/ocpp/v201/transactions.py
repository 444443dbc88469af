"""OCPP 2.0.1, transactions (block E): numbered events, on time or from the queue of a station that was offline."""

from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import Struct

from evenload.domain.station import Token, TokenStatus
from evenload.domain.station_events import (
    ChargingState,
    SequenceGapFound,
    StationEvent,
    TransactionEnded,
    TransactionEvent,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality, Reading, ReadingKind
from evenload.ocpp.clock import station_time
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.outcome import Outcome
from evenload.ocpp.transactions import Transaction
from evenload.ocpp.v201 import metering
from evenload.ocpp.v201.tokens import info_of, token_of
from evenload.ocpp.v201.wire.transactions import (
    ChargingStateEnum,
    TransactionEventEnum,
    TransactionEventRequest,
    TransactionEventResponse,
)

E = TypeVar("E", bound=TransactionEvent)

_STATES: Final = {
    ChargingStateEnum.CHARGING: ChargingState.CHARGING,
    ChargingStateEnum.EV_CONNECTED: ChargingState.CONNECTED,
    ChargingStateEnum.IDLE: ChargingState.IDLE,
    ChargingStateEnum.SUSPENDED_EV: ChargingState.SUSPENDED_BY_VEHICLE,
    ChargingStateEnum.SUSPENDED_EVSE: ChargingState.SUSPENDED_BY_STATION,
}


def take(dossier: Dossier, request: TransactionEventRequest, now: datetime) -> Outcome:
    """TransactionEvent (E01 to E13). An event told again is answered again, and nothing happens twice."""
    at = station_time(request.timestamp, now)
    evse_id = max(0, request.evse.id) if request.evse else 0
    dossier.saw(evse_id)
    token = token_of(request.id_token) if request.id_token else None
    transaction = dossier.transactions.find(request.transaction_info.transaction_id)
    events: list[StationEvent] = []
    fresh = transaction is None
    if transaction is None:
        events += dossier.superseded(evse_id, at, now) if evse_id else ()
        own_id = request.transaction_info.transaction_id
        transaction = Transaction(own_id, evse_id, at, token.key if token else "")
        dossier.begin(transaction)
    verdict = dossier.records.authorise(token, transaction.evse_id, now) if token else None
    answer = TransactionEventResponse(id_token_info=info_of(verdict) if verdict else None)
    content = (request.event_type, request.timestamp, request.trigger_reason)
    if transaction.sequences.repeated(request.seq_no, content):
        return Outcome(answer, durable=True)
    if not transaction.evse_id and evse_id:  # a token came before the cable (E03)
        transaction.evse_id = evse_id
        dossier.charging.began(transaction)
        events += dossier.superseded(evse_id, transaction.started_at, now)
    told = _Told(dossier, request, transaction, token, verdict.status if verdict else None, at, now)
    events += told.events(fresh=fresh)
    return Outcome(answer, tuple(events), durable=True)


class _Told(Struct, gc=False):
    """One event of a transaction being told; ``status`` is the answer to its token."""

    dossier: Dossier
    request: TransactionEventRequest
    transaction: Transaction
    token: Token | None
    status: TokenStatus | None
    at: datetime
    now: datetime
    readings: list[Reading] = []

    def events(self, *, fresh: bool) -> list[StationEvent]:
        """Everything the event means: what begins before what was metered before what ends."""
        kind = self.request.event_type
        metered = self._metered()
        started = kind is TransactionEventEnum.STARTED
        events: list[StationEvent] = [self._started(told=started)] if started or fresh else []
        missing = self.transaction.sequences.gap(self.request.seq_no)
        if missing:
            events.append(self._event(SequenceGapFound, missing=tuple(missing)))
        if kind is TransactionEventEnum.UPDATED:
            self.dossier.goes_on(self.transaction)
            events.append(self._updated())
        events += metered
        if kind is TransactionEventEnum.ENDED:
            events.append(self._ended())
        return events

    def _metered(self) -> list[StationEvent]:
        events: list[StationEvent] = []
        for value in self.request.meter_value or ():
            readings, found = metering.events_of(
                self.dossier, self.transaction.evse_id, value, self.now, self.transaction
            )
            self.readings += readings
            events += found
        return events

    def _register(self, *, first: bool) -> float | None:
        registers = [
            one.energy_kwh_import
            for one in sorted(self.readings, key=lambda one: one.at)
            if one.kind is ReadingKind.REGISTER and one.energy_kwh_import is not None
        ]
        return registers[0 if first else -1] if registers else None

    def _event(self, kind: type[E], **rest: Any) -> E:  # noqa: ANN401
        return kind(
            station=self.dossier.station,
            at=self.at,
            received_at=self.now,
            evse_id=self.transaction.evse_id,
            transaction_id=self.transaction.transaction_id,
            sequence=self.request.seq_no,
            offline=bool(self.request.offline) or self.dossier.is_late(self.at, self.now),
            **rest,
        )

    def _started(self, *, told: bool) -> StationEvent:
        transaction, evse = self.transaction, self.request.evse
        register_kwh = self._register(first=True) if told else None
        if told:
            transaction.started_at, transaction.register_kwh_start = self.at, register_kwh
        return self._event(
            TransactionStarted,
            connector_id=(evse.connector_id if evse else None) or 1,
            token=self.token,
            token_status=self.status,
            register_kwh=register_kwh,
            remote_start_id=self.request.transaction_info.remote_start_id,
            reservation_id=self.request.reservation_id,
            quality=Quality.MEASURED if told else Quality.ESTIMATED,
        )

    def _updated(self) -> StationEvent:
        state = self.request.transaction_info.charging_state
        return self._event(
            TransactionUpdated,
            state=_STATES.get(state) if state else None,
            trigger=str(self.request.trigger_reason),
            token=self.token,
            token_status=self.status,
        )

    def _ended(self) -> StationEvent:
        transaction, register_kwh = self.transaction, self._register(first=False)
        energy_kwh, energy_quality = transaction.energy(register_kwh)
        if transaction.ended is None:
            self.dossier.charging.ended(transaction)
        transaction.ended = Quality.MEASURED
        return self._event(
            TransactionEnded,
            token=self.token,
            reason=str(self.request.transaction_info.stopped_reason or "Local"),
            register_kwh=register_kwh,
            energy_kwh=energy_kwh,
            energy_quality=energy_quality,
        )
