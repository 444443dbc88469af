"""The log of messages: what was sent, by which way, and what was not and why. Nobody's address stands in it."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query

from evenload.service.messages import queue
from evenload.service.people_rows import MessageKind, MessageRow, MessageStatus
from evenload.web.fields import Instant, NameOrNone, Resource
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page, number_in
from evenload.web.tenant_route import tenant_router

router = tenant_router("messages", "messages")


class Message(Resource):
    """A message. ``why`` is for programs, ``info`` for people."""

    message_id: str
    person_id: str
    kind: MessageKind
    status: MessageStatus
    why: str
    info: str
    way: str
    tries: int
    made_at: Instant
    not_before: Instant
    worthless_at: Instant | None
    sent_at: Instant | None
    settled_at: Instant | None

    @classmethod
    def of(cls, row: MessageRow) -> "Message":
        """As it is answered: without what it says."""
        hidden = ("tenant", "key", "fields", "number")
        return cls.model_validate({name: value for name, value in asdict(row).items() if name not in hidden})


@router.get("")
def list_messages(
    scope: Asking, services: With, cut: Cutting,
    person_id: Annotated[NameOrNone, Query(description="Of one person; empty for all.")] = "",
) -> Page[Message]:  # fmt: skip
    """What became of messages, the latest first. Role: operator."""
    before = number_in(cut.after) if cut.after else None
    rows = queue.log(scope, services.store, cut.count + 1, person_id=person_id, before=before)
    return cut.page(rows, lambda one: str(one.number), Message.of)
