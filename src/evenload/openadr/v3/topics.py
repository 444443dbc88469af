"""Answers to ``/notifiers``: how notifications reach a client."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from evenload.openadr.v3.access import Claims, Scope
from evenload.openadr.v3.faults import RefusalError
from evenload.openadr.v3.notices import Broker
from evenload.openadr.v3.objects import OpenAdrObjects
from evenload.openadr.v3.parts import ObjectType

_OF_ALL: Final = {"programs": Scope.READ_ALL} | dict.fromkeys(
    ("events", "reports", "subscriptions", "vens", "resources"), Scope.READ_BL
)


def notifiers(broker: Broker | None) -> bytes:
    """The ways there are."""
    told: dict[str, Any] = {"WEBHOOK": True}
    if broker is not None:
        told["MQTT"] = {"URIS": broker.uris, "serialization": "JSON", "authentication": broker.authentication}
    return msgspec.json.encode(told)


def topics(objects: OpenAdrObjects, broker: Broker | None, claims: Claims, path: Sequence[str]) -> bytes:
    """The topics of ``/notifiers/mqtt/topics/...``; ``RefusalError`` where there are none, or not for this client."""
    if broker is None:
        raise RefusalError(404, "this VTN publishes at no MQTT broker: subscribe with a webhook, or poll")
    match path:
        case [part] if part in _OF_ALL:
            _require(claims, _OF_ALL[part])
            return _answer(broker, part, with_create=True)
        case ["programs", object_id]:
            _require(claims, Scope.READ_ALL)
            _known(objects, claims, ObjectType.PROGRAM, object_id)
            return _answer(broker, f"programs/{object_id}", with_create=False)
        case ["programs", object_id, "events"]:
            _require(claims, Scope.READ_ALL)
            _known(objects, claims, ObjectType.PROGRAM, object_id)
            return _answer(broker, f"programs/{object_id}/events", with_create=True)
        case ["vens", object_id]:
            _require(claims, Scope.READ_VEN_OBJECTS)
            _known(objects, claims, ObjectType.VEN, object_id)
            return _answer(broker, f"vens/{object_id}", with_create=False)
        case ["vens", object_id, "events" | "programs" | "resources" as part]:
            _require(claims, Scope.READ_VEN_OBJECTS)
            _known(objects, claims, ObjectType.VEN, object_id)
            return _answer(broker, f"vens/{object_id}/{part}", with_create=True)
        case _:
            raise RefusalError(404, "there are no such topics")


def _require(claims: Claims, scope: Scope) -> None:
    if not claims.may(scope):
        raise RefusalError(403, f"this needs the scope {scope}")


def _known(objects: OpenAdrObjects, claims: Claims, kind: ObjectType, object_id: str) -> None:
    row = objects.find(claims.tenant, kind, object_id)
    own = row is not None and (claims.is_business or row.client_id == claims.client_id)
    if row is None or row.removed_at is not None or not own:
        raise RefusalError(404, f"there is no {kind.lower()} {object_id}")


def _answer(broker: Broker, part: str, *, with_create: bool) -> bytes:
    words = {"CREATE": "create", "UPDATE": "update", "DELETE": "delete", "ALL": "+"}
    told = {name: f"{broker.prefix}{part}/{word}" for name, word in words.items() if with_create or name != "CREATE"}
    return msgspec.json.encode({"topics": told})
