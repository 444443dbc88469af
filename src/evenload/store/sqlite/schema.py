"""The tables. Instants are whole microseconds since 1970 in UTC; readings lie in order of time."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """An instant as it is kept."""
    return (instant - _EPOCH) // _MICROSECOND


def to_instant(microseconds: int) -> datetime:
    """An instant as it was kept."""
    return _EPOCH + timedelta(microseconds=microseconds)


class Instant(TypeDecorator[datetime]):
    """An aware instant."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ANN401, ARG002
        """To the database."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ANN401, ARG002
        """From the database."""
        return None if value is None else to_instant(value)


metadata = MetaData()


def _whose() -> list[Column[Any]]:
    return [Column("tenant", String, primary_key=True), Column("identity", String, primary_key=True)]


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


stations = Table(
    "stations", metadata, *_whose(),
    Column("approved", Boolean, nullable=False), Column("profile", Integer, nullable=False),
    _text("password_hash"), _text("certificate_name"), _text("address"), Column("noted_at", Instant),
    Column("details", Text), Column("booted_at", Instant), Column("seen_at", Instant), Column("lost_at", Instant),
    Column("fallback_kw", Float), Column("disobeyed_at", Instant), sqlite_with_rowid=False,
)  # fmt: skip
connectors = Table(
    "connectors", metadata, *_whose(),
    Column("evse_id", Integer, primary_key=True), Column("connector_id", Integer, primary_key=True),
    _text("status"), Column("at", Instant, nullable=False), _text("error"), sqlite_with_rowid=False,
)  # fmt: skip
tokens = Table(
    "tokens", metadata, Column("tenant", String, primary_key=True), Column("key", String, primary_key=True),
    _text("text"), _text("kind"), _text("status"), Column("expires_at", Instant), _text("group"),
    sqlite_with_rowid=False,
)  # fmt: skip
transactions = Table(
    "transactions", metadata, *_whose(), Column("transaction_id", String, primary_key=True),
    Column("evse_id", Integer, nullable=False), Column("started_at", Instant, nullable=False),
    Column("connector_id", Integer, nullable=False), Column("token_text", Text), Column("token_kind", Text),
    Column("register_kwh_start", Float), _text("began"), _text("state"), Column("last_at", Instant),
    Column("sequence", Integer), Column("ended", Text), Column("ended_at", Instant),
    Column("register_kwh_end", Float), Column("energy_kwh", Float), Column("energy_quality", Text), _text("reason"),
    Index("transactions_by_start", "tenant", "started_at"),
    Column("lately_until", Instant, nullable=False),  # its end, far off while it goes on
    Index("transactions_by_end", "tenant", "identity", "lately_until"), sqlite_with_rowid=False,
)  # fmt: skip
numbers = Table(
    "numbers", metadata, Column("tenant", String, primary_key=True), Column("next_transaction_id", Integer),
)  # fmt: skip
devices = Table(
    "devices", metadata, Column("device", Integer, primary_key=True), Column("tenant", String, nullable=False),
    Column("identity", String, nullable=False), Column("evse_id", Integer, nullable=False),
    Index("devices_by_name", "tenant", "identity", "evse_id", unique=True),
)  # fmt: skip
readings = Table(
    "readings", metadata, Column("at", Instant, primary_key=True), Column("device", Integer, primary_key=True),
    Column("kind", String, primary_key=True), Column("duration_s", Float), Column("power_kw", Float),
    Column("energy_kwh_import", Float), Column("energy_kwh_export", Float), Column("soc", Float), _text("quality"),
    _text("context"), Column("phases", Text), _text("transaction_id"), sqlite_with_rowid=False,
)  # fmt: skip
readings_last = Table(
    "readings_last", metadata, Column("device", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False), Column("kind", String, nullable=False),
)  # fmt: skip
events = Table(
    "events", metadata, Column("number", Integer, primary_key=True), Column("digest", BigInteger, unique=True),
    Column("tenant", String, nullable=False), Column("identity", String, nullable=False),
    Column("at", Instant, nullable=False), Column("received_at", Instant, nullable=False),
    Column("evse_id", Integer, nullable=False), _text("kind"), _text("body"),
    Index("events_by_tenant", "tenant", "number"),
)  # fmt: skip
orders = Table(
    "orders", metadata, Column("number", Integer, primary_key=True), Column("order_id", String, unique=True),
    Column("tenant", String, nullable=False), Column("identity", String, nullable=False), _text("kind"),
    Column("evse_id", Integer, nullable=False), _text("body"), Column("made_at", Instant, nullable=False),
    Column("worthless_at", Instant), Column("standing", Boolean, nullable=False), _text("settlement"), _text("info"), _text("value"),
    Column("settled_at", Instant), Index("orders_by_station", "tenant", "identity"),
)  # fmt: skip
