"""The tables of OpenADR 3: objects of a VTN, what was done to them, and clients."""

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, text

from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.store.sql.columns import Instant, Name, Texts, Whole, Word, metadata, tenant_key, told
from evenload.store.sql.columns import text as words

_LIVE = text("removed_at IS NULL")
_FOR_ALL = text("removed_at IS NULL AND targets = '[]'")

objects = Table(
    "openadr3_objects", metadata, *tenant_key("object_id"), told("kind", Word(ObjectType)),
    told("created_at", Instant), told("modified_at", Instant), told("body", LargeBinary), told("name", Name),
    told("program_id", Name), told("parent_id", Name), told("client_id", Name), words("client_name"),
    told("targets", Texts), Column("ends_at", Instant), told("by_business", Boolean), Column("removed_at", Instant),
    Index("openadr3_objects_in_order", "tenant", "kind", "created_at", "object_id",
          sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("openadr3_objects_for_all", "tenant", "kind", "created_at", "object_id",
          sqlite_where=_FOR_ALL, postgresql_where=_FOR_ALL),
    Index("openadr3_objects_by_name", "tenant", "kind", "name", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("openadr3_objects_by_client", "tenant", "client_id", "kind", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("openadr3_objects_by_program", "tenant", "program_id", "kind", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("openadr3_objects_by_parent", "tenant", "parent_id", "kind", sqlite_where=_LIVE, postgresql_where=_LIVE),
)  # fmt: skip
targets = Table(
    "openadr3_targets", metadata, Column("tenant", Name, primary_key=True),
    Column("kind", Word(ObjectType), primary_key=True), Column("target", Name, primary_key=True),
    Column("created_at", Instant, primary_key=True), Column("object_id", Name, primary_key=True),
    Index("openadr3_targets_by_object", "tenant", "object_id"), sqlite_with_rowid=False,
)  # fmt: skip
history = Table(
    "openadr3_history", metadata, Column("number", Whole, primary_key=True), told("tenant", Name),
    told("object_id", Name), told("kind", Word(ObjectType)), told("operation", Word(Operation)), told("at", Instant),
    words("client_id"), told("body", LargeBinary), Index("openadr3_history_by_object", "tenant", "object_id", "number"),
)  # fmt: skip
clients = Table(
    "openadr3_clients", metadata, Column("client_id", Name, primary_key=True), told("tenant", Name),
    words("secret_hash"), told("scopes", Texts), told("made_at", Instant), Column("revoked_at", Instant),
    Index("openadr3_clients_by_tenant", "tenant", "client_id"), sqlite_with_rowid=False,
)  # fmt: skip
