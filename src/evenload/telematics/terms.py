"""How a car is dealt with: what it can do, how often it may be told something, how long is waited."""

from dataclasses import dataclass, field
from datetime import timedelta

from evenload.domain.station import StationDetails, Token
from evenload.domain.vehicle_state import Capabilities, CarId
from evenload.telematics.budget import FREE, Allowance
from evenload.telematics.soc import EFFICIENCY_USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``power_kw_max`` is what the car draws at home when nothing limits it.

    ``commands_max``: how often it may be told something while plugged in once (0: never), ``None`` for no limit.
    ``dwell``: the least time between two commands. ``deadline``: how long a command is worth waiting for.
    ``assumes_home``: whether it is taken to be at home where its place is not known.
    ``reaction``: how long it may take to follow what it confirmed. ``lost_after``: how long after its last state it
    counts as out of reach, plugged in or not.
    """

    car: CarId
    capabilities: Capabilities
    power_kw_max: float
    battery_kwh: float | None = None
    efficiency: float = EFFICIENCY_USUAL
    commands_max: int | None = None
    dwell: timedelta = timedelta(0)
    deadline: timedelta = timedelta(minutes=10)
    reaction: timedelta = timedelta(minutes=3)
    assumes_home: bool = True
    stale_after: timedelta = timedelta(hours=1)
    lost_after: timedelta = timedelta(hours=3)
    lost_after_unplugged: timedelta = timedelta(hours=48)
    commands: Allowance = FREE
    wakes: Allowance = field(default=Allowance(2, 1 / 86400, 30))
    vendor: str = ""
    model: str = ""

    @property
    def token(self) -> Token:
        """What the car's transactions begin with, so that they are known to be of this vehicle."""
        return Token(self.car.station.identity)

    @property
    def details(self) -> StationDetails:
        """The car as a station."""
        return StationDetails(self.vendor, self.model)
