"""The tables of stations and what happens at them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    LargeBinary,
    Table,
    Text,
    literal_column,
    or_,
)

from evenload.store.sql.columns import Instant, Name, Whole, Words, metadata, tenant_key, text, told

HEAD: Final = "0012"
"""The newest revision in ``store/migrations``."""

stations = Table(
    "stations", metadata, *tenant_key("identity"),
    told("approved", Boolean), told("profile", Whole),
    text("password_hash"), text("certificate_name"), text("address"), Column("noted_at", Instant),
    Column("details", Words), Column("booted_at", Instant), Column("seen_at", Instant), Column("lost_at", Instant),
    Column("fallback_kw", Float), Column("disobeyed_at", Instant),
    Column("revoked_at", Instant), Column("password_hash_next", Words, nullable=False, server_default=""),
    Column("password_until", Instant), Column("fallbacks_kw", Words),  # by EVSE, as JSON
    Column("back_at", Instant), sqlite_with_rowid=False,
)  # fmt: skip
connectors = Table(
    "connectors", metadata, *tenant_key("identity"),
    Column("evse_id", Whole, primary_key=True), Column("connector_id", Whole, primary_key=True),
    text("status"), told("at", Instant), text("error"), sqlite_with_rowid=False,
)  # fmt: skip
tokens = Table(
    "tokens", metadata, *tenant_key("key"),
    text("text"), text("kind"), text("status"), Column("expires_at", Instant), text("group"), sqlite_with_rowid=False,
)  # fmt: skip
transactions = Table(
    "transactions", metadata, *tenant_key("identity", "transaction_id"),
    told("evse_id", Whole), told("started_at", Instant),
    told("connector_id", Whole), Column("token_text", Words), Column("token_kind", Words),
    Column("register_kwh_start", Float), text("began"), text("state"), Column("last_at", Instant),
    Column("sequence", Whole), Column("ended", Words), Column("ended_at", Instant),
    Column("register_kwh_end", Float), Column("energy_kwh", Float), Column("energy_quality", Words), text("reason"),
    Index("transactions_by_start", "tenant", "started_at"),
    told("lately_until", Instant),  # its end, far off while it goes on
    Index("transactions_by_end", "tenant", "identity", "lately_until"), sqlite_with_rowid=False,
)  # fmt: skip
numbers = Table(
    "numbers", metadata, *tenant_key(), Column("next_transaction_id", Whole),
)  # fmt: skip
events = Table(
    "events", metadata, Column("number", Whole, primary_key=True), Column("digest", BigInteger),
    told("tenant", Name), told("identity", Name), told("at", Instant), told("received_at", Instant),
    told("evse_id", Whole), text("kind"), text("body"), Index("events_by_digest", "digest", unique=True),
    Index("events_by_tenant", "tenant", "number"),
)  # fmt: skip
orders = Table(
    "orders", metadata, Column("number", Whole, primary_key=True), Column("order_id", Name),
    told("tenant", Name), told("identity", Name), text("kind"), told("evse_id", Whole), text("body"),
    told("made_at", Instant), Column("worthless_at", Instant), told("standing", Boolean), text("settlement"),
    text("info"), Column("settled_at", Instant), Column("value", Words, nullable=False, server_default=""),
    Index("orders_by_id", "order_id", unique=True), Index("orders_by_station", "tenant", "identity"),
    Index("orders_by_tenant", "tenant", "number"),
)  # fmt: skip
UNANSWERED: Final[tuple[ColumnElement[str], ...]] = (literal_column("''"), literal_column("'no_answer'"))
TO_GIVE: Final = or_(orders.c.standing, orders.c.settlement.in_(UNANSWERED))
"""Orders that got no answer yet or are standing. Databases use the index where a question holds the same words."""
Index("orders_to_give", orders.c.number, sqlite_where=TO_GIVE, postgresql_where=TO_GIVE)

# readings: of meters, which are EVSEs; in order of time, so that writing appends

meters = Table(
    "meters", metadata, Column("meter", Whole, primary_key=True), told("tenant", Name), told("identity", Name),
    told("evse_id", Whole), Index("meters_by_name", "tenant", "identity", "evse_id", unique=True),
)  # fmt: skip


def _measured() -> list[Column[object]]:
    numbers_of = [Column(name, Float) for name in (
        "duration_s", "power_kw", "energy_kwh_import", "energy_kwh_export", "soc",
    )]  # fmt: skip
    return [*numbers_of, told("quality", Text), told("context", Text), Column("phases", Text),
            told("transaction_id", Text)]  # fmt: skip


readings = Table(
    "readings", metadata, Column("at", Instant, primary_key=True), Column("meter", Whole, primary_key=True),
    Column("kind", Name, primary_key=True), *_measured(), sqlite_with_rowid=False,
    postgresql_partition_by="RANGE (at)",
)  # fmt: skip
readings_last = Table(
    "readings_last", metadata, Column("meter", Whole, primary_key=True, autoincrement=False),
    told("at", Instant), told("kind", Name), *_measured(),
)  # fmt: skip
readings_packed = Table(
    "readings_packed", metadata, Column("meter", Whole, primary_key=True, autoincrement=False),
    Column("day", Whole, primary_key=True, autoincrement=False),  # since 1970, in UTC
    told("count", Whole), told("body", LargeBinary), Index("readings_packed_by_day", "day"),
)  # fmt: skip
slots = Table(
    "slots", metadata, Column("at", Instant, primary_key=True), Column("meter", Whole, primary_key=True),
    told("power_kw", Float), told("covered", Float), told("quality", Text), sqlite_with_rowid=False,
)  # fmt: skip
slots_packed = Table(
    "slots_packed", metadata, Column("meter", Whole, primary_key=True, autoincrement=False),
    Column("day", Whole, primary_key=True, autoincrement=False), told("body", LargeBinary),
    Index("slots_packed_by_day", "day"),
)  # fmt: skip
circuit_slots = Table(
    "circuit_slots", metadata, *tenant_key("node"), Column("at", Instant, primary_key=True),
    told("power_kw", Float), told("covered", Float), told("devices", Whole), Index("circuit_slots_by_time", "at"),
    sqlite_with_rowid=False,
)  # fmt: skip
marks = Table(
    "marks", metadata, Column("name", Name, primary_key=True), told("at", Instant),
)  # fmt: skip
