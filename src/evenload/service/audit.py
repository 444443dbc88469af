"""Who did what, in a log that only grows: each row's digest covers the row before, so that none can be changed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from evenload.service.access_rows import AuditRow, Role
from evenload.service.ports import Store, Unit
from evenload.service.scope import Scope

_AT_ONCE: Final = 1000


def note(unit: Unit, scope: Scope, now: datetime, action: str, subject: str, body: Any = None) -> None:  # noqa: ANN401 - any row
    """Append what was done, in the unit of work that does it. ``body`` may not hold secrets."""
    text = "" if body is None else msgspec.json.encode(body, enc_hook=str, order="sorted").decode()
    row = AuditRow(scope.tenant, now, scope.actor, action, subject, text, unit.audit.last_digest(scope.tenant))
    unit.audit.add(replace(row, digest=digest_of(row)))


def digest_of(row: AuditRow) -> str:
    """SHA-256 over canonical JSON of all of a row but its number, ``previous`` included."""
    covered = {
        "tenant": row.tenant, "at": row.at.isoformat(), "actor": row.actor, "action": row.action,
        "subject": row.subject, "body": row.body, "previous": row.previous,
    }  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(covered, order="sorted")).hexdigest()


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the log found: rows that hold, the last digest, and the number and fault of the first that
    does not. ``digest_found`` says whether a digest that was noted elsewhere is in the chain."""

    rows: int
    last_digest: str
    broken_number: int | None = None
    fault: str = ""
    digest_found: bool = True


def verify(unit: Unit, tenant: str, noted_digest: str = "") -> Verified:
    """Walk the chain to the first broken row.

    Rows cut off at the end leave no trace in the rest: a ``noted_digest`` kept elsewhere shows that they are there.
    """
    count, previous, number, found = 0, "", 0, not noted_digest
    while rows := unit.audit.after(tenant, number, _AT_ONCE):
        for row in rows:
            fault = _fault(row, previous)
            if fault:
                return Verified(count, previous, row.number, fault, found)
            count, previous, number = count + 1, row.digest, row.number
            found = found or row.digest == noted_digest
    return Verified(count, previous, digest_found=found)


def _fault(row: AuditRow, previous: str) -> str:
    if row.previous != previous:
        return "a row before it was taken out, put in or changed"
    return "" if row.digest == digest_of(row) else "it is not what was written"


def read(scope: Scope, store: Store, after: int, count: int) -> Sequence[AuditRow]:
    """Rows that follow a number, in order."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return unit.audit.after(scope.tenant, after, count)
