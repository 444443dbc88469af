"""What a virtual town is made of: sites, charging stations, vehicles, and the visits of its drivers."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Final

from evenload.domain.vehicle_state import CAR_PREFIX, Provider

VOLTAGE_V: Final = 230.0
EFFICIENCY: Final = 0.9
SOC_READY: Final = 0.9
_USABLE_SHARE: Final = 0.8


class SiteKind(StrEnum):
    """What cars do where a station stands."""

    HOME = "home"
    WORKPLACE = "workplace"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class TownSite:
    """A place with one or more stations. ``node`` is its circuit, ``transformer`` the one above."""

    node: str
    transformer: str
    kind: SiteKind
    stations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """One station with one EVSE; ``node`` is the circuit of its site.

    A car that is reached by its maker's cloud stands for the outlet it is plugged in at, which nobody can talk to: its
    ``subprotocol`` is the word of that cloud's shape.
    """

    station: str
    subprotocol: str
    evse_id: int
    node: str
    kind: SiteKind
    current_a_max: float
    phases: int
    voltage_v: float = VOLTAGE_V

    @property
    def power_kw_max(self) -> float:
        """What it can give."""
        return self.current_a_max * self.phases * self.voltage_v / 1000

    @property
    def provider(self) -> Provider | None:
        """The shape of the cloud by which its car is reached, ``None`` for a station."""
        return Provider(self.subprotocol) if self.station.startswith(CAR_PREFIX) else None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car and the token of its driver; ``usually_ready_by`` is local. ``station`` is its own at home, else ``""``."""

    token: str
    kind: SiteKind
    battery_kwh: float
    current_a_max: float
    phases: int
    usually_ready_by: time
    station: str = ""

    def power_kw_at(self, device: Device) -> float:
        """What it draws there at most."""
        current_a = min(self.current_a_max, device.current_a_max)
        return current_a * min(self.phases, device.phases) * device.voltage_v / 1000

    @property
    def energy_kwh_most(self) -> float:
        """What it takes at the connector in one session at most."""
        return _USABLE_SHARE * self.battery_kwh / EFFICIENCY


@dataclass(frozen=True, slots=True)
class Visit:
    """One session of one driver: ``departs_at`` is declared, ``leaves_at`` happens. ``energy_kwh`` is the need at the
    connector. Who has ``opted_out`` wants to charge at once, whatever the plan."""

    visit_id: str
    station: str
    evse_id: int
    token: str
    plugged_at: datetime
    departs_at: datetime
    leaves_at: datetime
    energy_kwh: float
    power_kw_max: float
    opted_out: bool
