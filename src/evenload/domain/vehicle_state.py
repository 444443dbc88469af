"""What cars tell through their makers' clouds, and what they are asked to do: one vocabulary for all clouds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from evenload.domain.station import StationId

CAR_PREFIX: Final = "car:"
"""How the station identity of a car begins: a car that is managed through a cloud is a station with one EVSE."""

CAR_EVSE_ID: Final = 1


class Provider(StrEnum):
    """Where what is known of a car comes from. ``OBD`` is files of a plug-in logger: they tell, they cannot be told."""

    SMARTCAR = "smartcar"
    ENODE = "enode"
    TESLA = "tesla"
    OBD = "obd"


class PlugState(StrEnum):
    """What a car does at its plug: ``WAITING`` is plugged in without power, ``COMPLETE`` as full as it wants to be."""

    UNPLUGGED = "unplugged"
    WAITING = "waiting"
    CHARGING = "charging"
    COMPLETE = "complete"
    FAULT = "fault"
    UNKNOWN = "unknown"

    @property
    def is_plugged(self) -> bool:
        """Whether a cable is in, as far as is known."""
        return self not in _NOT_PLUGGED


_NOT_PLUGGED: Final = frozenset({PlugState.UNPLUGGED, PlugState.UNKNOWN})


class SocBasis(StrEnum):
    """What a state of charge was worked out from, the surest first."""

    PERCENT = "percent"
    ENERGY = "energy"
    RANGE = "range"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True, order=True)
class CarId:
    """Which car: unique within a tenant only."""

    tenant: str
    vehicle_id: str

    @property
    def station(self) -> StationId:
        """The station the car is to the rest of the system."""
        return StationId(self.tenant, f"{CAR_PREFIX}{self.vehicle_id}")

    @classmethod
    def of_station(cls, station: StationId) -> "CarId | None":
        """The car that a station is, ``None`` where it is a charger."""
        vehicle_id = station.identity.removeprefix(CAR_PREFIX)
        return None if vehicle_id == station.identity else cls(station.tenant, vehicle_id)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.vehicle_id}"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What can be asked of a car through its cloud, and how it charges (per phase, phase to neutral)."""

    can_start_stop: bool = False
    can_set_amps: bool = False
    can_set_limit: bool = False
    can_wake: bool = False
    current_a_min: float = 6.0
    current_a_max: float = 32.0
    phases: int = 1
    voltage_v: float = 230.0

    def power_kw(self, current_a: float) -> float:
        """Power at a current of each phase."""
        return current_a * self.voltage_v * self.phases / 1000.0

    def current_a(self, power_kw: float) -> float:
        """Current of each phase at a power."""
        return power_kw * 1000.0 / (self.voltage_v * self.phases)


@dataclass(frozen=True, slots=True)
class VehicleState:
    """What a car told of itself: ``at`` when it measured, ``received_at`` when that came here. ``None``: not told.

    ``soc`` and ``charge_limit_soc`` are 0 to 1, ``soc_confidence`` too. ``power_kw`` is positive into the vehicle, AC
    at the connector where the cloud says so. ``energy_kwh_added`` counts since the plug went in. Where the car stands
    is kept as ``is_home`` only. ``timer_start``: the car's own scheduled start. ``is_overridden``: somebody took the
    charging in hand in the maker's app. ``is_partial``: what is not told in it is as it was. ``problems``: what was
    odd in it, in words.
    """

    car: CarId
    at: datetime
    received_at: datetime
    plug: PlugState
    soc: float | None = None
    soc_confidence: float = 0.0
    soc_basis: SocBasis = SocBasis.ASSUMED
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
    is_partial: bool = False
    problems: tuple[str, ...] = ()

    def age(self, now: datetime) -> timedelta:
        """How old it is; a state from the future has no age."""
        return max(now - self.at, timedelta())


class ActKind(StrEnum):
    """What a car can be asked to do. ``WAKE`` only carries another act out; a car is never woken to be read."""

    START = "start"
    STOP = "stop"
    SET_AMPS = "set_amps"
    SET_CHARGE_LIMIT = "set_charge_limit"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Act:
    """Something for a car to do before ``deadline``; ``act_id`` makes it the same act however often it is sent.

    ``value`` is amperes of each phase for ``SET_AMPS``, 0 to 1 for ``SET_CHARGE_LIMIT``, else ``None``.
    """

    act_id: str
    car: CarId
    kind: ActKind
    made_at: datetime
    deadline: datetime
    value: float | None = None


class ActStatus(StrEnum):
    """How far an act has come."""

    QUEUED = "queued"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    LATE = "late"
    GIVEN_UP = "given_up"

    @property
    def is_final(self) -> bool:
        """Whether nothing more becomes of it. A late one may still be carried out by the car."""
        return self not in _UNDER_WAY


_UNDER_WAY: Final = frozenset({ActStatus.QUEUED, ActStatus.SENT})


class ActReason(StrEnum):
    """Why an act ended as it did, or waits."""

    DONE = "done"
    UNNECESSARY = "unnecessary"
    SUPERSEDED = "superseded"
    NO_ANSWER = "no_answer"
    NOT_PLUGGED = "not_plugged"
    PRECONDITION = "precondition"
    CONFLICT = "conflict"
    NOT_SUPPORTED = "not_supported"
    REFUSED = "refused"
    ASLEEP = "asleep"
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"
    REVOKED = "revoked"
    RATE_LIMITED = "rate_limited"
    BUDGET_SPENT = "budget_spent"
    UPSTREAM = "upstream"
    GONE = "gone"
    AWAY = "away"
    OPTED_OUT = "opted_out"
    DEADLINE = "deadline"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    ActReason.DONE: "the car did it",
    ActReason.UNNECESSARY: "the car did so already, or is as full as it wants to be",
    ActReason.SUPERSEDED: "a later wish took its place",
    ActReason.NO_ANSWER: "the car did not answer its maker's cloud",
    ActReason.NOT_PLUGGED: "the car is not plugged in",
    ActReason.PRECONDITION: "the car cannot do it in the state it is in",
    ActReason.CONFLICT: "another command was under way at the car",
    ActReason.NOT_SUPPORTED: "the car, or what its driver consented to, does not allow this",
    ActReason.REFUSED: "the car's cloud refused",
    ActReason.ASLEEP: "the car is asleep and could not be woken",
    ActReason.UNREACHABLE: "the car's cloud could not be reached",
    ActReason.UNAUTHORISED: "the access token is not valid and could not be renewed",
    ActReason.REVOKED: "the driver withdrew consent at the maker's",
    ActReason.RATE_LIMITED: "the car's cloud takes no more calls for now",
    ActReason.BUDGET_SPENT: "the car's budget of commands or wakes is spent",
    ActReason.UPSTREAM: "the car maker's own service failed",
    ActReason.GONE: "the car's cloud knows no such car any more",
    ActReason.AWAY: "the car is not at home: it is not told anything elsewhere",
    ActReason.OPTED_OUT: "the driver took the charging in hand in the maker's app",
    ActReason.DEADLINE: "its deadline passed",
}
