"""What goes on with a tenant at one moment, for whoever looks: pages, programs, people. Frozen, ready for JSON.

Powers are kW, positive into vehicles; a limit that is ``None`` is none. Instants are in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CircuitNow:
    """A circuit. ``limit_kw`` holds now, posted ones counted (``posted``); ``base_kw`` is expected (its median, and
    ``base_kw_high`` the quantile plans are made with), ``ev_kw`` is metered, ``load_kw`` is both."""

    node: str
    parent: str
    kind: str
    limit_kw: float | None
    posted: bool
    base_kw: float | None
    base_kw_high: float | None
    ev_kw: float
    load_kw: float


@dataclass(frozen=True, slots=True)
class CarNow:
    """A car that is worth a look. ``state`` is charging, waiting or full; ``marks`` say what is unusual about it.

    ``lacking_kwh`` is what it will be short of when it leaves, by the plan.
    """

    session_id: str
    device_id: str
    site_id: str
    vehicle_id: str
    state: str
    marks: tuple[str, ...]
    power_kw: float
    energy_kwh: float
    energy_kwh_delivered: float
    lacking_kwh: float
    departs_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class CarsNow:
    """Cars plugged in: ``charging``, ``waiting`` and ``full`` add up. ``uncontrolled`` counts those at devices that do
    as they will, by why. ``noted`` are the few worth a look, the most unusual first."""

    plugged_in: int = 0
    charging: int = 0
    waiting: int = 0
    full: int = 0
    opted_out: int = 0
    boosted: int = 0
    late: int = 0
    uncontrolled: Mapping[str, int] = field(default_factory=dict)
    noted: tuple[CarNow, ...] = ()


@dataclass(frozen=True, slots=True)
class PriceNow:
    """Price and carbon that hold now, ``None`` where none is known."""

    price_per_kwh: float | None = None
    currency: str = ""
    carbon_g_per_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class PostedNow:
    """A limit that was posted and holds now or will."""

    limit_id: str
    node: str
    start: datetime
    end: datetime
    limit_kw: float
    reason: str
    holds: bool


@dataclass(frozen=True, slots=True)
class OverAhead:
    """A circuit that is expected above its limit whatever is planned; the worst of it."""

    node: str
    at: datetime
    kw_over: float


@dataclass(frozen=True, slots=True)
class PlanNow:
    """The plan that holds. It costs at most ``gap`` (a share) more than the best there can be."""

    plan_id: str
    made_at: datetime
    trigger: str
    seconds: float
    gap: float
    sessions: int
    told: int
    kept: int
    energy_kwh_unserved: float
    overloads: tuple[OverAhead, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is expected at the head circuit, step by step: its load as planned, limit and price."""

    start: datetime
    step_minutes: float
    load_kw: tuple[float, ...]
    limit_kw: tuple[float | None, ...]
    price_per_kwh: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class GuardNow:
    """What the guard does at a site: whether it sees, and how many devices it holds down."""

    site_id: str
    sight: str
    sentence: str
    load_kw: float | None
    capped: int
    over_since: datetime | None


@dataclass(frozen=True, slots=True)
class LiveState:
    """All of it. ``head`` is the circuit that stands for the whole: the highest with a limit or with several below it.

    Of circuits, the most loaded are told; ``circuits_left_out`` says how many are not. ``devices`` counts those that
    are enrolled by whether they can be counted on. ``extra`` is what the program that runs has to say beside.
    """

    tenant: str
    now: datetime
    timezone: str = "UTC"
    head: str = ""
    circuits: tuple[CircuitNow, ...] = ()
    circuits_left_out: int = 0
    cars: CarsNow = CarsNow()
    devices: Mapping[str, int] = field(default_factory=dict)
    price: PriceNow = PriceNow()
    limits: tuple[PostedNow, ...] = ()
    plan: PlanNow | None = None
    ahead: Ahead | None = None
    guards: tuple[GuardNow, ...] = ()
    faults: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveHistory:
    """The last day at the head circuit, by column; ``unmanaged_kw`` where whoever runs knows what nobody's management
    would have made of it."""

    node: str = ""
    at: tuple[datetime, ...] = ()
    load_kw: tuple[float, ...] = ()
    ev_kw: tuple[float, ...] = ()
    limit_kw: tuple[float | None, ...] = ()
    price_per_kwh: tuple[float | None, ...] = ()
    unmanaged_kw: tuple[float | None, ...] = ()
