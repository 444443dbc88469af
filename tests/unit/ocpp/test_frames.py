from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.ocpp.events import Called, Refused, Violated
from evenload.ocpp.faults import Fault
from evenload.ocpp.payload import Inbound
from evenload.ocpp.v16 import OCPP16
from evenload.ocpp.v16.wire import core
from evenload.ocpp.v16.wire.core import HeartbeatRequest
from evenload.ocpp.v201 import OCPP201

pytestmark = pytest.mark.requirement("R77")

DATA = core.DataTransferRequest(vendor_id="us")
HEARTBEAT = [2, "t1", "Heartbeat", {}]


def heartbeat_answer() -> core.HeartbeatResponse:
    return core.HeartbeatResponse(current_time=datetime(2026, 1, 1, tzinfo=UTC))


# wrong frames, with the code of each version


WRONG: list[tuple[str, Any, list[Any] | None, list[Any] | None]] = [
    ("not JSON", b'[2,"t1"', None, [4, "-1", "RpcFrameworkError"]),
    ("not UTF-8 before the id", b'[2,"\xff","Heartbeat",{}]', None, [4, "-1", "RpcFrameworkError"]),
    ("not UTF-8", b'[2,"t1","Heartbeat",{"a":"\xff"}]', [4, "t1", "FormationViolation"], [4, "t1", "FormatViolation"]),
    ("too large", [2, "t1", "Heartbeat", {"a": "x" * 2000}], None, [4, "-1", "RpcFrameworkError"]),
    ("nested for ever", b"[" * 1900, None, [4, "-1", "RpcFrameworkError"]),
    ("an object", {}, None, [4, "-1", "RpcFrameworkError"]),
    ("empty", [], None, [4, "-1", "RpcFrameworkError"]),
    ("no action", [2, "t1"], [4, "t1", "FormationViolation"], [4, "t1", "RpcFrameworkError"]),
    ("no payload", [2, "t1", "Heartbeat"], [4, "t1", "FormationViolation"], [4, "t1", "RpcFrameworkError"]),
    ("one too many", [*HEARTBEAT, 1], [4, "t1", "FormationViolation"], [4, "t1", "RpcFrameworkError"]),
    ("id a number", [2, 7, "Heartbeat", {}], None, [4, "-1", "RpcFrameworkError"]),
    (
        "id too long",
        [2, "x" * 37, "Heartbeat", {}],
        [4, "x" * 37, "FormationViolation"],
        [4, "x" * 37, "RpcFrameworkError"],
    ),
    ("type unknown", [6, "t1", "Heartbeat", {}], None, [4, "t1", "MessageTypeNotSupported"]),
    ("action unknown", [2, "t1", "Dance", {}], [4, "t1", "NotImplemented"], [4, "t1", "NotImplemented"]),
    ("action in the wrong case", [2, "t1", "heartbeat", {}], [4, "t1", "NotImplemented"], [4, "t1", "NotImplemented"]),
    ("wrong direction", [2, "t1", "Reset", {"type": "Hard"}], [4, "t1", "NotSupported"], [4, "t1", "NotSupported"]),
    ("payload a list", [2, "t1", "Heartbeat", []], [4, "t1", "FormationViolation"], [4, "t1", "FormatViolation"]),
    ("answer too short", [3, "t1"], None, None),
    ("error too short", [4, "t1"], None, None),
    ("answer without id", [3], None, None),
]


@pytest.mark.parametrize(("frame", "old", "new"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_frame_is_answered_as_its_version_says(frame: Any, old: Any, new: Any, connection: Any) -> None:
    for dialect, expected in ((OCPP16, old), (OCPP201, new)):
        end = connection(dialect, frame_bytes_max_in=1950)
        end.take(frame)
        assert len(end.faults()) == 1
        answers = end.sent()
        assert [answer[:3] for answer in answers] == ([expected] if expected else []), dialect.subprotocol
        assert all(len(answer) == 5 and answer[4] == {} for answer in answers)


def test_an_empty_payload_may_be_null(connection: Any) -> None:
    end = connection()
    end.take(b'[2,"t1","Heartbeat",null]')
    assert end.events() == [Called("t1", "Heartbeat", HeartbeatRequest())]


def test_lenient_mode_mends_frames_with_elements_left_out(connection: Any) -> None:
    end = connection(inbound=Inbound.LENIENT)
    end.take([2, "t1", "Heartbeat"])
    violated, called = end.events()
    assert isinstance(violated, Violated)
    assert violated.violation.mended
    assert called == Called("t1", "Heartbeat", HeartbeatRequest())
    end.refuse("t1", "InternalError", "", 0.0)
    end.call(DATA, 0.0)
    end.take([4, "o1", "InternalError"])
    assert end.events()[-1] == Refused("o1", "DataTransfer", "InternalError", "", b"{}")
    end.take([2, "x" * 40, "Heartbeat", {}])
    assert isinstance(end.events()[-1], Called)
    end.to_send()
    assert end.answer("x" * 40, heartbeat_answer(), 0.0) is None
    assert end.sent()[0][1] == "x" * 40


def test_a_payload_fault_is_answered_with_its_place(connection: Any) -> None:
    end = connection()
    end.take([2, "t1", "Authorize", {"idTag": "x" * 21}])
    assert end.sent() == [[4, "t1", "TypeConstraintViolation", "$.idTag: 21 characters, at most 20", {}]]
    lenient = connection(inbound=Inbound.LENIENT)
    lenient.take([2, "t1", "Authorize", {"idTag": "x" * 21, "extra": None}])
    *violated, called = lenient.events()
    assert [event.violation.fault for event in violated if isinstance(event, Violated)] == [
        Fault.TOO_LONG,
        Fault.UNKNOWN_FIELD,
    ]
    assert called == Called("t1", "Authorize", core.AuthorizeRequest(id_tag="x" * 21))
