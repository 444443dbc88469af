"""Drivers: what they wish, choose, are promised, and the links they come in by; sessions found by vehicle."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG, REAL, FLAG, PLAIN = sa.BigInteger(), sa.Float(), sa.Boolean(), sa.Text()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Kind = sa.types.TypeEngine[Any]
HOLDS = sa.text("ended_at IS NULL")


def keys(*names: str) -> list[sa.Column[Any]]:
    """Columns of the key."""
    return [sa.Column(name, NAME, primary_key=True) for name in names]


def must(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are always there."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def may(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that may be empty."""
    return [sa.Column(name, kind) for name in names]


def upgrade() -> None:
    """Bring the tables forward."""
    op.add_column("sessions", sa.Column("energy_kwh_at_soc", REAL, nullable=False, server_default="0"))
    op.create_index("sessions_by_vehicle", "sessions", ["tenant", "vehicle_id", "lately_until"])
    _who()
    _what()
    _told()


def _who() -> None:
    op.create_table(
        "drivers", *keys("tenant", "driver_id"), *must(NAME, "user_id"), *must(PLAIN, "vehicles"),
        *must(NAME, "site_id"), *must(TEXT, "language", "currency"), *may(BIG, "made_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("drivers_by_user", "drivers", ["tenant", "user_id"])
    op.create_table("driver_vehicles", *keys("tenant", "vehicle_id"), *must(NAME, "driver_id"), sqlite_with_rowid=False)
    op.create_index("driver_vehicles_by_driver", "driver_vehicles", ["tenant", "driver_id"])
    op.create_table(
        "driver_links", *keys("link_id"), *must(NAME, "tenant", "driver_id"), *must(TEXT, "secret_hash", "made_by"),
        *may(BIG, "made_at", "expires_at", "revoked_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("driver_links_by_driver", "driver_links", ["tenant", "driver_id", "link_id"])


def _what() -> None:
    op.create_table(
        "driver_wishes", *keys("tenant", "wish_id"), *must(NAME, "driver_id", "vehicle_id"), *must(PLAIN, "ready_by"),
        *may(REAL, "soc_target", "soc_minimum", "energy_kwh", "energy_kwh_minimum"), *may(BIG, "made_at"),
        *must(TEXT, "made_by"), *may(BIG, "ended_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("driver_wishes_by_driver", "driver_wishes", ["tenant", "driver_id"])
    op.create_index(
        "driver_wishes_that_hold", "driver_wishes", ["tenant", "vehicle_id"], unique=True, sqlite_where=HOLDS,
        postgresql_where=HOLDS,
    )  # fmt: skip
    op.create_table(
        "driver_choices", *keys("tenant", "choice_id"), *must(NAME, "driver_id"), *must(PLAIN, "kind"),
        *must(BIG, "start"), *may(BIG, "end"), *must(NAME, "vehicle_id"), *must(TEXT, "event_id", "reason"),
        *may(BIG, "made_at"), *must(TEXT, "made_by"), *may(BIG, "undone_at"),
        *must(TEXT, "undone_by", "applied_to", "before"), *must(FLAG, "settled"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("driver_choices_by_driver", "driver_choices", ["tenant", "driver_id", "made_at"])
    op.create_index("driver_choices_by_start", "driver_choices", ["tenant", "settled", "start"])


def _told() -> None:
    op.create_table(
        "driver_promises", sa.Column("number", WHOLE, primary_key=True),
        *must(NAME, "tenant", "session_id", "driver_id", "vehicle_id"), *must(BIG, "at"), *must(PLAIN, "basis"),
        *must(BIG, "by"), *must(REAL, "energy_kwh", "energy_kwh_wanted"), *must(FLAG, "is_met"),
        *may(REAL, "soc", "soc_wanted"), *may(BIG, "ready_at"), *must(TEXT, "reason", "sentence", "plan_id"),
        *must(FLAG, "corrects"),
    )  # fmt: skip
    op.create_index("driver_promises_by_tenant", "driver_promises", ["tenant", "number"])
    op.create_index("driver_promises_by_session", "driver_promises", ["tenant", "session_id", "number"])
    op.create_index("driver_promises_by_driver", "driver_promises", ["tenant", "driver_id"])
    op.create_table(
        "driver_answers", *keys("tenant", "driver_id", "suggestion_id"), *must(FLAG, "accepted"), *must(BIG, "at"),
        *must(TEXT, "by"), sqlite_with_rowid=False,
    )  # fmt: skip
