"""What a desk hands back: answers to a station's calls, and calls to make."""

from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from evenload.domain.station_commands import Command, Settlement
from evenload.domain.station_events import StationEvent
from evenload.ocpp.policy import Terms
from evenload.ocpp.profiles import Placement
from evenload.ocpp.wire import Wire

_USUAL: Final = Terms()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call is answered with a CALLERROR of this code, which both versions have, and a sentence."""

    code: str
    sentence: str


NOT_REGISTERED = Refusal("SecurityError", "the station has not been accepted yet")
NOT_SUPPORTED = Refusal("NotSupported", "this is not done here")


class Outcome(Struct, frozen=True, gc=False):
    """The answer to a call, and what it means. ``durable``: answer only once the events are safe on disk."""

    answer: Wire | Refusal
    events: tuple[StationEvent, ...] = ()
    durable: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A call to make: what to send on what terms, and what it is for.

    ``verifies``: the answer is to be held against the limits that were given.
    """

    message: Wire
    terms: Terms = _USUAL
    command: Command | None = None
    placement: Placement | None = None
    verifies: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer to a call of ours means. ``final``: saying it in another way would not help."""

    settlement: Settlement = Settlement.DONE
    info: str = ""
    value: object = None
    events: tuple[StationEvent, ...] = ()
    final: bool = False
