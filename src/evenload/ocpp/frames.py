"""Frames: the JSON arrays that calls and their answers travel in (OCPP-J 1.6 section 4.2, 2.0.1 Part 4 section 4.2).

Decoding has two phases: the frame here, its payload untouched, then the payload once its action is known.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from evenload.ocpp.faults import Fault

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4
MESSAGE_ID_LENGTH_MAX: Final = 36
DESCRIPTION_LENGTH_MAX: Final = 255

MessageId = Annotated[str, Meta(max_length=MESSAGE_ID_LENGTH_MAX)]


class Call(Struct, frozen=True, array_like=True, tag=CALL, forbid_unknown_fields=True, gc=False):
    """A request."""

    message_id: MessageId
    action: str
    payload: Raw


class CallResult(Struct, frozen=True, array_like=True, tag=CALL_RESULT, forbid_unknown_fields=True, gc=False):
    """The answer to a request."""

    message_id: MessageId
    payload: Raw


class CallError(Struct, frozen=True, array_like=True, tag=CALL_ERROR, forbid_unknown_fields=True, gc=False):
    """Why there is no answer to a request."""

    message_id: MessageId
    code: str
    description: str
    details: Raw


Frame = Call | CallResult | CallError


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that breaks a rule; ``mended`` is what it plainly meant. ``message_id`` is ``""`` where unreadable.

    ``is_answer`` marks answers: these are never answered themselves, or two ends could go on for ever.
    """

    fault: Fault
    text: str
    message_id: str = ""
    mended: Frame | None = None
    is_answer: bool = False


_decoder: Final = msgspec.json.Decoder(Frame)
_encoder: Final = msgspec.json.Encoder()
_EMPTY: Final = Raw(b"{}")


def decode(data: bytes, size_bytes_max: int) -> Frame | Malformed:
    """Read one text message of the WebSocket."""
    if len(data) > size_bytes_max:
        return Malformed(Fault.TOO_LARGE, f"{len(data)} bytes, at most {size_bytes_max}")
    try:
        return _decoder.decode(data)  # type: ignore[no-any-return]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _diagnose(data)


def _diagnose(data: bytes) -> Malformed:
    try:
        parts = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Malformed(Fault.NOT_JSON, str(error) or "nested too deeply")
    if not isinstance(parts, list) or not parts:
        return Malformed(Fault.NOT_A_FRAME, "not an array that starts with a message type")
    kind, message_id = parts[0], parts[1] if len(parts) > 1 else None
    is_answer = kind in (CALL_RESULT, CALL_ERROR)
    known_id = message_id if isinstance(message_id, str) else ""
    if isinstance(kind, bool) or kind not in (CALL, CALL_RESULT, CALL_ERROR):
        return Malformed(Fault.UNKNOWN_MESSAGE_TYPE, f"message type {kind!r}", known_id[:MESSAGE_ID_LENGTH_MAX])
    if not isinstance(message_id, str):
        return Malformed(Fault.BAD_MESSAGE_ID, "the message id is not a string", is_answer=is_answer)
    mended = _mended(int(kind), parts)
    if len(message_id) > MESSAGE_ID_LENGTH_MAX:
        text = f"a message id of {len(message_id)} characters, at most {MESSAGE_ID_LENGTH_MAX}"
        return Malformed(Fault.BAD_MESSAGE_ID, text, message_id, mended, is_answer)
    return Malformed(
        Fault.NOT_A_FRAME, f"{len(parts)} elements of the wrong kind or number", known_id, mended, is_answer
    )


def _mended(kind: int, parts: list[Any]) -> Frame | None:
    """Read a frame whose trailing elements were left out: an empty payload, no description, no details."""
    message_id, *rest = parts[1:]
    if kind == CALL and 1 <= len(rest) <= 2 and isinstance(rest[0], str):
        return Call(message_id, rest[0], _raw(rest[1:]))
    if kind == CALL_RESULT and len(rest) <= 1:
        return CallResult(message_id, _raw(rest))
    if kind == CALL_ERROR and 1 <= len(rest) <= 3:
        code, description = (one if isinstance(one, str) else "" for one in [*rest, ""][:2])
        return CallError(message_id, code, description, _raw(rest[2:]))
    return None


def _raw(rest: list[Any]) -> Raw:
    return Raw(_encoder.encode(rest[0])) if rest else _EMPTY


def encode_call(message_id: str, action: str, payload: bytes) -> bytes:
    """A CALL with an encoded payload."""
    return _encoder.encode([CALL, message_id, action, Raw(payload)])


def encode_result(message_id: str, payload: bytes) -> bytes:
    """A CALLRESULT with an encoded payload."""
    return _encoder.encode([CALL_RESULT, message_id, Raw(payload)])


def encode_error(message_id: str, code: str, description: str) -> bytes:
    """A CALLERROR; the description is cut to what its field holds."""
    return _encoder.encode([CALL_ERROR, message_id, code, description[:DESCRIPTION_LENGTH_MAX], _EMPTY])
