"""The tables of sites, devices, sessions, limits, plans, and of who may do what."""

from math import inf, nan

from sqlalchemy import Boolean, Column, Float, Index, LargeBinary, Table, false, text

from evenload.domain.circuit import CircuitKind
from evenload.domain.session import Control
from evenload.domain.station_readings import Quality
from evenload.service.access_rows import Role
from evenload.service.live_rows import LoadKind, NeedBasis
from evenload.store.sql.columns import Instant, Name, OrBlank, Texts, Whole, Word, Words, metadata, tenant_key, told
from evenload.store.sql.columns import text as words

_NOT_RETIRED = text("retired_at IS NULL")

circuits = Table(
    "circuits", metadata, *tenant_key("node"), words("parent"), told("kind", Word(CircuitKind)),
    Column("limit_kw", OrBlank(inf)), Column("emergency_limit_kw", OrBlank(inf)),
    Column("export_limit_kw", OrBlank(inf)), Column("rating_kva", OrBlank(nan)),
    Column("power_factor", OrBlank(nan)), words("phases"), words("timezone"), sqlite_with_rowid=False,
)  # fmt: skip
sites = Table(
    "sites", metadata, *tenant_key("site_id"), words("name"), words("timezone"), words("ready_by"),
    told("energy_kwh_usual", Float), told("energy_kwh_minimum", Float), words("meter"), Column("guard_kw", Float),
    Column("made_at", Instant), sqlite_with_rowid=False,
)  # fmt: skip
devices = Table(
    "devices", metadata, *tenant_key("device_id"), told("site_id", Name), told("identity", Name),
    told("evse_id", Whole), told("power_kw_max", Float), told("power_kw_min", Float), told("phases", Whole),
    told("voltage_v", Float), Column("fallback_kw", Float), told("priority", Whole), told("control", Word(Control)),
    told("managed", Boolean), Column("enrolled_at", Instant), Column("retired_at", Instant),
    Column("fallback_allotted", Boolean, nullable=False, server_default=false()), Column("commands_max", Whole),
    Column("dwell_minutes", Float, nullable=False, server_default="0"),
    Index("devices_by_evse", "identity", "tenant", "evse_id", unique=True,
          sqlite_where=_NOT_RETIRED, postgresql_where=_NOT_RETIRED),
    Index("devices_by_site", "tenant", "site_id", "device_id"), sqlite_with_rowid=False,
)  # fmt: skip
vehicles = Table(
    "vehicles", metadata, *tenant_key("vehicle_id"), words("name"), told("token", Name), Column("battery_kwh", Float),
    Column("power_kw_max", Float), words("ready_by"), Column("energy_kwh_usual", Float),
    Column("energy_kwh_minimum", Float), Column("made_at", Instant), Index("vehicles_by_token", "tenant", "token"),
    sqlite_with_rowid=False,
)  # fmt: skip
sessions = Table(
    "sessions", metadata, *tenant_key("session_id"), told("device_id", Name), told("site_id", Name),
    told("plugged_at", Instant), told("departs_at", Instant), told("energy_kwh", Float),
    told("basis", Word(NeedBasis)), told("energy_kwh_minimum", Float), Column("power_kw_max", Float),
    told("began", Word(Quality)), Column("unplugged_at", Instant), words("vehicle_id"), words("token"),
    words("transaction_id"), told("energy_kwh_delivered", Float), told("energy_quality", Word(Quality)),
    told("energy_kwh_before", Float), Column("register_kwh_start", Float), Column("power_kw", Float),
    Column("soc", Float), Column("metered_at", Instant), told("suspended_by_vehicle", Boolean),
    told("opted_out", Boolean), told("boosted", Boolean), Column("heard_at", Instant),
    Column("transaction_ended", Words, nullable=False, server_default=""),
    Column("energy_kwh_ended", Float, nullable=False, server_default="0"),
    Column("energy_kwh_at_soc", Float, nullable=False, server_default="0"),
    Column("absorbed_by", Words, nullable=False, server_default=""),
    told("lately_until", Instant),  # its end, far off while it goes on
    Index("sessions_by_end", "tenant", "lately_until"),
    Index("sessions_by_device", "tenant", "device_id", "lately_until"),
    Index("sessions_by_vehicle", "tenant", "vehicle_id", "lately_until"), sqlite_with_rowid=False,
)  # fmt: skip
limits = Table(
    "limits", metadata, *tenant_key("limit_id"), told("node", Name), told("start", Instant), told("end", Instant),
    told("limit_kw", Float), words("reason"), words("made_by"), Column("made_at", Instant),
    Column("cancelled_at", Instant), Index("limits_by_end", "tenant", "end"), sqlite_with_rowid=False,
)  # fmt: skip
signals = Table(
    "signals", metadata, *tenant_key("node"), Column("at", Instant, primary_key=True), told("duration_s", Float),
    Column("price_per_kwh", Float), Column("export_price_per_kwh", Float), words("currency"),
    Column("carbon_g_per_kwh", Float), told("until", Instant), Index("signals_by_end", "tenant", "until"),
    sqlite_with_rowid=False,
)  # fmt: skip
loads = Table(
    "loads", metadata, *tenant_key("node"), Column("at", Instant, primary_key=True),
    Column("kind", Word(LoadKind), primary_key=True), told("duration_s", Float), told("load_kw", Float),
    told("quality", Word(Quality)), Index("loads_by_time", "tenant", "at"), sqlite_with_rowid=False,
)  # fmt: skip
loads_last = Table(
    "loads_last", metadata, *tenant_key("node"), Column("kind", Word(LoadKind), primary_key=True),
    told("at", Instant), told("duration_s", Float), told("load_kw", Float), told("quality", Word(Quality)),
    sqlite_with_rowid=False,
)  # fmt: skip
plans = Table(
    "plans", metadata, Column("number", Whole, primary_key=True), told("tenant", Name), told("plan_id", Name),
    told("made_at", Instant), words("trigger"), told("start", Instant), told("step_minutes", Float),
    told("steps", Whole), words("summary"), told("sessions", LargeBinary),
    Index("plans_by_id", "tenant", "plan_id", unique=True), Index("plans_by_tenant", "tenant", "number"),
)  # fmt: skip
decisions = Table(
    "decisions", metadata, Column("number", Whole, primary_key=True), told("tenant", Name), told("at", Instant),
    told("device_id", Name), told("session_id", Name), words("kind"), words("why"), Column("power_kw", Float),
    words("plan_id"), words("order_id"), Index("decisions_by_tenant", "tenant", "number"),
    Index("decisions_by_device", "tenant", "device_id", "number"),
    Index("decisions_by_session", "tenant", "session_id", "number"),
)  # fmt: skip

