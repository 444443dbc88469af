"""Queue messages. What holds them back (consent, quiet hours, limits) is looked at when they are about to be sent."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.consents import check_person
from evenload.service.messages.values import encoded
from evenload.service.people_rows import MessageKind, MessageRow
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

KEY_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to be. ``key`` says what it is about (``event_notice:EV7:d-7f3a``): the same key is never sent twice.

    ``fields`` are those of the kind (``kinds.SPECS``): instants, numbers, texts.
    """

    tenant: str
    person_id: str
    kind: MessageKind
    key: str
    fields: Mapping[str, object]
    worthless_at: datetime | None = None
    not_before: datetime | None = None


def enqueue(unit: Unit, draft: Draft, now: datetime) -> MessageRow:
    """Queue a message, or find the one of its key. ``InputError`` where it could not be read."""
    check_person(draft.person_id)
    if not 1 <= len(draft.key) <= KEY_LENGTH_MAX:
        raise InputError(f"the key of a message has 1 to {KEY_LENGTH_MAX} characters")
    if (before := unit.messages.with_key(draft.tenant, draft.key)) is not None:
        return before
    row = MessageRow(
        draft.tenant, _id_of(draft.tenant, draft.key), draft.person_id, draft.kind, draft.key,
        encoded(draft.kind, draft.fields), now, max(draft.not_before or now, now), draft.worthless_at,
    )  # fmt: skip
    unit.messages.add(row)
    return row


def send(scope: Scope, store: Store, draft: Draft, now: datetime) -> MessageRow:
    """Queue a message on somebody's behalf, which the audit log notes."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        row = enqueue(unit, draft, now)
        audit.note(unit, scope, now, "messages.send", row.message_id, {"kind": row.kind, "person": row.person_id})
    return row


def log(
    scope: Scope, store: Store, count: int, *, person_id: str = "", before: int | None = None
) -> Sequence[MessageRow]:  # fmt: skip
    """What became of messages, the latest first."""
    scope.require(Role.OPERATOR)
    with store.reading() as unit:
        return unit.messages.last(scope.tenant, count, person_id=person_id, before=before)


def _id_of(tenant: str, key: str) -> str:
    """An id that the same key always has."""
    return hashlib.sha256(f"{tenant}\n{key}".encode()).hexdigest()[:32]
