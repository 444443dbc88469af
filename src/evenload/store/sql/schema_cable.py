"""The tables of both ends of cables: stays of cars, which charger they stood at, conflicts; and of energy managers."""

import msgspec
from sqlalchemy import Boolean, Column, Dialect, Float, Index, Table, Text, TypeDecorator, text

from evenload.service.cable_rows import ConflictKind, PairReason, PairState, Sample
from evenload.store.sql.columns import Instant, Name, Word, metadata, tenant_key, told
from evenload.store.sql.columns import text as words

_GOES_ON = text("unplugged_by IS NULL AND plugged_by IS NOT NULL")
_BELIEVED = text("state IN ('matched', 'possible')")
_NOT_ENDED = text("ended_at IS NULL")


class Samples(TypeDecorator[tuple[Sample, ...]]):
    """What a car told, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Sample, ...] | None, dialect: Dialect) -> str:  # noqa: ARG002
        """To the database."""
        return msgspec.json.encode(value or ()).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Sample, ...]:  # noqa: ARG002
        """From the database."""
        return msgspec.json.decode(value or "[]", type=tuple[Sample, ...])


cable_stays = Table(
    "cable_stays", metadata, *tenant_key("vehicle_id"), told("told_at", Instant), Column("plugged_by", Instant),
    Column("plugged_after", Instant), Column("unplugged_by", Instant), Column("unplugged_after", Instant),
    Column("free_at", Instant), Column("is_home", Boolean), told("samples", Samples),
    Index("cable_stays_going_on", "tenant", "vehicle_id", sqlite_where=_GOES_ON, postgresql_where=_GOES_ON),
    Index("cable_stays_by_end", "tenant", "unplugged_by"), sqlite_with_rowid=False,
)  # fmt: skip
cable_pairs = Table(
    "cable_pairs", metadata, *tenant_key("session_id", "vehicle_id"), told("device_id", Name),
    told("plugged_at", Instant), told("state", Word(PairState)), told("confidence", Float),
    told("reason", Word(PairReason)), words("why"), Column("stay_by", Instant), words("car_session_id"),
    Column("ahead_s_low", Float), Column("ahead_s_high", Float), Column("made_at", Instant),
    Column("changed_at", Instant),
    Index("cable_pairs_going_on", "tenant", "session_id", sqlite_where=_BELIEVED, postgresql_where=_BELIEVED),
    Index("cable_pairs_by_time", "made_at"),
    Index("cable_pairs_by_vehicle", "tenant", "vehicle_id", "plugged_at"), sqlite_with_rowid=False,
)  # fmt: skip
cable_conflicts = Table(
    "cable_conflicts", metadata, *tenant_key("session_id"), Column("kind", Word(ConflictKind), primary_key=True),
    told("since", Instant), words("why"), words("to_do"), told("vehicle_id", Name), told("device_id", Name),
    Column("told_at", Instant), Column("ended_at", Instant),
    Index("cable_conflicts_going_on", "tenant", "session_id", sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED),
    sqlite_with_rowid=False,
)  # fmt: skip
energy_managers = Table(
    "energy_managers", metadata, *tenant_key("device_id"), words("address"), told("cars_usual", Float),
    told("energy_kwh_usual", Float), words("ready_by"), told("heartbeat_s", Float), words("secret_sealed"),
    Column("made_at", Instant), sqlite_with_rowid=False,
)  # fmt: skip
