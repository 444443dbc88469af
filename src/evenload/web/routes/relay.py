"""Relay: what sites with a server of their own tell, and what they are told."""

from typing import Annotated, Any, Literal

import msgspec
from fastapi import Query
from pydantic import Field

from evenload.domain.station import StationId
from evenload.service import relay, relay_state
from evenload.service.rows import EventRow, OrderRow
from evenload.web.fields import NAME_OR_NONE, NAME_PATTERN, Instant, Name, Resource
from evenload.web.identity import Asking, With
from evenload.web.tenant_route import tenant_router

router = tenant_router("relay", "relay")

_BODY_MAX = 1 << 18
Identity = Annotated[str, Field(min_length=1, max_length=48)]
SiteId = Annotated[str, Query(max_length=64, pattern=NAME_PATTERN, description="Which site.")]
SiteIdOrNone = Annotated[
    str, Query(max_length=64, pattern=NAME_OR_NONE, description="Which site; empty for the only one.")
]


class RelayedEvent(Resource):
    """A row of the log of events of a site, as it is there."""

    at: Instant
    received_at: Instant
    identity: Identity
    evse_id: int = Field(ge=0, le=10_000)
    kind: str = Field(max_length=64, description="Its class.")
    body: str = Field(max_length=_BODY_MAX, description="JSON of what is particular to it.")


class EventsBody(Resource):
    """Some of what happened at a site, in order."""

    version: Literal[1] = 1
    site_id: Name
    connected: list[Identity] | None = Field(
        None, max_length=20_000, description="Its stations with a line to it now; null while there is more to tell."
    )
    events: list[RelayedEvent] = Field(max_length=relay.EVENTS_MAX)


class EventsTaken(Resource):
    """What was new of them, and what could not be read."""

    taken: int
    refused: list[str]


class RelayedOrder(Resource):
    """An order for a station of the site."""

    order_id: str
    number: int
    identity: str
    kind: str
    evse_id: int
    body: str
    made_at: Instant
    worthless_at: Instant | None
    standing: bool

    @classmethod
    def of(cls, row: OrderRow) -> "RelayedOrder":
        """As it is answered."""
        names = ("order_id", "number", "kind", "evse_id", "body", "made_at", "worthless_at", "standing")
        return cls(identity=row.station.identity, **{name: getattr(row, name) for name in names})


class Orders(Resource):
    """Orders in order; ``last`` is the number of the last that there is at all."""

    version: Literal[1] = 1
    last: int
    orders: list[RelayedOrder]


class SiteState(Resource):
    """What the site has to know to go on alone; ``state`` is null where its ``tag`` is the one told."""

    version: Literal[1] = 1
    site_id: str
    tag: str
    state: dict[str, Any] | None


@router.post("/events")
def take_events(scope: Asking, services: With, body: EventsBody) -> EventsTaken:
    """Take what happened at a site, in order. Sent again it changes nothing. Role: operator."""
    rows = [
        EventRow(StationId(scope.tenant, one.identity), one.at, one.received_at, one.evse_id, one.kind, one.body)
        for one in body.events
    ]
    taken = relay.take_events(scope, services.store, body.site_id, rows, body.connected, services.clock())
    services.relayed(scope.tenant, body.site_id, taken)
    return EventsTaken(taken=len(taken.events), refused=list(taken.refused))


@router.get("/orders")
def list_orders(
    scope: Asking, services: With, site_id: SiteId,
    after: Annotated[int, Query(ge=0, le=1 << 62, description="Orders that follow this number.")] = 0,
) -> Orders:  # fmt: skip
    """Orders for the stations of a site. Role: operator."""
    waiting = relay.orders_for(scope, services.store, site_id, after, services.clock())
    services.relayed(scope.tenant, site_id, relay.NOTHING)
    return Orders(last=waiting.last, orders=[RelayedOrder.of(one) for one in waiting.orders])


@router.get("/site")
def get_site(
    scope: Asking, services: With, site_id: SiteIdOrNone = "",
    tag: Annotated[str, Query(max_length=64, description="What the site has already.")] = "",
) -> SiteState:  # fmt: skip
    """What a site has to know to go on alone: its grid, devices, cars, limits and prices. Role: operator."""
    state, found = relay_state.site_state(scope, services.store, site_id, services.clock())
    told = None if tag == found else msgspec.json.decode(msgspec.json.encode(state))
    return SiteState(site_id=state.site.site_id, tag=found, state=told)
