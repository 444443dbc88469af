"""What a connection remembers: answers it gave, for calls that come twice, and calls it made, for answers that do."""

from collections import OrderedDict
from enum import Enum, auto

from msgspec import Struct

from evenload.ocpp.queue import Outgoing


class _Given(Struct, frozen=True, gc=False):
    call_hash: int
    frame: bytes
    until: float


class GivenAnswers:
    """The last answers given. A call that comes again, byte for byte, gets the same answer and is not handled twice."""

    def __init__(self, kept_max: int, kept_s: float) -> None:
        self._kept_max = kept_max
        self._kept_s = kept_s
        self._given: dict[str, _Given] = {}  # in the order they were given

    def keep(self, message_id: str, call_hash: int, frame: bytes, now: float) -> None:
        """Remember the answer to a call, and forget the oldest beyond what is kept."""
        given = self._given
        given.pop(message_id, None)
        given[message_id] = _Given(call_hash, frame, now + self._kept_s)
        if len(given) > self._kept_max:
            del given[next(iter(given))]

    def known(self, message_id: str, now: float) -> bool:
        """Whether a call of that id was answered lately."""
        given = self._given.get(message_id)
        return given is not None and given.until > now

    def frame_for(self, message_id: str, call_hash: int) -> bytes | None:
        """The answer given to that very call, or ``None`` where the id came with another content."""
        given = self._given[message_id]
        return given.frame if given.call_hash == call_hash else None


class Ending(Enum):
    """How an attempt of ours ended."""

    ANSWERED = auto()
    FAILED = auto()
    RETRIED = auto()


class PastCalls:
    """The last attempts of ours by message id, so that a late or second answer is told from an unknown one."""

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._past: OrderedDict[str, tuple[Outgoing, Ending]] = OrderedDict()

    def keep(self, message_id: str, call: Outgoing, ending: Ending) -> None:
        """Remember how an attempt ended."""
        self._past[message_id] = (call, ending)
        self._past.move_to_end(message_id)
        while len(self._past) > self._kept_max:
            self._past.popitem(last=False)

    def find(self, message_id: str) -> tuple[Outgoing, Ending] | None:
        """The attempt of that id, if it is remembered."""
        return self._past.get(message_id)
