"""Users, keys, the audit log, webhooks and replies in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from evenload.service.access_rows import AuditRow, KeyRow, ReplyRow, UserRow, WebhookRow

Key = tuple[str, str]


@dataclass
class MemoryUsers:
    """Users and keys to the API."""

    rows: dict[Key, UserRow] = field(default_factory=dict)
    keys: dict[str, KeyRow] = field(default_factory=dict)

    def find(self, tenant: str, user_id: str) -> UserRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, user_id))

    def with_email(self, email: str) -> Sequence[UserRow]:
        """Those with an address, in whatever tenant: a login must find its tenant. Case does not matter."""
        return self._sorted(row for row in self.rows.values() if row.email.casefold() == email.casefold())

    def with_subject(self, issuer: str, subject: str) -> Sequence[UserRow]:
        """Those a login elsewhere belongs to."""
        return self._sorted(row for row in self.rows.values() if (row.issuer, row.subject) == (issuer, subject))

    def of(self, tenant: str) -> Sequence[UserRow]:
        """All of a tenant, by id."""
        return self._sorted(row for row in self.rows.values() if row.tenant == tenant)

    def _sorted(self, rows: Iterable[UserRow]) -> list[UserRow]:
        return sorted(rows, key=lambda row: (row.tenant, row.user_id))

    def put(self, rows: Iterable[UserRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.user_id): row for row in rows})

    def find_key(self, key_id: str) -> KeyRow | None:
        """A key, in whatever tenant: it says whose it is. ``None`` where there is none."""
        return self.keys.get(key_id)

    def keys_of(self, tenant: str) -> Sequence[KeyRow]:
        """All keys of a tenant, by id."""
        return sorted((row for row in self.keys.values() if row.tenant == tenant), key=lambda row: row.key_id)

    def put_keys(self, rows: Iterable[KeyRow]) -> None:
        """Add or replace."""
        self.keys.update({row.key_id: row for row in rows})


@dataclass
class MemoryAudit:
    """The audit log: it only grows."""

    rows: dict[int, AuditRow] = field(default_factory=dict)

    def last_digest(self, tenant: str) -> str:
        """The digest of the last row, ``""`` where there is none."""
        last = self.last(tenant, 1)
        return last[0].digest if last else ""

    def after(self, tenant: str, number: int, count: int) -> Sequence[AuditRow]:
        """Those that follow a number, in order."""
        return [row for row in self.rows.values() if row.tenant == tenant and row.number > number][:count]

    def last(self, tenant: str, count: int) -> Sequence[AuditRow]:
        """The last ones, the latest first."""
        return [row for row in reversed(self.rows.values()) if row.tenant == tenant][:count]

    def add(self, row: AuditRow) -> None:
        """Append."""
        number = len(self.rows) + 1
        self.rows[number] = replace(row, number=number)


@dataclass
class MemoryWebhooks:
    """Whom to tell."""

    rows: dict[Key, WebhookRow] = field(default_factory=dict)

    def find(self, tenant: str, webhook_id: str) -> WebhookRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, webhook_id))

    def of(self, tenant: str) -> Sequence[WebhookRow]:
        """All of a tenant, by id."""
        return sorted((row for row in self.rows.values() if row.tenant == tenant), key=lambda row: row.webhook_id)

    def put(self, rows: Iterable[WebhookRow]) -> None:
        """Add or replace."""
        self.rows.update({(row.tenant, row.webhook_id): row for row in rows})

    def remove(self, tenant: str, webhook_id: str) -> None:
        """Take away."""
        self.rows.pop((tenant, webhook_id), None)


@dataclass
class MemoryReplies:
    """What requests with an idempotency key were answered."""

    rows: dict[Key, ReplyRow] = field(default_factory=dict)

    def find(self, tenant: str, key: str) -> ReplyRow | None:
        """One, or ``None``."""
        return self.rows.get((tenant, key))

    def add(self, row: ReplyRow) -> None:
        """Append; the first answer to a key stays."""
        self.rows.setdefault((row.tenant, row.key), row)

    def prune(self, before: datetime) -> None:
        """Forget those made before an instant."""
        for key in [key for key, row in self.rows.items() if row.made_at < before]:
            del self.rows[key]
