"""What a virtual station has to say: news that is worth nothing later, and what it owes until it is answered."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final

from evenload.ocpp.connection import Connection
from evenload.ocpp.events import Answered, CallRefusal, Failed, Refused
from evenload.ocpp.wire import Wire
from evenload.simulate.station_speech import Charge

_REFUSED_MAX: Final = 3
Note = Callable[[Wire], None]


@dataclass(slots=True)
class _Owed:
    """A message about a transaction, written when it leaves: 1.6 learns the number of a transaction late."""

    charge: Charge
    write: Callable[[], Wire]
    note: Note
    refused: int = 0


class Outbox:
    """Messages of a station. What is owed leaves in order, one at a time, and again until it is answered.

    ``now`` is by the line's clock.
    """

    def __init__(self, retry_s: float) -> None:
        self.connection: Connection | None = None
        self._retry_s = retry_s
        self._retry_at = 0.0
        self._owed: deque[_Owed] = deque()
        self._owed_id = ""
        self._notes: dict[str, Note] = {}

    @property
    def owed(self) -> int:
        """How many messages about transactions are still to be answered."""
        return len(self._owed)

    def open(self, connection: Connection, now: float) -> None:
        """A connection is there."""
        self.connection = connection
        self._notes.clear()
        self._owed_id = ""
        self._retry_at = now

    def close(self) -> None:
        """It is gone; what is owed stays owed."""
        self.connection = None

    def ask(self, request: Wire, note: Note, now: float) -> None:
        """Say something now, or never."""
        if self.connection is not None:
            taken = self.connection.call(request, now)
            if not isinstance(taken, CallRefusal):
                self._notes[taken] = note

    def awaits(self, note: Note) -> bool:
        """Whether the answer that goes to ``note`` is still to come."""
        return note in self._notes.values()

    def owe(self, charge: Charge, write: Callable[[], Wire], note: Note) -> None:
        """Say something about a transaction, whenever that is possible."""
        self._owed.append(_Owed(charge, write, note))

    def forget(self, charge: Charge) -> None:
        """Owe nothing more about a transaction."""
        self._owed = deque(one for one in self._owed if one.charge is not charge)
        self._owed_id = ""

    def pump(self, now: float) -> None:
        """Send what is owed next."""
        if self.connection is None or not self._owed or self._owed_id or now < self._retry_at:
            return
        taken = self.connection.call(self._owed[0].write(), now)
        if not isinstance(taken, CallRefusal):
            self._owed_id = taken

    def next_due(self) -> float:
        """When ``pump`` has something to do."""
        return self._retry_at if self._owed and not self._owed_id and self.connection is not None else inf

    def settle(self, event: Answered | Refused | Failed, now: float) -> None:
        """Take what became of a call."""
        if event.call_id == self._owed_id:
            self._owed_id = ""
            self._settle_owed(event, now)
            return
        note = self._notes.pop(event.call_id, None)
        if note is not None and isinstance(event, Answered):
            note(event.response)

    def _settle_owed(self, event: Answered | Refused | Failed, now: float) -> None:
        if isinstance(event, Answered):
            owed = self._owed.popleft()
            owed.note(event.response)
        else:
            owed = self._owed[0]
            owed.refused += 1
            self._retry_at = now + self._retry_s * owed.refused
            if owed.refused >= _REFUSED_MAX and isinstance(event, Refused):
                self._owed.popleft()  # OCPP lets a station give up on what is refused again and again
