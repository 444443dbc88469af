"""The file, its connections, and units of work in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

from evenload.base.errors import InputError
from evenload.service.ports import StoreError
from evenload.store.sqlite import schema
from evenload.store.sqlite.orders import SqliteEvents, SqliteOrders
from evenload.store.sqlite.readings import Device, SqliteReadings
from evenload.store.sqlite.stations import SqliteStations, SqliteTokens
from evenload.store.sqlite.transactions import SqliteTransactions

_BUSY_MS: Final = 5000
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MS}", "foreign_keys=ON")


@dataclass(frozen=True, slots=True)
class SqliteUnit:
    """A unit of work."""

    stations: SqliteStations
    tokens: SqliteTokens
    transactions: SqliteTransactions
    readings: SqliteReadings
    events: SqliteEvents
    orders: SqliteOrders


class SqliteStore:
    """A ``Store`` in one file: many read while one writes, and what is written is on the disk (WAL, FULL)."""

    def __init__(self, path: Path, *, make: bool = True) -> None:
        if not make and not path.exists():
            raise InputError(f"there is no database {path}; `evenload serve` makes it, or name another with --database")
        self.path = path
        self._writer = Lock()
        self._devices: dict[Device, int] = {}
        self._engine = _engine(path)
        with _translated(path):
            self._prepare()

    def _prepare(self) -> None:
        with self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if found not in (0, schema.VERSION):
            raise InputError(f"{self.path} has layout {found}, and this evenload knows layout {schema.VERSION}")
        if found == 0:
            with self.writing_connection() as connection:
                schema.metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")

    @contextmanager
    def reading(self) -> Iterator[SqliteUnit]:
        """A unit that only reads, of one state."""
        with _translated(self.path), self._engine.connect() as connection:
            yield self._unit(connection)

    @contextmanager
    def writing(self) -> Iterator[SqliteUnit]:
        """A unit that nobody else's writing comes between, on the disk once it is left without an error."""
        with _translated(self.path), self.writing_connection() as connection:
            yield self._unit(connection)

    def _unit(self, connection: Connection) -> SqliteUnit:
        return SqliteUnit(
            SqliteStations(connection),
            SqliteTokens(connection),
            SqliteTransactions(connection),
            SqliteReadings(connection, self._devices),
            SqliteEvents(connection),
            SqliteOrders(connection),
        )

    @contextmanager
    def writing_connection(self) -> Iterator[Connection]:
        """A connection that holds the right to write from its beginning."""
        with self._writer, self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=32)
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _began)
    return engine


def _connected(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401  # SQLAlchemy's signature
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _began(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if type(error) not in (DatabaseError, OperationalError):  # what is left is a defect of ours
            raise
        raise StoreError(f"{path} cannot be used: {error.orig}") from error
