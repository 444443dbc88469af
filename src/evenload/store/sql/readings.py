"""Readings in SQL: the last days in order of time, closed days packed, and the latest of each EVSE apart."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, select, tuple_, type_coerce

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind, SampleContext
from evenload.service.rows import ReadingRow
from evenload.store.sql.columns import to_instant, to_microseconds
from evenload.store.sql.database import Database
from evenload.store.sql.packing import COLUMNS, ReadingTuple, day_of, merged, unpacked
from evenload.store.sql.schema import meters, readings, readings_last, readings_packed
from evenload.store.sql.writing import add

_BY_PHASE: Final = ("power_kw_of_phase", "current_a", "voltage_v")
_OFFERED: Final = ("power_kw_offered", "current_a_offered")
_PARTS: Final = (*_BY_PHASE, *_OFFERED)
_NOTHING: Final = (None,) * len(_PARTS)
_parts: Final = attrgetter(*_PARTS)
_KINDS: Final = {one.value: one for one in ReadingKind}
_QUALITIES: Final = {one.value: one for one in Quality}
_CONTEXTS: Final = {one.value: one for one in SampleContext}
Meter = tuple[str, str, int]

_MANY: Final = 300
"""From so many meters on a tenant's are all read: faster than to name them."""
_NAMED: Final = ("tenant", "identity", "evse_id")
_METERS: Final = select(meters.c.meter, meters.c.evse_id).where(
    meters.c.tenant == bindparam("t"), meters.c.identity == bindparam("i")
)
RAW: Final = select(type_coerce(readings.c.at, BigInteger).label("at"), *(readings.c[name] for name in COLUMNS[1:]))
"""Readings as tuples in the order of ``COLUMNS``."""


@dataclass(frozen=True, slots=True)
class SqlReadings:
    """Readings. ``known`` outlives the unit: numbers of meters that were found, not those this unit makes."""

    connection: Connection
    database: Database
    known: dict[Meter, int]

    def within(self, station: StationId, window: Interval, count: int) -> Sequence[ReadingRow]:
        """The last ``count`` of a window, in order of time."""
        asked = {"t": station.tenant, "i": station.identity}
        evses: dict[int, int] = {row.meter: row.evse_id for row in self.connection.execute(_METERS, asked)}
        if not evses:
            return []
        start, end = to_microseconds(window.start), to_microseconds(window.end)
        hot = self.database.last_readings(self.connection, list(evses), start, end, count)
        rows = self._with_packed(hot, list(evses), hot[-1][0] if len(hot) == count else start, end, count)
        rows.sort(key=lambda row: (row[0], evses[row[1]], row[2]))
        return [ReadingRow(station, evses[row[1]], reading_of(row), row[-1]) for row in rows[-count:]]

    def _with_packed(
        self, hot: list[ReadingTuple], asked: list[int], start: int, end: int, count: int
    ) -> list[ReadingTuple]:
        """Readings and those of packed days from the last one back, until there are enough."""
        of = readings_packed.c
        days = select(of.day).distinct().where(of.meter.in_(asked))
        days = days.where(of.day >= day_of(start), of.day <= day_of(end - 1)).order_by(of.day.desc())
        rows = hot
        for day in self.connection.execute(days).scalars().all():
            bodies = self.connection.execute(select(of.meter, of.body).where(of.meter.in_(asked), of.day == day))
            found = [row for meter, body in bodies for row in unpacked(body, meter) if start <= row[0] < end]
            rows = merged([*found, *rows])
            if len(rows) >= count:
                break
        return rows

    def latest(self, tenant: str) -> Sequence[ReadingRow]:
        """The latest of each EVSE, by station and EVSE."""
        of = meters.c
        found = (
            select(*(readings_last.c[name] for name in COLUMNS), of.identity, of.evse_id)
            .join_from(meters, readings_last, of.meter == readings_last.c.meter)
            .where(of.tenant == tenant)
            .order_by(of.identity, of.evse_id)
        )
        return [
            ReadingRow(StationId(tenant, identity), evse_id, _reading(at, row), row[-1])
            for at, *row, identity, evse_id in self.connection.execute(found)
        ]

    def put(self, rows: Iterable[ReadingRow]) -> None:
        """Add; what is told again of one instant completes what was told before."""
        listed = list(rows)
        if listed:
            meter = self._meters({(row.station.tenant, row.station.identity, row.evse_id) for row in listed})
            self.database.put_readings(self.connection, merged(_tuple(row, meter) for row in listed))

    def _meters(self, named: set[Meter]) -> Mapping[Meter, int]:
        """Numbers of meters; new ones get theirs."""
        if not named - self.known.keys():
            return self.known
        self._look_up(named - self.known.keys())
        if new := named - self.known.keys():
            return self.known | self._made(new)
        return self.known

    def _look_up(self, named: Collection[Meter]) -> None:
        of, found = meters.c, select(meters.c.meter, *(meters.c[name] for name in _NAMED))
        asked = [found.where(tuple_(of.tenant, of.identity, of.evse_id).in_(named))]
        if len(named) > _MANY:
            asked = [found.where(of.tenant == tenant) for tenant in {one[0] for one in named}]
        for one in asked:
            rows = self.connection.execute(one).all()
            self.known.update({(tenant, identity, evse_id): meter for meter, tenant, identity, evse_id in rows})

    def _made(self, named: set[Meter]) -> dict[Meter, int]:
        """Numbers that are this unit's only, until it is kept."""
        add(self.connection, meters, [dict(zip(_NAMED, one, strict=True)) for one in sorted(named)])
        made = SqlReadings(self.connection, self.database, {})
        made._look_up(named)
        return made.known


def _tuple(row: ReadingRow, meter: Mapping[Meter, int]) -> ReadingTuple:
    one, station = row.reading, row.station
    return (
        to_microseconds(one.at), meter[station.tenant, station.identity, row.evse_id], one.kind.value, one.duration_s,
        one.power_kw, one.energy_kwh_import, one.energy_kwh_export, one.soc, one.quality.value, one.context.value,
        _phases(one), row.transaction_id,
    )  # fmt: skip


def _phases(reading: Reading) -> str | None:
    """What is of single phases, and what was offered, as JSON."""
    if _parts(reading) == _NOTHING:
        return None
    told = {name: value for name, value in zip(_PARTS, _parts(reading), strict=True) if value is not None}
    if reading.voltage_is_between_phases:
        told["voltage_is_between_phases"] = True
    return msgspec.json.encode(told).decode()


def reading_of(row: ReadingTuple) -> Reading:
    """A reading of what was kept of it."""
    return _reading(to_instant(row[0]), row[1:])


def _reading(at: datetime, row: Sequence[Any]) -> Reading:
    _, kind, duration_s, power_kw, energy_import, energy_export, soc, quality, context, phases, _ = row
    told = msgspec.json.decode(phases) if phases else {}
    if told:
        told |= {name: tuple(told[name]) for name in _BY_PHASE if name in told}
    return Reading(
        at=at, kind=_KINDS[kind], quality=_QUALITIES[quality], context=_CONTEXTS[context], duration_s=duration_s,
        power_kw=power_kw, energy_kwh_import=energy_import, energy_kwh_export=energy_export, soc=soc, **told,
    )  # fmt: skip
