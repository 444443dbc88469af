"""Cables: which car stands at which charger, how sure that is, and what is wrong between them."""

from fastapi import Response
from pydantic import Field

from evenload.service.cable import said
from evenload.service.cable_rows import ConflictKind, ConflictRow, PairReason, PairRow, PairState
from evenload.web.fields import Instant, Name, NameInPath, Resource, Switch, example
from evenload.web.identity import Asking, With
from evenload.web.pages import Cutting, Page
from evenload.web.tenant_route import set_tag, tenant_router

router = tenant_router("cables", "cables")


class Pair(Resource):
    """A car and a charger's session that are, or were, held to belong together."""

    session_id: str
    vehicle_id: str
    device_id: str
    plugged_at: Instant
    state: PairState
    confidence: float = Field(description="How sure it is, 0 to 1.")
    reason: PairReason = Field(description="What speaks for it the most, or why it is not certain.")
    reason_text: str = Field(description="The reason in words.")
    why: str = Field(description="All that speaks for and against it, in words.")
    car_session_id: str = Field(description="The car's own session, whose energy the charger's counts; or empty.")
    made_at: Instant | None = Field(description="Since when it is so.")
    changed_at: Instant | None = Field(description="When it was looked at last.")

    @classmethod
    def of(cls, row: PairRow) -> "Pair":
        """As it is answered."""
        names = cls.model_fields.keys() - {"reason_text"}
        return cls.model_validate({name: getattr(row, name) for name in names} | {"reason_text": row.reason.sentence})


class Conflict(Resource):
    """A car, a charger and a plan that get in each other's way."""

    session_id: str
    kind: ConflictKind
    vehicle_id: str = Field(description="Empty where the vehicle is not known.")
    device_id: str
    since: Instant
    why: str = Field(description="What is wrong, one sentence.")
    to_do: str = Field(description="What to do about it.")
    told_at: Instant | None = Field(description="Since when it is held to be more than a moment's.")
    ended_at: Instant | None = Field(description="Null while it goes on.")

    @classmethod
    def of(cls, row: ConflictRow) -> "Conflict":
        """As it is answered."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class CableEnds(Resource):
    """A charger's session with the cars that were held to be at it, and what was wrong."""

    session_id: str
    vehicle_id: str = Field(description="Whose it is held to be now; empty where that is not known.")
    pairs: list[Pair]
    conflicts: list[Conflict]


class SayBody(Resource, json_schema_extra=example(vehicle_id="ann-leaf", is_it=True)):
    """Which vehicle a session is of, or of which it is not."""

    vehicle_id: Name = Field(examples=["ann-leaf"])
    is_it: Switch = Field(True, description="False: it is any vehicle but this one.")


@router.get("")
def list_pairs(scope: Asking, services: With, cut: Cutting) -> Page[Pair]:
    """Cars that stand at chargers now, or may, by session and vehicle."""
    pairs, _ = said.ends_going_on(scope, services.store)
    return cut.of_all(pairs, lambda one: f"{one.session_id} {one.vehicle_id}", Pair.of)


@router.get("/conflicts")
def list_conflicts(scope: Asking, services: With, cut: Cutting) -> Page[Conflict]:
    """Conflicts that go on, by session and kind."""
    _, wrong = said.ends_going_on(scope, services.store)
    return cut.of_all(wrong, lambda one: f"{one.session_id} {one.kind}", Conflict.of)


@router.get("/{session_id}")
def get_ends(scope: Asking, services: With, session_id: NameInPath, response: Response) -> CableEnds:
    """Both ends of one charger's session: what was taken back and what has ended too."""
    found = said.ends_of(scope, services.store, session_id)
    set_tag(response, found.session, found.pairs, found.conflicts)
    return CableEnds(
        session_id=session_id, vehicle_id=found.session.vehicle_id, pairs=[Pair.of(one) for one in found.pairs],
        conflicts=[Conflict.of(one) for one in found.conflicts],
    )  # fmt: skip


@router.post("/{session_id}/say")
def say_vehicle(scope: Asking, services: With, session_id: NameInPath, body: SayBody) -> Pair:
    """Say which vehicle a charger's session is of, or of which it is not. Role: operator.

    It stands above what is worked out. The session is planned for anew.
    """
    row = said.say(scope, services.store, session_id, body.vehicle_id, services.clock(), is_it=body.is_it)
    return Pair.of(row)
