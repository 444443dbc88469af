"""Sessions in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from evenload.base.instants import Interval
from evenload.service.live_rows import SessionRow
from evenload.store.sql import schema_live as tables
from evenload.store.sql.columns import FAR_OFF
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.writing import put

_SESSIONS: Final = Kept(tables.sessions, SessionRow)
_OF: Final = tables.sessions.c


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Sessions."""

    connection: Connection

    def find(self, tenant: str, session_id: str) -> SessionRow | None:
        """One, or ``None``."""
        return _SESSIONS.find(self.connection, tenant, session_id)

    def going_on(self, tenant: str) -> Sequence[SessionRow]:
        """Those not unplugged, by plug-in and id, but those that were absorbed."""
        found = _SESSIONS.selecting.where(_OF.tenant == tenant, _OF.lately_until == FAR_OFF, _OF.absorbed_by == "")
        return _in_order(_SESSIONS.read(self.connection, found))

    def going_on_at(self, tenant: str, device_ids: Iterable[str]) -> Sequence[SessionRow]:
        """Those not unplugged of devices; at most one each: the last plugged in."""
        rows = list[SessionRow]()
        for some in portions(set(device_ids)):
            own = (_OF.tenant == tenant, _OF.device_id.in_(some), _OF.lately_until == FAR_OFF)
            rows += _SESSIONS.read(self.connection, _SESSIONS.selecting.where(*own))
        last = {row.device_id: row for row in _in_order(rows)}
        return [row for _, row in sorted(last.items())]

    def within(
        self, tenant: str, window: Interval, *, after: str = "", count: int | None = None, device_id: str = ""
    ) -> Sequence[SessionRow]:
        """Those plugged in at some time of a window, by id, at most ``count`` that follow an id."""
        found = _SESSIONS.selecting.where(_OF.tenant == tenant, _OF.lately_until > window.start)
        found = found.where(_OF.plugged_at < window.end)
        found = found.where(_OF.device_id == device_id if device_id else _OF.absorbed_by == "")
        return _SESSIONS.page(self.connection, found, "session_id", after, count)

    def of_vehicles(self, tenant: str, vehicle_ids: Iterable[str], window: Interval) -> Sequence[SessionRow]:
        """Those of vehicles, plugged in at some time of a window, by plug-in and id."""
        rows = list[SessionRow]()
        for some in portions(set(vehicle_ids) - {""}):
            own = (_OF.tenant == tenant, _OF.vehicle_id.in_(some), _OF.lately_until > window.start)
            found = _SESSIONS.selecting.where(*own, _OF.plugged_at < window.end, _OF.absorbed_by == "")
            rows += _SESSIONS.read(self.connection, found)
        return _in_order(rows)

    def put(self, rows: Iterable[SessionRow]) -> None:
        """Add or replace."""
        values = [_SESSIONS.values(row, lately_until=row.unplugged_at or FAR_OFF) for row in rows]
        put(self.connection, tables.sessions, values)


def _in_order(rows: list[SessionRow]) -> list[SessionRow]:
    """By plug-in and id; sorted here, so that the index of ends is used."""
    return sorted(rows, key=lambda row: (row.plugged_at, row.session_id))
