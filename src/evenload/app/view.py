"""What flows now, in memory: the last power of every EVSE and the last load told of every circuit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evenload.domain.station import WHOLE_STATION, StationId
from evenload.domain.station_events import MeterSampled, StationEvent, StationLost, TransactionEnded
from evenload.domain.station_readings import ReadingKind
from evenload.service.guard import Metered
from evenload.service.live_rows import LoadRow


@dataclass(slots=True)
class LiveView:
    """``power`` by station and EVSE, EVSE 0 being a station's main meter; ``load`` by tenant and node.

    For the event loop's thread. What a station drew when its line was lost is kept: it is not idle for that.
    """

    power: dict[tuple[StationId, int], Metered] = field(default_factory=dict)
    load: dict[tuple[str, str], Metered] = field(default_factory=dict)
    lost: dict[StationId, datetime] = field(default_factory=dict)

    def heed(self, events: Sequence[StationEvent]) -> None:
        """Take what stations told."""
        for event in events:
            if isinstance(event, MeterSampled):
                self._metered(event)
            elif isinstance(event, TransactionEnded):
                self.power[event.station, event.evse_id] = Metered(event.at, 0.0)
            elif isinstance(event, StationLost):
                self.lost[event.station] = event.at

    def _metered(self, event: MeterSampled) -> None:
        self.lost.pop(event.station, None)
        for reading in event.readings:
            if reading.kind is ReadingKind.INSTANT and reading.power_kw is not None:
                key = (event.station, event.evse_id)
                known = self.power.get(key)
                if known is None or known.at <= reading.at:
                    self.power[key] = Metered(reading.at, reading.power_kw)

    def heed_loads(self, rows: Sequence[LoadRow]) -> None:
        """Take loads of circuits that were told."""
        for row in rows:
            key = (row.tenant, row.node)
            known = self.load.get(key)
            if known is None or known.at <= row.at:
                self.load[key] = Metered(row.at, row.load_kw)

    def main_meter(self, station: StationId) -> Metered | None:
        """The last power at a station's main meter."""
        return self.power.get((station, WHOLE_STATION))
