"""One OCPP-J connection as a state machine, for either end: bytes and instants in, events and bytes out.

Rules it keeps (OCPP-J 1.6 and 2.0.1 Part 4, section 4.1.1): at most one call of ours without an answer, calls of
theirs meanwhile; answers leave before queued calls; limits leave before everything else that waits.
"""

from collections.abc import Callable
from math import inf

from evenload.ocpp import frames
from evenload.ocpp.action import Role
from evenload.ocpp.answering import Answering
from evenload.ocpp.calling import Calling
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import AnswerRefusal, CallRefusal, Event, Outbox, Violated
from evenload.ocpp.faults import Violation
from evenload.ocpp.payload import Inbound
from evenload.ocpp.policy import Policy, Terms
from evenload.ocpp.wire import Wire

_USUAL = Terms()


class Connection:
    """The end ``role`` of one WebSocket. ``now`` is any clock in seconds that never goes back.

    After every method: send what ``to_send`` gives, act on what ``events`` gives, and call ``tick`` by ``next_due``.
    ``new_id`` makes message ids of at most 36 characters, never one twice for one station, on whatever connection.
    """

    def __init__(self, dialect: Dialect, role: Role, new_id: Callable[[], str], policy: Policy | None = None) -> None:
        self.dialect = dialect
        self.role = role
        self.policy = policy or Policy()
        self.last_received_at = -inf
        self._outbox = Outbox()
        self._calling = Calling(dialect, role, new_id, self.policy, self._outbox)
        self._answering = Answering(dialect, role, self.policy, self._outbox)
        self._closed = False

    def call(self, request: Wire, now: float, terms: Terms = _USUAL) -> str | CallRefusal:
        """Queue a call; its id in events, or why it was not taken (``isinstance(taken, CallRefusal)``).

        Raises ``MessageError`` where the message breaks its own schema or is not for this end to send.
        """
        if self._closed:
            return CallRefusal.CLOSED
        taken = self._calling.put(request, now, terms)
        self._send_next(now)
        return taken

    def answer(self, message_id: str, response: Wire, now: float) -> AnswerRefusal | None:
        """Answer a call of theirs; why not, where it is not open.

        Raises ``MessageError`` where the response is another action's or breaks its schema.
        """
        refusal = self._answering.answer(message_id, response, now)
        self._send_next(now)
        return refusal

    def refuse(self, message_id: str, code: str, description: str, now: float) -> AnswerRefusal | None:
        """Answer a call of theirs with a CALLERROR, such as ``NotSupported`` or ``InternalError``."""
        refusal = self._answering.refuse(message_id, code, description)
        self._send_next(now)
        return refusal

    def receive(self, data: bytes, now: float) -> None:
        """Take one text message of the WebSocket."""
        if self._closed:
            return
        self.last_received_at = now
        frame = frames.decode(data, self.policy.frame_bytes_max_in)
        if isinstance(frame, frames.Malformed):
            self._malformed(frame, data, now)
        else:
            self._route(frame, data, now)
        self._send_next(now)

    def _route(self, frame: frames.Frame, data: bytes, now: float) -> None:
        if isinstance(frame, frames.Call):
            self._answering.called(frame, hash(data), now)
        elif isinstance(frame, frames.CallResult):
            self._calling.result(frame)
        else:
            self._calling.error(frame)

    def _malformed(self, frame: frames.Malformed, data: bytes, now: float) -> None:
        mended = frame.mended if self.policy.inbound is Inbound.LENIENT else None
        violation = Violation(frame.fault, "", frame.text, mended is not None)
        if mended is not None:
            self._outbox.events.append(Violated(violation, frame.message_id))
            self._route(mended, data, now)
        elif frame.is_answer:
            self._outbox.events.append(Violated(violation, frame.message_id))
            self._calling.unreadable(frame.message_id)
        else:
            self._answering.fault(violation, frame.message_id)

    def tick(self, now: float) -> None:
        """Let time pass: time-outs, retries, deadlines, and calls that waited long enough for theirs to be answered."""
        self._calling.tick(now)
        self._send_next(now)

    def close(self) -> None:
        """The WebSocket is gone: calls fail, open calls are forgotten, nothing more is taken or sent."""
        self._closed = True
        self._answering.close()
        self._calling.close()
        self._outbox.frames.clear()

    def _send_next(self, now: float) -> None:
        if self._calling.queue and not self._closed:
            self._calling.send_next(now, held=len(self._answering) > 0)

    def to_send(self) -> list[bytes]:
        """Take the frames to send, in order."""
        taken, self._outbox.frames = self._outbox.frames, []
        return taken

    def events(self) -> list[Event]:
        """Take what happened, in order."""
        taken, self._outbox.events = self._outbox.events, []
        return taken

    def next_due(self) -> float:
        """When ``tick`` has something to do, ``inf`` where never."""
        return self._calling.next_due(held=len(self._answering) > 0)

    @property
    def waiting(self) -> int:
        """Calls of ours that have not been sent."""
        return len(self._calling.queue)

    @property
    def unanswered(self) -> str | None:
        """Message id of the call of ours that was sent and waits for an answer."""
        return self._calling.unanswered

    @property
    def timeouts_in_row(self) -> int:
        """Calls of ours that timed out one after the other, with no answer in between: a half-dead link counts up."""
        return self._calling.timeouts_in_row
