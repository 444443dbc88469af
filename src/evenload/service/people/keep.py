"""Keep who somebody is. What is done is audited by the pseudonym; contact data never stand in the audit log."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from evenload.base.errors import did_you_mean
from evenload.service import audit, tags
from evenload.service.access_rows import Role
from evenload.service.people.ports import PeopleStore
from evenload.service.people.rows import CONTACT, PersonRow, check
from evenload.service.ports import Store
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope


def people(scope: Scope, kept: PeopleStore, after: str = "", count: int | None = None) -> Sequence[PersonRow]:
    """People by pseudonym. Who asks shows no contact data of them."""
    scope.require(Role.OPERATOR)
    with kept.reading() as rows:
        return rows.of(scope.tenant, after=after, count=count)


def person(scope: Scope, kept: PeopleStore, person_id: str) -> PersonRow:
    """One person; ``NotFoundError`` with the nearest pseudonym otherwise. Who asks shows no contact data."""
    scope.require(Role.OPERATOR)
    with kept.reading() as rows:
        row = rows.find(scope.tenant, person_id)
        if row is None:
            near = did_you_mean(person_id, [one.person_id for one in rows.of(scope.tenant, count=1000)])
            raise NotFoundError(f"there is no person {person_id!r}.{near}")
    return row


def contacts(scope: Scope, store: Store, rows: Sequence[PersonRow], now: datetime) -> Sequence[PersonRow]:
    """The same people, with the right to show their contact data, which the audit log notes."""
    scope.require(Role.ADMIN)
    with store.writing() as unit:
        for row in rows:
            audit.note(unit, scope, now, "people.contacts", row.person_id)
    return rows


def put_person(
    scope: Scope, store: Store, kept: PeopleStore, row: PersonRow, now: datetime, *, expected: str = ""
) -> PersonRow:  # fmt: skip
    """Add or replace somebody."""
    scope.require(Role.OPERATOR)
    check(row)
    with kept.writing() as rows:
        before = rows.find(scope.tenant, row.person_id)
        tags.check(expected, before)
        after = replace(row, tenant=scope.tenant, made_at=before.made_at if before else now)
        rows.put([after])
    changed = [name for name in (*CONTACT, "language", "timezone", "quiet") if _differs(name, before, after)]
    with store.writing() as unit:
        audit.note(unit, scope, now, "people.put", row.person_id, {"changed": changed})
    return after


def _differs(name: str, before: PersonRow | None, after: PersonRow) -> bool:
    return bool(getattr(after, name)) if before is None else getattr(before, name) != getattr(after, name)
