"""Means of quarter hours in memory: made of the readings each time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evenload.base.instants import Interval
from evenload.domain.circuit import Circuit
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading
from evenload.service.live_rows import DeviceRow, SessionRow
from evenload.service.rows import CircuitSlotRow, ReadingRow, SlotRow
from evenload.store.slot_means import SLOT_US, slot_means

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_SLOT = timedelta(microseconds=SLOT_US)


@dataclass(frozen=True, slots=True)
class MemorySlots:
    """Means of quarter hours."""

    readings: Sequence[ReadingRow]
    devices: Sequence[DeviceRow]
    circuits: dict[tuple[str, str], Circuit]
    sessions: Sequence[SessionRow] = ()

    def of_evse(self, station: StationId, evse_id: int, window: Interval) -> Sequence[SlotRow]:
        """Those of an EVSE that begin in a window, in order."""
        own = [_told(row.reading) for row in self.readings if (row.station, row.evse_id) == (station, evse_id)]
        start = -((_EPOCH - window.start) // _SLOT) * SLOT_US
        count = -((_EPOCH - window.end) // _SLOT) - start // SLOT_US
        if not own or count < 1:
            return []
        means = slot_means(own, start, count)
        return [
            SlotRow(station, evse_id, _EPOCH + (start + place * SLOT_US) * _US, float(means.power_kw[0, place]),
                    min(covered, 1.0), Quality.ESTIMATED if means.estimated[0, place] else Quality.MEASURED)
            for place, covered in enumerate(means.covered[0].tolist()) if covered > 0
        ]  # fmt: skip

    def of_circuit(self, tenant: str, node: str, window: Interval) -> Sequence[CircuitSlotRow]:
        """Those of a circuit that begin in a window, in order."""
        found: defaultdict[datetime, list[SlotRow]] = defaultdict(list)
        for device in self.devices:
            if device.tenant == tenant and device.retired_at is None and node in self._above(tenant, device.site_id):
                for row in self.of_evse(device.station, device.evse_id, window):
                    if self._counts(device, row.at):
                        found[row.at].append(row)
        return [
            CircuitSlotRow(tenant, node, at, sum(row.power_kw for row in rows),
                           sum(row.covered for row in rows) / len(rows), len(rows))
            for at, rows in sorted(found.items())
        ]  # fmt: skip

    def _counts(self, device: DeviceRow, at: datetime) -> bool:
        """Whether a quarter counts where a device stands: not where a charger counts what a car tells too."""
        own = (one for one in self.sessions if (one.tenant, one.device_id) == (device.tenant, device.device_id))
        return not any(
            one.absorbed_by and one.plugged_at < at + _SLOT and (one.unplugged_at is None or at < one.unplugged_at)
            for one in own
        )

    def _above(self, tenant: str, node: str) -> list[str]:
        names: list[str] = []
        while node and node not in names:
            names.append(node)
            circuit = self.circuits.get((tenant, node))
            node = circuit.parent if circuit else ""
        return names


def _told(one: Reading) -> tuple[object, ...]:
    return ((one.at - _EPOCH) // _US, 0, one.kind.value, one.duration_s, one.power_kw, one.energy_kwh_import,
            one.energy_kwh_export, one.soc, one.quality.value)  # fmt: skip
