"""The calls of this end: queued, sent one at a time, answered, retried or given up."""

from collections.abc import Callable
from math import inf

from msgspec import Struct

from evenload.ocpp.action import Role
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import Answered, CallFailure, CallRefusal, Failed, Outbox, Refused, Violated
from evenload.ocpp.faults import Fault, Violation
from evenload.ocpp.frames import CallError, CallResult, encode_call
from evenload.ocpp.memory import Ending, PastCalls
from evenload.ocpp.payload import decode, encode
from evenload.ocpp.policy import Policy, Terms, priority_of
from evenload.ocpp.queue import CallQueue, Outgoing
from evenload.ocpp.wire import Wire

_OTHERWISE = {
    Ending.ANSWERED: Violation(Fault.DUPLICATE_ANSWER, "", "the call was answered before"),
    Ending.RETRIED: Violation(Fault.LATE_ANSWER, "", "the call had timed out and is being retried"),
    Ending.FAILED: Violation(Fault.LATE_ANSWER, "", "the call had timed out"),
}


class _Sent(Struct, frozen=True):
    message_id: str
    call: Outgoing
    times_out_at: float


class Calling:
    """At most one call without an answer; the others wait by priority."""

    def __init__(self, dialect: Dialect, role: Role, new_id: Callable[[], str], policy: Policy, outbox: Outbox) -> None:
        self.timeouts_in_row = 0
        self.queue = CallQueue(policy)
        self._dialect = dialect
        self._role = role
        self._new_id = new_id
        self._policy = policy
        self._outbox = outbox
        self._sent: _Sent | None = None
        self._past = PastCalls(policy.past_calls_kept_max)

    @property
    def unanswered(self) -> str | None:
        """Message id of the call that waits for an answer."""
        return self._sent.message_id if self._sent else None

    def put(self, request: Wire, now: float, terms: Terms) -> str | CallRefusal:
        """Queue a call; its id, or why it was not taken."""
        action = self._dialect.action_of(request, self._role)
        payload = encode(request)
        priority = priority_of(action.name) if terms.priority is None else terms.priority
        if terms.deadline <= now:
            return CallRefusal.TOO_LATE
        if len(payload) + len(action.name) + _ENVELOPE_BYTES > self._policy.frame_bytes_max_out:
            return CallRefusal.TOO_LARGE
        if refusal := self.queue.refusal(priority):
            return refusal
        timeout_s = self._policy.timeout_s if terms.timeout_s is None else terms.timeout_s
        attempts = self._policy.attempts_max if terms.attempts_max is None else terms.attempts_max
        call = Outgoing(self._new_id(), action, payload, timeout_s, attempts, terms.deadline, now)
        self.queue.put(call, priority)
        return call.call_id

    def send_next(self, now: float, *, held: bool) -> None:
        """Send the head of the queue where nothing waits for an answer; ``held`` while calls of theirs are open."""
        head = self.queue.head()
        if head is None or self._sent or (held and now < head.queued_at + self._policy.hold_s):
            return
        self._send(self.queue.pop(), now)

    def _send(self, call: Outgoing, now: float, message_id: str = "") -> None:
        message_id = message_id or call.call_id
        call.attempts_left -= 1
        self._sent = _Sent(message_id, call, now + call.timeout_s)
        self._outbox.frames.append(encode_call(message_id, call.action.name, call.payload))

    def result(self, frame: CallResult) -> None:
        """Take a CALLRESULT."""
        if (claimed := self._claim(frame.message_id)) is None:
            return
        call, late = claimed
        decoded = decode(frame.payload, call.action.response, self._policy.inbound)
        for violation in decoded.violations:
            self._violated(violation, frame.message_id, call)
        if decoded.value is not None:
            event = Answered(call.call_id, call.action.name, decoded.value, late)
            self._outbox.events.append(event)
        elif not late:
            self._fail(call, CallFailure.BAD_ANSWER)

    def error(self, frame: CallError) -> None:
        """Take a CALLERROR."""
        if (claimed := self._claim(frame.message_id)) is None:
            return
        call, late = claimed
        details = bytes(frame.details)
        event = Refused(call.call_id, call.action.name, frame.code, frame.description, details, late)
        self._outbox.events.append(event)

    def unreadable(self, message_id: str) -> None:
        """Take an answer whose frame could not be read."""
        if self._sent and self._sent.message_id == message_id:
            call, self._sent = self._sent.call, None
            self._past.keep(message_id, call, Ending.FAILED)
            self._fail(call, CallFailure.BAD_ANSWER)

    def _claim(self, message_id: str) -> tuple[Outgoing, bool] | None:
        """The call an answer is for and whether it comes late, or ``None`` where it answers nothing."""
        if self._sent and self._sent.message_id == message_id:
            call, self._sent = self._sent.call, None
            self.timeouts_in_row = 0
            self._past.keep(message_id, call, Ending.ANSWERED)
            return call, False
        past = self._past.find(message_id)
        if past is None:
            self._violated(Violation(Fault.UNKNOWN_ANSWER, "", "no call of ours has this id"), message_id)
            return None
        call, ending = past
        self._violated(_OTHERWISE[ending], message_id, call)
        if ending is not Ending.FAILED:
            return None
        self.timeouts_in_row = 0
        self._past.keep(message_id, call, Ending.ANSWERED)
        return call, True

    def tick(self, now: float) -> None:
        """Give up or retry what timed out, and drop what waited past its deadline."""
        for call in self.queue.take_late(now):
            self._fail(call, CallFailure.TOO_LATE)
        if self._sent is None or now < self._sent.times_out_at:
            return
        message_id, call = self._sent.message_id, self._sent.call
        self._sent = None
        self.timeouts_in_row += 1
        if call.attempts_left > 0 and now < call.deadline:
            self._past.keep(message_id, call, Ending.RETRIED)
            self._send(call, now, self._new_id())
        else:
            self._past.keep(message_id, call, Ending.FAILED)
            self._fail(call, CallFailure.TIMED_OUT)

    def next_due(self, *, held: bool) -> float:
        """When ``tick`` or ``send_next`` has something to do."""
        head = self.queue.head()
        hold_ends = head.queued_at + self._policy.hold_s if head and held and not self._sent else inf
        return min(self._sent.times_out_at if self._sent else inf, hold_ends, self.queue.first_due())

    def close(self) -> None:
        """Fail everything that waits."""
        if self._sent:
            call, self._sent = self._sent.call, None
            self._fail(call, CallFailure.CLOSED)
        while len(self.queue):
            self._fail(self.queue.pop(), CallFailure.CLOSED)

    def _fail(self, call: Outgoing, failure: CallFailure) -> None:
        self._outbox.events.append(Failed(call.call_id, call.action.name, failure, self.timeouts_in_row))

    def _violated(self, violation: Violation, message_id: str, call: Outgoing | None = None) -> None:
        self._outbox.events.append(Violated(violation, message_id, call.action.name if call else ""))


_ENVELOPE_BYTES = len(encode_call("x" * 36, "", b"{}")) - 2
