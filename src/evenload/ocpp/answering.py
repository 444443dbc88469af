"""The calls of the other end: read, handed on, answered once."""

from msgspec import Struct

from evenload.ocpp.action import Action, Role
from evenload.ocpp.dialect import Dialect
from evenload.ocpp.events import AnswerRefusal, Called, Outbox, Violated
from evenload.ocpp.faults import Fault, MessageError, Violation
from evenload.ocpp.frames import Call, encode_error, encode_result
from evenload.ocpp.memory import GivenAnswers
from evenload.ocpp.payload import decode, encode
from evenload.ocpp.policy import Policy
from evenload.ocpp.wire import Wire


class _Open(Struct, frozen=True, gc=False):
    action: Action
    call_hash: int


class Answering:
    """Calls of theirs that are open, and the answers lately given."""

    def __init__(self, dialect: Dialect, role: Role, policy: Policy, outbox: Outbox) -> None:
        self._dialect = dialect
        self._their_role = role.other
        self._policy = policy
        self._outbox = outbox
        self._open: dict[str, _Open] = {}
        self._given = GivenAnswers(policy.answers_kept_max, policy.answers_kept_s)

    def __len__(self) -> int:
        return len(self._open)

    def called(self, frame: Call, call_hash: int, now: float) -> None:
        """Take a CALL; ``call_hash`` stands for its bytes."""
        if self._seen_before(frame, call_hash, now):
            return
        if len(self._open) >= self._policy.open_calls_max:
            text = f"{len(self._open)} calls wait for an answer"
            self.fault(Violation(Fault.TOO_MANY_CALLS, "", text), frame.message_id, frame.action)
            return
        action = self._dialect.by_name.get(frame.action)
        if action is None:
            text = f"{frame.action[:50]} is not an action of {self._dialect.subprotocol}"
            self.fault(Violation(Fault.UNKNOWN_ACTION, "", text), frame.message_id, frame.action)
        elif self._their_role not in action.sent_by:
            text = f"{action.name} is not for a {self._their_role} to send"
            self.fault(Violation(Fault.WRONG_DIRECTION, "", text), frame.message_id, frame.action)
        else:
            self._read(frame, action, call_hash)

    def _seen_before(self, frame: Call, call_hash: int, now: float) -> bool:
        """Whether a call came before; it is answered again where it was, and not where its answer is still to come."""
        if frame.message_id in self._open:
            self._violated(Fault.DUPLICATE_CALL, "a call of this id still waits for its answer", frame)
            return True
        if not self._given.known(frame.message_id, now):
            return False
        given = self._given.frame_for(frame.message_id, call_hash)
        if given is None:
            self._violated(Fault.MESSAGE_ID_REUSED, "another call had this id", frame)
            return False
        self._violated(Fault.DUPLICATE_CALL, "the call was answered before; the answer is sent again", frame)
        self._outbox.frames.append(given)
        return True

    def _read(self, frame: Call, action: Action, call_hash: int) -> None:
        decoded = decode(frame.payload, action.request, self._policy.inbound)
        for violation in decoded.violations:
            self._outbox.events.append(Violated(violation, frame.message_id, frame.action))
        if decoded.value is None:
            self._reply(decoded.refusal, frame.message_id)
            return
        if self._open:
            self._violated(Fault.CALL_WHILE_OPEN, "an earlier call still waits for its answer", frame)
        self._open[frame.message_id] = _Open(action, call_hash)
        event = Called(frame.message_id, action.name, decoded.value)
        self._outbox.events.append(event)

    def answer(self, message_id: str, response: Wire, now: float) -> AnswerRefusal | None:
        """Answer an open call. ``MessageError`` where the response is another action's or breaks its schema."""
        opened = self._open.get(message_id)
        if opened is None:
            return AnswerRefusal.NOT_OPEN
        if type(response) is not opened.action.response:
            raise MessageError(f"{type(response).__name__} does not answer {opened.action.name}")
        frame = encode_result(message_id, encode(response))
        del self._open[message_id]
        self._given.keep(message_id, opened.call_hash, frame, now)
        self._outbox.frames.append(frame)
        return None

    def refuse(self, message_id: str, code: str, description: str) -> AnswerRefusal | None:
        """Answer an open call with a CALLERROR. It is not kept: the same call may be tried again."""
        if self._open.pop(message_id, None) is None:
            return AnswerRefusal.NOT_OPEN
        self._outbox.frames.append(encode_error(message_id, code, description))
        return None

    def fault(self, violation: Violation, message_id: str, action: str = "") -> None:
        """Record what is wrong with a call and answer it with this version's code, if it has one and an id to use."""
        self._outbox.events.append(Violated(violation, message_id, action))
        self._reply(violation, message_id)

    def _reply(self, violation: Violation, message_id: str) -> None:
        code = self._dialect.codes.get(violation.fault, "")
        answered_id = message_id or self._dialect.unreadable_id
        if code and answered_id:
            where = f"{violation.where}: " if violation.where else ""
            self._outbox.frames.append(encode_error(answered_id, code, where + violation.text))

    def close(self) -> None:
        """Forget the open calls: their answers have nowhere to go."""
        self._open.clear()

    def _violated(self, fault: Fault, text: str, frame: Call) -> None:
        self._outbox.events.append(Violated(Violation(fault, "", text), frame.message_id, frame.action))
