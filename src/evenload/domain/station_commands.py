"""What stations are told and asked: one set of commands for all protocols, each settled by an event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from evenload.domain.station import WHOLE_STATION, Token, Verdict
from evenload.domain.station_events import StationEvent
from evenload.domain.station_limits import Limits

PASSING: Final = "passing-"
"""How the id of a command begins that is nothing to keep, such as to be asked every second what a meter shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something for a station to do. ``worthless_at``: not to be sent any more from then on."""

    command_id: str
    evse_id: int = WHOLE_STATION
    worthless_at: datetime | None = None


# limits


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProfile(Command):
    """Keep to limits until they end; after that the fallback holds. For the station as a whole with ``evse_id`` 0."""

    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFallback(Command):
    """Keep to ``power_kw`` whenever nothing else was said: stored in the station, never expires."""

    power_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearProfile(Command):
    """Forget the limits of an EVSE, or all with ``evse_id`` 0; the fallback too where ``fallback``."""

    fallback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetCompositeSchedule(Command):
    """Ask what limits the station thinks are in force over the next ``duration_s``."""

    duration_s: int = 3600


# transactions and availability


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRemotely(Command):
    """Start a transaction, within ``limits`` from the start where given."""

    token: Token
    remote_start_id: int
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRemotely(Command):
    """Stop a transaction."""

    transaction_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskTransaction(Command):
    """Ask whether a transaction goes on and whether messages about it still wait at the station."""

    transaction_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAvailability(Command):
    """Take a station, EVSE or connector in or out of service."""

    operative: bool
    connector_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockConnector(Command):
    """Unlock a cable."""

    connector_id: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset(Command):
    """Restart, at once or where the protocol can wait for it when nobody charges."""

    at_once: bool = False


class Wanted(StrEnum):
    """What a station can be asked to send now."""

    BOOT = "boot"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    METER = "meter"
    TRANSACTION = "transaction"
    FIRMWARE = "firmware"
    LOG = "log"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Command):
    """Ask for a message now."""

    wanted: Wanted
    connector_id: int = 0


# settings, tokens, vendors


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSettings(Command):
    """Change settings by the protocol's own names: 1.6 keys, or ``Component.Variable`` of 2.x."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSettings(Command):
    """Ask for settings by the protocol's own names, all without names."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateLocalList(Command):
    """Replace the list of tokens a station may decide on alone, or change it where ``differential`` (None removes)."""

    version: int
    entries: tuple[tuple[Token, Verdict | None], ...]
    differential: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLocalListVersion(Command):
    """Ask which version of the list the station has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearCache(Command):
    """Forget what was learned of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallSignedCertificate(Command):
    """Give the station the certificate it asked for (PEM, its own first)."""

    chain_pem: str
    use: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePassword(Command):
    """Take another password. What is kept of the order has none: it is drawn when it is given, and kept nowhere."""

    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Command):
    """Close the connection, and forget all that is known of the station where ``forget``."""

    forget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SendData(Command):
    """A vendor's own message."""

    vendor: str
    message: str = ""
    data: Any = None


class Settlement(StrEnum):
    """How a command ended."""

    DONE = "done"
    LATER = "later"
    AFTER_REBOOT = "after_reboot"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    NOT_SUPPORTED = "not_supported"
    NO_ANSWER = "no_answer"
    SUPERSEDED = "superseded"

    @property
    def sentence(self) -> str:
        """The ending in words."""
        return _SENTENCES[self]

    @property
    def good(self) -> bool:
        """Whether what was commanded holds, or will."""
        return self in _GOOD


_SENTENCES = {
    Settlement.DONE: "the station did it",
    Settlement.LATER: "the station will do it when it can",
    Settlement.AFTER_REBOOT: "it holds after the next restart",
    Settlement.UNCHANGED: "the station has it already, near enough",
    Settlement.REJECTED: "the station refused",
    Settlement.NOT_SUPPORTED: "the station, or the version of the protocol it speaks, cannot do this",
    Settlement.NO_ANSWER: "no answer came",
    Settlement.SUPERSEDED: "another order took its place before it was carried out",
}
_GOOD = {Settlement.DONE, Settlement.LATER, Settlement.AFTER_REBOOT, Settlement.UNCHANGED}


class CommandSettled(StationEvent, frozen=True, kw_only=True):
    """A command came to its end: how, the station's own words, and what was asked for."""

    command_id: str
    settlement: Settlement
    info: str = ""
    value: object = None


class CompositeReported(StationEvent, frozen=True, kw_only=True):
    """The limits a station says are in force."""

    limits: Limits
