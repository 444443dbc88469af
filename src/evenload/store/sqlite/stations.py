"""Stations, connectors and tokens in SQLite."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from evenload.domain.station import ConnectorStatus, StationDetails, StationId, Token, TokenStatus
from evenload.service.rows import ConnectorRow, StationRow, TokenRow
from evenload.store.sqlite.schema import connectors, stations, tokens

_PLAIN = (
    "approved", "profile", "password_hash", "certificate_name", "address", "noted_at", "booted_at", "seen_at",
    "lost_at", "fallback_kw", "disobeyed_at",
)  # fmt: skip
_FIND = select(stations).where(stations.c.tenant == bindparam("t"), stations.c.identity == bindparam("i"))
_PUT = insert(stations).prefix_with("OR REPLACE")
_SAW = (
    update(stations)
    .where(stations.c.tenant == bindparam("t"), stations.c.identity == bindparam("i"))
    .values(seen_at=func.max(func.coalesce(stations.c.seen_at, 0), bindparam("seen", type_=stations.c.seen_at.type)))
)
_FIND_TOKEN = select(tokens).where(tokens.c.tenant == bindparam("t"), tokens.c.key == bindparam("k"))


@dataclass(frozen=True, slots=True)
class SqliteStations:
    """Stations and their connectors."""

    connection: Connection

    def find(self, station: StationId) -> StationRow | None:
        """One, or ``None``."""
        row = self.connection.execute(_FIND, {"t": station.tenant, "i": station.identity}).one_or_none()
        return _station(row) if row else None

    def of(self, tenant: str) -> Sequence[StationRow]:
        """All of a tenant, by identity."""
        found = select(stations).where(stations.c.tenant == tenant).order_by(stations.c.identity)
        return [_station(row) for row in self.connection.execute(found)]

    def held(self, tenant: str) -> int:
        """How many of a tenant are not approved."""
        held = select(func.count()).where(stations.c.tenant == tenant, ~stations.c.approved)
        return int(self.connection.execute(held).scalar_one())

    def put(self, rows: Iterable[StationRow]) -> None:
        """Add or replace."""
        values = [_station_values(row) for row in rows]
        if values:
            self.connection.execute(_PUT, values)

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
        if values:
            self.connection.execute(insert(connectors).prefix_with("OR REPLACE"), values)


def _station(row: Row[Any]) -> StationRow:
    details = msgspec.json.decode(row.details, type=StationDetails) if row.details else None
    plain = {name: getattr(row, name) for name in _PLAIN}
    return StationRow(StationId(row.tenant, row.identity), details=details, **plain)


def _station_values(row: StationRow) -> dict[str, Any]:
    details = msgspec.json.encode(row.details).decode() if row.details else None
    plain = {name: getattr(row, name) for name in _PLAIN}
    return {"tenant": row.station.tenant, "identity": row.station.identity, "details": details, **plain}


@dataclass(frozen=True, slots=True)
class SqliteTokens:
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
        if values:
            self.connection.execute(insert(tokens).prefix_with("OR REPLACE"), values)


def _token(row: Row[Any]) -> TokenRow:
    return TokenRow(row.tenant, Token(row.text, row.kind), TokenStatus(row.status), row.expires_at, row.group)
