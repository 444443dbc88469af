"""Connections to a database: many that read, one that writes; what goes wrong becomes errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from evenload.base.errors import InvariantError
from evenload.service.ports import StoreError
from evenload.store.sql.database import Database, first_line


class Connections:
    """Connections of one process. A database that went away is connected to again."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writer = Lock()
        self._readers: list[Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state."""
        with self.translated(), self._reader() as connection, connection.begin():
            yield connection

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection that was used before, where one is left: to have one from the pool costs like a question."""
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self.database.engine.connect()
        keep = False
        try:
            yield connection
            keep = len(self._readers) < self.database.readers_kept
        finally:
            if keep:
                self._readers.append(connection)
            else:
                connection.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that holds the right to write from its beginning."""
        with (
            self.translated(),
            self._writer,
            self.database.engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Errors of a database as errors of ours."""
        name = self.database.name
        try:
            yield
        except IntegrityError as error:
            raise InvariantError(f"{name} refused what would break a rule: {first_line(error.orig)}") from error
        except NoConnectionError as error:
            raise StoreError(f"{name} cannot be used: too many connections are in use") from error
        except DBAPIError as error:
            if (why := self.database.sentence(error)) is None:
                raise
            raise StoreError(why) from error

    def close(self) -> None:
        """Close every connection."""
        while self._readers:
            self._readers.pop().close()
        self.database.engine.dispose()
