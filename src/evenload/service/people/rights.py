"""The rights of a person: a copy of everything kept of them, and to be forgotten; and forgetting after a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.cars import links
from evenload.service.people.parts import PARTS, exported, vehicles_of
from evenload.service.people.ports import PeopleStore
from evenload.service.people.rows import CONTACT, PersonRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope


@dataclass(frozen=True, slots=True)
class Erased:
    """What erasing somebody did: whether there was an identity, and which cars were unlinked."""

    person_id: str
    had_identity: bool
    unlinked: tuple[str, ...]
    forgotten: tuple[str, ...]


def export(scope: Scope, store: Store, kept: PeopleStore, person_id: str, now: datetime) -> dict[str, Any]:
    """Everything kept of a person, for them; ``NotFoundError`` where nothing is. The audit log notes it."""
    scope.require(Role.ADMIN)
    with kept.reading() as rows:
        person = rows.find(scope.tenant, person_id)
    with store.writing() as unit:
        parts = exported(unit, scope.tenant, person_id)
        _known(person, parts, person_id)
        audit.note(unit, scope, now, "people.export", person_id)
    return {"person_id": person_id, "exported_at": now.isoformat(), "identity": _identity(person)} | parts


def check_kept(scope: Scope, store: Store, kept: PeopleStore, person_id: str) -> PersonRow | None:
    """Who somebody is, if that is kept; ``NotFoundError`` where nothing at all is kept of them."""
    scope.require(Role.ADMIN)
    with kept.reading() as rows:
        person = rows.find(scope.tenant, person_id)
    with store.reading() as unit:
        _known(person, exported(unit, scope.tenant, person_id), person_id)
    return person


def erase(scope: Scope, store: Store, kept: PeopleStore, person_id: str, now: datetime) -> Erased:
    """Forget who somebody is. Accounting stays whole: sessions, energy and postings keep their pseudonym.

    Links to the person's cars end first, then all that says who it was goes in one unit of work with the note in the
    audit log, which holds the pseudonym only; the identity goes last, so that what was broken off can be repeated.
    """
    person = check_kept(scope, store, kept, person_id)
    with store.reading() as unit:
        linked = [one for one in vehicles_of(unit, scope.tenant, person_id) if _is_linked(unit, scope.tenant, one)]
    for vehicle_id in linked:
        links.revoke(scope, store, vehicle_id, now, "the person was erased")
    with store.writing() as unit:
        for part in PARTS:
            if part.forget is not None:
                part.forget(unit, scope.tenant, person_id, now)
        audit.note(unit, scope, now, "people.erase", person_id, {"cars_unlinked": len(linked)})
    with kept.writing() as rows:
        rows.remove(scope.tenant, person_id)
    return Erased(person_id, person is not None, tuple(linked), tuple(one.name for one in PARTS if one.forget))


def to_forget(store: Store, kept: PeopleStore, tenant: str, now: datetime, keep: timedelta) -> Sequence[str]:
    """Whom to forget: whose last consent ended so long ago; without any consent, who was added so long ago."""
    with kept.reading() as rows:
        people = rows.of(tenant)
    with store.reading() as unit:
        return [row.person_id for row in people if _is_over(unit, row, now - keep)]


def _is_over(unit: Unit, row: PersonRow, before: datetime) -> bool:
    consents = unit.consents.of_person(row.tenant, row.person_id)
    if not consents:
        return row.made_at is not None and row.made_at < before
    return all(one.ended_at is not None and one.ended_at < before for one in consents)


def _is_linked(unit: Unit, tenant: str, vehicle_id: str) -> bool:
    link = unit.cars.link(tenant, vehicle_id)
    return link is not None and link.revoked_at is None


def _identity(person: PersonRow | None) -> dict[str, Any]:
    if person is None:
        return {}
    names = (*CONTACT, "language", "timezone", "quiet")
    return {name: getattr(person, name) for name in names} | {"made_at": person.made_at}


def _known(person: PersonRow | None, parts: dict[str, list[dict[str, Any]]], person_id: str) -> None:
    if person is None and not any(parts.values()):
        raise NotFoundError(f"nothing is kept of a person {person_id!r}")
