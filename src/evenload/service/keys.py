"""Keys to the API: ``evl_<key id>_<secret>``. A secret is drawn at random, so a fast hash keeps it."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from evenload.base.errors import InputError
from evenload.service import audit
from evenload.service.access_rows import KeyRow, Role
from evenload.service.ports import Store
from evenload.service.refusals import ForbiddenError, LoginError, NotFoundError, Refusal
from evenload.service.scope import Scope

SECRET_LENGTH_MIN: Final = 32
_TEXT: Final = re.compile(r"evl_([a-z0-9]{6,32})_([A-Za-z0-9]{32,128})")


def key_text(key_id: str, secret: str) -> str:
    """What is shown once and sent from then on."""
    text = f"evl_{key_id}_{secret}"
    if not _TEXT.fullmatch(text):
        raise InputError("a key has an id of 6 to 32 small letters and digits and a secret of 32 to 128")
    return text


def add_key(  # noqa: PLR0913 - what a key is made of
    scope: Scope, store: Store, key_id: str, secret: str, now: datetime,
    *, name: str, role: Role, expires_at: datetime | None = None,
) -> KeyRow:  # fmt: skip
    """Make a key that may do what ``role`` may, at most what its maker may. Only the hash of ``secret`` is kept."""
    scope.require(Role.ADMIN)
    key_text(key_id, secret)
    if not name.strip():
        raise InputError("a key needs a name: what it is for")
    if role is Role.DRIVER:
        raise InputError("a driver has no key: make a link that is bound to one, as `evenload driver link` does")
    if not scope.may(role):
        raise ForbiddenError(Refusal.ROLE, f"a key may not do more than who makes it: {scope.role.value}")
    if expires_at is not None and expires_at <= now:
        raise InputError("the key would have expired before it is made")
    row = KeyRow(scope.tenant, key_id, name, role, _hash(secret), scope.actor, now, expires_at)
    with store.writing() as unit:
        if unit.users.find_key(key_id):
            raise InputError(f"there is a key {key_id!r} already")
        unit.users.put_keys([row])
        audit.note(unit, scope, now, "keys.add", key_id, {"name": name, "role": role, "expires_at": expires_at})
    return row


def keys(scope: Scope, store: Store) -> Sequence[KeyRow]:
    """Keys, by id."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return unit.users.keys_of(scope.tenant)


def revoke_key(scope: Scope, store: Store, key_id: str, now: datetime) -> KeyRow:
    """Take a key back at once and for good."""
    scope.require(Role.ADMIN)
    with store.writing() as unit:
        row = unit.users.find_key(key_id)
        if row is None or row.tenant != scope.tenant:
            raise NotFoundError(f"there is no key {key_id!r}")
        if row.revoked_at is not None:
            return row
        kept = replace(row, revoked_at=now)
        unit.users.put_keys([kept])
        audit.note(unit, scope, now, "keys.revoke", key_id)
        return kept


def key_scope(store: Store, text: str, now: datetime) -> Scope:
    """What the bearer of a key may do; ``LoginError`` where nothing."""
    parts = _TEXT.fullmatch(text)
    row = None
    if parts:
        with store.reading() as unit:
            row = unit.users.find_key(parts[1])
    if parts is None or row is None or not hmac.compare_digest(row.secret_hash, _hash(parts[2])):
        raise LoginError(Refusal.LOGIN, "the key is not known")
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise LoginError(Refusal.EXPIRED, f"the key {row.key_id!r} was revoked or has expired")
    return Scope(row.tenant, f"key:{row.key_id}", row.role)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
