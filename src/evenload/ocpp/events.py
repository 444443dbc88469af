"""What a connection reports: each is something that happened, for whoever drives it to act on."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec import Struct

from evenload.ocpp.faults import Violation
from evenload.ocpp.wire import Wire


class CallRefusal(StrEnum):
    """Why a call was not taken into the queue."""

    QUEUE_FULL = "queue_full"
    TOO_LARGE = "too_large"
    TOO_LATE = "too_late"
    UNSENDABLE = "unsendable"
    CLOSED = "closed"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _REFUSED[self]


class CallFailure(StrEnum):
    """Why a call that was taken got no answer."""

    TIMED_OUT = "timed_out"
    TOO_LATE = "too_late"
    BAD_ANSWER = "bad_answer"
    CLOSED = "closed"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _FAILED[self]


class AnswerRefusal(StrEnum):
    """Why an answer was not sent."""

    NOT_OPEN = "not_open"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _UNANSWERED[self]


_REFUSED: Final = {
    CallRefusal.QUEUE_FULL: "too many calls wait for this station already",
    CallRefusal.TOO_LARGE: "the message is larger than this station takes",
    CallRefusal.TOO_LATE: "the deadline has passed",
    CallRefusal.UNSENDABLE: "the message holds what this version of the protocol has no room for",
    CallRefusal.CLOSED: "the connection is closed",
}
_FAILED: Final = {
    CallFailure.TIMED_OUT: "no answer came in time",
    CallFailure.TOO_LATE: "the deadline passed before the call could be sent",
    CallFailure.BAD_ANSWER: "the answer could not be read",
    CallFailure.CLOSED: "the connection closed before an answer came",
}
_UNANSWERED: Final = {
    AnswerRefusal.NOT_OPEN: "no such call waits for an answer: it was answered, or the connection closed",
}


class Called(Struct, frozen=True, gc=False):
    """The other end calls: answer ``message_id``."""

    message_id: str
    action: str
    request: Wire


class Answered(Struct, frozen=True):
    """A call of ours was answered. ``late`` where it had been reported as timed out before."""

    call_id: str
    action: str
    response: Wire
    late: bool = False


class Refused(Struct, frozen=True):
    """A call of ours was answered with a CALLERROR; ``details`` is JSON. ``late`` as in ``Answered``."""

    call_id: str
    action: str
    code: str
    description: str
    details: bytes
    late: bool = False


class Failed(Struct, frozen=True):
    """A call of ours got no answer. ``timeouts_in_row`` counts those without an answer to anything in between."""

    call_id: str
    action: str
    failure: CallFailure
    timeouts_in_row: int = 0


class Violated(Struct, frozen=True):
    """The other end broke a rule. ``message_id`` is ``""`` where it could not be read."""

    violation: Violation
    message_id: str
    action: str = ""


Event = Called | Answered | Refused | Failed | Violated


@dataclass(slots=True)
class Outbox:
    """What comes out of a connection and has not been taken yet: frames to send and events, each in order."""

    frames: list[bytes] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
