"""Enode: webhooks bring up to a hundred events at once. https://developers.enode.com/docs/webhooks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.telematics import document as doc
from evenload.telematics.enode.acts import outcome_of
from evenload.telematics.http import is_signed
from evenload.telematics.port import (
    ActTold,
    Application,
    CarChanged,
    ConsentLost,
    StateTold,
    Told,
    Webhook,
    WebhookRefusal,
    header_of,
)

_SIGNATURE: Final = "x-enode-signature"
_ACTIONS: Final = frozenset({"user:vendor-action:updated", "user:charge-action:updated"})


def parse_webhook(headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
    """Verify (HMAC with SHA-1, as this cloud signs) and understand a webhook."""
    if not app.webhook_secret:
        return Webhook(status=401, refusal=WebhookRefusal.NO_SECRET)
    given = header_of(headers, _SIGNATURE)
    if not given:
        return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_MISSING)
    if not is_signed(app.webhook_secret, body, given, "sha1"):
        return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_WRONG)
    found = doc.json_of(body)
    events = found if isinstance(found, list) else [found]
    if not all(isinstance(one, Mapping) for one in events):
        return Webhook(status=400, refusal=WebhookRefusal.UNREADABLE)
    told = [_told(one, now) for one in events if isinstance(one, Mapping)]
    return Webhook(told=tuple(one for one in told if one is not None))


def _told(event: doc.Document, now: datetime) -> Told | None:
    kind, user_id = doc.text(event, "event"), doc.text(event, "user", "id")
    vehicle = doc.part(event, "vehicle")
    remote_id, event_id = doc.text(vehicle, "id"), doc.text(event, "id")
    if kind == "user:vehicle:updated" and remote_id:
        return StateTold(remote_id, doc.instant(event, "createdAt") or now, vehicle, event_id)
    if kind in ("user:vehicle:discovered", "user:vehicle:deleted") and remote_id:
        return CarChanged(remote_id, user_id, kind.endswith("discovered"), event_id)
    if kind == "user:credentials:invalidated":
        return ConsentLost(user_id, info=doc.text(event, "vendor"), event_id=event_id)
    if kind in _ACTIONS:
        action = doc.part(event, "vendorAction") or doc.part(event, "chargeAction") or doc.part(event, "action")
        remote_act_id = doc.text(action, "id")
        if remote_act_id and doc.text(action, "targetType") in ("vehicle", ""):
            return ActTold(doc.text(action, "targetId"), remote_act_id, outcome_of("", action, now), event_id)
    return None
