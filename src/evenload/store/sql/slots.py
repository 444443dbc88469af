"""Quarter hours in SQL: rows of the last days, closed days packed beside their readings, and sums at circuits."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import BigInteger, Connection, bindparam, select, type_coerce

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality
from evenload.service.rows import CircuitSlotRow, SlotRow
from evenload.store.slot_means import SLOT_US, SLOTS_A_DAY, SlotMeans
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.kept import Kept
from evenload.store.sql.packing import DAY_US, day_of
from evenload.store.sql.schema import circuit_slots, meters, slots, slots_packed

Slot = tuple[int, int, float, float, str]
"""When (microseconds), the meter, kW, the share covered, quality: in the order of the table's columns."""
_CIRCUITS: Final = Kept(circuit_slots, CircuitSlotRow)
_METER: Final = select(meters.c.meter).where(
    meters.c.tenant == bindparam("t"), meters.c.identity == bindparam("i"), meters.c.evse_id == bindparam("e")
)
_of = slots.c
RAW: Final = select(type_coerce(_of.at, BigInteger).label("at"), _of.meter, _of.power_kw, _of.covered, _of.quality)
_first = select(_of.at).order_by(_of.at).limit(1)
_last = select(_of.at).order_by(_of.at.desc()).limit(1)
_SPAN: Final = select(
    type_coerce(_first.scalar_subquery(), BigInteger).label("first"),
    type_coerce(_last.scalar_subquery(), BigInteger).label("last"),
)
_PER_KW: Final = 1000
_PER_ONE: Final = 200
_ESTIMATED: Final = 256


def slots_of(means: SlotMeans, start: int) -> list[Slot]:
    """Quarters that something was told of."""
    places, quarters = np.nonzero(means.covered > 0)
    return [
        (start + quarter * SLOT_US, meter, power, min(covered, 1.0), "estimated" if estimated else "measured")
        for quarter, meter, power, covered, estimated in zip(
            quarters.tolist(), means.meters[places].tolist(), means.power_kw[places, quarters].tolist(),
            means.covered[places, quarters].tolist(), means.estimated[places, quarters].tolist(), strict=True,
        )
    ]  # fmt: skip


def packed_slots(rows: Iterable[Slot]) -> bytes:
    """Quarters of one meter and day as they are kept: whole watts, and half per cents with the quality above them."""
    kept = np.zeros((2, SLOTS_A_DAY), dtype="<i4")
    for at, _, power_kw, covered, quality in rows:
        share = max(round(covered * _PER_ONE), 1) + (_ESTIMATED if quality != "measured" else 0)
        kept[:, at % DAY_US // SLOT_US] = round(power_kw * _PER_KW), share
    return zlib.compress(kept.tobytes(), 1)


def unpacked_slots(body: bytes, meter: int, day: int) -> list[Slot]:
    """Quarters as they were kept, in order."""
    power, share = np.frombuffer(zlib.decompress(body), dtype="<i4").reshape(2, SLOTS_A_DAY)
    return [
        (day * DAY_US + place * SLOT_US, meter, int(power[place]) / _PER_KW, int(share[place]) % _ESTIMATED / _PER_ONE,
         "estimated" if share[place] >= _ESTIMATED else "measured")
        for place in np.flatnonzero(share).tolist()
    ]  # fmt: skip


def surer(rows: Iterable[Slot]) -> list[Slot]:
    """One a quarter and meter: the one that tells of most of it, the later one of two alike."""
    best: dict[tuple[int, int], Slot] = {}
    for row in rows:
        before = best.get(row[:2])
        if before is None or row[3] >= before[3] - 1 / _PER_ONE:
            best[row[:2]] = row
    return list(best.values())


@dataclass(frozen=True, slots=True)
class SqlSlots:
    """Means of quarter hours."""

    connection: Connection

    def of_evse(self, station: StationId, evse_id: int, window: Interval) -> Sequence[SlotRow]:
        """Those of an EVSE that begin in a window, in order."""
        asked = {"t": station.tenant, "i": station.identity, "e": evse_id}
        meter: int | None = self.connection.execute(_METER, asked).scalar()
        if meter is None:
            return []
        start, end = to_microseconds(window.start), to_microseconds(window.end)
        rows = sorted(surer([*self._packed(meter, start, end), *self._hot(meter, start, end)]))
        return [
            SlotRow(station, evse_id, to_instant(at), power_kw, covered, Quality(quality))
            for at, _, power_kw, covered, quality in rows
        ]

    def _hot(self, meter: int, start: int, end: int) -> list[Any]:
        """Rows by their keys: they lie in order of time, and all quarters of a window are known."""
        latest = self.connection.execute(_SPAN).one()
        if latest.first is None:
            return []
        first = max(-(-start // SLOT_US) * SLOT_US, latest.first)
        keys = range(first, min(end, latest.last + 1), SLOT_US)
        found: list[Any] = []
        for place in range(0, len(keys), 300):
            wanted = [to_instant(at) for at in keys[place : place + 300]]
            found += self.connection.execute(RAW.where(_of.at.in_(wanted), _of.meter == meter))
        return [tuple(row) for row in found]

    def _packed(self, meter: int, start: int, end: int) -> list[Slot]:
        of = slots_packed.c
        own = select(of.day, of.body).where(of.meter == meter, of.day >= day_of(start), of.day <= day_of(end - 1))
        rows = (row for day, body in self.connection.execute(own) for row in unpacked_slots(body, meter, day))
        return [row for row in rows if start <= row[0] < end]

    def of_circuit(self, tenant: str, node: str, window: Interval) -> Sequence[CircuitSlotRow]:
        """Those of a circuit that begin in a window, in order."""
        of = circuit_slots.c
        found = _CIRCUITS.selecting.where(of.tenant == tenant, of.node == node)
        return _CIRCUITS.read(self.connection, found.where(of.at >= window.start, of.at < window.end).order_by(of.at))
