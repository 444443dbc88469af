"""Readings in SQLite: in order of time, and the latest of each EVSE apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, and_, bindparam, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from evenload.base.instants import Interval
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality, Reading, ReadingKind, SampleContext
from evenload.service.rows import ReadingRow
from evenload.store.sqlite.schema import devices, readings, readings_last

_PLAIN: Final = ("duration_s", "power_kw", "energy_kwh_import", "energy_kwh_export", "soc")
_BY_PHASE: Final = ("power_kw_of_phase", "current_a", "voltage_v")
_OFFERED: Final = ("power_kw_offered", "current_a_offered")
Device = tuple[str, str, int]

_DEVICE: Final = select(devices.c.device).where(
    devices.c.tenant == bindparam("t"), devices.c.identity == bindparam("i"), devices.c.evse_id == bindparam("e")
)
_new = insert(readings)
_PUT: Final = _new.on_conflict_do_update(
    set_={one.name: func.coalesce(_new.excluded[one.name], one) for one in readings.c if not one.primary_key}
)
_last = insert(readings_last)
_PUT_LAST: Final = _last.on_conflict_do_update(
    set_={"at": _last.excluded.at, "kind": _last.excluded.kind},
    where=tuple_(_last.excluded.at, _last.excluded.kind) > tuple_(readings_last.c.at, readings_last.c.kind),
)


@dataclass(frozen=True, slots=True)
class SqliteReadings:
    """Readings. ``known`` outlives the unit: numbers of EVSEs that were found, not those this unit makes."""

    connection: Connection
    known: dict[Device, int]
    _made: dict[Device, int] = field(default_factory=dict)

    def within(self, station: StationId, window: Interval, count: int) -> Sequence[ReadingRow]:
        """The last ``count`` of a window, in order of time."""
        of = devices.c
        found = (
            select(readings, of.tenant, of.identity, of.evse_id)
            .join_from(devices, readings, of.device == readings.c.device)
            .where(of.tenant == station.tenant, of.identity == station.identity)
            .where(readings.c.at >= window.start, readings.c.at < window.end)
            .order_by(readings.c.at.desc(), of.evse_id.desc(), readings.c.kind.desc())
            .limit(count)
        )
        return self._rows(found)[::-1]

    def latest(self, tenant: str) -> Sequence[ReadingRow]:
        """The latest of each EVSE, by station and EVSE."""
        of = devices.c
        found = (
            select(readings, of.tenant, of.identity, of.evse_id)
            .join_from(devices, readings_last, of.device == readings_last.c.device)
            .join(readings, and_(*(readings.c[one.name] == one for one in readings_last.c)))
            .where(of.tenant == tenant)
            .order_by(of.identity, of.evse_id)
        )
        return self._rows(found)

    def put(self, rows: Iterable[ReadingRow]) -> None:
        """Add; what is told again of one instant completes what was told before."""
        values = [self._values(row) for row in rows]
        if values:
            self.connection.execute(_PUT, values)
            in_order = sorted(values, key=lambda one: (one["at"], one["kind"]))
            latest = {one["device"]: {name: one[name] for name in ("device", "at", "kind")} for one in in_order}
            self.connection.execute(_PUT_LAST, list(latest.values()))

    def _rows(self, found: Select[Any]) -> list[ReadingRow]:
        return [
            ReadingRow(StationId(row.tenant, row.identity), row.evse_id, _reading(row), row.transaction_id)
            for row in self.connection.execute(found)
        ]

    def _values(self, row: ReadingRow) -> dict[str, Any]:
        one = row.reading
        values: dict[str, Any] = {name: getattr(one, name) for name in _PLAIN}
        values["device"] = self._device((row.station.tenant, row.station.identity, row.evse_id))
        values["at"], values["kind"] = one.at, one.kind.value
        values["quality"], values["context"] = one.quality.value, one.context.value
        values["transaction_id"], values["phases"] = row.transaction_id, _phases(one)
        return values

    def _device(self, named: Device) -> int:
        number = self.known.get(named) or self._made.get(named)
        return number if number is not None else self._looked_up(named)

    def _looked_up(self, named: Device) -> int:
        tenant, identity, evse_id = named
        found: int | None = self.connection.execute(_DEVICE, {"t": tenant, "i": identity, "e": evse_id}).scalar()
        if found is not None:
            self.known[named] = found
            return found
        columns = {"tenant": tenant, "identity": identity, "evse_id": evse_id}
        made: int = self.connection.execute(insert(devices).returning(devices.c.device), columns).scalar_one()
        self._made[named] = made
        return made


def _phases(reading: Reading) -> str | None:
    """What is of single phases, and what was offered, as JSON."""
    told = {name: value for name in (*_BY_PHASE, *_OFFERED) if (value := getattr(reading, name)) is not None}
    if told and reading.voltage_is_between_phases:
        told["voltage_is_between_phases"] = True
    return msgspec.json.encode(told).decode() if told else None


def _reading(row: Row[Any]) -> Reading:
    told = msgspec.json.decode(row.phases) if row.phases else {}
    by_phase = {name: tuple(told[name]) for name in _BY_PHASE if name in told}
    return Reading(
        at=row.at, kind=ReadingKind(row.kind), quality=Quality(row.quality), context=SampleContext(row.context),
        **{name: getattr(row, name) for name in _PLAIN}, **(told | by_phase),
    )  # fmt: skip
