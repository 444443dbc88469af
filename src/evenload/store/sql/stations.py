"""Stations, connectors and tokens in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, case, delete, func, select, tuple_, update

from evenload.domain.station import ConnectorStatus, StationDetails, StationId, Token, TokenStatus
from evenload.service.rows import ConnectorRow, StationRow, TokenRow
from evenload.store.sql.kept import portions
from evenload.store.sql.schema import connectors, stations, tokens
from evenload.store.sql.writing import put

_PLAIN = (
    "approved", "profile", "password_hash", "certificate_name", "address", "noted_at", "booted_at", "seen_at",
    "lost_at", "fallback_kw", "disobeyed_at", "revoked_at", "password_hash_next", "password_until", "back_at",
)  # fmt: skip
_FIND = select(stations).where(stations.c.tenant == bindparam("t"), stations.c.identity == bindparam("i"))
_SEEN = bindparam("seen", type_=stations.c.seen_at.type)
_WAS_AWAY = stations.c.seen_at.is_(None) | (stations.c.lost_at >= stations.c.seen_at)
_IS_BACK = stations.c.lost_at.is_(None) | (stations.c.lost_at < _SEEN)
_SAW = (
    update(stations)
    .where(stations.c.tenant == bindparam("t"), stations.c.identity == bindparam("i"))
    .values(
        seen_at=case((stations.c.seen_at > _SEEN, stations.c.seen_at), else_=_SEEN),
        back_at=case((_WAS_AWAY & _IS_BACK, _SEEN), else_=stations.c.back_at),
    )
)
_FIND_TOKEN = select(tokens).where(tokens.c.tenant == bindparam("t"), tokens.c.key == bindparam("k"))


@dataclass(frozen=True, slots=True)
class SqlStations:
    """Stations and their connectors."""

    connection: Connection

    def find(self, station: StationId) -> StationRow | None:
        """One, or ``None``."""
        row = self.connection.execute(_FIND, {"t": station.tenant, "i": station.identity}).one_or_none()
        return _station(row) if row else None

    def find_all(self, wanted: Iterable[StationId]) -> Mapping[StationId, StationRow]:
        """Those of these that there are."""
        asked = list(wanted)
        if len(asked) == 1:  # which is most often, and three times as fast
            return {row.station: row for row in map(self.find, asked) if row}
        of, rows = stations.c, list[StationRow]()
        for some in portions((one.tenant, one.identity) for one in asked):
            found = select(stations).where(tuple_(of.tenant, of.identity).in_(some))
            rows += map(_station, self.connection.execute(found))
        return {row.station: row for row in rows}

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[StationRow]:
        """Those of a tenant by identity, at most ``count`` that follow one."""
        of = stations.c
        found = select(stations).where(of.tenant == tenant, of.identity > after).order_by(of.identity).limit(count)
        return [_station(row) for row in self.connection.execute(found)]

    def held(self, tenant: str) -> int:
        """How many of a tenant are neither approved nor revoked."""
        of = stations.c
        held = select(func.count()).where(of.tenant == tenant, ~of.approved, of.revoked_at.is_(None))
        return int(self.connection.execute(held).scalar_one())

    def put(self, rows: Iterable[StationRow]) -> None:
        """Add or replace."""
        put(self.connection, stations, [_station_values(row) for row in rows])

    def remove(self, station: StationId) -> None:
        """Forget one and its connectors; what happened at it stays."""
        for table in (stations, connectors):
            own = (table.c.tenant == station.tenant, table.c.identity == station.identity)
            self.connection.execute(delete(table).where(*own))

    def saw(self, instants: Mapping[StationId, datetime]) -> None:
        """Note when known ones were last heard of, which never goes back."""
        values = [{"t": one.tenant, "i": one.identity, "seen": at} for one, at in instants.items()]
        if values:
            self.connection.execute(_SAW, values)

    def connectors(self, tenant: str) -> Sequence[ConnectorRow]:
        """The connectors of a tenant's stations, by station, EVSE and connector."""
        of = connectors.c
        found = select(connectors).where(of.tenant == tenant).order_by(of.identity, of.evse_id, of.connector_id)
        return [
            ConnectorRow(StationId(row.tenant, row.identity), row.evse_id, row.connector_id,
                         ConnectorStatus(row.status), row.at, row.error)
            for row in self.connection.execute(found)
        ]  # fmt: skip

    def put_connectors(self, rows: Iterable[ConnectorRow]) -> None:
        """Add or replace."""
        values = [
            {"tenant": row.station.tenant, "identity": row.station.identity, "evse_id": row.evse_id,
             "connector_id": row.connector_id, "status": str(row.status), "at": row.at, "error": row.error}
            for row in rows
        ]  # fmt: skip
        put(self.connection, connectors, values)


def _station(row: Row[Any]) -> StationRow:
    details = msgspec.json.decode(row.details, type=StationDetails) if row.details else None
    plain = {name: getattr(row, name) for name in _PLAIN}
    fallbacks_kw = msgspec.json.decode(row.fallbacks_kw or "{}", type=dict[int, float])
    return StationRow(StationId(row.tenant, row.identity), details=details, fallbacks_kw=fallbacks_kw, **plain)


def _station_values(row: StationRow) -> dict[str, Any]:
    details = msgspec.json.encode(row.details).decode() if row.details else None
    plain = {name: getattr(row, name) for name in _PLAIN}
    plain["fallbacks_kw"] = msgspec.json.encode(row.fallbacks_kw).decode() if row.fallbacks_kw else None
    return {"tenant": row.station.tenant, "identity": row.station.identity, "details": details, **plain}


@dataclass(frozen=True, slots=True)
class SqlTokens:
    """Tokens."""

    connection: Connection

    def find(self, tenant: str, key: str) -> TokenRow | None:
        """One, or ``None``."""
        row = self.connection.execute(_FIND_TOKEN, {"t": tenant, "k": key}).one_or_none()
        return _token(row) if row else None

    def of(self, tenant: str) -> Sequence[TokenRow]:
        """All of a tenant, by key."""
        found = select(tokens).where(tokens.c.tenant == tenant).order_by(tokens.c.key)
        return [_token(row) for row in self.connection.execute(found)]

    def put(self, rows: Iterable[TokenRow]) -> None:
        """Add or replace."""
        values = [
            {"tenant": row.tenant, "key": row.token.key, "text": row.token.text, "kind": row.token.kind,
             "status": str(row.status), "expires_at": row.expires_at, "group": row.group}
            for row in rows
        ]  # fmt: skip
        put(self.connection, tokens, values)


def _token(row: Row[Any]) -> TokenRow:
    return TokenRow(row.tenant, Token(row.text, row.kind), TokenStatus(row.status), row.expires_at, row.group)
