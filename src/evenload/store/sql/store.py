"""A store in SQL: connections, and units of work in them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from evenload.base.errors import InputError
from evenload.store.sql.connections import Connections
from evenload.store.sql.database import Database, first_line
from evenload.store.sql.postgres import PostgresDatabase
from evenload.store.sql.readings import Meter
from evenload.store.sql.sqlite import SqliteFile
from evenload.store.sql.unit import SqlUnit
from evenload.store.sql.versions import bring_up


class SqlStore:
    """A ``Store`` in a database, whose tables are made or brought up to date when it is opened.

    What is written is on the disk once a unit is left. A database that went away is connected to again.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._connections = Connections(database)
        self._meters: dict[Meter, int] = {}
        with self._connections.translated():
            bring_up(database, self.reading_connection, self.writing_connection)

    @property
    def name(self) -> str:
        """Where it is, without secrets."""
        return self.database.name

    @contextmanager
    def reading(self) -> Iterator[SqlUnit]:
        """A unit that only reads, of one state."""
        with self.reading_connection() as connection:
            yield SqlUnit(connection, self.database, self._meters)

    @contextmanager
    def writing(self) -> Iterator[SqlUnit]:
        """A unit that nobody else's writing comes between, on the disk once it is left without an error."""
        with self.writing_connection() as connection:
            yield SqlUnit(connection, self.database, self._meters)

    def reading_connection(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state."""
        return self._connections.reading()

    def writing_connection(self) -> AbstractContextManager[Connection]:
        """A connection that holds the right to write from its beginning."""
        return self._connections.writing()

    def size_bytes(self) -> int:
        """How many bytes the database takes."""
        with self.reading_connection() as connection:
            return int(connection.exec_driver_sql(self.database.size_text).scalar_one())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


def opened(where: str | Path, *, make: bool = True) -> SqlStore:
    """The store at a path of an SQLite file or a ``postgresql://`` URL.

    ``InputError`` where it is neither, or is not there and ``make`` is not set; ``StoreError`` where it cannot be used.
    """
    if not make and not is_address(where) and not Path(where).exists():
        raise InputError(f"there is no database {where}; `evenload serve` makes it, or name another with --database")
    return SqlStore(database_at(where))


def database_at(where: str | Path) -> Database:
    """The database at a path of an SQLite file or a ``postgresql://`` URL, not connected to yet."""
    return _server(str(where)) if is_address(where) else SqliteFile(Path(where))


def is_address(where: str | Path) -> bool:
    """Whether it is the address of a server and not a file."""
    return isinstance(where, str) and "://" in where


def _server(address: str) -> PostgresDatabase:
    try:
        url = make_url(address)
    except (ArgumentError, SQLAlchemyError, ValueError) as error:
        raise InputError(f"the address of the database is not understood: {first_line(error)}") from error
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise InputError(
            f"a database {url.drivername}:// is not supported: name an SQLite file or postgresql://user@host/database"
        )
    return PostgresDatabase(url)
