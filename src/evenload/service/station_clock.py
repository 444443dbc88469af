"""When things happened at stations: by their own clock where that can be so, else when they told it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from msgspec.structs import replace

from evenload.domain.station_events import MeterSampled, StationEvent, TransactionEvent
from evenload.service.rows import StationRow

CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""How far a station's clock may be off, and messages may come out of order."""

E = TypeVar("E", bound=StationEvent)


def dated(event: E, station_of: Callable[[], StationRow | None]) -> E:
    """An event as it came, or dated when it came where its station's clock cannot be right.

    What a station tells as of much earlier must have waited while it was away. One whose clock is an hour slow, or
    still in 2020, dates everything so.
    """
    late = event.received_at - event.at
    if timedelta() <= late <= CLOCKS_DIFFER or (late > CLOCKS_DIFFER and _was_away(event, station_of())):
        return event
    if isinstance(event, MeterSampled):
        readings = tuple(replace(one, at=one.at + late) for one in event.readings)
        return replace(event, at=event.received_at, readings=readings)
    return replace(event, at=event.received_at)


def _was_away(event: StationEvent, station: StationRow | None) -> bool:
    """Whether a station was away when something happened, the last time it was. Before it was first seen, it was not
    this system's.
    """
    if station is None:
        return isinstance(event, TransactionEvent) and event.offline
    since = station.lost_at or station.noted_at
    if since is None:
        return False
    return since - CLOCKS_DIFFER <= event.at <= (station.back_at or event.received_at) + CLOCKS_DIFFER
