"""What can be wrong with what the other side sent, in words of no version; each version has its codes for them."""

from dataclasses import dataclass
from enum import StrEnum

from evenload.base.errors import InputError


class MessageError(InputError):
    """A message of ours that its own schema refuses, or that this end may not send."""


class Fault(StrEnum):
    """What is wrong with a frame, a payload or the order of calls."""

    # the frame
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    NOT_A_FRAME = "not_a_frame"
    BAD_MESSAGE_ID = "bad_message_id"
    UNKNOWN_MESSAGE_TYPE = "unknown_message_type"
    UNKNOWN_ACTION = "unknown_action"
    WRONG_DIRECTION = "wrong_direction"
    # the payload
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    NULL_FIELD = "null_field"
    WRONG_TYPE = "wrong_type"
    NOT_A_TIME = "not_a_time"
    TOO_LONG = "too_long"
    NOT_A_VALUE = "not_a_value"
    OUT_OF_RANGE = "out_of_range"
    TOO_FEW_ITEMS = "too_few_items"
    TOO_MANY_ITEMS = "too_many_items"
    # the order of calls
    UNKNOWN_ANSWER = "unknown_answer"
    LATE_ANSWER = "late_answer"
    DUPLICATE_ANSWER = "duplicate_answer"
    DUPLICATE_CALL = "duplicate_call"
    MESSAGE_ID_REUSED = "message_id_reused"
    CALL_WHILE_OPEN = "call_while_open"
    TOO_MANY_CALLS = "too_many_calls"


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault: where (``$.meterValue[0].timestamp``, or ``""``), what in words, and whether it could be mended.

    A mended fault is one whose meaning is not in doubt: the lenient mode reads on, the strict one refuses.
    """

    fault: Fault
    where: str
    text: str
    mended: bool = False
