"""Actions: what may be called, by whom, and with which structs."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from evenload.ocpp.wire import Wire


class Role(StrEnum):
    """The two ends of a connection."""

    CSMS = "csms"
    STATION = "station"

    @property
    def other(self) -> "Role":
        """The end across."""
        return Role.STATION if self is Role.CSMS else Role.CSMS


CSMS: Final = frozenset({Role.CSMS})
STATION: Final = frozenset({Role.STATION})
EITHER: Final = CSMS | STATION


@dataclass(frozen=True, slots=True)
class Action:
    """One action of one version: its name on the wire, its structs and who may call it."""

    name: str
    request: type[Wire]
    response: type[Wire]
    sent_by: frozenset[Role]
