"""OpenADR 3: objects of a VTN, their targets, what was done to them, and clients."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG, FLAG, PLAIN, BLOB = sa.BigInteger(), sa.Boolean(), sa.Text(), sa.LargeBinary()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
LIVE = sa.text("removed_at IS NULL")
FOR_ALL = sa.text("removed_at IS NULL AND targets = '[]'")
Kind = sa.types.TypeEngine[Any]


def key(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns of the key."""
    return [sa.Column(name, kind, primary_key=True) for name in names]


def must(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are always there."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def upgrade() -> None:
    """Bring the tables forward."""
    op.create_table(
        "openadr3_objects", *key(NAME, "tenant", "object_id"), *must(PLAIN, "kind"),
        *must(BIG, "created_at", "modified_at"), *must(BLOB, "body"),
        *must(NAME, "name", "program_id", "parent_id", "client_id"), *must(TEXT, "client_name"),
        *must(PLAIN, "targets"), sa.Column("ends_at", BIG), *must(FLAG, "by_business"), sa.Column("removed_at", BIG),
    )  # fmt: skip
    for name, columns in {
        "in_order": ["tenant", "kind", "created_at", "object_id"], "by_name": ["tenant", "kind", "name"],
        "by_client": ["tenant", "client_id", "kind"], "by_program": ["tenant", "program_id", "kind"],
        "by_parent": ["tenant", "parent_id", "kind"],
    }.items():  # fmt: skip
        op.create_index(
            f"openadr3_objects_{name}", "openadr3_objects", columns, sqlite_where=LIVE, postgresql_where=LIVE
        )
    op.create_index(
        "openadr3_objects_for_all", "openadr3_objects", ["tenant", "kind", "created_at", "object_id"],
        sqlite_where=FOR_ALL, postgresql_where=FOR_ALL,
    )  # fmt: skip
    op.create_table(
        "openadr3_targets", *key(NAME, "tenant"), *key(PLAIN, "kind"), *key(NAME, "target"), *key(BIG, "created_at"),
        *key(NAME, "object_id"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("openadr3_targets_by_object", "openadr3_targets", ["tenant", "object_id"])
    op.create_table(
        "openadr3_history", *key(WHOLE, "number"), *must(NAME, "tenant", "object_id"),
        *must(PLAIN, "kind", "operation"), *must(BIG, "at"), *must(TEXT, "client_id"), *must(BLOB, "body"),
    )  # fmt: skip
    op.create_index("openadr3_history_by_object", "openadr3_history", ["tenant", "object_id", "number"])
    op.create_table(
        "openadr3_clients", *key(NAME, "client_id"), *must(NAME, "tenant"), *must(TEXT, "secret_hash"),
        *must(PLAIN, "scopes"), *must(BIG, "made_at"), sa.Column("revoked_at", BIG), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("openadr3_clients_by_tenant", "openadr3_clients", ["tenant", "client_id"])
