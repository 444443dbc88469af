"""Enode: acts are taken at once and carried out later. https://developers.enode.com/docs/controlling-devices.

An action that waits already is not made twice: the same wish again gives the same action.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus
from evenload.telematics import document as doc
from evenload.telematics.enode.failing import fault_of
from evenload.telematics.http import JSON, bearer
from evenload.telematics.port import ActOutcome, Cost, Fault, Link, Request, Response, Tokens

_REASONS: Final[Mapping[str, ActReason]] = {
    "NO_RESPONSE": ActReason.NO_ANSWER,
    "FAILED_PRECONDITION": ActReason.PRECONDITION,
    "CONFLICT": ActReason.CONFLICT,
    "NOT_FOUND": ActReason.GONE,
    "UNNECESSARY": ActReason.UNNECESSARY,
    "REQUESTED_CANCELLATION": ActReason.SUPERSEDED,
}
_AGAIN: Final[Mapping[ActReason, timedelta]] = {
    ActReason.NO_ANSWER: timedelta(minutes=2), ActReason.CONFLICT: timedelta(minutes=1),
}  # fmt: skip


def act_request(tokens: Tokens, link: Link, act: Act) -> Request | None:
    """The request for an act; charge limits cannot be told, and no car can be woken."""
    headers = {**bearer(tokens), "content-type": JSON}
    path = f"/vehicles/{link.remote_id}"
    if act.kind in (ActKind.START, ActKind.STOP):
        path, body = f"{path}/charging", doc.body_of({"action": act.kind.name})
    elif act.kind is ActKind.SET_AMPS and act.value is not None:
        path, body = f"{path}/max-current", doc.body_of({"maxCurrent": act.value})
    else:
        return None
    return Request("POST", path, {}, headers, body, idempotency_key=act.act_id, cost=Cost.COMMAND)


def status_request(tokens: Tokens, remote_act_id: str) -> Request:
    """Ask what became of an action."""
    return Request("GET", f"/vehicles/actions/{remote_act_id}", headers=bearer(tokens))


def parse_act(act_id: str, response: Response, now: datetime) -> ActOutcome:
    """What became of an act, as far as the answer tells."""
    action = doc.document_of(response.body)
    if not 200 <= response.status < 300 or action is None:
        fault = fault_of(response, now)
        return ActOutcome(
            act_id, ActStatus.FAILED, _refused(response, fault), fault.info, "", fault.retry_at, fault=fault
        )
    return outcome_of(act_id, action, now)


def _refused(response: Response, fault: Fault) -> ActReason:
    return {409: ActReason.CONFLICT, 422: ActReason.PRECONDITION}.get(response.status, fault.failing.reason)


def outcome_of(act_id: str, action: doc.Document, now: datetime) -> ActOutcome:
    """What an action tells of itself."""
    state, remote_act_id = doc.text(action, "state"), doc.text(action, "id")
    info = doc.text(action, "failureReason", "detail")
    if state == "CONFIRMED":
        return ActOutcome(act_id, ActStatus.CONFIRMED, remote_act_id=remote_act_id)
    if state == "PENDING":
        return ActOutcome(act_id, ActStatus.SENT, remote_act_id=remote_act_id)
    reason = _REASONS.get(doc.text(action, "failureReason", "type"))
    if reason is None:
        reason = ActReason.SUPERSEDED if state == "CANCELLED" else ActReason.REFUSED
    status = ActStatus.CONFIRMED if reason is ActReason.UNNECESSARY else ActStatus.FAILED
    wait = _AGAIN.get(reason)
    return ActOutcome(act_id, status, reason, info, remote_act_id, now + wait if wait else None)
