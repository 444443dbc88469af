"""What is kept: one frozen row for each thing. Instants are in UTC, to the microsecond."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from evenload.domain.station import ConnectorStatus, StationDetails, StationId, Token, TokenStatus
from evenload.domain.station_readings import Quality, Reading


@dataclass(frozen=True, slots=True)
class StationRow:
    """A station that knocked or was added. ``profile`` is the weakest security profile (0 to 3) it may come in by.

    ``fallback_kw`` is the last fallback that its own account of its schedule showed, ``None`` where none was verified;
    ``fallbacks_kw`` is that of each EVSE. It was away from ``lost_at`` to ``back_at``, the last time.
    A station that is given another password may come in by ``password_hash`` until ``password_until`` (``None``: for
    as long as it did not come in by the other one) and by ``password_hash_next``. One that was revoked stays out.
    """

    station: StationId
    approved: bool = False
    profile: int = 0
    password_hash: str = field(default="", repr=False)
    certificate_name: str = ""
    address: str = ""
    noted_at: datetime | None = None
    details: StationDetails | None = None
    booted_at: datetime | None = None
    seen_at: datetime | None = None
    lost_at: datetime | None = None
    fallback_kw: float | None = None
    disobeyed_at: datetime | None = None
    revoked_at: datetime | None = None
    password_hash_next: str = field(default="", repr=False)
    password_until: datetime | None = None
    fallbacks_kw: Mapping[int, float] = field(default_factory=dict)
    back_at: datetime | None = None

    @property
    def connected(self) -> bool:
        """Whether the last that was heard of it was not the end of its connection."""
        return self.seen_at is not None and (self.lost_at is None or self.lost_at < self.seen_at)

    def seen(self, at: datetime) -> "StationRow":
        """The same after something was heard of it, which may be long ago."""
        after = replace(self, seen_at=max(self.seen_at or at, at))
        return replace(after, back_at=at) if after.connected and not self.connected else after


@dataclass(frozen=True, slots=True)
class ConnectorRow:
    """The last state told of a connector."""

    station: StationId
    evse_id: int
    connector_id: int
    status: ConnectorStatus
    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What a token of a tenant may do."""

    tenant: str
    token: Token
    status: TokenStatus = TokenStatus.ACCEPTED
    expires_at: datetime | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction; ``ended`` is the quality of its end, ``None`` while it goes on.

    ``sequence`` is the highest number an event of it had, where the protocol numbers them.
    """

    station: StationId
    transaction_id: str
    evse_id: int
    started_at: datetime
    connector_id: int = 1
    token: Token | None = None
    register_kwh_start: float | None = None
    began: Quality = Quality.MEASURED
    state: str = ""
    last_at: datetime | None = None
    sequence: int | None = None
    ended: Quality | None = None
    ended_at: datetime | None = None
    register_kwh_end: float | None = None
    energy_kwh: float | None = None
    energy_quality: Quality | None = None
    reason: str = ""

    @property
    def key(self) -> tuple[StationId, str]:
        """What it is known by: stations may use one id twice."""
        return (self.station, self.transaction_id)


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """A reading at an EVSE."""

    station: StationId
    evse_id: int
    reading: Reading
    transaction_id: str = ""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """The mean power of an EVSE over the quarter hour from ``at``; ``covered`` is the share that readings tell of.

    The rest counts as 0 kW.
    """

    station: StationId
    evse_id: int
    at: datetime
    power_kw: float
    covered: float = 1.0
    quality: Quality = Quality.MEASURED


@dataclass(frozen=True, slots=True)
class CircuitSlotRow:
    """The mean power of all devices below a circuit over the quarter hour from ``at``, of those that told something.

    ``covered`` is the mean share of the quarter that they told of.
    """

    tenant: str
    node: str
    at: datetime
    power_kw: float
    covered: float
    devices: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as text: ``kind`` is its class, ``body`` JSON of what is particular to it. ``number`` counts up."""

    station: StationId
    at: datetime
    received_at: datetime
    evse_id: int
    kind: str
    body: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A command to a station, in ``body`` as JSON, and how it ended.

    One that is ``standing`` is wanted until another takes its place: a server that starts anew gives it again.
    ``value`` is JSON of what was asked for, without secrets, ``""`` where nothing was.
    """

    order_id: str
    station: StationId
    kind: str
    evse_id: int
    body: str
    made_at: datetime
    worthless_at: datetime | None = None
    standing: bool = False
    settlement: str = ""
    info: str = ""
    value: str = ""
    settled_at: datetime | None = None
    number: int = 0
