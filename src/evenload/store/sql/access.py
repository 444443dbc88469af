"""Users, keys, the audit log, webhooks and replies in SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select

from evenload.service.access_rows import AuditRow, KeyRow, ReplyRow, UserRow, WebhookRow
from evenload.store.sql import schema_live as tables
from evenload.store.sql.kept import Kept
from evenload.store.sql.writing import add, put, put_new

_USERS: Final = Kept(tables.users, UserRow)
_KEYS: Final = Kept(tables.api_keys, KeyRow)
_AUDIT: Final = Kept(tables.audit, AuditRow)
_WEBHOOKS: Final = Kept(tables.webhooks, WebhookRow)
_REPLIES: Final = Kept(tables.replies, ReplyRow)


@dataclass(frozen=True, slots=True)
class SqlUsers:
    """Users and keys to the API."""

    connection: Connection

    def find(self, tenant: str, user_id: str) -> UserRow | None:
        """One, or ``None``."""
        return _USERS.find(self.connection, tenant, user_id)

    def with_email(self, email: str) -> Sequence[UserRow]:
        """Those with an address, in whatever tenant: a login must find its tenant. Case does not matter."""
        return self._where(tables.users.c.email_key == email.casefold())

    def with_subject(self, issuer: str, subject: str) -> Sequence[UserRow]:
        """Those a login elsewhere belongs to."""
        return self._where(tables.users.c.issuer == issuer, tables.users.c.subject == subject)

    def of(self, tenant: str) -> Sequence[UserRow]:
        """All of a tenant, by id."""
        return self._where(tables.users.c.tenant == tenant)

    def _where(self, *which: ColumnElement[bool]) -> list[UserRow]:
        of = tables.users.c
        return _USERS.read(self.connection, _USERS.selecting.where(*which).order_by(of.tenant, of.user_id))

    def put(self, rows: Iterable[UserRow]) -> None:
        """Add or replace."""
        put(self.connection, tables.users, [_USERS.values(row, email_key=row.email.casefold()) for row in rows])

    def find_key(self, key_id: str) -> KeyRow | None:
        """A key, in whatever tenant: it says whose it is. ``None`` where there is none."""
        return _KEYS.find(self.connection, key_id)

    def keys_of(self, tenant: str) -> Sequence[KeyRow]:
        """All keys of a tenant, by id."""
        of = tables.api_keys.c
        return _KEYS.read(self.connection, _KEYS.selecting.where(of.tenant == tenant).order_by(of.key_id))

    def put_keys(self, rows: Iterable[KeyRow]) -> None:
        """Add or replace."""
        _KEYS.put(self.connection, rows)


@dataclass(frozen=True, slots=True)
class SqlAudit:
    """The audit log: it only grows."""

    connection: Connection

    def last_digest(self, tenant: str) -> str:
        """The digest of the last row, ``""`` where there is none."""
        of = tables.audit.c
        last = select(of.digest).where(of.tenant == tenant).order_by(of.number.desc()).limit(1)
        found: str | None = self.connection.execute(last).scalar()
        return found or ""

    def after(self, tenant: str, number: int, count: int) -> Sequence[AuditRow]:
        """Those that follow a number, in order."""
        of = tables.audit.c
        found = _AUDIT.selecting.where(of.tenant == tenant, of.number > number).order_by(of.number).limit(count)
        return _AUDIT.read(self.connection, found)

    def last(self, tenant: str, count: int) -> Sequence[AuditRow]:
        """The last ones, the latest first."""
        return _AUDIT.last(self.connection, _AUDIT.selecting.where(tables.audit.c.tenant == tenant), count)

    def add(self, row: AuditRow) -> None:
        """Append."""
        add(self.connection, tables.audit, [_AUDIT.appended(row)])


@dataclass(frozen=True, slots=True)
class SqlWebhooks:
    """Whom to tell."""

    connection: Connection

    def find(self, tenant: str, webhook_id: str) -> WebhookRow | None:
        """One, or ``None``."""
        return _WEBHOOKS.find(self.connection, tenant, webhook_id)

    def of(self, tenant: str) -> Sequence[WebhookRow]:
        """All of a tenant, by id."""
        of = tables.webhooks.c
        return _WEBHOOKS.read(self.connection, _WEBHOOKS.selecting.where(of.tenant == tenant).order_by(of.webhook_id))

    def put(self, rows: Iterable[WebhookRow]) -> None:
        """Add or replace."""
        _WEBHOOKS.put(self.connection, rows)

    def remove(self, tenant: str, webhook_id: str) -> None:
        """Take away."""
        _WEBHOOKS.remove(self.connection, tenant, webhook_id)


@dataclass(frozen=True, slots=True)
class SqlReplies:
    """What requests with an idempotency key were answered."""

    connection: Connection

    def find(self, tenant: str, key: str) -> ReplyRow | None:
        """One, or ``None``."""
        return _REPLIES.find(self.connection, tenant, key)

    def add(self, row: ReplyRow) -> None:
        """Append; the first answer to a key stays."""
        put_new(self.connection, tables.replies, [_REPLIES.values(row)], "tenant key")

    def prune(self, before: datetime) -> None:
        """Forget those made before an instant."""
        self.connection.execute(delete(tables.replies).where(tables.replies.c.made_at < before))
