"""The tables of drivers: what they wish, choose, are promised, and the links they come in by."""

from sqlalchemy import Boolean, Column, Float, Index, Table, text

from evenload.service.driver_rows import ChoiceKind, PromiseBasis
from evenload.store.sql.columns import Instant, Name, Texts, Whole, Word, metadata, tenant_key, told
from evenload.store.sql.columns import text as words

_HOLDS = text("ended_at IS NULL")

drivers = Table(
    "drivers", metadata, *tenant_key("driver_id"), told("user_id", Name), told("vehicles", Texts),
    told("site_id", Name), words("language"), words("currency"), Column("made_at", Instant),
    Index("drivers_by_user", "tenant", "user_id"), sqlite_with_rowid=False,
)  # fmt: skip
driver_vehicles = Table(
    "driver_vehicles", metadata, *tenant_key("vehicle_id"), told("driver_id", Name),
    Index("driver_vehicles_by_driver", "tenant", "driver_id"), sqlite_with_rowid=False,
)  # fmt: skip
driver_wishes = Table(
    "driver_wishes", metadata, *tenant_key("wish_id"), told("driver_id", Name), told("vehicle_id", Name),
    told("ready_by", Texts), Column("soc_target", Float), Column("soc_minimum", Float), Column("energy_kwh", Float),
    Column("energy_kwh_minimum", Float), Column("made_at", Instant), words("made_by"), Column("ended_at", Instant),
    Index("driver_wishes_by_driver", "tenant", "driver_id"),
    Index("driver_wishes_that_hold", "tenant", "vehicle_id", unique=True,
          sqlite_where=_HOLDS, postgresql_where=_HOLDS),
    sqlite_with_rowid=False,
)  # fmt: skip
driver_choices = Table(
    "driver_choices", metadata, *tenant_key("choice_id"), told("driver_id", Name), told("kind", Word(ChoiceKind)),
    told("start", Instant), Column("end", Instant), told("vehicle_id", Name), words("event_id"), words("reason"),
    Column("made_at", Instant), words("made_by"), Column("undone_at", Instant), words("undone_by"),
    words("applied_to"), words("before"), told("settled", Boolean),
    Index("driver_choices_by_driver", "tenant", "driver_id", "made_at"),
    Index("driver_choices_by_start", "tenant", "settled", "start"), sqlite_with_rowid=False,
)  # fmt: skip
driver_links = Table(
    "driver_links", metadata, Column("link_id", Name, primary_key=True), told("tenant", Name),
    told("driver_id", Name), words("secret_hash"), words("made_by"), Column("made_at", Instant),
    Column("expires_at", Instant), Column("revoked_at", Instant),
    Index("driver_links_by_driver", "tenant", "driver_id", "link_id"), sqlite_with_rowid=False,
)  # fmt: skip
driver_promises = Table(
    "driver_promises", metadata, Column("number", Whole, primary_key=True), told("tenant", Name),
    told("session_id", Name), told("driver_id", Name), told("vehicle_id", Name), told("at", Instant),
    told("basis", Word(PromiseBasis)), told("by", Instant), told("energy_kwh", Float),
    told("energy_kwh_wanted", Float), told("is_met", Boolean), Column("soc", Float), Column("soc_wanted", Float),
    Column("ready_at", Instant), words("reason"), words("sentence"), words("plan_id"), told("corrects", Boolean),
    Index("driver_promises_by_tenant", "tenant", "number"),
    Index("driver_promises_by_session", "tenant", "session_id", "number"),
    Index("driver_promises_by_driver", "tenant", "driver_id"),
)  # fmt: skip
driver_answers = Table(
    "driver_answers", metadata, *tenant_key("driver_id", "suggestion_id"), told("accepted", Boolean),
    told("at", Instant), words("by"), sqlite_with_rowid=False,
)  # fmt: skip
