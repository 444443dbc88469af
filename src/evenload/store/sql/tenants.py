"""Whose things are in a database."""

from sqlalchemy import select, union

from evenload.store.sql.schema import stations, tokens
from evenload.store.sql.schema_live import api_keys, audit, circuits, users
from evenload.store.sql.store import SqlStore


def tenants_of(store: SqlStore) -> tuple[str, ...]:
    """Tenants that anything is kept of, by name."""
    tables = (stations, tokens, circuits, users, api_keys, audit)
    with store.reading_connection() as connection:
        return tuple(sorted(connection.execute(union(*(select(one.c.tenant) for one in tables))).scalars()))
