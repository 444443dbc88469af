"""Rows of a table as frozen dataclasses whose fields are named like its columns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Select, Table, bindparam, delete, select

from evenload.store.sql.writing import put

RowT = TypeVar("RowT")
ValueT = TypeVar("ValueT")
_PORTION: Final = 300


def portions(values: Iterable[ValueT]) -> Iterator[list[ValueT]]:
    """Values by so many as one question may hold."""
    listed = list(values)
    for start in range(0, len(listed), _PORTION):
        yield listed[start : start + _PORTION]


@dataclass(frozen=True)
class Kept(Generic[RowT]):
    """A table and what its rows are made into; columns that rows do not have are the caller's to fill."""

    table: Table
    row: type[RowT]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns that are fields of the row."""
        return tuple(one.name for one in fields(self.row) if one.name in self.table.c)  # type: ignore[arg-type]

    @cached_property
    def selecting(self) -> Select[Any]:
        """Those columns of all rows."""
        return select(*(self.table.c[name] for name in self.names))

    @cached_property
    def _by_key(self) -> Select[Any]:
        return self.selecting.where(*(one == bindparam(f"key_{one.name}") for one in self.table.primary_key))

    def values(self, row: RowT, **more: object) -> dict[str, Any]:
        """A row as values of columns."""
        return dict(zip(self.names, self._told(row), strict=True)) | more

    @cached_property
    def _told(self) -> Callable[[RowT], tuple[Any, ...]]:
        return attrgetter(*self.names)

    def appended(self, row: RowT) -> dict[str, Any]:
        """A row as values of columns, to be numbered by the database."""
        return {name: getattr(row, name) for name in self.names if name != "number"}

    def read(self, connection: Connection, found: Select[Any], **values: object) -> list[RowT]:
        """Rows of a selection."""
        make, names = self.row, self.names
        return [make(**dict(zip(names, one, strict=True))) for one in connection.execute(found, values)]

    def find(self, connection: Connection, *key: object) -> RowT | None:
        """The one of a key, in order of the key's columns, or ``None``."""
        columns = self.table.primary_key
        asked = {f"key_{one.name}": value for one, value in zip(columns, key, strict=True)}
        found = self.read(connection, self._by_key, **asked)
        return found[0] if found else None

    def page(self, connection: Connection, found: Select[Any], order: str, after: str, count: int | None) -> list[RowT]:
        """Rows of a selection by one column, at most ``count`` that follow a value."""
        by = self.table.c[order]
        return self.read(connection, found.where(by > after).order_by(by).limit(count))

    def put(self, connection: Connection, rows: Iterable[RowT]) -> None:
        """Add or replace."""
        put(connection, self.table, [self.values(row) for row in rows])

    def remove(self, connection: Connection, *key: object) -> None:
        """Take one away."""
        columns = self.table.primary_key
        own = (one == value for one, value in zip(columns, key, strict=True))
        connection.execute(delete(self.table).where(*own))

    def last(self, connection: Connection, found: Select[Any], count: int) -> Sequence[RowT]:
        """The last rows of a table that is numbered, the latest first."""
        return self.read(connection, found.order_by(self.table.c.number.desc()).limit(count))
