"""The log of events of stations."""

import json
from typing import Any

from pydantic import Field

from evenload.service import look
from evenload.service.rows import EventRow
from evenload.web.fields import Instant, Resource
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page, number_in
from evenload.web.tenant_route import tenant_router

router = tenant_router("events", "events")


class Event(Resource):
    """Something that happened at a station."""

    number: int = Field(description="Counts up.")
    at: Instant = Field(description="When it happened.")
    received_at: Instant
    identity: str = Field(description="The station.")
    evse_id: int
    kind: str
    body: dict[str, Any] = Field(description="What is particular to it.")

    @classmethod
    def of(cls, row: EventRow) -> "Event":
        """As it is answered."""
        return cls(
            number=row.number, at=row.at, received_at=row.received_at, identity=row.station.identity,
            evse_id=row.evse_id, kind=row.kind, body=json.loads(row.body),
        )  # fmt: skip


@router.get("")
def list_events(scope: Asking, services: With, cut: Cutting) -> Page[Event]:
    """Events of stations, the oldest first; go on with `next` for what comes after."""
    rows = look.events(scope, services.store, number_in(cut.after or "0"), cut.count + 1)
    return cut.page(rows, lambda one: str(one.number), Event.of)
