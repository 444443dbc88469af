"""Smartcar: webhooks. https://smartcar.com/docs/integrations/webhooks/responses and .../payload-verification."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from evenload.telematics import document as doc
from evenload.telematics.http import is_signed, signature
from evenload.telematics.port import (
    Application,
    ConsentLost,
    Failing,
    StateTold,
    Told,
    Webhook,
    WebhookRefusal,
    header_of,
)
from evenload.telematics.smartcar.failing import failing_of, words_of

_SIGNATURE: Final = "sc-signature"


def parse_webhook(headers: Mapping[str, str], body: bytes, app: Application, now: datetime) -> Webhook:
    """Verify and understand a webhook. The one question of its set-up comes unsigned; its answer gives nothing away."""
    if not app.webhook_secret:
        return Webhook(status=401, refusal=WebhookRefusal.NO_SECRET)
    document = doc.document_of(body)
    if document is None:
        return Webhook(status=400, refusal=WebhookRefusal.UNREADABLE)
    kind = (doc.text(document, "eventType") or doc.text(document, "eventName")).upper()
    if kind == "VERIFY":
        return _challenged(document, app)
    given = header_of(headers, _SIGNATURE)
    if not given:
        return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_MISSING)
    if not is_signed(app.webhook_secret, body, given):
        return Webhook(status=401, refusal=WebhookRefusal.SIGNATURE_WRONG)
    return Webhook(told=_told(kind, document, now))


def _challenged(document: doc.Document, app: Application) -> Webhook:
    challenge = doc.text(document, "data", "challenge") or doc.text(document, "payload", "challenge")
    if not challenge:
        return Webhook(status=400, refusal=WebhookRefusal.UNREADABLE)
    return Webhook(answer=doc.body_of({"challenge": signature(app.webhook_secret, challenge.encode())}))


def _told(kind: str, document: doc.Document, now: datetime) -> tuple[Told, ...]:
    data = doc.part(document, "data")
    remote_id = doc.text(data, "vehicle", "id") or doc.text(document, "vehicleId")
    event_id = doc.text(document, "eventId")
    if not remote_id:
        return ()
    if kind == "VEHICLE_STATE":
        told_at = doc.instant(document, "meta", "deliveredAt") or now
        return (StateTold(remote_id, told_at, data, event_id),)
    for error in doc.rows(data, "errors"):
        failing = failing_of(error, 0)
        if failing is not None and failing.stops_polling and doc.text(error, "state").upper() != "RESOLVED":
            user_id = doc.text(data, "user", "id") if failing is Failing.REVOKED else ""
            return (ConsentLost(user_id, remote_id, words_of(error), event_id),)
    return ()
