"""Objects of OpenADR 3 in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from evenload.openadr.v3.objects import Asked, ClientRow, HistoryRow, ObjectRow
from evenload.openadr.v3.parts import ObjectType, Operation

_HOLDING = (ObjectType.VEN, ObjectType.RESOURCE)


@dataclass
class MemoryOpenAdrObjects:
    """Objects of OpenADR 3, what was done to them, and clients."""

    rows: dict[tuple[str, str], ObjectRow] = field(default_factory=dict)
    done: dict[int, HistoryRow] = field(default_factory=dict)
    known: dict[str, ClientRow] = field(default_factory=dict)

    def find(self, tenant: str, kind: ObjectType, object_id: str) -> ObjectRow | None:
        """One, also where it was removed, or ``None``."""
        found = self.rows.get((tenant, object_id))
        return found if found is not None and found.kind is kind else None

    def page(self, tenant: str, asked: Asked) -> Sequence[ObjectRow]:
        """Those asked for that were not removed, in order of when they were made, then by id."""
        found = [row for row in self.rows.values() if row.tenant == tenant and _is_asked(row, asked)]
        ordered = sorted(found, key=lambda row: (row.created_at, row.object_id))[asked.skip :]
        return ordered[: asked.count]

    def bodies(self, tenant: str, asked: Asked) -> Sequence[tuple[bytes, tuple[str, ...]]]:
        """As ``page``, only bodies and targets."""
        return [(row.body, row.targets) for row in self.page(tenant, asked)]

    def granted(self, tenant: str, client_id: str) -> frozenset[str]:
        """The targets of a client's VENs and of their resources."""
        own = (row for row in self.rows.values() if (row.tenant, row.client_id) == (tenant, client_id))
        return frozenset(
            target for row in own if row.kind in _HOLDING and row.removed_at is None for target in row.targets
        )

    def put(self, row: ObjectRow, operation: Operation, at: datetime, client_id: str) -> None:
        """Add, replace or, where ``removed_at`` is set, remove; and note what was done."""
        self.rows[row.tenant, row.object_id] = row
        number = len(self.done) + 1
        self.done[number] = HistoryRow(row.tenant, number, row.object_id, row.kind, operation, at, client_id, row.body)

    def history(self, tenant: str, object_id: str) -> Sequence[HistoryRow]:
        """What was done to an object, in order."""
        return [row for row in self.done.values() if (row.tenant, row.object_id) == (tenant, object_id)]

    def client(self, client_id: str) -> ClientRow | None:
        """One, in whatever tenant, or ``None``."""
        return self.known.get(client_id)

    def clients(self, tenant: str) -> Sequence[ClientRow]:
        """All of a tenant, by id."""
        return sorted((row for row in self.known.values() if row.tenant == tenant), key=lambda row: row.client_id)

    def put_clients(self, rows: Iterable[ClientRow]) -> None:
        """Add or replace."""
        self.known.update({row.client_id: row for row in rows})


def _is_asked(row: ObjectRow, asked: Asked) -> bool:
    if row.kind is not asked.kind or row.removed_at is not None:
        return False
    names = ("program_id", "parent_id", "client_id", "client_name", "name")
    if any(getattr(asked, name) not in ("", getattr(row, name)) for name in names):
        return False
    if asked.active_at is not None and row.ends_at is not None and row.ends_at <= asked.active_at:
        return False
    if asked.targets is None:
        return True
    return bool(set(asked.targets) & set(row.targets)) if asked.targets else not row.targets
