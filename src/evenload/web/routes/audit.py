"""The audit log: who did what."""

import json
from typing import Any

from pydantic import Field

from evenload.service import audit
from evenload.service.access_rows import AuditRow
from evenload.web.fields import Instant, Resource
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page, number_in
from evenload.web.tenant_route import tenant_router

router = tenant_router("audit", "audit")


class AuditEntry(Resource):
    """Something that was done."""

    number: int = Field(description="Counts up.")
    at: Instant
    actor: str = Field(description="Who did it: `user:ID`, `key:ID`.")
    action: str
    subject: str = Field(description="To what.")
    body: Any = Field(description="What it was made, without secrets.")
    previous: str = Field(description="Digest of the entry before.")
    digest: str = Field(description="SHA-256 of this entry and `previous`.")

    @classmethod
    def of(cls, row: AuditRow) -> "AuditEntry":
        """As it is answered."""
        names = ("number", "at", "actor", "action", "subject", "previous", "digest")
        body = json.loads(row.body) if row.body else None
        return cls.model_validate({name: getattr(row, name) for name in names} | {"body": body})


@router.get("")
def list_audit(scope: Asking, services: With, cut: Cutting) -> Page[AuditEntry]:
    """The audit log, the oldest first. Role: admin."""
    rows = audit.read(scope, services.store, number_in(cut.after or "0"), cut.count + 1)
    return cut.page(rows, lambda one: str(one.number), AuditEntry.of)
