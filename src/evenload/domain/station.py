"""Stations: who they are, what their connectors do, who may charge there; one vocabulary for all protocols."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

WHOLE_STATION: Final = 0
"""The ``evse_id`` that stands for a station as a whole; EVSEs count from 1, and so do the connectors of each."""


class StationId(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """Which station: its identity is unique within a tenant only. Looked up several times a message."""

    tenant: str
    identity: str

    def __str__(self) -> str:
        return f"{self.tenant}/{self.identity}"


@dataclass(frozen=True, slots=True)
class StationDetails:
    """What a station says it is; ``""`` where it does not say."""

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""
    meter_type: str = ""
    meter_serial: str = ""
    iccid: str = ""
    imsi: str = ""


class Registration(StrEnum):
    """Whether a station may take part."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"


class ConnectorStatus(StrEnum):
    """State of a connector. ``OCCUPIED`` is all that some protocols tell of the states from ``PREPARING`` on."""

    AVAILABLE = "available"
    OCCUPIED = "occupied"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_BY_VEHICLE = "suspended_by_vehicle"
    SUSPENDED_BY_STATION = "suspended_by_station"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Token:
    """What a driver identifies with. ``kind`` is the protocol's word (``ISO14443``, ``eMAID``), ``""`` if none."""

    text: str
    kind: str = ""

    @property
    def key(self) -> str:
        """What tokens are compared by: identifiers differ in nothing but case when they are the same."""
        return self.text.strip().casefold()


class TokenStatus(StrEnum):
    """Whether a token may charge, and why not."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    CONCURRENT = "concurrent"
    EXPIRED = "expired"
    NO_CREDIT = "no_credit"
    NOT_AT_THIS_EVSE = "not_at_this_evse"
    NOT_AT_THIS_STATION = "not_at_this_station"
    NOT_AT_THIS_TIME = "not_at_this_time"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        """The status in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    TokenStatus.ACCEPTED: "the token may charge",
    TokenStatus.BLOCKED: "the token is blocked",
    TokenStatus.CONCURRENT: "the token is charging elsewhere",
    TokenStatus.EXPIRED: "the token has expired",
    TokenStatus.NO_CREDIT: "the account has no credit left",
    TokenStatus.NOT_AT_THIS_EVSE: "the token may not charge at this EVSE",
    TokenStatus.NOT_AT_THIS_STATION: "the token may not charge at this station",
    TokenStatus.NOT_AT_THIS_TIME: "the token may not charge at this time",
    TokenStatus.UNKNOWN: "the token is not known",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to whether a token may charge; how long a station may keep it, and what group the token is of."""

    status: TokenStatus
    expires_at: datetime | None = None
    group: str = ""
