"""The live platform: sites, devices, sessions, limits, plans, users; packed days, slots and whole latest readings."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG, REAL, BLOB, FLAG, PLAIN = sa.BigInteger(), sa.Float(), sa.LargeBinary(), sa.Boolean(), sa.Text()
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


def number() -> sa.Column[Any]:
    """A key that counts up."""
    return sa.Column("number", WHOLE, primary_key=True)


def upgrade() -> None:
    """Bring the tables forward."""
    _stations_and_orders()
    _readings()
    _places()
    _sessions()
    _series()
    _plans()
    _access()


def _stations_and_orders() -> None:
    op.add_column("stations", sa.Column("revoked_at", BIG))
    op.add_column("stations", sa.Column("password_hash_next", TEXT, nullable=False, server_default=""))
    op.add_column("stations", sa.Column("password_until", BIG))
    op.add_column("orders", sa.Column("value", TEXT, nullable=False, server_default=""))
    op.create_index("orders_by_tenant", "orders", ["tenant", "number"])


def _readings() -> None:
    op.drop_index("devices_by_name", "devices")
    op.rename_table("devices", "meters")
    op.execute("ALTER TABLE meters RENAME COLUMN device TO meter")
    op.create_index("meters_by_name", "meters", ["tenant", "identity", "evse_id"], unique=True)
    op.execute("ALTER TABLE readings RENAME COLUMN device TO meter")
    op.rename_table("readings_last", "readings_last_old")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_readings_last RENAME TO pk_readings_last_old")
        op.execute("ALTER INDEX pk_devices RENAME TO pk_meters")
        op.execute("ALTER SEQUENCE devices_device_seq RENAME TO meters_meter_seq")
    op.create_table(
        "readings_last", *keys(WHOLE, "meter"), *must(BIG, "at"), *must(NAME, "kind"),
        *may(REAL, "duration_s", "power_kw", "energy_kwh_import", "energy_kwh_export", "soc"),
        *must(PLAIN, "quality", "context"), *may(PLAIN, "phases"), *must(PLAIN, "transaction_id"),
    )  # fmt: skip
    op.execute(
        "INSERT INTO readings_last (meter, at, kind, duration_s, power_kw, energy_kwh_import, energy_kwh_export, soc, "
        "quality, context, phases, transaction_id) SELECT r.meter, r.at, r.kind, r.duration_s, r.power_kw, "
        "r.energy_kwh_import, r.energy_kwh_export, r.soc, r.quality, r.context, r.phases, r.transaction_id "
        "FROM readings_last_old o JOIN readings r ON r.at = o.at AND r.meter = o.device AND r.kind = o.kind"
    )
    op.drop_table("readings_last_old")
    op.create_table("readings_packed", *keys(WHOLE, "meter", "day"), *must(WHOLE, "count"), *must(BLOB, "body"))
    op.create_index("readings_packed_by_day", "readings_packed", ["day"])
    op.create_table(
        "slots", *keys(BIG, "at"), *keys(WHOLE, "meter"), *must(REAL, "power_kw", "covered"), *must(PLAIN, "quality"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table("slots_packed", *keys(WHOLE, "meter", "day"), *must(BLOB, "body"))
    op.create_index("slots_packed_by_day", "slots_packed", ["day"])
    op.create_table(
        "circuit_slots", *keys(NAME, "tenant", "node"), *keys(BIG, "at"), *must(REAL, "power_kw", "covered"),
        *must(WHOLE, "devices"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("circuit_slots_by_time", "circuit_slots", ["at"])
    op.create_table("marks", *keys(NAME, "name"), *must(BIG, "at"))


def _places() -> None:
    op.create_table(
        "circuits", *keys(NAME, "tenant", "node"), *must(TEXT, "parent", "kind"),
        *may(REAL, "limit_kw", "emergency_limit_kw", "export_limit_kw", "rating_kva", "power_factor"),
        *must(TEXT, "phases", "timezone"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "sites", *keys(NAME, "tenant", "site_id"), *must(TEXT, "name", "timezone", "ready_by"),
        *must(REAL, "energy_kwh_usual", "energy_kwh_minimum"), *must(TEXT, "meter"), *may(REAL, "guard_kw"),
        *may(BIG, "made_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "devices", *keys(NAME, "tenant", "device_id"), *must(NAME, "site_id", "identity"), *must(WHOLE, "evse_id"),
        *must(REAL, "power_kw_max", "power_kw_min"), *must(WHOLE, "phases"), *must(REAL, "voltage_v"),
        *may(REAL, "fallback_kw"), *must(WHOLE, "priority"), *must(TEXT, "control"), *must(FLAG, "managed"),
        *may(BIG, "enrolled_at", "retired_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    live = sa.text("retired_at IS NULL")
    op.create_index(
        "devices_by_evse", "devices", ["identity", "tenant", "evse_id"], unique=True,
        sqlite_where=live, postgresql_where=live,
    )  # fmt: skip
    op.create_index("devices_by_site", "devices", ["tenant", "site_id", "device_id"])
    op.create_table(
        "vehicles", *keys(NAME, "tenant", "vehicle_id"), *must(TEXT, "name"), *must(NAME, "token"),
        *may(REAL, "battery_kwh", "power_kw_max"), *must(TEXT, "ready_by"),
        *may(REAL, "energy_kwh_usual", "energy_kwh_minimum"), *may(BIG, "made_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("vehicles_by_token", "vehicles", ["tenant", "token"])


def _sessions() -> None:
    op.create_table(
        "sessions", *keys(NAME, "tenant", "session_id"), *must(NAME, "device_id", "site_id"),
        *must(BIG, "plugged_at", "departs_at"), *must(REAL, "energy_kwh"), *must(TEXT, "basis"),
        *must(REAL, "energy_kwh_minimum"), *may(REAL, "power_kw_max"), *must(TEXT, "began"), *may(BIG, "unplugged_at"),
        *must(TEXT, "vehicle_id", "token", "transaction_id"), *must(REAL, "energy_kwh_delivered"),
        *must(TEXT, "energy_quality"), *must(REAL, "energy_kwh_before"),
        *may(REAL, "register_kwh_start", "power_kw", "soc"), *may(BIG, "metered_at"),
        *must(FLAG, "suspended_by_vehicle", "opted_out", "boosted"),
        *must(BIG, "lately_until"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("sessions_by_end", "sessions", ["tenant", "lately_until"])
    op.create_index("sessions_by_device", "sessions", ["tenant", "device_id", "lately_until"])


def _series() -> None:
    op.create_table(
        "limits", *keys(NAME, "tenant", "limit_id"), *must(NAME, "node"), *must(BIG, "start", "end"),
        *must(REAL, "limit_kw"), *must(TEXT, "reason", "made_by"), *may(BIG, "made_at", "cancelled_at"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("limits_by_end", "limits", ["tenant", "end"])
    op.create_table(
        "signals", *keys(NAME, "tenant", "node"), *keys(BIG, "at"), *must(REAL, "duration_s"),
        *may(REAL, "price_per_kwh", "export_price_per_kwh"), *must(TEXT, "currency"), *may(REAL, "carbon_g_per_kwh"),
        *must(BIG, "until"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("signals_by_end", "signals", ["tenant", "until"])
    op.create_table(
        "loads", *keys(NAME, "tenant", "node"), *keys(BIG, "at"), *keys(PLAIN, "kind"),
        *must(REAL, "duration_s", "load_kw"), *must(PLAIN, "quality"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("loads_by_time", "loads", ["tenant", "at"])
    op.create_table(
        "loads_last", *keys(NAME, "tenant", "node"), *keys(PLAIN, "kind"), *must(BIG, "at"),
        *must(REAL, "duration_s", "load_kw"), *must(PLAIN, "quality"), sqlite_with_rowid=False,
    )  # fmt: skip


def _plans() -> None:
    op.create_table(
        "plans", number(), *must(NAME, "tenant", "plan_id"), *must(BIG, "made_at"), *must(TEXT, "trigger"),
        *must(BIG, "start"), *must(REAL, "step_minutes"), *must(WHOLE, "steps"), *must(TEXT, "summary"),
        *must(BLOB, "sessions"),
    )  # fmt: skip
    op.create_index("plans_by_id", "plans", ["tenant", "plan_id"], unique=True)
    op.create_index("plans_by_tenant", "plans", ["tenant", "number"])
    op.create_table(
        "decisions", number(), *must(NAME, "tenant"), *must(BIG, "at"), *must(NAME, "device_id", "session_id"),
        *must(TEXT, "kind", "why"), *may(REAL, "power_kw"), *must(TEXT, "plan_id", "order_id"),
    )  # fmt: skip
    op.create_index("decisions_by_tenant", "decisions", ["tenant", "number"])
    op.create_index("decisions_by_device", "decisions", ["tenant", "device_id", "number"])
    op.create_index("decisions_by_session", "decisions", ["tenant", "session_id", "number"])


def _access() -> None:
    op.create_table(
        "users", *keys(NAME, "tenant", "user_id"), *must(TEXT, "email", "role", "name", "password_hash"),
        *must(NAME, "issuer", "subject"), *may(BIG, "made_at", "disabled_at"), *must(NAME, "email_key"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("users_by_email", "users", ["email_key"])
    op.create_index("users_by_subject", "users", ["issuer", "subject"])
    op.create_table(
        "api_keys", *keys(NAME, "key_id"), *must(NAME, "tenant"), *must(TEXT, "name", "role", "secret_hash", "made_by"),
        *may(BIG, "made_at", "expires_at", "revoked_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("api_keys_by_tenant", "api_keys", ["tenant", "key_id"])
    op.create_table(
        "audit", number(), *must(NAME, "tenant"), *must(BIG, "at"),
        *must(TEXT, "actor", "action", "subject", "body", "previous", "digest"),
    )  # fmt: skip
    op.create_index("audit_by_tenant", "audit", ["tenant", "number"])
    op.create_table(
        "webhooks", *keys(NAME, "tenant", "webhook_id"), *must(TEXT, "url", "kinds", "secret"),
        *may(BIG, "made_at", "disabled_at"), *must(WHOLE, "told_to"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "replies", *keys(NAME, "tenant", "key"), *must(TEXT, "digest"), *must(WHOLE, "status"), *must(TEXT, "body"),
        *must(BIG, "made_at"), sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("replies_by_time", "replies", ["made_at"])
