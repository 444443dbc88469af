"""Stations, transactions, readings, events and orders; files from before there were revisions are at this one."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG, REAL = sa.BigInteger(), sa.Float()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """A column of the key."""
    return sa.Column(name, kind, primary_key=True)


def must(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    """A column that is always there."""
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    _stations()
    _transactions()
    _readings()
    _events()


def _stations() -> None:
    op.create_table(
        "stations", key("tenant", NAME), key("identity", NAME), must("approved", sa.Boolean()),
        must("profile", WHOLE), must("password_hash", TEXT), must("certificate_name", TEXT), must("address", TEXT),
        sa.Column("noted_at", BIG), sa.Column("details", TEXT), sa.Column("booted_at", BIG),
        sa.Column("seen_at", BIG), sa.Column("lost_at", BIG), sa.Column("fallback_kw", REAL),
        sa.Column("disobeyed_at", BIG), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "connectors", key("tenant", NAME), key("identity", NAME), key("evse_id", WHOLE), key("connector_id", WHOLE),
        must("status", TEXT), must("at", BIG), must("error", TEXT), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "tokens", key("tenant", NAME), key("key", NAME), must("text", TEXT), must("kind", TEXT),
        must("status", TEXT), sa.Column("expires_at", BIG), must("group", TEXT), sqlite_with_rowid=False,
    )  # fmt: skip


def _transactions() -> None:
    op.create_table(
        "transactions", key("tenant", NAME), key("identity", NAME), key("transaction_id", NAME),
        must("evse_id", WHOLE), must("started_at", BIG), must("connector_id", WHOLE), sa.Column("token_text", TEXT),
        sa.Column("token_kind", TEXT), sa.Column("register_kwh_start", REAL), must("began", TEXT),
        must("state", TEXT), sa.Column("last_at", BIG), sa.Column("sequence", WHOLE), sa.Column("ended", TEXT),
        sa.Column("ended_at", BIG), sa.Column("register_kwh_end", REAL), sa.Column("energy_kwh", REAL),
        sa.Column("energy_quality", TEXT), must("reason", TEXT), must("lately_until", BIG), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("transactions_by_start", "transactions", ["tenant", "started_at"])
    op.create_index("transactions_by_end", "transactions", ["tenant", "identity", "lately_until"])
    op.create_table("numbers", key("tenant", NAME), sa.Column("next_transaction_id", WHOLE))


def _readings() -> None:
    op.create_table(
        "devices", key("device", WHOLE), must("tenant", NAME), must("identity", NAME), must("evse_id", WHOLE)
    )
    op.create_index("devices_by_name", "devices", ["tenant", "identity", "evse_id"], unique=True)
    op.create_table(
        "readings", key("at", BIG), key("device", WHOLE), key("kind", NAME), sa.Column("duration_s", REAL),
        sa.Column("power_kw", REAL), sa.Column("energy_kwh_import", REAL), sa.Column("energy_kwh_export", REAL),
        sa.Column("soc", REAL), must("quality", sa.Text()), must("context", sa.Text()), sa.Column("phases", sa.Text()),
        must("transaction_id", sa.Text()), sqlite_with_rowid=False, postgresql_partition_by="RANGE (at)",
    )  # fmt: skip
    op.create_table(
        "readings_last", sa.Column("device", WHOLE, primary_key=True, autoincrement=False), must("at", BIG),
        must("kind", NAME),
    )  # fmt: skip


def _events() -> None:
    op.create_table(
        "events", key("number", WHOLE), sa.Column("digest", BIG, unique=True), must("tenant", NAME),
        must("identity", NAME), must("at", BIG), must("received_at", BIG), must("evse_id", WHOLE),
        must("kind", TEXT), must("body", TEXT),
    )  # fmt: skip
    op.create_index("events_by_tenant", "events", ["tenant", "number"])
    op.create_table(
        "orders", key("number", WHOLE), sa.Column("order_id", NAME, unique=True), must("tenant", NAME),
        must("identity", NAME), must("kind", TEXT), must("evse_id", WHOLE), must("body", TEXT), must("made_at", BIG),
        sa.Column("worthless_at", BIG), must("standing", sa.Boolean()), must("settlement", TEXT), must("info", TEXT),
        sa.Column("settled_at", BIG),
    )  # fmt: skip
    op.create_index("orders_by_station", "orders", ["tenant", "identity"])
