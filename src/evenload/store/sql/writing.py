"""Adding and replacing rows, the same for both databases."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert
_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert(dialect: str, table: Table) -> Insert:
    """An insert that may say what to do about a row that is there."""
    return _INSERTS[dialect](table)


def put(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Add rows, or replace those of the same key."""
    if values:
        connection.execute(_replacing(connection.dialect.name, table), values)


def put_new(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]], key: str) -> None:
    """Add rows, but not those whose key is there already."""
    if values:
        connection.execute(_keeping(connection.dialect.name, table, key), values)


@cache
def _replacing(dialect: str, table: Table) -> Insert:
    new = insert(dialect, table)
    others = {one.name: new.excluded[one.name] for one in table.c if not one.primary_key}
    return new.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=others)


@cache
def _keeping(dialect: str, table: Table, key: str) -> Insert:
    return insert(dialect, table).on_conflict_do_nothing(index_elements=key.split())
