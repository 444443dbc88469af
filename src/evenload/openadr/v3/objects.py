"""Objects as a VTN keeps them, and the port to where. The tenant is part of every key and never left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from evenload.openadr.v3.parts import ObjectType, Operation

PAGE_MAX: Final = 50
"""How many objects one answer holds at most (openadr3.yaml, parameter ``limit``)."""


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object. ``body`` is its JSON without targets, which stand beside it so that some can be hidden.

    ``name`` is what must be unique: a program's, a VEN's, a resource's within its VEN. ``parent_id`` is a report's
    event, or a resource's VEN. ``ends_at`` is when an event is over, ``None`` for never. ``by_business`` tells whether
    the client that made it reads everything. A removed row stays, as evidence.
    """

    tenant: str
    object_id: str
    kind: ObjectType
    created_at: datetime
    modified_at: datetime
    body: bytes = field(repr=False)
    name: str = ""
    program_id: str = ""
    parent_id: str = ""
    client_id: str = ""
    client_name: str = ""
    targets: tuple[str, ...] = ()
    ends_at: datetime | None = None
    by_business: bool = False
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which objects are wanted; a blank asks for any.

    ``targets``: with at least one of these; ``()`` for none at all; ``None`` for any. ``active_at``: only those not
    over by then.
    """

    kind: ObjectType
    program_id: str = ""
    parent_id: str = ""
    client_id: str = ""
    client_name: str = ""
    name: str = ""
    targets: tuple[str, ...] | None = None
    active_at: datetime | None = None
    skip: int = 0
    count: int | None = PAGE_MAX


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """What was done to an object, when and by which client; ``body`` is what it was after, or before it was removed."""

    tenant: str
    number: int
    object_id: str
    kind: ObjectType
    operation: Operation
    at: datetime
    client_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientRow:
    """Who may ask for tokens. Client ids are unique among all tenants; the secret is kept as its SHA-256 only."""

    client_id: str
    tenant: str
    secret_hash: str = field(repr=False)
    scopes: tuple[str, ...]
    made_at: datetime
    revoked_at: datetime | None = None


class OpenAdrObjects(Protocol):
    """Objects of OpenADR 3, what was done to them, and clients."""

    def find(self, tenant: str, kind: ObjectType, object_id: str) -> ObjectRow | None:
        """One, also where it was removed, or ``None``."""

    def page(self, tenant: str, asked: Asked) -> Sequence[ObjectRow]:
        """Those asked for that were not removed, in order of when they were made, then by id."""

    def bodies(self, tenant: str, asked: Asked) -> Sequence[tuple[bytes, tuple[str, ...]]]:
        """As ``page``, only bodies and targets: what lists are made of."""

    def granted(self, tenant: str, client_id: str) -> frozenset[str]:
        """The targets of a client's VENs and of their resources."""

    def put(self, row: ObjectRow, operation: Operation, at: datetime, client_id: str) -> None:
        """Add, replace or, where ``removed_at`` is set, remove; and note what was done."""

    def history(self, tenant: str, object_id: str) -> Sequence[HistoryRow]:
        """What was done to an object, in order."""

    def client(self, client_id: str) -> ClientRow | None:
        """One, in whatever tenant: it says whose it is. ``None`` where there is none."""

    def clients(self, tenant: str) -> Sequence[ClientRow]:
        """All of a tenant, by id."""

    def put_clients(self, rows: Iterable[ClientRow]) -> None:
        """Add or replace."""
