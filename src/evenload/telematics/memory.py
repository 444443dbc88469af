"""What a desk knows of its car, so that it goes on after a restart as if there had been none."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from evenload.base.errors import InputError
from evenload.domain.station import ConnectorStatus
from evenload.domain.station_events import ChargingState
from evenload.domain.station_limits import Limits
from evenload.domain.station_readings import MeterFault
from evenload.domain.vehicle_state import Act, ActReason, VehicleState
from evenload.telematics.budget import Purse


@dataclass(slots=True)
class Stay:
    """A time plugged in at home: its transaction, and what its register said (kWh) when it began."""

    transaction_id: str
    began_at: datetime
    register_kwh: float
    commands: int = 0
    was_energy_counted: bool = False


@dataclass(slots=True)
class UnderWay:
    """An act under way. ``retry_at``: it waits until then to be tried again; else an answer is waited for."""

    act: Act
    tries: int = 1
    retry_at: datetime | None = None
    reason: ActReason = ActReason.NO_ANSWER
    info: str = ""
    remote_act_id: str = ""
    is_woken: bool = False


@dataclass(slots=True)
class Obeyed:
    """What a car was told last and confirmed, and what it showed since."""

    is_on: bool | None = None
    is_on_at: datetime | None = None
    current_a: float | None = None
    current_at: datetime | None = None
    seen_stopped_at: datetime | None = None
    strikes: int = 0
    is_marked: bool = False


@dataclass(slots=True)
class DeskMemory:
    """All that a desk remembers of one car: its ``state`` as far as it is believed, and as it was ``told``."""

    state: VehicleState | None = None
    told: VehicleState | None = None
    soc: float | None = None
    soc_at: datetime | None = None
    is_home: bool = False
    tells_place: bool = False
    stay: Stay | None = None
    stays: int = 0
    status: ConnectorStatus | None = None
    charging: ChargingState | None = None
    register_kwh: float = 0.0
    zero_since: datetime | None = None
    zero_register_kwh: float = 0.0
    soc_unplugged: float | None = None
    soc_doubted: float | None = None
    faults: tuple[MeterFault, ...] = ()
    wanted: Limits | None = None
    under_way: UnderWay | None = None
    late: Act | None = None
    obeyed: Obeyed = field(default_factory=Obeyed)
    acts_made: int = 0
    commanded_at: datetime | None = None
    failures: int = 0
    not_before: datetime | None = None
    is_opted_out: bool = False
    is_lost: bool = True
    is_withdrawn: bool = False
    commands: Purse = field(default_factory=Purse)
    wakes: Purse = field(default_factory=Purse)
    reads: Purse = field(default_factory=Purse)

    def encoded(self) -> bytes:
        """The memory as JSON."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, text: bytes) -> "DeskMemory":
        """A memory of JSON; ``InputError`` where it is none."""
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise InputError(f"what is remembered of a car cannot be read: {error}") from error
