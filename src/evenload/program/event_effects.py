"""What follows from a step in the life of an event, as data: whom to tell, what is asked of devices, what to keep."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evenload.program.event_call import Call
from evenload.program.event_member import Leaving, Turn


class News(StrEnum):
    """What participants are told."""

    NOTIFIED = "notified"
    MODIFIED = "modified"
    CALLED_OFF = "called_off"
    ENDED = "ended"
    OPTED_OUT = "opted_out"
    LEFT_FOR_NEED = "left_for_need"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell participants at once; ``is_test``: say that it is a test."""

    participants: tuple[str, ...]
    news: News
    sentence: str
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """The planner and protocols are to know the event as it is now; replaces what they knew of it."""

    call: Call
    notified_at: datetime


@dataclass(frozen=True, slots=True)
class Withdraw:
    """From ``at`` on the event asks nothing; protocols tell of a cancellation where ``called_off``."""

    event_id: str
    at: datetime
    called_off: bool


@dataclass(frozen=True, slots=True)
class EndObligation:
    """These owe nothing from ``at`` on."""

    participants: tuple[str, ...]
    at: datetime
    why: Leaving


@dataclass(frozen=True, slots=True)
class Begin:
    """A device is asked from its turns on; replaces turns told before."""

    participant_id: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """A device is given its power back at its turns: so much more at each, all with the last."""

    participant_id: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Rise:
    """Charging below a circuit changes by ``kw_per_minute`` at the most, from ``begins`` until all are back."""

    circuit: str
    kw_per_minute: float
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Record:
    """A sentence for the audit log."""

    at: datetime
    actor: str
    sentence: str


Effect = Tell | Ask | Withdraw | EndObligation | Begin | Return | Rise | Record
