"""Tesla: commands, which answer when the car did. Newer cars take them signed only, by a proxy at the API's address."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus
from evenload.telematics import document as doc
from evenload.telematics.http import JSON, bearer
from evenload.telematics.port import ActOutcome, Cost, Failing, Link, Request, Response, Tokens
from evenload.telematics.tesla.failing import fault_of

TIMEOUT_S: Final = 60.0
_PATHS: Final[Mapping[ActKind, str]] = {
    ActKind.START: "command/charge_start", ActKind.STOP: "command/charge_stop",
    ActKind.SET_AMPS: "command/set_charging_amps", ActKind.SET_CHARGE_LIMIT: "command/set_charge_limit",
    ActKind.WAKE: "wake_up",
}  # fmt: skip
_SO_ALREADY: Final = frozenset(
    {"complete", "is_charging", "charging", "already_started", "requested", "not_charging", "already_set"}
)
_WOKEN: Final = timedelta(seconds=20)
_LIMIT_PERCENT: Final = (50, 100)


def act_request(tokens: Tokens, link: Link, act: Act) -> Request | None:
    """The request for an act."""
    body: doc.Document = {}
    if act.kind is ActKind.SET_AMPS:
        if act.value is None:
            return None
        body = {"charging_amps": int(act.value)}
    elif act.kind is ActKind.SET_CHARGE_LIMIT:
        if act.value is None:
            return None
        low, high = _LIMIT_PERCENT
        body = {"percent": min(max(round(act.value * 100), low), high)}
    headers = {**bearer(tokens), "content-type": JSON}
    cost = Cost.WAKE if act.kind is ActKind.WAKE else Cost.COMMAND
    path = f"/api/1/vehicles/{link.remote_id}/{_PATHS[act.kind]}"
    return Request("POST", path, {}, headers, doc.body_of(body), TIMEOUT_S, act.act_id, cost=cost)


def parse_act(act: Act, response: Response, now: datetime) -> ActOutcome:
    """What became of an act. A car that is full, or does so already, did what it was asked."""
    told = doc.part(doc.document_of(response.body) or {}, "response")
    if response.status != 200 or not told:
        return _failed(act, response, now)
    if act.kind is ActKind.WAKE:
        if doc.text(told, "state") == "online":
            return ActOutcome(act.act_id, ActStatus.CONFIRMED)
        return ActOutcome(act.act_id, ActStatus.SENT, retry_at=now + _WOKEN)
    reason = doc.text(told, "reason")
    if doc.flag(told, "result"):
        return ActOutcome(act.act_id, ActStatus.CONFIRMED)
    if reason in _SO_ALREADY:
        return ActOutcome(act.act_id, ActStatus.CONFIRMED, ActReason.UNNECESSARY, reason)
    if "disconnected" in reason:
        return ActOutcome(act.act_id, ActStatus.FAILED, ActReason.NOT_PLUGGED, reason)
    if "offline" in reason or "asleep" in reason or reason == "could_not_wake_buses":
        return ActOutcome(
            act.act_id, ActStatus.FAILED, ActReason.ASLEEP, reason, retry_at=now + _WOKEN, needs_wake=True
        )
    return ActOutcome(act.act_id, ActStatus.FAILED, ActReason.PRECONDITION, reason)


def _failed(act: Act, response: Response, now: datetime) -> ActOutcome:
    fault = fault_of(response, now)
    asleep = fault.failing is Failing.ASLEEP
    again_at = fault.retry_at or (now + _WOKEN if asleep else None)
    return ActOutcome(
        act.act_id, ActStatus.FAILED, fault.failing.reason, fault.info, retry_at=again_at,
        needs_wake=asleep and act.kind is not ActKind.WAKE, fault=fault,
    )  # fmt: skip
