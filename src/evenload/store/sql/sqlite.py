"""SQLite: one file, many readers and one writer at a time (WAL, FULL)."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from evenload.store.sql.database import BUSY_S, completing_text, first_line, insert_text, last_text, latest
from evenload.store.sql.packing import COLUMNS, ReadingTuple

_PRAGMAS: Final = (
    f"busy_timeout={BUSY_S * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000",
)  # fmt: skip
_PHASES: Final = "json_patch(OLD.phases, excluded.phases)"
_PUT: Final = insert_text("readings", "?") + completing_text(_PHASES)
_LAST: Final = insert_text("readings_last", "?") + last_text(_PHASES)
_REMOVE: Final = "DELETE FROM readings WHERE " + " AND ".join(f"{name} IS ?" for name in COLUMNS)  # noqa: S608
_TIME: Final = "at / 300000000"
"""Readings of a meter are found by times of five minutes: what is written together lies together in that index. One by
meter and instant would make writing ten times slower."""
_LAST_OF: Final = (
    f"WITH RECURSIVE times (time) AS (SELECT max({_TIME}) FROM readings WHERE {_TIME} <= ? / 300000000 "  # noqa: S608
    f"UNION ALL SELECT (SELECT max({_TIME}) FROM readings WHERE {_TIME} < times.time) FROM times "
    f"WHERE times.time > ? / 300000000) SELECT {', '.join(COLUMNS)} FROM times CROSS JOIN readings "
    f"WHERE {_TIME} = times.time AND meter IN (METERS) AND at >= ? AND at < ? "
    "ORDER BY at DESC, meter DESC, kind DESC LIMIT ?"
)
_MORE: Final = {
    "database is locked": f"another process has been writing to it for more than {BUSY_S} s",
    "attempt to write a readonly database": "this account may not write to the file or its folder",
    "database or disk is full": "make room, and it goes on",
    "unable to open database file": "is the folder there, and may this account use it?",
    "file is not a database": "name another file, or move this one away",
    "database disk image is malformed": "the file is damaged: put a copy in its place",
}


class SqliteFile:
    """A ``Database`` in a file."""

    readers_kept = 3
    size_text = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.engine = create_engine(f"sqlite:///{path}", pool_size=8, max_overflow=32)
        event.listen(self.engine, "connect", _connected)
        event.listen(self.engine, "begin", _began)

    def make(self, connection: Connection) -> None:
        """Nothing beside the tables."""

    def put_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> None:
        """Add readings, each key once; complete those that are there, and note the latest."""
        connection.exec_driver_sql(_PUT, list(rows))
        connection.exec_driver_sql(_LAST, latest(rows))

    def last_readings(
        self, connection: Connection, meters: Sequence[int], start: int, end: int, count: int
    ) -> list[ReadingTuple]:
        """The last readings of meters in a window of microseconds that are not packed, the last first."""
        text = _LAST_OF.replace("METERS", ", ".join("?" * len(meters)))
        return list(map(tuple, connection.exec_driver_sql(text, (end, start, *meters, start, end, count)).all()))

    def remove_readings(self, connection: Connection, rows: Sequence[ReadingTuple]) -> int:
        """Take away readings that are still as they are told; how many."""
        return connection.exec_driver_sql(_REMOVE, list(rows)).rowcount

    def forget_days(self, connection: Connection, before: int) -> None:
        """Nothing: pages that became free are used again."""

    def sentence(self, error: DBAPIError) -> str | None:
        """Why the file cannot be used now, ``None`` where a defect of ours is all it can be."""
        if type(error) not in (DatabaseError, OperationalError):
            return None
        told = first_line(error.orig)
        more = _MORE.get(told)
        return f"{self.name} cannot be used: {told}" + (f" ({more})" if more else "")


def _connected(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401  # SQLAlchemy's signature
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _began(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # past SQLAlchemy, whose way costs more than a short question; it does not look at the file and cannot fail
        driver: Any = connection.connection.driver_connection
        driver.execute("BEGIN")