# who may do what

users = Table(
    "users", metadata, *tenant_key("user_id"), words("email"), told("role", Word(Role)), words("name"),
    words("password_hash"), told("issuer", Name), told("subject", Name), Column("made_at", Instant),
    Column("disabled_at", Instant), told("email_key", Name), Index("users_by_email", "email_key"),
    Index("users_by_subject", "issuer", "subject"), sqlite_with_rowid=False,
)  # fmt: skip
api_keys = Table(
    "api_keys", metadata, Column("key_id", Name, primary_key=True), told("tenant", Name), words("name"),
    told("role", Word(Role)), words("secret_hash"), words("made_by"), Column("made_at", Instant),
    Column("expires_at", Instant), Column("revoked_at", Instant), Index("api_keys_by_tenant", "tenant", "key_id"),
    sqlite_with_rowid=False,
)  # fmt: skip
audit = Table(
    "audit", metadata, Column("number", Whole, primary_key=True), told("tenant", Name), told("at", Instant),
    words("actor"), words("action"), words("subject"), words("body"), words("previous"), words("digest"),
    Index("audit_by_tenant", "tenant", "number"),
)  # fmt: skip
webhooks = Table(
    "webhooks", metadata, *tenant_key("webhook_id"), words("url"), told("kinds", Texts), words("secret"),
    Column("made_at", Instant), Column("disabled_at", Instant), told("told_to", Whole), sqlite_with_rowid=False,
)  # fmt: skip
replies = Table(
    "replies", metadata, *tenant_key("key"), words("digest"), told("status", Whole), words("body"),
    told("made_at", Instant), Index("replies_by_time", "made_at"), sqlite_with_rowid=False,
)  # fmt: skip
