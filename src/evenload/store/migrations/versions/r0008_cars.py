"""Cars linked to their makers' clouds: links, accounts, consents, states, desks, acts and sources."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG, REAL, FLAG, PLAIN = sa.BigInteger(), sa.Float(), sa.Boolean(), sa.Text()
WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NAME = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Kind = sa.types.TypeEngine[Any]


def keys(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns of the key, which the database does not count up."""
    return [sa.Column(name, kind, primary_key=True, autoincrement=False) for name in names]


def must(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that are always there."""
    return [sa.Column(name, kind, nullable=False) for name in names]


def may(kind: Kind, *names: str) -> list[sa.Column[Any]]:
    """Columns that may be empty."""
    return [sa.Column(name, kind) for name in names]


def upgrade() -> None:
    """Bring the tables forward."""
    _links()
    _told()
    _asked()


def _links() -> None:
    op.create_table(
        "car_links", *keys(NAME, "tenant", "vehicle_id"), *must(PLAIN, "provider"),
        *must(NAME, "account", "external_hash", "site_id", "device_id", "vin_hash"),
        *must(TEXT, "model", "capabilities"), *may(REAL, "battery_kwh"), *must(TEXT, "sealed"),
        *may(BIG, "granted_at", "expires_at", "revoked_at"), *must(TEXT, "revoked_why"), *must(FLAG, "withdrawn"),
        *must(TEXT, "linked_by"), sqlite_with_rowid=False,
    )  # fmt: skip
    live = sa.text("revoked_at IS NULL")
    op.create_index(
        "car_links_by_cloud", "car_links", ["external_hash", "provider"], sqlite_where=live, postgresql_where=live
    )
    op.create_index("car_links_by_vin", "car_links", ["vin_hash"], sqlite_where=live, postgresql_where=live)
    op.create_index("car_links_by_account", "car_links", ["account", "provider"])
    op.create_table(
        "car_accounts", *keys(NAME, "tenant", "account"), *keys(PLAIN, "provider"), *must(TEXT, "tokens_sealed"),
        *may(BIG, "tokens_expire_at"), *must(TEXT, "fault"), *may(BIG, "changed_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "car_consents", *keys(NAME, "state_hash"), *must(NAME, "tenant"), *must(TEXT, "actor"),
        *must(PLAIN, "provider"), *must(TEXT, "account", "vehicle_id", "site_id"), *must(BIG, "made_at", "expires_at"),
        *must(TEXT, "home_sealed"), *may(BIG, "finished_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("car_consents_by_end", "car_consents", ["expires_at"])
    op.create_table(
        "car_notices", *keys(NAME, "digest"), *keys(PLAIN, "provider"), *must(BIG, "at"), sqlite_with_rowid=False
    )
    op.create_index("car_notices_by_time", "car_notices", ["at"])


def _told() -> None:
    op.create_table(
        "car_states", *keys(NAME, "tenant", "vehicle_id"), *must(BIG, "at", "received_at"), *must(PLAIN, "plug"),
        *may(REAL, "soc"), *must(REAL, "soc_confidence"), *must(PLAIN, "soc_basis"),
        *may(REAL, "charge_limit_soc", "power_kw", "current_a", "voltage_v", "energy_kwh_added"),
        *may(FLAG, "is_home"), *may(REAL, "range_km"), *may(FLAG, "is_asleep"), *may(BIG, "timer_start"),
        *must(FLAG, "is_overridden"), *must(PLAIN, "problems"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "car_desks", *keys(NAME, "tenant", "vehicle_id"), *must(TEXT, "body"), *must(BIG, "kept_at"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "car_sources", *keys(NAME, "tenant", "vehicle_id"), *keys(BIG, "began_at"), *must(TEXT, "source"),
        *may(BIG, "ended_at"), *must(TEXT, "account", "why"), sqlite_with_rowid=False,
    )  # fmt: skip


def _asked() -> None:
    op.create_table(
        "car_acts", *keys(NAME, "tenant", "act_id"), *must(NAME, "vehicle_id"), *must(PLAIN, "kind"),
        *must(BIG, "made_at", "deadline"), *may(REAL, "value"), *must(PLAIN, "status"), *may(PLAIN, "reason"),
        *must(TEXT, "info"), *must(NAME, "event_id"), *must(TEXT, "order_id", "remote_act_id"), *must(WHOLE, "tries"),
        *may(BIG, "sent_at", "ended_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    under_way = sa.text("ended_at IS NULL")
    op.create_index("car_acts_by_car", "car_acts", ["tenant", "vehicle_id", "made_at"])
    op.create_index("car_acts_by_time", "car_acts", ["tenant", "made_at"])
    op.create_index("car_acts_by_event", "car_acts", ["tenant", "event_id", "vehicle_id"])
    op.create_index("car_acts_under_way", "car_acts", ["tenant"], sqlite_where=under_way, postgresql_where=under_way)
