"""Both ends of cables and energy managers, as the API answers them."""

from datetime import datetime

import msgspec


class CablePair(msgspec.Struct, frozen=True, kw_only=True):
    """A car and a charger's session that are, or were, held to belong together; ``confidence`` is 0 to 1."""

    session_id: str
    vehicle_id: str
    device_id: str
    plugged_at: datetime
    state: str
    confidence: float
    reason: str
    reason_text: str
    why: str
    car_session_id: str = ""
    made_at: datetime | None = None
    changed_at: datetime | None = None


class CableConflict(msgspec.Struct, frozen=True, kw_only=True):
    """A car, a charger and a plan that get in each other's way: what is wrong, and what to do about it."""

    session_id: str
    kind: str
    vehicle_id: str
    device_id: str
    since: datetime
    why: str
    to_do: str
    told_at: datetime | None = None
    ended_at: datetime | None = None


class CableEnds(msgspec.Struct, frozen=True, kw_only=True):
    """A charger's session with the cars that were held to be at it, and what was wrong."""

    session_id: str
    vehicle_id: str
    pairs: list[CablePair]
    conflicts: list[CableConflict]


class EnergyManager(msgspec.Struct, frozen=True, kw_only=True):
    """How the energy manager of a building or parking lot is reached, and whether it is; ``ready_by`` is ``HH:MM``."""

    device_id: str
    site_id: str
    address: str
    power_kw_max: float
    fallback_kw: float
    cars_usual: float = 0.0
    energy_kwh_usual: float = 0.0
    ready_by: str = "17:00"
    heartbeat_s: float = 30.0
    has_secret: bool = False
    connected: bool = False
    made_at: datetime | None = None
