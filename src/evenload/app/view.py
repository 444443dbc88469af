"""What flows now, in memory: the last power of every EVSE and the last load told of every circuit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.station import WHOLE_STATION, StationId
from evenload.domain.station_events import MeterSampled, StationEvent, TransactionEnded
from evenload.domain.station_readings import ReadingKind
from evenload.service.guard import Metered
from evenload.service.live_rows import LoadKind, LoadRow

_CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""A reading that comes within this of when its station says it was taken is of the moment it came."""

AVERAGED_MAX: Final = timedelta(seconds=10)
"""A load that is the mean of a longer time says too little of what flows now."""


@dataclass(slots=True)
class LiveView:
    """``power`` by station and EVSE, EVSE 0 being a station's main meter; ``load`` by tenant and node, all below it.

    Instants are by the clock of this process. For the event loop's thread. What a station drew when its line was lost
    is kept: it is not idle for that.
    """

    power: dict[tuple[StationId, int], Metered] = field(default_factory=dict)
    load: dict[tuple[str, str], Metered] = field(default_factory=dict)

    def heed(self, events: Sequence[StationEvent]) -> None:
        """Take what stations told."""
        for event in events:
            if isinstance(event, MeterSampled):
                self._metered(event)
            elif isinstance(event, TransactionEnded):
                self._note((event.station, event.evse_id), Metered(_seen_at(event.at, event.received_at), 0.0))

    def _metered(self, event: MeterSampled) -> None:
        for reading in event.readings:
            if reading.kind is ReadingKind.INSTANT and reading.power_kw is not None:
                at = _seen_at(reading.at, event.received_at)
                self._note((event.station, event.evse_id), Metered(at, reading.power_kw))

    def _note(self, key: tuple[StationId, int], metered: Metered) -> None:
        known = self.power.get(key)
        if known is None or known.at <= metered.at:
            self.power[key] = metered

    def heed_loads(self, rows: Sequence[LoadRow]) -> None:
        """Take loads of circuits that were told: of all that flows there, and not averaged for long."""
        for row in rows:
            lasts = timedelta(seconds=row.duration_s)
            if row.kind is not LoadKind.TOTAL or lasts > AVERAGED_MAX:
                continue
            key, at = (row.tenant, row.node), row.at + lasts
            known = self.load.get(key)
            if known is None or known.at <= at:
                self.load[key] = Metered(at, row.load_kw, lasts)

    def main_meter(self, station: StationId) -> Metered | None:
        """The last power at a station's main meter."""
        return self.power.get((station, WHOLE_STATION))


def _seen_at(at: datetime, received_at: datetime) -> datetime:
    """When something was so: as it came, but for what was told late."""
    return at if received_at - at > _CLOCKS_DIFFER else received_at
