"""Both ends of cables: stays of cars, which charger they stood at, conflicts, absorbed sessions; energy managers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG, REAL, FLAG, PLAIN = sa.BigInteger(), sa.Float(), sa.Boolean(), sa.Text()
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Kind = sa.types.TypeEngine[Any]


def keys(*names: str) -> list[sa.Column[Any]]:
    """Columns of the key."""
    return [sa.Column(name, NAME, primary_key=True) for name in names]


def must(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are always there."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def may(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that may be empty."""
    return [sa.Column(name, kind) for name in names]


def partly(name: str, table: str, columns: list[str], where: str) -> None:
    """An index of some rows."""
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("sessions", sa.Column("absorbed_by", TEXT, nullable=False, server_default=""))
    op.create_table(
        "cable_stays", *keys("tenant", "vehicle_id"), *must(BIG, "told_at"),
        *may(BIG, "plugged_by", "plugged_after", "unplugged_by", "unplugged_after", "free_at"), *may(FLAG, "is_home"),
        *must(PLAIN, "samples"), sqlite_with_rowid=False,
    )  # fmt: skip
    partly("cable_stays_going_on", "cable_stays", ["tenant", "vehicle_id"],
           "unplugged_by IS NULL AND plugged_by IS NOT NULL")  # fmt: skip
    op.create_index("cable_stays_by_end", "cable_stays", ["tenant", "unplugged_by"])
    op.create_table(
        "cable_pairs", *keys("tenant", "session_id", "vehicle_id"), *must(NAME, "device_id"), *must(BIG, "plugged_at"),
        *must(PLAIN, "state"), *must(REAL, "confidence"), *must(PLAIN, "reason"), *must(TEXT, "why"),
        *may(BIG, "stay_by"), *must(TEXT, "car_session_id"), *may(REAL, "ahead_s_low", "ahead_s_high"),
        *may(BIG, "made_at", "changed_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    partly("cable_pairs_going_on", "cable_pairs", ["tenant", "session_id"], "state IN ('matched', 'possible')")
    op.create_index("cable_pairs_by_time", "cable_pairs", ["made_at"])
    op.create_index("cable_pairs_by_vehicle", "cable_pairs", ["tenant", "vehicle_id", "plugged_at"])
    op.create_table(
        "cable_conflicts", *keys("tenant", "session_id"), sa.Column("kind", PLAIN, primary_key=True),
        *must(BIG, "since"), *must(TEXT, "why", "to_do"), *must(NAME, "vehicle_id", "device_id"),
        *may(BIG, "told_at", "ended_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    partly("cable_conflicts_going_on", "cable_conflicts", ["tenant", "session_id"], "ended_at IS NULL")
    op.create_table(
        "energy_managers", *keys("tenant", "device_id"), *must(TEXT, "address"),
        *must(REAL, "cars_usual", "energy_kwh_usual"), *must(TEXT, "ready_by"), *must(REAL, "heartbeat_s"),
        *must(TEXT, "secret_sealed"), *may(BIG, "made_at"), sqlite_with_rowid=False,
    )  # fmt: skip
