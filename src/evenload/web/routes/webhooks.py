"""Webhooks: whom to tell of events."""

from dataclasses import replace
from typing import Annotated

from fastapi import Response
from pydantic import Field

from evenload.service import tags, webhooks
from evenload.service.access_rows import WebhookRow
from evenload.web.fields import Instant, NameInPath, Resource, Switch, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import ONCE, Expected, NewId, set_tag, tenant_router

router = tenant_router("webhooks", "webhooks")

Kind = Annotated[str, Field(min_length=1, max_length=64, examples=["TransactionStarted"])]


class WebhookBody(
    Resource, json_schema_extra=example(url="https://example.org/evenload", kinds=["TransactionStarted"])
):
    """Whom to tell, as it is put."""

    url: str = Field(min_length=8, max_length=1000, description="Where events are posted.",
                     examples=["https://example.org/evenload"])  # fmt: skip
    kinds: list[Kind] = Field(default_factory=list, max_length=50, description="Of what; empty for all events.")
    disabled: Switch = Field(False, description="Whether to tell it nothing for now.")


class Webhook(Resource):
    """Whom to tell."""

    webhook_id: str
    url: str
    kinds: list[str]
    made_at: Instant | None
    disabled_at: Instant | None = Field(description="Also where it did not answer for long.")
    told_to: int = Field(description="Number of the last event it was told.")

    @classmethod
    def of(cls, row: WebhookRow) -> "Webhook":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields} | {"kinds": list(row.kinds)})


class NewWebhook(Resource):
    """A webhook that was just made."""

    webhook: Webhook
    secret: str = Field(description="Shown this once: what is sent is signed with it (HMAC-SHA256).")


@router.get("")
def list_webhooks(scope: Asking, services: With, cut: Cutting) -> Page[Webhook]:
    """Webhooks, by id. Role: admin."""
    return cut.of_all(webhooks.webhooks(scope, services.store), lambda one: one.webhook_id, Webhook.of)


@router.post("", status_code=201, dependencies=[ONCE])
def add_webhook(scope: Asking, services: With, body: WebhookBody, webhook_id: NewId, response: Response) -> NewWebhook:
    """Have events posted to an address from now on. Role: admin."""
    secret = services.draw() + services.draw()
    now = services.clock()
    wanted = WebhookRow(scope.tenant, webhook_id, body.url, tuple(body.kinds), secret,
                        disabled_at=now if body.disabled else None)  # fmt: skip
    row = webhooks.put_webhook(
        scope, services.store, wanted, now, private=services.options.webhooks_private, expected=tags.NONE
    )
    response.headers["Location"] = f"/v1/webhooks/{webhook_id}"
    response.headers["Cache-Control"] = "no-store"
    return NewWebhook(webhook=Webhook.of(row), secret=secret)


@router.get("/{webhook_id}")
def get_webhook(scope: Asking, services: With, webhook_id: NameInPath, response: Response) -> Webhook:
    """One webhook. Role: admin."""
    row = webhooks.webhook(scope, services.store, webhook_id)
    set_tag(response, row)
    return Webhook.of(row)


@router.put("/{webhook_id}")
def change_webhook(
    scope: Asking, services: With, webhook_id: NameInPath, body: WebhookBody, expected: Expected, response: Response
) -> Webhook:
    """Change a webhook; its secret stays. Role: admin."""
    now = services.clock()
    before = webhooks.webhook(scope, services.store, webhook_id)
    disabled_at = (before.disabled_at or now) if body.disabled else None
    wanted = replace(before, url=body.url, kinds=tuple(body.kinds), secret="", disabled_at=disabled_at)
    row = webhooks.put_webhook(
        scope, services.store, wanted, now, private=services.options.webhooks_private, expected=expected
    )
    set_tag(response, row)
    return Webhook.of(row)


@router.delete("/{webhook_id}", status_code=204)
def remove_webhook(scope: Asking, services: With, webhook_id: NameInPath, expected: Expected) -> None:
    """Tell it no more. Role: admin."""
    webhooks.remove_webhook(scope, services.store, webhook_id, services.clock(), expected=expected)
