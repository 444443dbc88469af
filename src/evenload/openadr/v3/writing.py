"""Objects made, changed and removed, as the rules of names, references and owners allow."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from msgspec import UnsetType

from evenload.base.errors import InputError
from evenload.openadr.v3.access import Client
from evenload.openadr.v3.bodies import Request
from evenload.openadr.v3.durations import END_OF_TIME
from evenload.openadr.v3.faults import RefusalError
from evenload.openadr.v3.objects import Asked, ObjectRow, OpenAdrObjects
from evenload.openadr.v3.parts import ObjectType, Operation
from evenload.openadr.v3.rendering import Identity, body_of
from evenload.openadr.v3.timeline import lifetime
from evenload.openadr.v3.wire import (
    BlResourceRequest,
    BlVenRequest,
    EventRequest,
    ProgramRequest,
    ReportRequest,
    SubscriptionRequest,
    VenResourceRequest,
    VenVenRequest,
)

Change = tuple[ObjectRow, Operation]
_CALLBACKS: Final = ("http://", "https://")
_GOES_WITH: Final = {
    ObjectType.PROGRAM: (ObjectType.EVENT, ObjectType.SUBSCRIPTION),
    ObjectType.VEN: (ObjectType.RESOURCE,),
}
"""What is removed with an object; reports stay, they are evidence."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes for one client, at one instant."""

    objects: OpenAdrObjects
    client: Client
    now: datetime
    draw_id: Callable[[], str]

    def create(self, kind: ObjectType, request: Request) -> list[Change]:
        """Make an object. ``RefusalError`` where it may not be."""
        own = self.client.claims
        blank = ObjectRow(
            own.tenant, self.draw_id(), kind, self.now, self.now, b"", client_id=own.client_id,
            by_business=own.is_business,
        )  # fmt: skip
        return self._put(self._filled(blank, request), request, Operation.CREATE)

    def update(self, row: ObjectRow, request: Request) -> list[Change]:
        """Replace an object."""
        filled = self._filled(replace(row, modified_at=max(self.now, row.modified_at)), request)
        if filled.client_id != row.client_id:
            raise RefusalError(409, f"clientID: this is of the client {row.client_id}, and stays so")
        return self._put(filled, request, Operation.UPDATE)

    def remove(self, row: ObjectRow) -> list[Change]:
        """Remove an object, and what cannot be without it."""
        program_id, parent_id = (row.object_id, "") if row.kind is ObjectType.PROGRAM else ("", row.object_id)
        gone = [
            one
            for kind in _GOES_WITH.get(row.kind, ())
            for one in self.objects.page(row.tenant, Asked(kind, program_id, parent_id, count=None))
        ]
        return [self._kept(replace(one, removed_at=self.now), Operation.DELETE) for one in (*gone, row)]

    def _put(self, row: ObjectRow, request: Request, operation: Operation) -> list[Change]:
        told_client = row.client_id if row.kind not in (ObjectType.PROGRAM, ObjectType.EVENT) else ""
        identity = Identity(row.object_id, row.kind, row.created_at, row.modified_at, told_client)
        return [self._kept(replace(row, body=body_of(request, identity)), operation)]

    def _kept(self, row: ObjectRow, operation: Operation) -> Change:
        self.objects.put(row, operation, self.now, self.client.claims.client_id)
        return row, operation

    def _filled(self, row: ObjectRow, request: Request) -> ObjectRow:
        match request:
            case ProgramRequest():
                self._unique(row, request.program_name)
                return replace(row, name=request.program_name, targets=request.targets or ())
            case EventRequest():
                return self._event(row, request)
            case ReportRequest():
                return self._report(row, request)
            case SubscriptionRequest():
                return self._subscription(row, request)
            case VenVenRequest() | BlVenRequest():
                self._unique(row, request.ven_name)
                return replace(self._owned(row, request), name=request.ven_name)
            case VenResourceRequest() | BlResourceRequest():
                return self._resource(row, request)

    def _event(self, row: ObjectRow, request: EventRequest) -> ObjectRow:
        self._program(request.program_id)
        try:
            ends = lifetime(request, row.modified_at)[1]
        except InputError as error:
            raise RefusalError(400, f"event: {error}") from error
        return replace(
            row, program_id=request.program_id, targets=request.targets or (),
            ends_at=None if ends == END_OF_TIME else ends,
        )  # fmt: skip

    def _report(self, row: ObjectRow, request: ReportRequest) -> ObjectRow:
        """A report of an event that was removed is taken: what was done in it still counts."""
        event = self.objects.find(row.tenant, ObjectType.EVENT, request.event_id)
        if event is None or self.client.shown(event.targets) is None:
            raise RefusalError(409, f"eventID: there is no event {request.event_id}")
        return replace(
            row, parent_id=request.event_id, program_id=event.program_id, client_name=request.client_name
        )  # fmt: skip

    def _subscription(self, row: ObjectRow, request: SubscriptionRequest) -> ObjectRow:
        for one in request.object_operations:
            if not one.callback_url.lower().startswith(_CALLBACKS):
                raise RefusalError(400, "callbackUrl: must be an address of http or https")
        program_id = "" if isinstance(request.program_id, UnsetType) else request.program_id
        if program_id:
            self._program(program_id)
        return replace(
            row, program_id=program_id, client_name=request.client_name, targets=request.targets or ()
        )  # fmt: skip

    def _resource(self, row: ObjectRow, request: VenResourceRequest | BlResourceRequest) -> ObjectRow:
        ven = self.objects.find(row.tenant, ObjectType.VEN, request.ven_id)
        own = self.client.claims
        if ven is None or ven.removed_at or not (own.is_business or ven.client_id == own.client_id):
            raise RefusalError(404, f"venID: there is no ven {request.ven_id}")
        if isinstance(request, BlResourceRequest) and request.client_id != ven.client_id:
            raise RefusalError(409, f"clientID: the ven {ven.object_id} is of another client")
        self._unique(row, request.resource_name, ven.object_id)
        filled = replace(self._owned(row, request), name=request.resource_name, parent_id=ven.object_id)
        return replace(filled, client_id=ven.client_id)

    def _owned(
        self, row: ObjectRow, request: VenVenRequest | BlVenRequest | VenResourceRequest | BlResourceRequest
    ) -> ObjectRow:
        """Whose it is and its targets, which only the business may tell: what a VEN tells leaves them as they were."""
        if isinstance(request, VenVenRequest | VenResourceRequest):
            return row
        if not self.client.claims.is_business:
            raise RefusalError(
                403, f"objectType: a VEN sends VEN_{row.kind}_REQUEST; targets are the business's to say"
            )
        return replace(row, client_id=request.client_id, targets=request.targets or ())

    def _unique(self, row: ObjectRow, name: str, parent_id: str = "") -> None:
        """Refuse a name that another has. The id of a VEN's object that it cannot see is not told."""
        found = self.objects.page(row.tenant, Asked(row.kind, name=name, parent_id=parent_id, count=2))
        if any(one.object_id != row.object_id for one in found):
            raise RefusalError(409, f"there is a {row.kind.lower()} named {name!r} already")

    def _program(self, program_id: str) -> None:
        program = self.objects.find(self.client.claims.tenant, ObjectType.PROGRAM, program_id)
        if program is None or program.removed_at or self.client.shown(program.targets) is None:
            raise RefusalError(409, f"programID: there is no program {program_id}")
