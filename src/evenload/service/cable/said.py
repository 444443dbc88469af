"""Both ends of a cable for people: what is held to be so of a session, and what they say of it."""

from dataclasses import dataclass
from datetime import datetime

from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.cable import join
from evenload.service.cable_rows import ConflictRow, PairRow
from evenload.service.live_rows import SessionRow
from evenload.service.ports import Store
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope
from evenload.service.vehicles import known_vehicle


@dataclass(frozen=True, slots=True)
class CableEnds:
    """A charger's session, the cars that were held to be at it, and what is wrong between them."""

    session: SessionRow
    pairs: tuple[PairRow, ...]
    conflicts: tuple[ConflictRow, ...]


def ends_of(scope: Scope, store: Store, session_id: str) -> CableEnds:
    """Both ends of one session."""
    with store.reading() as unit:
        session = unit.sessions.find(scope.tenant, session_id)
        if session is None:
            raise NotFoundError(f"there is no session {session_id!r}")
        told = tuple(one for one in unit.cables.conflicts(scope.tenant, [session_id]) if one.told_at is not None)
        return CableEnds(session, tuple(unit.cables.pairs(scope.tenant, [session_id])), told)


def ends_going_on(scope: Scope, store: Store) -> tuple[list[PairRow], list[ConflictRow]]:
    """Cars at chargers now, and conflicts that go on."""
    with store.reading() as unit:
        wrong = [one for one in unit.cables.conflicts_going_on(scope.tenant) if one.told_at is not None]
        return list(unit.cables.pairs_going_on(scope.tenant)), wrong


def say(scope: Scope, store: Store, session_id: str, vehicle_id: str, now: datetime, *, is_it: bool = True) -> PairRow:
    """Say which vehicle a charger's session is of, or of which it is not."""
    scope.require(Role.OPERATOR)
    with store.writing() as unit:
        known_vehicle(unit, scope.tenant, vehicle_id)
        row = join.said(unit, scope.tenant, session_id, vehicle_id, now, is_it=is_it, who=scope.actor)
        audit.note(unit, scope, now, "sessions.vehicle", session_id, {"vehicle_id": vehicle_id, "is_it": is_it})
        return row
