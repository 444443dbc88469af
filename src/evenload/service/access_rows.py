"""Who may do what, who did what, and whom to tell. Instants are in UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do, each more than the one before; a driver agent speaks for drivers.

    A driver stands apart, below all: what others may do is refused, but for what is the driver's own.
    """

    DRIVER = "driver"
    VIEWER = "viewer"
    DRIVER_AGENT = "driver_agent"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody with an account; without ``password_hash`` the login is another's: ``subject`` at ``issuer``."""

    tenant: str
    user_id: str
    email: str
    role: Role = Role.VIEWER
    name: str = ""
    password_hash: str = field(default="", repr=False)
    issuer: str = ""
    subject: str = ""
    made_at: datetime | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key to the API; only its hash is kept."""

    tenant: str
    key_id: str
    name: str
    role: Role
    secret_hash: str = field(repr=False)
    made_by: str = ""
    made_at: datetime | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what to what. ``digest`` covers the row and ``previous``, the digest of the row before: a chain."""

    tenant: str
    at: datetime
    actor: str
    action: str
    subject: str
    body: str
    previous: str = ""
    digest: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """Whom to tell of events; ``kinds`` empty for all. ``secret`` signs what is sent."""

    tenant: str
    webhook_id: str
    url: str
    kinds: tuple[str, ...] = ()
    secret: str = field(default="", repr=False)
    made_at: datetime | None = None
    disabled_at: datetime | None = None
    told_to: int = 0


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """What a request with an idempotency key was answered; ``digest`` is of the request."""

    tenant: str
    key: str
    digest: str
    status: int
    body: str
    made_at: datetime
