"""Smartcar: carrying acts out. https://smartcar.com/docs/api-reference/charging/set-charge-limit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus
from evenload.telematics import document as doc
from evenload.telematics.http import JSON, bearer
from evenload.telematics.port import ActOutcome, Application, Cost, Failing, Link, Request, Response, Tokens
from evenload.telematics.smartcar.consent import is_v2
from evenload.telematics.smartcar.failing import error_of, fault_of

TIMEOUT_S: Final = 310.0
"""Some cars take up to 300 s; the connection is held that long."""

LIMIT_LEAST: Final = 0.5
_V3_PATHS: Final[Mapping[ActKind, str]] = {
    ActKind.START: "start", ActKind.STOP: "stop", ActKind.SET_CHARGE_LIMIT: "set-limit",
}  # fmt: skip
_SO_ALREADY: Final[Mapping[ActKind, frozenset[str]]] = {
    ActKind.START: frozenset({"CHARGING_IN_PROGRESS", "FULLY_CHARGED"}),
    ActKind.STOP: frozenset({"NOT_CHARGING", "FULLY_CHARGED"}),
}


def act_request(app: Application, tokens: Tokens, link: Link, act: Act) -> Request | None:
    """The request for an act; amperes cannot be told, and no car can be woken."""
    body = _body(app, act)
    if body is None:
        return None
    headers = {**bearer(tokens), "content-type": JSON}
    if is_v2(app):
        path = f"/vehicles/{link.remote_id}/charge" + ("/limit" if act.kind is ActKind.SET_CHARGE_LIMIT else "")
    else:
        path = f"/vehicles/{link.remote_id}/commands/charge/{_V3_PATHS[act.kind]}"
        headers["sc-user-id"] = link.user_id
    return Request("POST", path, {}, headers, doc.body_of(body), TIMEOUT_S, act.act_id, cost=Cost.COMMAND)


def _body(app: Application, act: Act) -> doc.Document | None:
    if act.kind is ActKind.SET_CHARGE_LIMIT and act.value is not None:
        share = min(max(act.value, LIMIT_LEAST), 1.0)
        return {"limit": share} if is_v2(app) else {"data": {"attributes": {"percent": round(share * 100)}}}
    if act.kind in (ActKind.START, ActKind.STOP):
        return {"action": act.kind.name} if is_v2(app) else {}
    return None


def parse_act(act: Act, response: Response, now: datetime) -> ActOutcome:
    """What became of an act. A 202 holds the connection open; what counts is in the body that comes at last."""
    document = doc.document_of(response.body) or {}
    status = _status(document)
    if 200 <= response.status < 300 and status in ("SUCCESS", "PENDING", "") and not doc.rows(document, "errors"):
        if status == "SUCCESS" or (status == "" and response.status == 200):
            return ActOutcome(act.act_id, ActStatus.CONFIRMED)
        return ActOutcome(act.act_id, ActStatus.SENT, remote_act_id=doc.text(document, "data", "id"))
    error = doc.part(document, "data", "attributes", "status", "error") or error_of(document)
    code = doc.text(error, "code")
    if code in _SO_ALREADY.get(act.kind, ()):
        return ActOutcome(act.act_id, ActStatus.CONFIRMED, ActReason.UNNECESSARY, code)
    fault = fault_of(Response(_code(error, response), response.headers, doc.body_of(error)), now)
    if code == "CHARGING_PLUG_NOT_CONNECTED":
        return ActOutcome(act.act_id, ActStatus.FAILED, ActReason.NOT_PLUGGED, fault.info, fault=fault)
    reason = fault.failing.reason
    if doc.text(error, "type") == "VEHICLE_STATE" and fault.failing is Failing.REFUSED:
        reason = ActReason.PRECONDITION
    return ActOutcome(act.act_id, ActStatus.FAILED, reason, fault.info, retry_at=fault.retry_at, fault=fault)


def _status(document: doc.Document) -> str:
    value = doc.text(document, "data", "attributes", "status", "value") or doc.text(document, "status")
    return value.upper()


def _code(error: doc.Document, response: Response) -> int:
    """The status of a command that took long is in the error, not in the answer that began before it was known."""
    told = doc.number(error, "status") or doc.number(error, "statusCode")
    return int(told) if told and response.status < 300 else response.status
