"""Whom an operation is told, and how: webhooks of subscriptions, topics of a broker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from evenload.openadr.v3.access import Claims, Client
from evenload.openadr.v3.objects import Asked, ObjectRow, OpenAdrObjects
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.openadr.v3.rendering import shown
from evenload.openadr.v3.wire import SubscriptionRequest

TARGETED: Final = frozenset({ObjectType.PROGRAM, ObjectType.EVENT})
"""Kinds whose targets say who may know of them; the others are their client's own."""
COLLECTIONS: Final[Mapping[str, ObjectType]] = {
    "programs": ObjectType.PROGRAM, "events": ObjectType.EVENT, "reports": ObjectType.REPORT,
    "subscriptions": ObjectType.SUBSCRIPTION, "vens": ObjectType.VEN, "resources": ObjectType.RESOURCE,
}  # fmt: skip
PATHS: Final[Mapping[ObjectType, str]] = {kind: path for path, kind in COLLECTIONS.items()}
_OBJECTS: Final = msgspec.json.Decoder(SubscriptionRequest)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A notification to send to a subscription's callback."""

    url: str
    body: bytes = field(repr=False)
    bearer_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Publication:
    """A notification to publish."""

    topic: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broker:
    """The MQTT broker that notifications are published at; ``authentication`` as openadr3.yaml has it."""

    uris: tuple[str, ...]
    authentication: Mapping[str, str]
    prefix: str = ""


def operations_of(body: bytes) -> SubscriptionRequest:
    """What a subscription asks for."""
    return _OBJECTS.decode(body)


def webhooks(objects: OpenAdrObjects, row: ObjectRow, operation: Operation) -> Iterator[Webhook]:
    """What subscriptions are sent of an operation. A VEN is told only of what it may read."""
    for subscription in objects.page(row.tenant, Asked(ObjectType.SUBSCRIPTION, count=None)):
        if subscription.program_id not in ("", row.object_id if row.kind is ObjectType.PROGRAM else row.program_id):
            continue
        wanted = [
            one
            for one in operations_of(subscription.body).object_operations
            if row.kind in one.objects and operation in one.operations
        ]
        targets = _told(objects, subscription, row) if wanted else None
        if targets is not None:
            body = notification(row, operation, targets)
            for one in wanted:
                yield Webhook(one.callback_url, body, one.bearer_token or "")


def _told(objects: OpenAdrObjects, subscription: ObjectRow, row: ObjectRow) -> tuple[str, ...] | None:
    """The targets that a subscription is shown; ``None`` where it is told nothing."""
    asked = frozenset(subscription.targets)
    if subscription.by_business:
        return row.targets if not asked or asked & set(row.targets) else None
    if row.kind not in TARGETED:
        return row.targets if row.client_id == subscription.client_id else None
    claims = Claims(row.tenant, subscription.client_id, frozenset())
    return Client(claims, objects.granted(row.tenant, subscription.client_id)).shown(row.targets, asked)


def notification(row: ObjectRow, operation: Operation, targets: Sequence[str]) -> bytes:
    """The JSON of a notification."""
    head = f'{{"objectType":"{row.kind}","operation":"{operation}","object":'.encode()
    tail = b',"targets":' + msgspec.json.encode(targets) + b"}" if targets else b"}"
    return head + shown(row.body, targets) + tail


def publications(objects: OpenAdrObjects, row: ObjectRow, operation: Operation, broker: Broker) -> (
    Iterator[Publication]
):  # fmt: skip
    """What is published of an operation: to the business all, to each VEN what it may read."""
    last = operation.lower()
    everything = notification(row, operation, row.targets)
    yield Publication(f"{broker.prefix}{PATHS[row.kind]}/{last}", everything)
    if row.kind is ObjectType.PROGRAM and operation is not Operation.CREATE:
        yield Publication(f"{broker.prefix}programs/{row.object_id}/{last}", everything)
    if row.kind is ObjectType.EVENT:
        yield Publication(f"{broker.prefix}programs/{row.program_id}/events/{last}", everything)
    if row.kind is ObjectType.VEN and operation is not Operation.CREATE:
        yield Publication(f"{broker.prefix}vens/{row.object_id}/{last}", everything)
    if row.kind is ObjectType.RESOURCE:
        yield Publication(f"{broker.prefix}vens/{row.parent_id}/resources/{last}", everything)
    if row.kind in TARGETED:
        for ven_id, client_id in _vens_told(objects, row).items():
            claims = Claims(row.tenant, client_id, frozenset())
            targets = Client(claims, objects.granted(row.tenant, client_id)).shown(row.targets)
            if targets is not None:
                topic = f"{broker.prefix}vens/{ven_id}/{PATHS[row.kind]}/{last}"
                yield Publication(topic, notification(row, operation, targets))


def _vens_told(objects: OpenAdrObjects, row: ObjectRow) -> dict[str, str]:
    targets = row.targets or None
    vens = objects.page(row.tenant, Asked(ObjectType.VEN, targets=targets, count=None))
    found = {one.object_id: one.client_id for one in vens}
    if targets:
        held = objects.page(row.tenant, Asked(ObjectType.RESOURCE, targets=targets, count=None))
        found |= {one.parent_id: one.client_id for one in held}
    return found
