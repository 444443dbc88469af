"""Objects of OpenADR 3 in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, or_, select, text

from evenload.openadr.v3.objects import Asked, ClientRow, HistoryRow, ObjectRow
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.store.sql import schema_openadr3 as tables
from evenload.store.sql.kept import Kept
from evenload.store.sql.writing import add

_OBJECTS: Final = Kept(tables.objects, ObjectRow)
_HISTORY: Final = Kept(tables.history, HistoryRow)
_CLIENTS: Final = Kept(tables.clients, ClientRow)
_HOLDING: Final = (ObjectType.VEN, ObjectType.RESOURCE)
_SHOWN: Final = select(tables.objects.c.body, tables.objects.c.targets)
_FOR_ALL: Final = text("targets = '[]'")
"""Without targets, in the words of the index of these."""


@dataclass(frozen=True, slots=True)
class SqlOpenAdrObjects:
    """Objects of OpenADR 3, what was done to them, and clients."""

    connection: Connection

    def find(self, tenant: str, kind: ObjectType, object_id: str) -> ObjectRow | None:
        """One, also where it was removed, or ``None``."""
        found = _OBJECTS.find(self.connection, tenant, object_id)
        return found if found is not None and found.kind is kind else None

    def page(self, tenant: str, asked: Asked) -> Sequence[ObjectRow]:
        """Those asked for that were not removed, in order of when they were made, then by id."""
        return _OBJECTS.read(self.connection, _selected(_OBJECTS.selecting, tenant, asked))

    def bodies(self, tenant: str, asked: Asked) -> Sequence[tuple[bytes, tuple[str, ...]]]:
        """As ``page``, only bodies and targets."""
        found = self.connection.execute(_selected(_SHOWN, tenant, asked))
        return [(body, targets) for body, targets in found]

    def granted(self, tenant: str, client_id: str) -> frozenset[str]:
        """The targets of a client's VENs and of their resources."""
        of = tables.objects.c
        own = select(of.targets).where(
            of.tenant == tenant, of.client_id == client_id, of.kind.in_(_HOLDING), of.removed_at.is_(None)
        )
        return frozenset(target for (held,) in self.connection.execute(own) for target in held)

    def put(self, row: ObjectRow, operation: Operation, at: datetime, client_id: str) -> None:
        """Add, replace or, where ``removed_at`` is set, remove; and note what was done."""
        _OBJECTS.put(self.connection, [row])
        of = tables.targets.c
        self.connection.execute(
            delete(tables.targets).where(of.tenant == row.tenant, of.object_id == row.object_id)
        )  # fmt: skip
        if row.removed_at is None:
            held = [
                {"tenant": row.tenant, "kind": row.kind, "target": one, "created_at": row.created_at,
                 "object_id": row.object_id}
                for one in dict.fromkeys(row.targets)
            ]  # fmt: skip
            add(self.connection, tables.targets, held)
        done = HistoryRow(row.tenant, 0, row.object_id, row.kind, operation, at, client_id, row.body)
        add(self.connection, tables.history, [_HISTORY.appended(done)])

    def history(self, tenant: str, object_id: str) -> Sequence[HistoryRow]:
        """What was done to an object, in order."""
        of = tables.history.c
        found = _HISTORY.selecting.where(of.tenant == tenant, of.object_id == object_id).order_by(of.number)
        return _HISTORY.read(self.connection, found)

    def client(self, client_id: str) -> ClientRow | None:
        """One, in whatever tenant, or ``None``."""
        return _CLIENTS.find(self.connection, client_id)

    def clients(self, tenant: str) -> Sequence[ClientRow]:
        """All of a tenant, by id."""
        of = tables.clients.c
        return _CLIENTS.read(self.connection, _CLIENTS.selecting.where(of.tenant == tenant).order_by(of.client_id))

    def put_clients(self, rows: Iterable[ClientRow]) -> None:
        """Add or replace."""
        _CLIENTS.put(self.connection, rows)


def _selected(every: Select[Any], tenant: str, asked: Asked) -> Select[Any]:
    """Rows asked for. Those with a target are found by it: their kind is that of the target's rows."""
    of = tables.objects.c
    found = every.where(of.tenant == tenant, of.removed_at.is_(None))
    if asked.targets is None:
        found = found.where(of.kind == asked.kind)
    elif not asked.targets:
        found = found.where(of.kind == asked.kind, _FOR_ALL)
    else:
        held = tables.targets.c
        wanted = held.target.in_(asked.targets)
        found = found.where(
            of.object_id.in_(select(held.object_id).where(held.tenant == tenant, held.kind == asked.kind, wanted))
        )
    for column in ("program_id", "parent_id", "client_id", "client_name", "name"):
        if value := getattr(asked, column):
            found = found.where(of[column] == value)
    if asked.active_at is not None:
        found = found.where(or_(of.ends_at.is_(None), of.ends_at > asked.active_at))
    return found.order_by(of.created_at, of.object_id).offset(asked.skip).limit(asked.count)
