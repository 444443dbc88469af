from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.ocpp.events import AnswerRefusal, Called, CallFailure, CallRefusal, Failed, Violated
from evenload.ocpp.faults import Fault, MessageError
from evenload.ocpp.policy import Priority, Terms
from evenload.ocpp.v16.wire import core, smart_charging
from evenload.ocpp.v16.wire.core import HeartbeatRequest
from evenload.ocpp.v201.wire.availability import HeartbeatRequest as Heartbeat201

pytestmark = pytest.mark.requirement("R77")

UNLOCK = core.UnlockConnectorRequest(connector_id=1)
CLEAR_PROFILE = smart_charging.ClearChargingProfileRequest(id=1)
DATA = core.DataTransferRequest(vendor_id="us")
HEARTBEAT = [2, "t1", "Heartbeat", {}]


def heartbeat_answer() -> core.HeartbeatResponse:
    return core.HeartbeatResponse(current_time=datetime(2026, 1, 1, tzinfo=UTC))


# calls that come twice


def test_a_call_that_comes_again_gets_the_same_answer_and_is_handled_once(connection: Any) -> None:
    end = connection()
    end.take(HEARTBEAT)
    end.events()
    end.take(HEARTBEAT, 1.0)
    assert end.faults() == [Fault.DUPLICATE_CALL]
    end.answer("t1", heartbeat_answer(), 2.0)
    [answer] = end.sent()
    end.take(HEARTBEAT, 3.0)
    assert end.sent() == [answer]
    assert end.faults() == [Fault.DUPLICATE_CALL]


def test_an_id_used_for_another_call_is_a_new_call(connection: Any) -> None:
    end = connection()
    end.take(HEARTBEAT)
    end.answer("t1", heartbeat_answer(), 0.0)
    end.events()
    end.take([2, "t1", "Authorize", {"idTag": "A"}])
    violated, called = end.events()
    assert isinstance(violated, Violated)
    assert violated.violation.fault is Fault.MESSAGE_ID_REUSED
    assert called == Called("t1", "Authorize", core.AuthorizeRequest(id_tag="A"))


def test_answers_are_forgotten_by_number_and_by_time(connection: Any) -> None:
    end = connection(answers_kept_max=1, answers_kept_s=60.0)
    for name in ("t1", "t2"):
        end.take([2, name, "Heartbeat", {}])
        end.answer(name, heartbeat_answer(), 0.0)
    end.events()
    end.to_send()
    end.take(HEARTBEAT, 1.0)
    assert [type(event) for event in end.events()] == [Called]
    end.take([2, "t2", "Heartbeat", {}], 61.0)
    assert Called("t2", "Heartbeat", HeartbeatRequest()) in end.events()


def test_a_refused_call_may_be_tried_again(connection: Any) -> None:
    end = connection()
    end.take(HEARTBEAT)
    end.refuse("t1", "InternalError", "x" * 300, 0.0)
    assert end.sent() == [[4, "t1", "InternalError", "x" * 255, {}]]
    end.events()
    end.take(HEARTBEAT)
    assert end.events() == [Called("t1", "Heartbeat", HeartbeatRequest())]


# bounds


def test_a_full_queue_refuses_and_keeps_places_for_limits(connection: Any) -> None:
    end = connection(queue_max=3, queue_kept_for_limits=1)
    end.call(DATA, 0.0)  # sent
    assert [end.call(DATA, 0.0) for _ in range(3)] == ["o2", "o3", CallRefusal.QUEUE_FULL]
    assert end.call(DATA, 0.0, Terms(priority=Priority.LIMIT)) == "o4"
    assert end.call(CLEAR_PROFILE, 0.0) is CallRefusal.QUEUE_FULL
    assert end.waiting == 3


def test_a_message_larger_than_the_station_takes_is_refused(connection: Any) -> None:
    frame_bytes = len(b'[2,"' + b"x" * 36 + b'","DataTransfer",{"vendorId":"us","data":"yyyyyyyyyy"}]')
    request = core.DataTransferRequest(vendor_id="us", data="y" * 10)
    assert connection(frame_bytes_max_out=frame_bytes - 1).call(request, 0.0) is CallRefusal.TOO_LARGE
    assert connection(frame_bytes_max_out=frame_bytes).call(request, 0.0) == "o1"


def test_more_open_calls_than_allowed_are_refused_and_every_early_one_is_noted(connection: Any) -> None:
    end = connection(open_calls_max=2)
    for name in ("t1", "t2", "t3"):
        end.take([2, name, "Heartbeat", {}])
    assert end.faults() == [Fault.CALL_WHILE_OPEN, Fault.TOO_MANY_CALLS]
    assert [frame[:3] for frame in end.sent()] == [[4, "t3", "GenericError"]]


def test_closing_fails_what_waits_and_takes_nothing_more(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0)
    end.call(UNLOCK, 0.0)
    end.take(HEARTBEAT)
    end.events()
    end.close()
    assert end.events() == [
        Failed("o1", "DataTransfer", CallFailure.CLOSED),
        Failed("o2", "UnlockConnector", CallFailure.CLOSED),
    ]
    assert end.call(DATA, 1.0) is CallRefusal.CLOSED
    assert end.answer("t1", heartbeat_answer(), 1.0) is AnswerRefusal.NOT_OPEN
    end.take(HEARTBEAT, 1.0)
    end.tick(99.0)
    assert (end.sent(), end.events(), end.next_due()) == ([], [], float("inf"))


@pytest.mark.parametrize("reason", [*CallRefusal, *CallFailure, *AnswerRefusal])
def test_every_reason_has_a_sentence(reason: CallRefusal | CallFailure | AnswerRefusal) -> None:
    assert " " in reason.sentence


# our own mistakes


def test_our_own_wrong_messages_are_refused_before_they_leave(connection: Any) -> None:
    end = connection()
    with pytest.raises(MessageError, match="not for a csms to send"):
        end.call(HeartbeatRequest(), 0.0)
    with pytest.raises(MessageError, match=r"not a request of ocpp1\.6"):
        end.call(Heartbeat201(), 0.0)
    with pytest.raises(MessageError, match="vendorId"):
        end.call(core.DataTransferRequest(vendor_id="x" * 256), 0.0)
    end.take(HEARTBEAT)
    with pytest.raises(MessageError, match="does not answer Heartbeat"):
        end.answer("t1", core.DataTransferResponse(status=core.DataTransferStatus.ACCEPTED), 0.0)
    assert end.answer("t1", heartbeat_answer(), 0.0) is None
