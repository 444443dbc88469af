"""The store of identities in SQL: tables of their own, in a database of their own or beside others; contacts sealed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from sqlalchemy import Column, Connection, MetaData, Table, inspect, select, tuple_

from evenload.base.errors import InputError, InvariantError
from evenload.service.people.rows import CONTACT, PersonRow
from evenload.store.sealing import Seal
from evenload.store.sql.columns import Instant, Whole, tenant_key, text
from evenload.store.sql.connections import Connections
from evenload.store.sql.database import Database
from evenload.store.sql.kept import Kept, portions
from evenload.store.sql.store import database_at
from evenload.store.sql.writing import add, put

LAYOUT: Final = 1
"""The newest layout of these tables."""
_PURPOSE: Final = "evenload people"
_CHECK: Final = b"evenload"
_METADATA: Final = MetaData()
_PERSONS: Final = Table(
    "people_persons", _METADATA, *tenant_key("person_id"), text("language"), text("timezone"), text("quiet"),
    Column("made_at", Instant), text("sealed"), sqlite_with_rowid=False,
)  # fmt: skip
_LAYOUT: Final = Table(
    "people_layout", _METADATA, Column("number", Whole, primary_key=True, autoincrement=False), text("check_word"),
)  # fmt: skip
_ROWS: Final = Kept(_PERSONS, PersonRow)
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SqlPeople:
    """People, by tenant and pseudonym."""

    connection: Connection
    seal: Seal
    name: str

    def find(self, tenant: str, person_id: str) -> PersonRow | None:
        """One, or ``None``."""
        return self.find_all([(tenant, person_id)]).get((tenant, person_id))

    def find_all(self, keys: Iterable[Key]) -> Mapping[Key, PersonRow]:
        """Those of these tenants and pseudonyms that there are."""
        of = _PERSONS.c
        found: dict[Key, PersonRow] = {}
        for some in portions(keys):
            chosen = select(_PERSONS).where(tuple_(of.tenant, of.person_id).in_(some))
            found |= {(row.tenant, row.person_id): row for row in self._read(chosen)}
        return found

    def of(self, tenant: str, *, after: str = "", count: int | None = None) -> Sequence[PersonRow]:
        """Those of a tenant by pseudonym, at most ``count`` that follow one."""
        of = _PERSONS.c
        chosen = select(_PERSONS).where(of.tenant == tenant, of.person_id > after)
        return self._read(chosen.order_by(of.person_id).limit(count))

    def put(self, rows: Iterable[PersonRow]) -> None:
        """Add or replace."""
        put(self.connection, _PERSONS, [_ROWS.values(row, sealed=self._sealed(row)) for row in rows])

    def remove(self, tenant: str, person_id: str) -> None:
        """Take away."""
        _ROWS.remove(self.connection, tenant, person_id)

    def _sealed(self, row: PersonRow) -> str:
        """Contact data with whose they are: sealed ones moved to another row are noticed."""
        told = {"tenant": row.tenant, "person_id": row.person_id} | {name: getattr(row, name) for name in CONTACT}
        return self.seal.sealed(msgspec.json.encode(told))

    def _read(self, chosen: Any) -> list[PersonRow]:  # noqa: ANN401 - a selection
        return [self._row(dict(one)) for one in self.connection.execute(chosen).mappings()]

    def _row(self, one: Mapping[str, Any]) -> PersonRow:
        text = self.seal.opened(one["sealed"])
        if text is None:
            raise InputError(_sealed_elsewhere(self.name))
        told = msgspec.json.decode(text)
        if (told.pop("tenant"), told.pop("person_id")) != (one["tenant"], one["person_id"]):
            raise InvariantError(f"{self.name}: the contact data of {one['person_id']!r} are somebody else's")
        open_fields = {name: one[name] for name in _ROWS.names}
        return PersonRow(**open_fields, **told | {"push": tuple(told["push"])})


class SqlPeopleStore:
    """A ``PeopleStore`` in a database, whose tables are made when it is opened.

    ``InputError`` where contact data in it were sealed with another secret, or by a later evenload.
    """

    def __init__(self, database: Database, secret: bytes) -> None:
        self.name = database.name
        self._seal = Seal(secret, _PURPOSE)
        self._connections = Connections(database)
        with self._connections.reading() as connection:
            made = inspect(connection).has_table(_LAYOUT.name)
        if not made:
            with self._connections.writing() as connection:
                _make(connection, self._seal)
        with self._connections.reading() as connection:
            _check(connection, self._seal, self.name)

    @contextmanager
    def reading(self) -> Iterator[SqlPeople]:
        """People as they are in one state."""
        with self._connections.reading() as connection:
            yield SqlPeople(connection, self._seal, self.name)

    @contextmanager
    def writing(self) -> Iterator[SqlPeople]:
        """People to change; durable once it is left without an error."""
        with self._connections.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what is removed is overwritten
            yield SqlPeople(connection, self._seal, self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()


def people_at(where: str | Path, secret: bytes) -> SqlPeopleStore:
    """The store of identities at a path of an SQLite file or a ``postgresql://`` URL."""
    return SqlPeopleStore(database_at(where), secret)


def _make(connection: Connection, seal: Seal) -> None:
    _METADATA.create_all(connection)
    if connection.execute(select(_LAYOUT)).first() is None:  # another process may have been faster
        add(connection, _LAYOUT, [{"number": LAYOUT, "check_word": seal.sealed(_CHECK)}])


def _check(connection: Connection, seal: Seal, name: str) -> None:
    number, check_word = connection.execute(select(_LAYOUT)).one()
    if number > LAYOUT:
        raise InputError(
            f"{name} was made by a later evenload (layout {number}, this one knows {LAYOUT}): use that one"
        )
    if seal.opened(check_word) is None:
        raise InputError(_sealed_elsewhere(name))


def _sealed_elsewhere(name: str) -> str:
    return (
        f"the contact data in {name} were sealed with another secret: put back the secret file of the server "
        "(EVENLOAD_SECRET_FILE) that they were kept with"
    )
