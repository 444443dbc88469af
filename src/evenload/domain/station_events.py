"""What happens at stations: one set of events for all protocols. Kilowatts and kilowatt-hours are at the connector."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from evenload.domain.station import (
    WHOLE_STATION,
    ConnectorStatus,
    Registration,
    StationDetails,
    StationId,
    Token,
    TokenStatus,
)
from evenload.domain.station_limits import Disobedience, Limits, LimitSource
from evenload.domain.station_readings import MeterFault, Quality, Reading


class StationEvent(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened at a station: ``at`` by its own clock where it told a plausible time, else as received.

    ``evse_id`` is 0 where the event is of the whole station.
    """

    station: StationId
    at: datetime
    received_at: datetime
    evse_id: int = WHOLE_STATION


# life


class StationBooted(StationEvent, frozen=True, kw_only=True):
    """A station started, or says so; ``reason`` is its own word, ``""`` where it has none."""

    details: StationDetails
    registration: Registration
    reason: str = ""


class StationSeen(StationEvent, frozen=True, kw_only=True):
    """A station gave a sign of life."""


class StationLost(StationEvent, frozen=True, kw_only=True):
    """The connection ended. An offline station is not an idle one."""


class StatusChanged(StationEvent, frozen=True, kw_only=True):
    """State of a connector, or with ``connector_id`` 0 of the station; ``error`` is the station's word for a fault."""

    connector_id: int
    status: ConnectorStatus
    error: str = ""
    info: str = ""


class SettingsReported(StationEvent, frozen=True, kw_only=True):
    """Settings as the station has them, by the protocol's own names; ``None`` where it has none of that name."""

    values: Mapping[str, str | None]
    complete: bool = True


class SecurityNoticed(StationEvent, frozen=True, kw_only=True):
    """A security event a station reports."""

    kind: str
    info: str = ""


class CertificateRequested(StationEvent, frozen=True, kw_only=True):
    """A station asks for a certificate to be signed (PEM, PKCS 10); ``use`` is the protocol's word for its purpose."""

    request_pem: str
    use: str = ""


class CertificateIssued(StationEvent, frozen=True, kw_only=True):
    """A certificate was signed for a station: its common name, serial number in hexadecimal, and end."""

    name: str
    serial: str
    expires_at: datetime


class CertificateRefused(StationEvent, frozen=True, kw_only=True):
    """A station asked for a certificate that it does not get."""

    reason: str


class AccessChange(StrEnum):
    """What became of a station's access."""

    REVOKED = "revoked"
    REMOVED = "removed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - no password


class AccessChanged(StationEvent, frozen=True, kw_only=True):
    """Somebody changed whether and how a station may come in."""

    change: AccessChange


class ProgressReported(StationEvent, frozen=True, kw_only=True):
    """How far a task (``firmware``, ``log``, ``diagnostics``, ``reservation``) has come, in the station's own words."""

    task: str
    progress: str
    info: str = ""


class DataReceived(StationEvent, frozen=True, kw_only=True):
    """A vendor's own message."""

    vendor: str
    message: str
    data: object


# transactions


class ChargingState(StrEnum):
    """What a transaction is doing."""

    CONNECTED = "connected"
    CHARGING = "charging"
    SUSPENDED_BY_VEHICLE = "suspended_by_vehicle"
    SUSPENDED_BY_STATION = "suspended_by_station"
    IDLE = "idle"


class AuthorisationAsked(StationEvent, frozen=True, kw_only=True):
    """A token was presented and answered."""

    token: Token
    status: TokenStatus


class TransactionEvent(StationEvent, frozen=True, kw_only=True):
    """Something about a transaction. ``offline``: it happened while the station had no connection.

    ``sequence`` counts the events of a transaction where the protocol numbers them.
    """

    transaction_id: str
    offline: bool = False
    sequence: int | None = None


class TransactionStarted(TransactionEvent, frozen=True, kw_only=True):
    """A transaction began. ``quality`` is estimated where its beginning was never told and follows from what was."""

    connector_id: int = 1
    token: Token | None = None
    token_status: TokenStatus | None = None
    register_kwh: float | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    quality: Quality = Quality.MEASURED


class TransactionUpdated(TransactionEvent, frozen=True, kw_only=True):
    """A transaction goes on; ``trigger`` is the station's word for why it says so."""

    state: ChargingState | None = None
    trigger: str = ""
    token: Token | None = None
    token_status: TokenStatus | None = None


class TransactionEnded(TransactionEvent, frozen=True, kw_only=True):
    """A transaction ended. An estimated end was never told and follows from what was; a measured one may still come.

    ``energy_kwh`` was delivered in all: by the registers at start and end (measured) or, where they are missing or do
    not belong together, by the readings in between (estimated), ``None`` where there were none.
    """

    token: Token | None = None
    reason: str = ""
    register_kwh: float | None = None
    energy_kwh: float | None = None
    energy_quality: Quality = Quality.MEASURED
    quality: Quality = Quality.MEASURED


class SequenceGapFound(TransactionEvent, frozen=True, kw_only=True):
    """Events of a transaction are missing, by their numbers; they may still come."""

    missing: tuple[int, ...]


class TransactionUnplaced(TransactionEvent, frozen=True, kw_only=True):
    """A message about a transaction nobody knows. It was acknowledged, else the station would send it for ever."""

    text: str


# metering


class MeterSampled(StationEvent, frozen=True, kw_only=True):
    """What was metered; ``transaction_id`` is ``""`` outside a transaction. ``signed_data`` is kept as it came."""

    readings: tuple[Reading, ...]
    transaction_id: str = ""
    signed_data: tuple[str, ...] = ()


class MeterFaultFound(StationEvent, frozen=True, kw_only=True):
    """A sample that could not be used as it came."""

    fault: MeterFault
    text: str


# charging


class NeedDeclared(StationEvent, frozen=True, kw_only=True):
    """What a vehicle said it needs; ``None`` where it did not say. Energy is at the connector."""

    transaction_id: str = ""
    energy_kwh: float | None = None
    departs_at: datetime | None = None
    power_kw_max: float | None = None
    power_kw_min: float | None = None
    battery_kwh: float | None = None
    soc: float | None = None
    phases: int | None = None


class LimitReported(StationEvent, frozen=True, kw_only=True):
    """A limit that somebody else set at the station, ``None`` where it does not say how high; or that it is lifted."""

    source: LimitSource
    limits: Limits | None = None
    lifted: bool = False
    grid_critical: bool = False


class VehicleScheduleReported(StationEvent, frozen=True, kw_only=True):
    """The schedule a vehicle says it will follow, and whether it keeps the limits in force."""

    limits: Limits
    within_limits: bool


class FallbackVerified(StationEvent, frozen=True, kw_only=True):
    """The station's own account of its schedule shows what was given to it, the fallback under it included."""

    power_kw: float


class DriverOverrode(StationEvent, frozen=True, kw_only=True):
    """A driver took charging in hand elsewhere, such as in the app of the car's maker: it counts as opting out."""

    transaction_id: str = ""
    info: str = ""


class DisobedienceFound(StationEvent, frozen=True, kw_only=True):
    """A station took limits and does not keep them: ``found_kw`` where at most ``limit_kw`` was allowed."""

    how: Disobedience
    limit_kw: float
    found_kw: float
    transaction_id: str = ""
