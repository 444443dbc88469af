"""Adding and replacing rows, the same for both databases; past SQLAlchemy's own way, which costs several times more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert
Values = Mapping[str, Any]


def insert(dialect: str, table: Table) -> Insert:
    """An insert that may say what to do about a row that is there."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def put(connection: Connection, table: Table, values: Iterable[Values]) -> None:
    """Add rows, or replace those of the same key. All tell the same columns."""
    _write(connection, table, values, "REPLACE")


def put_new(connection: Connection, table: Table, values: Iterable[Values], key: str) -> None:
    """Add rows, but not those whose ``key`` (names of columns) is there already. All tell the same columns."""
    _write(connection, table, values, f" ON CONFLICT ({', '.join(key.split())}) DO NOTHING")


def add(connection: Connection, table: Table, values: Iterable[Values]) -> None:
    """Add rows. All tell the same columns."""
    _write(connection, table, values, "")


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    processors: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Place of a column and what makes the driver's value of ours."""

    def tuples(self, names: Sequence[str], rows: Sequence[Values]) -> list[tuple[Any, ...]]:
        columns: list[Iterable[Any]] = list(zip(*map(itemgetter(*names), rows), strict=True))
        for place, process in self.processors:
            columns[place] = map(process, columns[place])
        return list(zip(*columns, strict=True))


def _write(connection: Connection, table: Table, values: Iterable[Values], otherwise: str) -> None:
    rows = list(values)
    if rows:
        names = tuple(rows[0])
        statement = _statement(connection.dialect, table, names, otherwise)
        connection.exec_driver_sql(statement.text, statement.tuples(names, rows))


@lru_cache(512)
def _statement(dialect: Dialect, table: Table, names: tuple[str, ...], otherwise: str) -> _Statement:
    quoted = {name: dialect.identifier_preparer.quote(name) for name in names}
    marks = ", ".join(["?" if dialect.paramstyle == "qmark" else "%s"] * len(names))
    text = f"INSERT INTO {table.name} ({', '.join(quoted.values())}) VALUES ({marks})"  # noqa: S608 - names of ours
    made = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
    processors = tuple((place, process) for place, process in enumerate(made) if process)
    if otherwise != "REPLACE":
        return _Statement(text + otherwise, processors)
    key = [one.name for one in table.primary_key]
    sets = ", ".join(f"{quoted[name]} = excluded.{quoted[name]}" for name in names if name not in key)
    conflict = f" ON CONFLICT ({', '.join(quoted[name] for name in key)}) DO UPDATE SET {sets}"
    return _Statement(text + conflict, processors)
