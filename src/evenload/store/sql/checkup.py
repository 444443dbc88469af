"""A look at a database that changes nothing: whether it answers and takes writing, and at which revision it is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from evenload.service.ports import StoreError
from evenload.store.sql.database import Database, first_line
from evenload.store.sql.schema import HEAD, stations
from evenload.store.sql.schema_live import api_keys, users
from evenload.store.sql.store import database_at
from evenload.store.sql.versions import known, revision

_ONLY_READS: Final = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a database is. ``revision`` is ``None`` where it is empty; what follows is of one at the newest revision.

    ``heard_at`` is the latest instant a station was heard of, ``callers`` how many users and keys there are.
    """

    name: str
    revision: str | None
    is_known: bool = True
    tenants: tuple[str, ...] = ()
    heard_at: datetime | None = None
    callers: int = 0

    @property
    def is_newest(self) -> bool:
        """Whether it is at the revision this evenload knows as the newest."""
        return self.revision == HEAD


def checkup(where: str | Path) -> Checkup:
    """Look at the database of a path or URL; ``StoreError`` where it cannot be used."""
    database = database_at(where)
    try:
        with database.engine.connect() as connection, connection.begin():
            found = _looked(connection, database.name)
        with database.engine.connect().execution_options(writes=True) as connection, connection.begin() as begun:
            only_reads = connection.dialect.name != "sqlite" and connection.exec_driver_sql(_ONLY_READS).scalar_one()
            begun.rollback()
    except DBAPIError as error:
        raise StoreError(_sentence(database, error)) from error
    finally:
        database.engine.dispose()
    if only_reads:
        raise StoreError(f"{database.name} can only be read")
    return found


def _sentence(database: Database, error: DBAPIError) -> str:
    return database.sentence(error) or f"{database.name} cannot be used: {first_line(error.orig)}"


def _looked(connection: Connection, name: str) -> Checkup:
    found = revision(connection)
    if found != HEAD:
        return Checkup(name, found, found is None or found in known())
    tenants = connection.execute(select(stations.c.tenant).distinct().order_by(stations.c.tenant)).scalars()
    callers = [connection.execute(select(func.count()).select_from(one)).scalar_one() for one in (users, api_keys)]
    heard_at = connection.execute(select(func.max(stations.c.seen_at))).scalar_one()
    return Checkup(name, found, True, tuple(tenants), heard_at, sum(callers))
