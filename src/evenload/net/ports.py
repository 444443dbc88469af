"""What the server of stations needs from the rest of the system, and the words it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from evenload.base.errors import EvenloadError
from evenload.domain.station import StationId
from evenload.domain.station_commands import Command
from evenload.domain.station_events import StationEvent
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Answered, Called, CallRefusal, Failed, Refused
from evenload.ocpp.outcome import Outcome, Request


class SecurityProfile(IntEnum):
    """How a station proves who it is (OCPP 2.0.1 Part 2, A00; 1.6 security whitepaper); more is stronger."""

    NONE = 0
    BASIC = 1
    BASIC_OVER_TLS = 2
    MUTUAL_TLS = 3


@dataclass(frozen=True, slots=True)
class StationRecord:
    """What is known of a station that may want to connect.

    ``profile`` is the weakest security profile it may use. ``certificate_name`` is the common name its certificate
    must carry, ``""`` for its identity. ``password_hash`` is ``""`` where it has no password. One that was sent another
    password may use both: ``password_hash_next`` is of that. ``revoked``: somebody took its access away.
    """

    approved: bool = True
    profile: SecurityProfile = SecurityProfile.BASIC
    password_hash: str = ""
    certificate_name: str = ""
    password_hash_next: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """What a tenant may use."""

    connections_max: int = 20_000


class Directory(Protocol):
    """Who is known."""

    async def look_up(self, station: StationId) -> tuple[TenantRecord | None, StationRecord | None]:
        """The tenant and the station, each ``None`` where unknown."""

    def hold(self, station: StationId, address: str) -> None:
        """Note a station of a known tenant that knocked and is unknown or not approved yet. It may knock often."""

    def took_password(self, station: StationId, password_hash_next: str) -> None:
        """A station came in by the other password it was sent, which is its only one from now on."""


class CommitError(EvenloadError):
    """Events could not be made durable: what waited for them is not acknowledged.

    ``stations`` are those whose events were refused while those of all others are safe; ``None`` where nothing is.
    """

    def __init__(self, sentence: str, stations: frozenset[StationId] | None = None) -> None:
        super().__init__(sentence)
        self.stations = stations


class Sink(Protocol):
    """Where events go."""

    async def commit(self, events: Sequence[StationEvent]) -> None:
        """Make events durable, in order; ``CommitError`` tells what could not be."""


class Desk(Protocol):
    """The state of one station and what it means: ``ocpp.desk.Desk``. Ask ``to_call`` after every method."""

    def take(self, called: Called, now: datetime) -> Outcome:
        """Take a call of the station."""

    def order(self, command: Command, now: datetime) -> Sequence[StationEvent]:
        """Take a command, which ends with a ``CommandSettled``, now or later."""

    def to_call(self) -> Sequence[Request]:
        """The calls to make, in order."""

    def sent(self, request: Request, taken: str | CallRefusal, now: datetime) -> Sequence[StationEvent]:
        """What became of a call to make."""

    def settle(self, result: Answered | Refused | Failed, now: datetime) -> Sequence[StationEvent]:
        """Take the end of a call that was made."""

    def lost(self, now: datetime) -> Sequence[StationEvent]:
        """The connection ended, after every call was reported failed."""


DeskFor = Callable[[StationId, Dialect], Desk]
Clock = Callable[[], datetime]
