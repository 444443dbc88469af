"""What is kept of cars that are managed through their makers' clouds. Instants are in UTC; no row holds a secret in
clear: tokens and places are sealed by the server before they come here."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum

from evenload.domain.vehicle_state import (
    Act,
    ActKind,
    ActReason,
    ActStatus,
    Capabilities,
    CarId,
    PlugState,
    Provider,
    SocBasis,
    VehicleState,
)

CHARGER = "charger"
"""The source of a participant whose car is known by its charger only."""


class ConsentState(StrEnum):
    """Whether a car may be asked anything."""

    GRANTED = "granted"
    EXPIRED = "expired"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"

    @property
    def sentence(self) -> str:
        """The state in words."""
        return _SENTENCES[self]


_SENTENCES = {
    ConsentState.GRANTED: "the driver consented",
    ConsentState.EXPIRED: "the consent has expired: the driver has to give it again",
    ConsentState.REVOKED: "the link was revoked here",
    ConsentState.WITHDRAWN: "the driver withdrew consent at the car's maker",
}


@dataclass(frozen=True, slots=True)
class CarLinkRow:
    """A car that is linked to a cloud, or was. A vehicle has one link; the history of its sources is ``SourceRow``.

    ``account`` is what its driver is called at the cloud. ``external_hash`` and ``vin_hash`` are keyed hashes of the
    cloud's id of the car and of its vehicle identification number: one shows whom a webhook is about, the other that
    two accounts have one car. ``sealed`` holds what only the server may read: that id, which may be the vehicle
    identification number itself, and where the car is at home. ``withdrawn``: the driver ended it at the maker's.
    """

    tenant: str
    vehicle_id: str
    provider: Provider
    account: str
    external_hash: str
    site_id: str
    device_id: str
    vin_hash: str = ""
    model: str = ""
    capabilities: Capabilities = field(default_factory=Capabilities)
    battery_kwh: float | None = None
    sealed: str = field(default="", repr=False)
    granted_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_why: str = ""
    withdrawn: bool = False
    linked_by: str = ""

    @property
    def car(self) -> CarId:
        """The car."""
        return CarId(self.tenant, self.vehicle_id)

    def consent(self, now: datetime) -> ConsentState:
        """Whether the car may be asked anything at an instant."""
        if self.revoked_at is not None:
            return ConsentState.WITHDRAWN if self.withdrawn else ConsentState.REVOKED
        expired = self.expires_at is not None and self.expires_at <= now
        return ConsentState.EXPIRED if expired else ConsentState.GRANTED


@dataclass(frozen=True, slots=True)
class CarAccountRow:
    """What lets us into one driver's account at a cloud. ``fault`` says why it does not any more."""

    tenant: str
    provider: Provider
    account: str
    tokens_sealed: str = field(default="", repr=False)
    tokens_expire_at: datetime | None = None
    fault: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CarConsentRow:
    """A consent that was asked for. Only a hash of its state is kept: who has the state may finish it, once.

    What is to be linked once it is given stands beside it. ``actor`` is who asked for it.
    """

    state_hash: str
    tenant: str
    actor: str
    provider: Provider
    account: str
    vehicle_id: str
    site_id: str
    made_at: datetime
    expires_at: datetime
    home_sealed: str = field(default="", repr=False)
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CarStateRow:
    """The last state a car told."""

    tenant: str
    vehicle_id: str
    at: datetime
    received_at: datetime
    plug: PlugState = PlugState.UNKNOWN
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
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: VehicleState) -> "CarStateRow":
        """A state as it is kept."""
        return cls(state.car.tenant, state.car.vehicle_id, **{name: getattr(state, name) for name in _TOLD})

    @property
    def state(self) -> VehicleState:
        """The state that is kept."""
        return VehicleState(CarId(self.tenant, self.vehicle_id), **{name: getattr(self, name) for name in _TOLD})

    def age(self, now: datetime) -> timedelta:
        """How old it is."""
        return max(now - self.at, timedelta())


_TOLD = tuple(one.name for one in fields(CarStateRow) if one.name not in ("tenant", "vehicle_id"))


@dataclass(frozen=True, slots=True)
class CarDeskRow:
    """What the desk of a car has to remember over a restart, as JSON: budgets spent, what it was told last."""

    tenant: str
    vehicle_id: str
    body: str
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class CarActRow:
    """Something a car was to do, and what became of it.

    ``event_id`` is the limit or event it was made for (``""`` for none), ``order_id`` the order to the station that the
    car is. ``ended_at`` is when its status became final; a late one may still be confirmed after that.
    """

    tenant: str
    act_id: str
    vehicle_id: str
    kind: ActKind
    made_at: datetime
    deadline: datetime
    value: float | None = None
    status: ActStatus = ActStatus.QUEUED
    reason: ActReason | None = None
    info: str = ""
    event_id: str = ""
    order_id: str = ""
    remote_act_id: str = ""
    tries: int = 0
    sent_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def act(self) -> Act:
        """The act."""
        car = CarId(self.tenant, self.vehicle_id)
        return Act(self.act_id, car, self.kind, self.made_at, self.deadline, self.value)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where what is known of a vehicle came from, and from when to when (R138). ``source`` is a provider's word or
    ``CHARGER``; the one that goes on has no ``ended_at``."""

    tenant: str
    vehicle_id: str
    source: str
    began_at: datetime
    ended_at: datetime | None = None
    account: str = ""
    why: str = ""
