"""Both ends of cables, and energy managers, in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete

from evenload.base.instants import Interval
from evenload.service.cable_rows import CarStayRow, ConflictRow, EnergyManagerRow, PairRow, PairState
from evenload.store.sql import schema_cable as tables
from evenload.store.sql.kept import Kept, portions

_STAYS: Final = Kept(tables.cable_stays, CarStayRow)
_PAIRS: Final = Kept(tables.cable_pairs, PairRow)
_CONFLICTS: Final = Kept(tables.cable_conflicts, ConflictRow)
_MANAGERS: Final = Kept(tables.energy_managers, EnergyManagerRow)
_STAY: Final = tables.cable_stays.c
_PAIR: Final = tables.cable_pairs.c
_CONFLICT: Final = tables.cable_conflicts.c


@dataclass(frozen=True, slots=True)
class SqlCables:
    """Cars at chargers, and what is wrong between them."""

    connection: Connection

    def stays(self, tenant: str, vehicle_ids: Iterable[str]) -> Sequence[CarStayRow]:
        """Those of vehicles, by vehicle."""
        rows = list[CarStayRow]()
        for some in portions(set(vehicle_ids)):
            own = _STAYS.selecting.where(_STAY.tenant == tenant, _STAY.vehicle_id.in_(some))
            rows += _STAYS.read(self.connection, own)
        return sorted(rows, key=lambda row: row.vehicle_id)

    def stays_lately(self, tenant: str, since: datetime) -> Sequence[CarStayRow]:
        """Those that go on, and those whose end was told at an instant or later, by vehicle."""
        own = _STAYS.selecting.where(_STAY.tenant == tenant)
        going_on = own.where(_STAY.unplugged_by.is_(None), _STAY.plugged_by.is_not(None))
        rows = _STAYS.read(self.connection, going_on)
        rows += _STAYS.read(self.connection, own.where(_STAY.unplugged_by >= since))
        return sorted(rows, key=lambda row: row.vehicle_id)

    def put_stays(self, rows: Iterable[CarStayRow]) -> None:
        """Add or replace."""
        _STAYS.put(self.connection, rows)

    def pairs(self, tenant: str, session_ids: Iterable[str]) -> Sequence[PairRow]:
        """Those of chargers' sessions, undone ones too, by session and vehicle."""
        rows = list[PairRow]()
        for some in portions(set(session_ids)):
            own = _PAIRS.selecting.where(_PAIR.tenant == tenant, _PAIR.session_id.in_(some))
            rows += _PAIRS.read(self.connection, own)
        return sorted(rows, key=_by_session)

    def pairs_going_on(self, tenant: str) -> Sequence[PairRow]:
        """Those that are matched or possible and have not ended, by session and vehicle."""
        states = (PairState.MATCHED, PairState.POSSIBLE)
        own = _PAIRS.selecting.where(_PAIR.tenant == tenant, _PAIR.state.in_(states))
        return sorted(_PAIRS.read(self.connection, own), key=_by_session)

    def pairs_of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[PairRow]:
        """Those of vehicles at sessions that began in a window, by plug-in, session and vehicle."""
        rows = list[PairRow]()
        for some in portions(set(vehicle_ids)):
            own = _PAIRS.selecting.where(_PAIR.tenant == tenant, _PAIR.vehicle_id.in_(some))
            found = own.where(_PAIR.plugged_at >= window.start, _PAIR.plugged_at < window.end)
            rows += _PAIRS.read(self.connection, found)
        return sorted(rows, key=lambda row: (row.plugged_at, *_by_session(row)))

    def put_pairs(self, rows: Iterable[PairRow]) -> None:
        """Add or replace."""
        _PAIRS.put(self.connection, rows)

    def conflicts(self, tenant: str, session_ids: Iterable[str]) -> Sequence[ConflictRow]:
        """Those of sessions, ended ones too, by session and kind."""
        rows = list[ConflictRow]()
        for some in portions(set(session_ids)):
            own = _CONFLICTS.selecting.where(_CONFLICT.tenant == tenant, _CONFLICT.session_id.in_(some))
            rows += _CONFLICTS.read(self.connection, own)
        return sorted(rows, key=_by_kind)

    def conflicts_going_on(self, tenant: str) -> Sequence[ConflictRow]:
        """Those that have not ended, by session and kind."""
        own = _CONFLICTS.selecting.where(_CONFLICT.tenant == tenant, _CONFLICT.ended_at.is_(None))
        return sorted(_CONFLICTS.read(self.connection, own), key=_by_kind)

    def put_conflicts(self, rows: Iterable[ConflictRow]) -> None:
        """Add, or replace those of the same session and kind."""
        _CONFLICTS.put(self.connection, rows)

    def forget(self, tenant: str, vehicle_ids: Iterable[str]) -> None:
        """Remove stays, pairs and conflicts of vehicles; sessions are not touched."""
        for some in portions(set(vehicle_ids)):
            for one in (tables.cable_stays, tables.cable_pairs, tables.cable_conflicts):
                self.connection.execute(delete(one).where(one.c.tenant == tenant, one.c.vehicle_id.in_(some)))

    def energy_managers(self, tenant: str) -> Sequence[EnergyManagerRow]:
        """Energy managers of a tenant by device."""
        found = _MANAGERS.selecting.where(tables.energy_managers.c.tenant == tenant)
        return sorted(_MANAGERS.read(self.connection, found), key=lambda row: row.device_id)

    def put_energy_managers(self, rows: Iterable[EnergyManagerRow]) -> None:
        """Add or replace."""
        _MANAGERS.put(self.connection, rows)

    def remove_energy_manager(self, tenant: str, device_id: str) -> None:
        """Forget how one is reached; its device stays."""
        _MANAGERS.remove(self.connection, tenant, device_id)


def _by_session(row: PairRow) -> tuple[str, str]:
    return row.session_id, row.vehicle_id


def _by_kind(row: ConflictRow) -> tuple[str, str]:
    return row.session_id, row.kind.value
