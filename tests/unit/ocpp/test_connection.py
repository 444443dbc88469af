from datetime import UTC, datetime
from typing import Any

import pytest

from evenload.ocpp.events import Answered, Called, CallFailure, CallRefusal, Failed, Refused, Violated
from evenload.ocpp.faults import Fault
from evenload.ocpp.policy import Terms
from evenload.ocpp.v16.wire import core, smart_charging
from evenload.ocpp.v16.wire.core import HeartbeatRequest

pytestmark = pytest.mark.requirement("R77")

GET_CONFIGURATION = core.GetConfigurationRequest()
UNLOCK = core.UnlockConnectorRequest(connector_id=1)
CLEAR_PROFILE = smart_charging.ClearChargingProfileRequest(id=1)
DATA = core.DataTransferRequest(vendor_id="us")
HEARTBEAT = [2, "t1", "Heartbeat", {}]


def heartbeat_answer() -> core.HeartbeatResponse:
    return core.HeartbeatResponse(current_time=datetime(2026, 1, 1, tzinfo=UTC))


# one call at a time


def test_one_call_is_sent_and_the_next_waits_for_its_answer(connection: Any) -> None:
    end = connection()
    assert end.call(DATA, 0.0) == "o1"
    assert end.call(DATA, 0.0) == "o2"
    assert end.sent() == [[2, "o1", "DataTransfer", {"vendorId": "us"}]]
    assert (end.unanswered, end.waiting) == ("o1", 1)
    end.take([3, "o1", {"status": "Accepted"}])
    assert end.events() == [
        Answered("o1", "DataTransfer", core.DataTransferResponse(status=core.DataTransferStatus.ACCEPTED))
    ]
    assert [frame[1] for frame in end.sent()] == ["o2"]


def test_a_call_of_theirs_meanwhile_is_handed_on(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0)
    end.take(HEARTBEAT)
    assert end.events() == [Called("t1", "Heartbeat", HeartbeatRequest())]


def test_limits_leave_before_what_was_queued_earlier(connection: Any) -> None:
    end = connection()
    for request in (DATA, GET_CONFIGURATION, DATA, UNLOCK, CLEAR_PROFILE):
        end.call(request, 0.0)
    order = []
    for _ in range(5):
        [frame] = end.sent()
        order.append(frame[2])
        end.take([4, frame[1], "InternalError", "", {}])
    assert order == ["DataTransfer", "ClearChargingProfile", "UnlockConnector", "DataTransfer", "GetConfiguration"]


def test_the_answer_leaves_before_the_call_made_while_handling(connection: Any) -> None:
    """Stations go mute when a limit reaches them before the answer they wait for."""
    end = connection()
    end.take(HEARTBEAT)
    end.call(CLEAR_PROFILE, 0.0)
    assert end.sent() == []
    assert end.answer("t1", heartbeat_answer(), 0.0) is None
    assert [frame[0] for frame in end.sent()] == [3, 2]


def test_a_call_that_is_never_answered_holds_ours_for_a_while_only(connection: Any) -> None:
    end = connection(hold_s=5.0)
    end.take(HEARTBEAT)
    end.call(CLEAR_PROFILE, 1.0)
    assert end.next_due() == 6.0
    end.tick(5.9)
    assert end.sent() == []
    end.tick(6.0)
    assert [frame[2] for frame in end.sent()] == ["ClearChargingProfile"]


# time-outs


def test_a_call_times_out_and_the_next_is_sent(connection: Any) -> None:
    end = connection(timeout_s=30.0)
    end.call(DATA, 0.0)
    end.call(DATA, 0.0)
    end.to_send()
    assert end.next_due() == 30.0
    end.tick(29.9)
    assert end.events() == []
    end.tick(30.0)
    assert end.events() == [Failed("o1", "DataTransfer", CallFailure.TIMED_OUT, timeouts_in_row=1)]
    assert [frame[1] for frame in end.sent()] == ["o2"]


