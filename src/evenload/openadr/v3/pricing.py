"""Prices and greenhouse gas of events as signals, and back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Final

import numpy as np

from evenload.base.errors import SignalError
from evenload.base.instants import to_datetime
from evenload.domain.signal import Series
from evenload.openadr.v3.durations import written
from evenload.openadr.v3.instants import written_instant
from evenload.openadr.v3.parts import EventPayloadDescriptor, Interval, IntervalPeriod, ValuesMap
from evenload.openadr.v3.resolving import Piece, pieces, resolved
from evenload.openadr.v3.timeline import SPANS_MAX, timeline
from evenload.openadr.v3.wire import Event, EventRequest

PRICE: Final = "PRICE"
EXPORT_PRICE: Final = "EXPORT_PRICE"
GHG: Final = "GHG"
_UNITS: Final = {PRICE: ("KWH",), EXPORT_PRICE: ("KWH",), GHG: ("GHG",)}


def told_at(event: Event) -> datetime:
    """When an event was last told, as its VTN says."""
    return datetime.fromisoformat(event.modification_date_time).astimezone(UTC)


def series_of(events: Iterable[Event], payload: str, since: datetime, until: datetime) -> tuple[Series | None, str]:
    """Prices per kWh (or g per kWh) between two instants, and their currency; ``None`` where there are none.

    Overlapping events give way by priority. Holes stay holes: ``Series.onto`` refuses what needs them. ``SignalError``
    where units or currencies do not fit, or a value is no number.
    """
    found: list[Piece] = []
    currencies = set()
    for event in events:
        own = pieces(timeline(event, told_at(event), since, until), payload, event.id, event.priority, told_at(event))
        if own:
            currencies.add(_currency(event, payload))
            found += own
    if len(currencies) > 1:
        raise SignalError(f"{payload} is told in several currencies: {', '.join(sorted(currencies))}")
    return (_series(resolved(found), payload), currencies.pop()) if found else (None, "")


def _currency(event: Event, payload: str) -> str:
    for one in event.payload_descriptors or ():
        if one.payload_type == payload and isinstance(one, EventPayloadDescriptor):
            if one.units not in (None, *_UNITS.get(payload, ())):
                raise SignalError(f"event {event.id}: {payload} in {one.units} is not understood, only per kWh")
            return one.currency or ""
    return ""


def _series(found: Sequence[Piece], payload: str) -> Series:
    """Pieces in steps of their greatest common length, so that a hole is longer than a step."""
    seconds = [(round(one.start.timestamp()), round(one.end.timestamp())) for one in found]
    step = gcd(*(end - start for start, end in seconds)) or 1
    if sum(end - start for start, end in seconds) // step > SPANS_MAX:
        raise SignalError(f"{payload} changes at times that have no common step; more than {SPANS_MAX} are not kept")
    at = np.concatenate([np.arange(start, end, step) for start, end in seconds])
    values = [_number(one, payload) for one in found]
    counts = [(end - start) // step for start, end in seconds]
    return Series(at.astype("datetime64[s]"), np.repeat(np.array(values, dtype=np.float64), counts), payload.lower())


def _number(piece: Piece, payload: str) -> float:
    if isinstance(piece.value, bool) or not isinstance(piece.value, int | float):
        raise SignalError(f"event {piece.event_id}: {payload} is {piece.value!r}, no number")
    return float(piece.value)


def price_event(
    program_id: str, series: Series, payload: str = PRICE, currency: str = "", targets: tuple[str, ...] = ()
) -> EventRequest:
    """A series as an event: one interval a value, each as long as until the next; ``payload`` as above."""
    starts = [to_datetime(one) for one in series.timestamp]
    ends = [*starts[1:], starts[-1] + timedelta(seconds=series.step_seconds)]
    intervals = tuple(
        Interval(
            id=place,
            payloads=(ValuesMap(type=payload, values=(float(value),)),),
            interval_period=IntervalPeriod(
                start=written_instant(start), duration=written((end - start).total_seconds())
            ),
        )
        for place, (start, end, value) in enumerate(zip(starts, ends, series.value, strict=True))
    )
    units = EventPayloadDescriptor(payload_type=payload, units=_UNITS[payload][0], currency=currency or None)
    return EventRequest(
        program_id=program_id, payload_descriptors=(units,), intervals=intervals, targets=targets or None
    )
