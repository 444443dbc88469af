"""What the live platform keeps of sites, devices, sessions, limits, signals and plans. Instants are in UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenload.base.errors import InputError
from evenload.domain.circuit import Circuit
from evenload.domain.session import Control
from evenload.domain.station import StationId
from evenload.domain.station_readings import Quality

_PHASES: Final = (1, 2, 3)
_DWELL_MINUTES_MAX: Final = 1440.0


@dataclass(frozen=True, slots=True)
class CircuitRow:
    """A node of a tenant's grid."""

    tenant: str
    circuit: Circuit


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A place with devices; its circuit has the same name. ``ready_by`` is local time, ``HH:MM``.

    ``meter`` says where its main meter is read: ``""`` for none, ``rest``, ``ocpp:IDENTITY`` or ``modbus:...``.
    ``energy_kwh_usual`` is what a car is supposed to need (at the connector) that nobody said anything of.
    """

    tenant: str
    site_id: str
    name: str = ""
    timezone: str = "UTC"
    ready_by: str = "07:00"
    energy_kwh_usual: float = 20.0
    energy_kwh_minimum: float = 0.0
    meter: str = ""
    guard_kw: float | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """An EVSE of a station at a site. ``fallback_kw`` is stored in the station and holds when nothing else was said.

    A fallback that was ``fallback_allotted`` was chosen by evenload and may be chosen anew; others are an operator's
    own. In one session it is told something new ``commands_max`` times at the most (``None``: any number), and what it
    is told stands ``dwell_minutes`` at the least. ``InputError`` where it could give nothing.
    """

    tenant: str
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
    control: Control = Control.CONTINUOUS
    managed: bool = True
    enrolled_at: datetime | None = None
    retired_at: datetime | None = None
    fallback_allotted: bool = False
    commands_max: int | None = None
    dwell_minutes: float = 0.0

    def __post_init__(self) -> None:
        if (self.commands_max or 0) < 0 or not 0 <= self.dwell_minutes <= _DWELL_MINUTES_MAX:
            raise InputError(
                f"device {self.device_id}: commands_max must be 0 or more, and dwell_minutes 0 to "
                f"{_DWELL_MINUTES_MAX:g} (they are {self.commands_max} and {self.dwell_minutes:g})"
            )
        if not (self.power_kw_max > 0 and self.voltage_v > 0 and self.phases in _PHASES):
            raise InputError(
                f"device {self.device_id}: power_kw_max and voltage_v must be above 0, and phases 1, 2 or 3 "
                f"(they are {self.power_kw_max:g}, {self.voltage_v:g} and {self.phases})"
            )

    @property
    def station(self) -> StationId:
        """The station it is part of."""
        return StationId(self.tenant, self.identity)


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """A vehicle, known by its token. ``ready_by`` is the site's local time, ``HH:MM``; energies at the connector."""

    tenant: str
    vehicle_id: str
    name: str = ""
    token: str = ""
    battery_kwh: float | None = None
    power_kw_max: float | None = None
    ready_by: str = ""
    energy_kwh_usual: float | None = None
    energy_kwh_minimum: float | None = None
    made_at: datetime | None = None


class NeedBasis(StrEnum):
    """Who said what a session needs, the surest first: a driver of this stay, or in advance of all (``WISH``)."""

    DRIVER = "driver"
    WISH = "wish"
    VEHICLE = "vehicle"
    USUAL = "usual"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session, plug-in to plug-out. Energies are at the connector; ``energy_kwh`` is wanted in all by ``departs_at``.

    ``began`` and ``energy_quality`` are estimated where the beginning or a meter's register was not told.
    ``opted_out``: charges at once, as fast as the limits allow. ``boosted``: goes before others within the limits.
    ``metered_at`` is by the station's clock where that can be, ``heard_at`` when the meter was last heard of here.
    ``transaction_ended`` is the last transaction whose end is known, and ``energy_kwh_ended`` what it counted for.
    ``energy_kwh_at_soc`` is what was delivered when ``soc`` was told. One that was ``absorbed_by`` another is a car's
    own of a stay at a charger that is seen: the charger's session counts what flows, and is planned for.
    """

    tenant: str
    session_id: str
    device_id: str
    site_id: str
    plugged_at: datetime
    departs_at: datetime
    energy_kwh: float
    basis: NeedBasis = NeedBasis.SITE
    energy_kwh_minimum: float = 0.0
    power_kw_max: float | None = None
    began: Quality = Quality.MEASURED
    unplugged_at: datetime | None = None
    vehicle_id: str = ""
    token: str = ""
    transaction_id: str = ""
    energy_kwh_delivered: float = 0.0
    energy_quality: Quality = Quality.MEASURED
    energy_kwh_before: float = 0.0
    register_kwh_start: float | None = None
    power_kw: float | None = None
    soc: float | None = None
    metered_at: datetime | None = None
    suspended_by_vehicle: bool = False
    opted_out: bool = False
    boosted: bool = False
    heard_at: datetime | None = None
    transaction_ended: str = ""
    energy_kwh_ended: float = 0.0
    energy_kwh_at_soc: float = 0.0
    absorbed_by: str = ""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit at a circuit for a time, in place of its static one where it is lower. Cancelled ones are kept."""

    tenant: str
    limit_id: str
    node: str
    start: datetime
    end: datetime
    limit_kw: float
    reason: str = ""
    made_by: str = ""
    made_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A price or carbon value that holds from ``at`` for ``duration_s``; everywhere with ``node`` ``""``."""

    tenant: str
    node: str
    at: datetime
    duration_s: float
    price_per_kwh: float | None = None
    export_price_per_kwh: float | None = None
    currency: str = ""
    carbon_g_per_kwh: float | None = None


class LoadKind(StrEnum):
    """What a load at a node counts: what is connected there, or all below it too."""

    DIRECT = "direct"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class LoadRow:
    """A load metered at a node (mean of ``duration_s`` from ``at``); generation is negative."""

    tenant: str
    node: str
    at: datetime
    duration_s: float
    load_kw: float
    kind: LoadKind = LoadKind.DIRECT
    quality: Quality = Quality.MEASURED


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """What a plan gives a session: mean power (kW) of each step from ``first_step``, and why."""

    session_id: str
    first_step: int
    power_kw: tuple[float, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as it was made; ``summary`` is JSON (objective, bound, gap, unserved, circuits)."""

    tenant: str
    plan_id: str
    made_at: datetime
    trigger: str
    start: datetime
    step_minutes: float
    steps: int
    summary: str
    sessions: tuple[PlannedSession, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """Something the brain, the guard or a person decided for a device, and why. ``number`` counts up."""

    tenant: str
    at: datetime
    device_id: str
    session_id: str
    kind: str
    why: str
    power_kw: float | None = None
    plan_id: str = ""
    order_id: str = ""
    number: int = 0
