"""Consents: who agreed to what, to which text, until when; and whether something may be done now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from evenload.base.errors import InputError
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.people_rows import ConsentRow, Purpose
from evenload.service.ports import Store, Unit
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope

PERSON_LENGTH_MAX: Final = 64
VERSION_LENGTH_MAX: Final = 100


class ConsentState(StrEnum):
    """How a consent stands."""

    GRANTED = "granted"
    NEVER = "never"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether something may be done with what is a person's, and why; ``until`` is when that ends, if it is known."""

    why: ConsentState
    sentence: str
    until: datetime | None = None

    @property
    def granted(self) -> bool:
        """Whether it may."""
        return self.why is ConsentState.GRANTED


def may(unit: Unit, tenant: str, person_id: str, purpose: Purpose, now: datetime) -> Standing:
    """Whether a person agreed to a purpose, as it stands at an instant."""
    return standing(purpose, unit.consents.of_person(tenant, person_id), now)


def agreed(unit: Unit, tenant: str, purpose: Purpose, now: datetime) -> list[str]:
    """Who agreed to a purpose, as it stands at an instant, by pseudonym."""
    rows: dict[str, list[ConsentRow]] = {}
    for row in unit.consents.to_purpose(tenant, purpose):
        rows.setdefault(row.person_id, []).append(row)
    return [person_id for person_id, held in rows.items() if standing(purpose, held, now).granted]


def standing(purpose: Purpose, rows: Iterable[ConsentRow], now: datetime) -> Standing:
    """How consents of one person stand to a purpose at an instant."""
    given = [row for row in rows if row.purpose is purpose and row.granted_at <= now]
    held = [row for row in given if row.holds(now)]
    if held:
        ends = [row.ended_at for row in held]
        until = None if None in ends else max(one for one in ends if one is not None)
        return Standing(ConsentState.GRANTED, f"there is a consent to {purpose}", until)
    if not given:
        return Standing(ConsentState.NEVER, f"there is no consent to {purpose}")
    last = max(given, key=lambda row: (row.ended_at or now, row.granted_at))
    why = ConsentState.REVOKED if last.ended_at == last.revoked_at else ConsentState.EXPIRED
    verb = "was taken back" if why is ConsentState.REVOKED else "expired"
    return Standing(why, f"the consent to {purpose} {verb} on {last.ended_at:%Y-%m-%d}", last.ended_at)


def consents_of(scope: Scope, store: Store, person_id: str) -> Sequence[ConsentRow]:
    """The history of a person's consents."""
    _check_speaks(scope, person_id)
    with store.reading() as unit:
        return unit.consents.of_person(scope.tenant, person_id)


def grant(scope: Scope, store: Store, row: ConsentRow, now: datetime) -> ConsentRow:
    """Keep that somebody agreed. It may have been earlier (on paper), never later than now."""
    _check_speaks(scope, row.person_id)
    check_person(row.person_id)
    if not 1 <= len(row.text_version.strip()) <= VERSION_LENGTH_MAX:
        raise InputError("a consent needs the version of the text that was agreed to, such as 2026-03")
    if row.granted_at > now:
        raise InputError(f"a consent cannot be given later than now: {row.granted_at:%Y-%m-%d %H:%M}Z is ahead")
    if row.expires_at is not None and row.expires_at <= now:
        raise InputError(f"a consent that expired on {row.expires_at:%Y-%m-%d} allows nothing: give a later day")
    kept = replace(row, tenant=scope.tenant, revoked_at=None, made_by=scope.actor)
    with store.writing() as unit:
        unit.consents.put([kept])
        body = {"purpose": row.purpose, "text_version": row.text_version, "channel": row.channel}
        audit.note(unit, scope, now, "consents.grant", row.person_id, body)
    return kept


def revoke(scope: Scope, store: Store, person_id: str, purpose: Purpose, now: datetime) -> Sequence[ConsentRow]:
    """Take back a person's consent to a purpose, at once; ``NotFoundError`` where there is none that holds."""
    _check_speaks(scope, person_id)
    with store.writing() as unit:
        ended = end_all(unit, scope.tenant, person_id, now, {purpose})
        if not ended:
            raise NotFoundError(f"{person_id!r} has no consent to {purpose} that could be taken back")
        audit.note(unit, scope, now, "consents.revoke", person_id, {"purpose": purpose})
    return ended


def end_all(
    unit: Unit, tenant: str, person_id: str, now: datetime, purposes: Iterable[Purpose] = tuple(Purpose)
) -> Sequence[ConsentRow]:
    """End what holds of a person's consents to purposes; what was ended."""
    wanted = set(purposes)
    held = [row for row in unit.consents.of_person(tenant, person_id) if row.purpose in wanted and row.holds(now)]
    ended = [replace(row, revoked_at=now) for row in held]
    unit.consents.put(ended)
    return ended


def _check_speaks(scope: Scope, person_id: str) -> None:
    """Drivers speak for themselves, others by their role."""
    if scope.role is not Role.DRIVER:
        scope.require(Role.DRIVER_AGENT)
    elif scope.driver_id != person_id:
        raise NotFoundError(f"there is no person {person_id!r}")


def check_person(person_id: str) -> None:
    """``InputError`` where a pseudonym is none: it stands in logs and exports, so it may not tell who it is."""
    if not 1 <= len(person_id) <= PERSON_LENGTH_MAX or any(one.isspace() for one in person_id):
        raise InputError(f"a pseudonym has 1 to {PERSON_LENGTH_MAX} characters and no spaces, as in d-7f3a")
    if "@" in person_id or sum(one.isdigit() for one in person_id) == len(person_id.lstrip("+")) >= 7:
        raise InputError(f"{person_id!r} looks like an address or a number: choose a pseudonym that tells nobody who")