def test_a_retry_has_a_new_message_id_and_keeps_its_name(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0, Terms(timeout_s=10.0, attempts_max=2))
    end.to_send()
    end.tick(10.0)
    assert end.sent() == [[2, "o2", "DataTransfer", {"vendorId": "us"}]]
    assert end.events() == []
    end.take([3, "o2", {"status": "Rejected"}], 11.0)
    [event] = end.events()
    assert isinstance(event, Answered)
    assert event.call_id == "o1"


def test_the_answer_to_an_attempt_that_is_being_retried_is_left_to_the_retry(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0, Terms(timeout_s=10.0, attempts_max=2))
    end.tick(10.0)
    end.take([3, "o1", {"status": "Accepted"}], 11.0)
    [event] = end.events()
    assert isinstance(event, Violated)
    assert event.violation.fault is Fault.LATE_ANSWER
    assert end.unanswered == "o2"


def test_the_answer_after_the_time_out_is_reported_as_late_and_not_given_to_the_next_call(connection: Any) -> None:
    end = connection(timeout_s=30.0)
    end.call(DATA, 0.0)
    end.call(UNLOCK, 0.0)
    end.tick(30.0)
    end.events()
    end.take([3, "o1", {"status": "Accepted"}], 31.0)
    violated, answered = end.events()
    assert isinstance(violated, Violated)
    assert violated.violation.fault is Fault.LATE_ANSWER
    assert isinstance(answered, Answered)
    assert (answered.call_id, answered.late) == ("o1", True)
    assert end.unanswered == "o2"
    end.take([3, "o1", {"status": "Accepted"}], 32.0)
    assert end.faults() == [Fault.DUPLICATE_ANSWER]


def test_time_outs_in_a_row_are_counted_until_an_answer_comes(connection: Any) -> None:
    end = connection(timeout_s=1.0)
    for step in range(3):
        end.call(DATA, float(step))
        end.tick(step + 1.0)
        end.take([2, f"t{step}", "Heartbeat", {}], step + 1.0)  # heartbeats alone do not prove it alive
        end.refuse(f"t{step}", "InternalError", "", step + 1.0)
    assert end.timeouts_in_row == 3
    end.call(DATA, 4.0)
    end.take([3, "o4", {"status": "Accepted"}], 4.5)
    assert end.timeouts_in_row == 0


def test_a_call_past_its_deadline_is_not_sent(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0)
    end.call(UNLOCK, 0.0, Terms(deadline=5.0))
    assert end.call(UNLOCK, 6.0, Terms(deadline=5.0)) is CallRefusal.TOO_LATE
    assert end.next_due() == 5.0
    end.tick(5.0)
    assert end.events() == [Failed("o2", "UnlockConnector", CallFailure.TOO_LATE)]
    assert end.waiting == 0


# answers that fit nothing


def test_answers_to_nothing_and_twice(connection: Any) -> None:
    end = connection()
    end.take([3, "who", {}])
    end.call(DATA, 0.0)
    for _ in range(2):
        end.take([3, "o1", {"status": "Accepted"}])
    end.take([4, "who", "GenericError", "", {}])
    assert end.faults() == [Fault.UNKNOWN_ANSWER, Fault.DUPLICATE_ANSWER, Fault.UNKNOWN_ANSWER]
    assert len(end.sent()) == 1  # answers are never answered


def test_an_answer_that_cannot_be_read_fails_the_call_at_once(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0)
    end.take([3, "o1", {"status": "Perhaps"}])
    violated, failed = end.events()
    assert isinstance(violated, Violated)
    assert violated.violation.where == "$.status"
    assert failed == Failed("o1", "DataTransfer", CallFailure.BAD_ANSWER)
    end.call(DATA, 0.0)
    end.take([3, "o2"])
    assert end.events()[-1] == Failed("o2", "DataTransfer", CallFailure.BAD_ANSWER)


def test_a_call_error_is_reported_with_its_words(connection: Any) -> None:
    end = connection()
    end.call(DATA, 0.0)
    end.take([4, "o1", "NotSupported", "never heard of it", {"a": [1]}])
    assert end.events() == [Refused("o1", "DataTransfer", "NotSupported", "never heard of it", b'{"a": [1]}')]
