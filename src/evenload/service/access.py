"""Who may come in: accounts, passwords and logins elsewhere. Keys to the API are in ``keys``."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from evenload.base.errors import InputError
from evenload.service import audit, tags
from evenload.service.access_rows import Role, UserRow
from evenload.service.ports import Store, Unit
from evenload.service.refusals import ConflictError, LoginError, NotFoundError, Refusal
from evenload.service.scope import Scope

PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 1024
Change = Callable[[UserRow], UserRow]
_REFUSED: Final = "the address or the password is wrong"


class PasswordHash(Protocol):
    """A slow hash for what people choose."""

    def hash(self, password: str) -> str:
        """The hash of a password, its salt and costs within."""

    def verify(self, password: str, hashed: str) -> bool:
        """Whether it is the password that was hashed; an empty hash takes as long and matches nothing."""


def login(store: Store, hasher: PasswordHash, email: str, password: str, now: datetime, *, tenant: str = "") -> UserRow:
    """Who an address and a password belong to; ``LoginError``, the same for every reason, where to nobody.

    ``tenant`` is needed only where one address has an account in several with one password.
    """
    with store.reading() as unit:
        found = [row for row in unit.users.with_email(email.strip()) if not tenant or row.tenant == tenant]
    able = [row for row in found if row.disabled_at is None and row.password_hash]
    if not able:
        hasher.verify(password, "")  # takes the same time: who is not known is not told
        raise LoginError(Refusal.LOGIN, _REFUSED)
    held = [row for row in able if hasher.verify(password, row.password_hash)]
    if len(held) > 1:
        raise LoginError(Refusal.LOGIN, f"say for which tenant: {', '.join(sorted(row.tenant for row in held))}")
    with store.writing() as unit:
        for row in held or able:
            audit.note(unit, scope_of(row), now, "login" if held else "login.refused", row.user_id)
    if not held:
        raise LoginError(Refusal.LOGIN, _REFUSED)
    return held[0]


def login_elsewhere(store: Store, issuer: str, subject: str, email: str, now: datetime, *, tenant: str = "") -> UserRow:
    """Who a login at an issuer belongs to. ``email`` must be one that the issuer verified, or ``""``.

    An account without a password that waits for this address is bound to the subject on its first login.
    """
    with store.writing() as unit:
        rows = unit.users.with_subject(issuer, subject) or [
            replace(row, issuer=issuer, subject=subject)
            for row in (unit.users.with_email(email) if email else ())
            if not row.password_hash and not row.subject and row.issuer in ("", issuer)
        ]
        able = [row for row in rows if row.disabled_at is None and (not tenant or row.tenant == tenant)]
        if len(able) != 1:
            why = (
                f"say for which tenant: {', '.join(sorted(row.tenant for row in able))}" if able else "no account here"
            )
            raise LoginError(Refusal.LOGIN, f"the login at {issuer} is good, but {why}")
        unit.users.put(able)
        audit.note(unit, scope_of(able[0]), now, "login", able[0].user_id, {"issuer": issuer})
        return able[0]


def bearer_of(store: Store, issuer: str, subject: str) -> Scope:
    """The scope of a token of an issuer: its subject must have logged in here once."""
    with store.reading() as unit:
        rows = [row for row in unit.users.with_subject(issuer, subject) if row.disabled_at is None]
    if len(rows) != 1:
        raise LoginError(Refusal.LOGIN, f"the token of {issuer} is good, but belongs to no account here")
    return scope_of(rows[0])


def scope_of(row: UserRow) -> Scope:
    """What an account may do."""
    return Scope(row.tenant, f"user:{row.user_id}", row.role)


def user_now(store: Store, tenant: str, user_id: str) -> UserRow:
    """An account that may come in; ``LoginError`` where it is gone or disabled."""
    with store.reading() as unit:
        row = unit.users.find(tenant, user_id)
    if row is None or row.disabled_at is not None:
        raise LoginError(Refusal.DISABLED, "this account may not come in any more")
    return row


def users(scope: Scope, store: Store) -> Sequence[UserRow]:
    """Accounts, by id."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return unit.users.of(scope.tenant)


def user(scope: Scope, store: Store, user_id: str) -> UserRow:
    """One account."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return _known(unit, scope.tenant, user_id)


def add_user(scope: Scope, store: Store, row: UserRow, now: datetime) -> UserRow:
    """Add an account; without ``password_hash`` it comes in by a login elsewhere only."""
    scope.require(Role.ADMIN)
    email = row.email.strip()
    if "@" not in email.strip("@"):
        raise InputError(f"{row.email!r} is not an address such as ann@example.org")
    with store.writing() as unit:
        if unit.users.find(scope.tenant, row.user_id):
            raise ConflictError(Refusal.TAKEN, f"there is a user {row.user_id!r} already")
        if any(other.tenant == scope.tenant for other in unit.users.with_email(email)):
            raise ConflictError(Refusal.TAKEN, f"{email} has an account already")
        kept = replace(row, tenant=scope.tenant, email=email, made_at=now, disabled_at=None)
        unit.users.put([kept])
        audit.note(unit, scope, now, "users.add", row.user_id, {"role": row.role})
        return kept


def change_user(
    scope: Scope, store: Store, user_id: str, now: datetime, change: Change, *, expected: str = ""
) -> UserRow:
    """Change an account's name, role, password or whether it is disabled; never so that no administrator is left."""
    scope.require(Role.ADMIN)
    with store.writing() as unit:
        row = _known(unit, scope.tenant, user_id)
        tags.check(expected, row)
        kept = replace(change(row), tenant=row.tenant, user_id=row.user_id, email=row.email, made_at=row.made_at)
        if kept == row:
            return row
        _leave_an_admin(unit, kept)
        unit.users.put([kept])
        said = {"role": kept.role, "renamed": kept.name != row.name, "disabled": kept.disabled_at is not None}
        audit.note(
            unit, scope, now, "users.change", user_id, said | {"password": kept.password_hash != row.password_hash}
        )
        return kept


def set_own_password(
    scope: Scope, store: Store, hasher: PasswordHash, user_id: str, old: str, new: str, now: datetime
) -> UserRow:  # fmt: skip
    """Change one's own password; the old one must be known."""
    check_password(new)
    row = user_now(store, scope.tenant, user_id)
    if not hasher.verify(old, row.password_hash):
        raise LoginError(Refusal.LOGIN, "the old password is wrong")
    hashed = hasher.hash(new)
    with store.writing() as unit:
        kept = replace(_known(unit, scope.tenant, user_id), password_hash=hashed)
        unit.users.put([kept])
        audit.note(unit, scope, now, "users.password", user_id)
        return kept


def check_password(password: str) -> None:
    """``InputError`` where a password is too short, or so long that hashing it costs dear."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InputError(f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters")


def _leave_an_admin(unit: Unit, kept: UserRow) -> None:
    others = [row for row in unit.users.of(kept.tenant) if row.user_id != kept.user_id]
    if not any(row.role is Role.ADMIN and row.disabled_at is None for row in [*others, kept]):
        raise ConflictError(Refusal.LAST_ADMIN, f"{kept.email} is the last administrator: make another one first")


def _known(unit: Unit, tenant: str, user_id: str) -> UserRow:
    row = unit.users.find(tenant, user_id)
    if row is None:
        raise NotFoundError(f"there is no user {user_id!r}")
    return row
