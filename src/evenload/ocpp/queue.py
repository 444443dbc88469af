"""The calls that wait to be sent: limits first, bounded."""

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf

from evenload.ocpp.action import Action
from evenload.ocpp.events import CallRefusal
from evenload.ocpp.policy import Policy, Priority


@dataclass(slots=True)
class Outgoing:
    """One call of ours. ``call_id`` names it in events; each attempt has a message id of its own (2.0.1 asks for it).

    ``deadline`` is when it is worth nothing any more, on the caller's clock of seconds; so is ``queued_at``.
    """

    call_id: str
    action: Action
    payload: bytes
    timeout_s: float
    attempts_left: int
    deadline: float
    queued_at: float


class CallQueue:
    """Waiting calls by priority; within one, first come, first sent."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._waiting: list[tuple[Priority, int, Outgoing]] = []  # a heap
        self._put = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def refusal(self, priority: Priority) -> CallRefusal | None:
        """Why there is no place for one more call of that priority, if there is none."""
        kept = 0 if priority is Priority.LIMIT else self._policy.queue_kept_for_limits
        return CallRefusal.QUEUE_FULL if len(self) >= self._policy.queue_max - kept else None

    def put(self, call: Outgoing, priority: Priority) -> None:
        """Add a call."""
        self._put += 1
        heappush(self._waiting, (priority, self._put, call))

    def head(self) -> Outgoing | None:
        """The call that leaves next."""
        return self._waiting[0][2] if self._waiting else None

    def pop(self) -> Outgoing:
        """Take the call that leaves next."""
        return heappop(self._waiting)[2]

    def take_late(self, now: float) -> list[Outgoing]:
        """Take out the calls whose deadline has passed."""
        late = [entry for entry in self._waiting if entry[2].deadline <= now]
        if late:
            self._waiting = [entry for entry in self._waiting if entry[2].deadline > now]
            heapify(self._waiting)
        return [call for *_, call in sorted(late)]

    def first_due(self) -> float:
        """The earliest deadline, ``inf`` where there is none."""
        return min((call.deadline for *_, call in self._waiting), default=inf)
