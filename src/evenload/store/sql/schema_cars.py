"""The tables of cars that are linked to their makers' clouds."""

from sqlalchemy import Boolean, Column, Float, Index, Table, text

from evenload.domain.vehicle_state import ActKind, ActReason, ActStatus, PlugState, Provider, SocBasis
from evenload.store.sql.columns import Instant, Name, Texts, Whole, Word, metadata, tenant_key, told
from evenload.store.sql.columns import text as words

_LIVE = text("revoked_at IS NULL")
_UNDER_WAY = text("ended_at IS NULL")

car_links = Table(
    "car_links", metadata, *tenant_key("vehicle_id"), told("provider", Word(Provider)), told("account", Name),
    told("external_hash", Name), told("site_id", Name), told("device_id", Name), told("vin_hash", Name), words("model"),
    words("capabilities"), Column("battery_kwh", Float), words("sealed"), Column("granted_at", Instant),
    Column("expires_at", Instant), Column("revoked_at", Instant), words("revoked_why"), told("withdrawn", Boolean),
    words("linked_by"),
    Index("car_links_by_cloud", "external_hash", "provider", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("car_links_by_vin", "vin_hash", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("car_links_by_account", "account", "provider"), sqlite_with_rowid=False,
)  # fmt: skip
car_accounts = Table(
    "car_accounts", metadata, *tenant_key("account"), Column("provider", Word(Provider), primary_key=True),
    words("tokens_sealed"), Column("tokens_expire_at", Instant), words("fault"), Column("changed_at", Instant),
    sqlite_with_rowid=False,
)  # fmt: skip
car_consents = Table(
    "car_consents", metadata, Column("state_hash", Name, primary_key=True), told("tenant", Name), words("actor"),
    told("provider", Word(Provider)), words("account"), words("vehicle_id"), words("site_id"),
    told("made_at", Instant), told("expires_at", Instant), words("home_sealed"), Column("finished_at", Instant),
    Index("car_consents_by_end", "expires_at"), sqlite_with_rowid=False,
)  # fmt: skip
car_notices = Table(
    "car_notices", metadata, Column("digest", Name, primary_key=True),
    Column("provider", Word(Provider), primary_key=True), told("at", Instant),
    Index("car_notices_by_time", "at"), sqlite_with_rowid=False,
)  # fmt: skip
car_states = Table(
    "car_states", metadata, *tenant_key("vehicle_id"), told("at", Instant), told("received_at", Instant),
    told("plug", Word(PlugState)), Column("soc", Float), told("soc_confidence", Float),
    told("soc_basis", Word(SocBasis)), Column("charge_limit_soc", Float), Column("power_kw", Float),
    Column("current_a", Float), Column("voltage_v", Float), Column("energy_kwh_added", Float),
    Column("is_home", Boolean), Column("range_km", Float), Column("is_asleep", Boolean),
    Column("timer_start", Instant), told("is_overridden", Boolean), told("problems", Texts), sqlite_with_rowid=False,
)  # fmt: skip
car_desks = Table(
    "car_desks", metadata, *tenant_key("vehicle_id"), words("body"), told("kept_at", Instant),
    sqlite_with_rowid=False,
)  # fmt: skip
car_acts = Table(
    "car_acts", metadata, *tenant_key("act_id"), told("vehicle_id", Name), told("kind", Word(ActKind)),
    told("made_at", Instant), told("deadline", Instant), Column("value", Float), told("status", Word(ActStatus)),
    Column("reason", Word(ActReason)), words("info"), told("event_id", Name), words("order_id"),
    words("remote_act_id"), told("tries", Whole), Column("sent_at", Instant), Column("ended_at", Instant),
    Index("car_acts_by_car", "tenant", "vehicle_id", "made_at"), Index("car_acts_by_time", "tenant", "made_at"),
    Index("car_acts_by_event", "tenant", "event_id", "vehicle_id"),
    Index("car_acts_under_way", "tenant", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
    sqlite_with_rowid=False,
)  # fmt: skip
car_sources = Table(
    "car_sources", metadata, *tenant_key("vehicle_id"), Column("began_at", Instant, primary_key=True),
    words("source"), Column("ended_at", Instant), words("account"), words("why"), sqlite_with_rowid=False,
)  # fmt: skip
