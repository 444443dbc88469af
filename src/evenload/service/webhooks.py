"""Keep whom to tell of events."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from evenload.base.errors import InputError, did_you_mean
from evenload.service import audit, tags
from evenload.service.access_rows import Role, WebhookRow
from evenload.service.event_rows import KINDS_LOGGED
from evenload.service.ports import Store, Unit
from evenload.service.refusals import NotFoundError
from evenload.service.scope import Scope


def webhooks(scope: Scope, store: Store) -> Sequence[WebhookRow]:
    """Whom to tell, by id."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return unit.webhooks.of(scope.tenant)


def webhook(scope: Scope, store: Store, webhook_id: str) -> WebhookRow:
    """One of them."""
    scope.require(Role.ADMIN)
    with store.reading() as unit:
        return _known(unit, scope.tenant, webhook_id)


def put_webhook(
    scope: Scope, store: Store, row: WebhookRow, now: datetime, *, private: bool = False, expected: str = ""
) -> WebhookRow:
    """Add or change whom to tell; of what happens from now on. An empty ``secret`` keeps the one there is.

    Addresses of this machine and its network are refused unless ``private``: who may add webhooks should not reach
    what is behind the wall.
    """
    scope.require(Role.ADMIN)
    check_url(row.url, private=private)
    check_kinds(row.kinds)
    with store.writing() as unit:
        before = unit.webhooks.find(scope.tenant, row.webhook_id)
        tags.check(expected, before)
        if not row.secret and before is None:
            raise InputError("a webhook needs a secret: what is sent is signed with it")
        kept = replace(
            row, tenant=scope.tenant, secret=row.secret or (before.secret if before else ""),
            made_at=before.made_at if before else now, told_to=before.told_to if before else _last(unit, scope.tenant),
        )  # fmt: skip
        unit.webhooks.put([kept])
        audit.note(unit, scope, now, "webhooks.put", row.webhook_id, {"url": row.url, "kinds": row.kinds})
        return kept


def remove_webhook(scope: Scope, store: Store, webhook_id: str, now: datetime, *, expected: str = "") -> None:
    """Tell it no more."""
    scope.require(Role.ADMIN)
    with store.writing() as unit:
        tags.check(expected, _known(unit, scope.tenant, webhook_id))
        unit.webhooks.remove(scope.tenant, webhook_id)
        audit.note(unit, scope, now, "webhooks.remove", webhook_id)


def told(store: Store, tenant: str, webhook_id: str, number: int) -> None:
    """Note up to which event it was told."""
    with store.writing() as unit:
        row = unit.webhooks.find(tenant, webhook_id)
        if row is not None and number > row.told_to:
            unit.webhooks.put([replace(row, told_to=number)])


def disable(store: Store, tenant: str, webhook_id: str, why: str, now: datetime) -> None:
    """Tell it no more because it does not answer; an administrator may change that."""
    with store.writing() as unit:
        row = unit.webhooks.find(tenant, webhook_id)
        if row is not None and row.disabled_at is None:
            unit.webhooks.put([replace(row, disabled_at=now)])
            scope = Scope(tenant, "evenload", Role.ADMIN)
            audit.note(unit, scope, now, "webhooks.disable", webhook_id, {"why": why})


def check_url(url: str, *, private: bool) -> None:
    """``InputError`` where nothing may be sent to an address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InputError(f"{url!r} is not an address to send to: {error}") from error
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password or parts.fragment:
        raise InputError(f"{url!r} is not an address such as https://example.org/evenload")
    if private:
        return
    if parts.scheme != "https":
        raise InputError(f"{url!r} is not encrypted: use https")
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or is_private(host):
        raise InputError(f"{host} is inside this network; the setting webhooks_private allows that")


def check_kinds(kinds: Iterable[str]) -> None:
    """``InputError`` where there is no such event: nothing would ever be told."""
    for kind in kinds:
        if kind not in KINDS_LOGGED:
            near = did_you_mean(kind, KINDS_LOGGED)
            raise InputError(f"there are no events of kind {kind!r}.{near} There are: {', '.join(KINDS_LOGGED)}")


def is_private(host: str) -> bool:
    """Whether a literal address is anything but a public one; names are judged by what they resolve to."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global or address.is_multicast


def _last(unit: Unit, tenant: str) -> int:
    rows = unit.events.last(tenant, 1)
    return rows[-1].number if rows else 0


def _known(unit: Unit, tenant: str, webhook_id: str) -> WebhookRow:
    row = unit.webhooks.find(tenant, webhook_id)
    if row is None:
        raise NotFoundError(f"there is no webhook {webhook_id!r}")
    return row
