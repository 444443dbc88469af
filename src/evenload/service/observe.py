"""Observe: what happened at stations is kept. The same events again change nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from evenload.domain.station import StationId
from evenload.domain.station_commands import CommandSettled
from evenload.domain.station_events import (
    DisobedienceFound,
    FallbackVerified,
    MeterSampled,
    SequenceGapFound,
    StationBooted,
    StationEvent,
    StationLost,
    StatusChanged,
    TransactionEnded,
    TransactionEvent,
    TransactionStarted,
    TransactionUpdated,
)
from evenload.domain.station_readings import Quality
from evenload.service.event_text import is_logged, row_of
from evenload.service.orders import settled
from evenload.service.ports import Store, Unit
from evenload.service.rows import ConnectorRow, ReadingRow, StationRow, TransactionRow
from evenload.service.track import track

Changes = dict[str, Any]
_OF_TRANSACTIONS: Final = (TransactionStarted, TransactionUpdated, TransactionEnded, SequenceGapFound)


def observe(
    store: Store, events: Sequence[StationEvent], logged: Callable[[StationEvent], bool] = is_logged
) -> frozenset[str]:  # fmt: skip
    """Keep what events mean, all in one unit of work; the tenants that have to be planned for anew.

    ``logged`` says which of them go to the log.
    ``StoreError`` where that cannot be: nothing is kept then.
    """
    if not events:
        return frozenset()
    with store.writing() as unit:
        return keep(unit, events, logged)


def keep(
    unit: Unit, events: Sequence[StationEvent], logged: Callable[[StationEvent], bool] = is_logged
) -> frozenset[str]:  # fmt: skip
    """The same within a unit of work."""
    _stations(unit, events)
    _connectors(unit, events)
    _transactions(unit, [one for one in events if isinstance(one, _OF_TRANSACTIONS)])
    _readings(unit, events)
    _orders(unit, [one for one in events if isinstance(one, CommandSettled)])
    unit.events.add([row_of(one) for one in events if logged(one)])
    return track(unit, events)


def restarted(store: Store, tenants: Sequence[str]) -> None:
    """Note that no station is connected since it was last seen: a server that died at once could not say so."""
    with store.writing() as unit:
        rows = [row for tenant in tenants for row in unit.stations.of(tenant) if row.connected]
        unit.stations.put(replace(row, lost_at=row.seen_at) for row in rows)


# stations


def _stations(unit: Unit, events: Sequence[StationEvent]) -> None:
    rows = unit.stations.find_all({one.station for one in events if type(one) in _LIFE})
    changed: dict[StationId, StationRow] = {}
    seen: dict[StationId, datetime] = {}
    for event in events:
        if isinstance(event, StationLost):
            seen.pop(event.station, None)
        elif not isinstance(event, CommandSettled):  # which may tell that no answer came
            seen[event.station] = event.received_at
        if change := _LIFE.get(type(event)):
            row = changed.get(event.station) or rows.get(event.station)
            if row or isinstance(event, StationBooted):  # one that was removed leaves, and does not come back by that
                changed[event.station] = change(row or StationRow(event.station), event)
    unit.stations.put(changed.values())
    unit.stations.saw(seen)


def _booted(row: StationRow, event: StationBooted) -> StationRow:
    kept = event.details == row.details  # another device may stand there now
    row = row if kept else replace(row, fallback_kw=None, fallbacks_kw={})
    return replace(row, details=event.details, booted_at=event.received_at)


def _lost(row: StationRow, event: StationLost) -> StationRow:
    return replace(row, lost_at=event.received_at)


def _verified(row: StationRow, event: FallbackVerified) -> StationRow:
    fallbacks_kw = {**row.fallbacks_kw, event.evse_id: event.power_kw}
    return replace(row, fallback_kw=event.power_kw, fallbacks_kw=fallbacks_kw)


def _disobeyed(row: StationRow, event: DisobedienceFound) -> StationRow:
    return replace(row, disobeyed_at=event.received_at)


_LIFE: Final[Mapping[type[StationEvent], Callable[[StationRow, Any], StationRow]]] = {
    StationBooted: _booted,
    StationLost: _lost,
    FallbackVerified: _verified,
    DisobedienceFound: _disobeyed,
}


def _connectors(unit: Unit, events: Sequence[StationEvent]) -> None:
    rows = {
        (one.station, one.evse_id, one.connector_id): ConnectorRow(
            one.station, one.evse_id, one.connector_id, one.status, one.at, one.error
        )
        for one in events
        if isinstance(one, StatusChanged)
    }
    unit.stations.put_connectors(rows.values())


# transactions


def _transactions(unit: Unit, events: Sequence[TransactionEvent]) -> None:
    rows = dict(unit.transactions.find({(one.station, one.transaction_id) for one in events}))
    for event in events:
        key = (event.station, event.transaction_id)
        row = rows.get(key) or TransactionRow(*key, event.evse_id, event.at, began=Quality.ESTIMATED)
        rows[key] = _merged(row, event)
    unit.transactions.put(rows.values())


def _merged(row: TransactionRow, event: TransactionEvent) -> TransactionRow:
    """A transaction after one of its events, which may come late, twice or out of order."""
    sequence, last_at = row.sequence, row.last_at
    if sequence is None or (event.sequence is not None and event.sequence > sequence):
        sequence = event.sequence
    if last_at is None or event.at > last_at:
        last_at = event.at
    changes = _CHANGES[type(event)](row, event)
    return replace(row, sequence=sequence, last_at=last_at, evse_id=row.evse_id or event.evse_id, **changes)


def _started(row: TransactionRow, event: TransactionStarted) -> Changes:
    if row.began is Quality.MEASURED and event.quality is not Quality.MEASURED:
        return {}
    return {
        "started_at": event.at, "connector_id": event.connector_id, "token": event.token or row.token,
        "register_kwh_start": event.register_kwh, "began": event.quality,
    }  # fmt: skip


def _updated(row: TransactionRow, event: TransactionUpdated) -> Changes:
    changes: Changes = {"token": row.token or event.token}
    if event.state is not None and (row.last_at is None or event.at >= row.last_at):
        changes["state"] = str(event.state)
    if row.ended is Quality.ESTIMATED and row.ended_at is not None and event.at > row.ended_at:
        changes |= {"ended": None, "ended_at": None, "energy_kwh": None, "energy_quality": None}
    return changes


def _ended(row: TransactionRow, event: TransactionEnded) -> Changes:
    if row.ended is Quality.MEASURED and event.quality is not Quality.MEASURED:
        return {}
    return {
        "ended": event.quality, "ended_at": event.at, "register_kwh_end": event.register_kwh,
        "energy_kwh": event.energy_kwh, "energy_quality": event.energy_quality, "reason": event.reason,
    }  # fmt: skip


_CHANGES: Final[Mapping[type[TransactionEvent], Callable[[TransactionRow, Any], Changes]]] = {
    TransactionStarted: _started,
    TransactionUpdated: _updated,
    TransactionEnded: _ended,
    SequenceGapFound: lambda _row, _event: {},
}


# readings and commands


def _readings(unit: Unit, events: Sequence[StationEvent]) -> None:
    unit.readings.put(
        [
            ReadingRow(one.station, one.evse_id, reading, one.transaction_id)
            for one in events
            if isinstance(one, MeterSampled)
            for reading in one.readings
        ]
    )


def _orders(unit: Unit, events: Sequence[CommandSettled]) -> None:
    if not events:
        return
    ends = {one.command_id: one for one in events}
    rows = unit.orders.find(ends)
    unit.orders.put(settled(row, end) for row in rows if (end := ends[row.order_id]).station == row.station)
