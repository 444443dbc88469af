"""What the API answers, with the names it uses. What a newer server adds is left out."""

from datetime import datetime
from typing import Any

import msgspec


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A place with devices."""

    site_id: str
    name: str = ""
    timezone: str = "UTC"
    ready_by: str = "07:00"
    energy_kwh_usual: float = 20.0
    energy_kwh_minimum: float = 0.0
    meter: str = ""
    guard_kw: float | None = None
    made_at: datetime | None = None


class Circuit(msgspec.Struct, frozen=True, kw_only=True):
    """A node of the grid; ``None`` for a limit is unlimited."""

    node: str
    parent: str = ""
    kind: str = "feeder"
    limit_kw: float | None = None
    emergency_limit_kw: float | None = None
    export_limit_kw: float = 0.0
    rating_kva: float | None = None
    power_factor: float | None = None
    phases: str = ""
    timezone: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE of a station at a site."""

    device_id: str
    site_id: str
    identity: str
    evse_id: int = 1
    power_kw_max: float = 11.0
    power_kw_min: float = 1.38
    phases: int = 3
    voltage_v: float = 230.0
    fallback_kw: float | None = None
    priority: int = 0
    control: str = "continuous"
    managed: bool = True
    commands_max: int | None = None
    dwell_minutes: float = 0.0
    enrolled_at: datetime | None = None
    retired_at: datetime | None = None
    fallback_allotted: bool = False


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A station."""

    identity: str
    approved: bool
    connected: bool
    profile: int
    vendor: str
    model: str
    firmware: str
    seen_at: datetime | None = None
    fallback_kw: float | None = None
    disobeyed_at: datetime | None = None


class Vehicle(msgspec.Struct, frozen=True, kw_only=True):
    """A car that is known when it comes."""

    vehicle_id: str
    name: str = ""
    token: str = ""
    battery_kwh: float | None = None
    power_kw_max: float | None = None
    ready_by: str = ""
    energy_kwh_usual: float | None = None
    energy_kwh_minimum: float | None = None
    made_at: datetime | None = None


class VehicleLink(msgspec.Struct, frozen=True, kw_only=True):
    """A car that is reached by its maker's cloud, or was."""

    vehicle_id: str
    provider: str
    site_id: str
    device_id: str
    model: str
    consent: str
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_why: str = ""
    linked_by: str = ""


class VehicleLinkBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that was asked for: ``url`` is for the driver, good once."""

    vehicle_id: str
    provider: str
    url: str
    expires_at: datetime


class VehicleState(msgspec.Struct, frozen=True, kw_only=True):
    """What a car told last; states of charge are 0 to 1."""

    at: datetime
    received_at: datetime
    age_s: float
    plug: str
    soc: float | None = None
    soc_confidence: float = 0.0
    soc_basis: str = ""
    charge_limit_soc: float | None = None
    power_kw: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None
    energy_kwh_added: float | None = None
    is_home: bool | None = None
    range_km: float | None = None
    is_asleep: bool | None = None
    timer_start: datetime | None = None
    is_overridden: bool = False
    problems: tuple[str, ...] = ()


class VehicleAct(msgspec.Struct, frozen=True, kw_only=True):
    """Something a car was asked, and what became of it."""

    act_id: str
    vehicle_id: str
    kind: str
    status: str
    made_at: datetime
    deadline: datetime
    value: float | None = None
    reason: str | None = None
    why: str = ""
    info: str = ""
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    tries: int = 0
    event_id: str = ""
    order_id: str = ""


class VehicleActsAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all that cars were asked for one limit or event."""

    event_id: str
    total: int
    settled: bool
    counts: dict[str, int]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A car plugged in. Energies and powers are at the connector."""

    session_id: str
    device_id: str
    site_id: str
    vehicle_id: str
    token: str
    transaction_id: str
    plugged_at: datetime
    departs_at: datetime
    unplugged_at: datetime | None
    energy_kwh: float
    energy_kwh_minimum: float
    basis: str
    power_kw_max: float | None
    energy_kwh_delivered: float
    energy_quality: str
    power_kw: float | None
    soc: float | None
    metered_at: datetime | None
    began: str
    suspended_by_vehicle: bool
    opted_out: bool
    boosted: bool


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit at a circuit for a time."""

    limit_id: str
    node: str
    start: datetime
    end: datetime
    limit_kw: float
    reason: str
    made_by: str
    made_at: datetime | None
    cancelled_at: datetime | None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A load metered at a circuit, the mean of ``duration_s`` from ``at``."""

    node: str
    at: datetime
    load_kw: float
    duration_s: float = 900.0
    kind: str = "direct"
    quality: str = "measured"


class LoadFlag(msgspec.Struct, frozen=True, kw_only=True):
    """What was found odd about loads."""

    node: str
    fault: str
    since: datetime
    why: str


class LoadsKept(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept of loads."""

    count: int
    flags: tuple[LoadFlag, ...] = ()


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A price or carbon value that holds for a time; everywhere with ``node`` ``""``."""

    at: datetime
    node: str = ""
    duration_s: float = 3600.0
    price_per_kwh: float | None = None
    export_price_per_kwh: float | None = None
    currency: str = ""
    carbon_g_per_kwh: float | None = None


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was metered at a device; ``None`` where it was not."""

    at: datetime
    kind: str
    quality: str
    duration_s: float | None = None
    power_kw: float | None = None
    energy_kwh_import: float | None = None
    energy_kwh_export: float | None = None
    soc: float | None = None
    samples: int = 1


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided, and why."""

    number: int
    at: datetime
    device_id: str
    session_id: str
    kind: str
    why: str
    power_kw: float | None
    plan_id: str
    order_id: str


class PlannedSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan gives a session: mean power of each step from ``first_step``."""

    session_id: str
    first_step: int
    power_kw: tuple[float, ...]
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan; ``sessions`` is empty in lists."""

    plan_id: str
    made_at: datetime
    trigger: str
    start: datetime
    step_minutes: float
    steps: int
    summary: dict[str, Any]
    sessions: tuple[PlannedSession, ...] = ()


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """Mean power of a step."""

    at: datetime
    power_kw: float


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a session is given what it is given."""

    session_id: str
    why: str
    plan_id: str
    planned: tuple[PlannedStep, ...]
    decisions: tuple[Decision, ...]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    tenant: str
    actor: str
    role: str
    driver_id: str = ""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """The latest state of a topic."""

    topic: str
    data: Any
    event_id: str = ""
