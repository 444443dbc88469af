"""Links of drivers: ``evd_<link id>_<secret>`` lets its bearer speak for one driver, without a password, for a while.

A secret is drawn at random and only its hash is kept, so that nothing that is stored or logged lets anybody in.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError
from evenload.service import audit
from evenload.service.access_rows import Role
from evenload.service.driver_rows import LinkRow
from evenload.service.drivers.owning import own
from evenload.service.ports import Store
from evenload.service.refusals import ForbiddenError, LoginError, NotFoundError, Refusal
from evenload.service.scope import Scope

PREFIX: Final = "evd_"
DAYS_MAX: Final = 366
_TEXT: Final = re.compile(r"evd_([a-z0-9]{6,32})_([A-Za-z0-9]{32,128})")


def add_link(
    scope: Scope, store: Store, driver_id: str, link_id: str, secret: str, now: datetime, expires_at: datetime
) -> str:
    """Make a link; its text, which is shown once. Drivers cannot make any: one that was lost ends by itself."""
    text = f"{PREFIX}{link_id}_{secret}"
    if not _TEXT.fullmatch(text):
        raise InputError("a link has an id of 6 to 32 small letters and digits and a secret of 32 to 128")
    if not now < expires_at <= now + timedelta(days=DAYS_MAX):
        raise InputError(f"a link is good for more than nothing and at most {DAYS_MAX} days")
    _not_a_driver(scope)
    with store.writing() as unit:
        own(unit, scope, driver_id)
        if unit.driver_links.find(link_id):
            raise InputError(f"there is a link {link_id!r} already")
        row = LinkRow(scope.tenant, link_id, driver_id, _hash(secret), scope.actor, now, expires_at)
        unit.driver_links.put([row])
        audit.note(unit, scope, now, "drivers.link", driver_id, {"link_id": link_id, "expires_at": expires_at})
    return text


def links(scope: Scope, store: Store, driver_id: str) -> Sequence[LinkRow]:
    """Links of a driver, by id, without their secrets."""
    _not_a_driver(scope)
    with store.reading() as unit:
        own(unit, scope, driver_id)
        return unit.driver_links.of(scope.tenant, driver_id)


def revoke_link(scope: Scope, store: Store, driver_id: str, link_id: str, now: datetime) -> LinkRow:
    """Take a link back at once and for good; drivers may take back their own."""
    with store.writing() as unit:
        own(unit, scope, driver_id)
        row = unit.driver_links.find(link_id)
        if row is None or (row.tenant, row.driver_id) != (scope.tenant, driver_id):
            raise NotFoundError(f"driver {driver_id!r} has no link {link_id!r}")
        if row.revoked_at is not None:
            return row
        kept = replace(row, revoked_at=now)
        unit.driver_links.put([kept])
        audit.note(unit, scope, now, "drivers.link_revoked", driver_id, {"link_id": link_id})
        return kept


def link_scope(store: Store, text: str, now: datetime) -> Scope:
    """What the bearer of a link may do; ``LoginError`` where nothing."""
    parts, row, driver = _TEXT.fullmatch(text), None, None
    if parts:
        with store.reading() as unit:
            row = unit.driver_links.find(parts[1])
            driver = unit.drivers.find(row.tenant, row.driver_id) if row else None
    if parts is None or row is None or driver is None or not hmac.compare_digest(row.secret_hash, _hash(parts[2])):
        raise LoginError(Refusal.LOGIN, "the link is not known")
    if row.revoked_at is not None or row.expires_at is None or row.expires_at <= now:
        raise LoginError(Refusal.EXPIRED, "the link was taken back or has expired: ask for another one")
    return Scope(row.tenant, f"link:{row.link_id}", Role.DRIVER, row.driver_id)


def _not_a_driver(scope: Scope) -> None:
    if scope.role is Role.DRIVER:
        raise ForbiddenError(Refusal.ROLE, "links are made by those who speak for drivers, not by drivers")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
