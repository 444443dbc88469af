"""What the shapes have in common of HTTP: forms, tokens, when to ask again, signatures."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlencode

from evenload.telematics.document import document_of, number, text
from evenload.telematics.port import Application, Cost, Failing, Fault, Host, Request, Response, Tokens

JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_WAIT_DEFAULT: Final = timedelta(minutes=1)
_WAIT_MAX: Final = timedelta(days=31)
_TOKEN_S: Final = 3600.0
_NO_CONSENT: Final = frozenset({"invalid_grant", "login_required", "consent_required", "access_denied"})
"""Words of OAuth 2.0 (RFC 6749, 5.2) and OpenID Connect for: the driver has to be asked again."""


def form_request(path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Request:
    """A form posted to where tokens are given."""
    body = urlencode(fields).encode()
    return Request(
        "POST", path, headers={"content-type": _FORM, "accept": JSON, **(headers or {})}, body=body,
        host=Host.AUTH, cost=Cost.FREE,
    )  # fmt: skip


def basic(app: Application) -> dict[str, str]:
    """The header that says who we are, by id and secret."""
    return {"authorization": "Basic " + b64encode(f"{app.client_id}:{app.client_secret}".encode()).decode()}


def bearer(tokens: Tokens) -> dict[str, str]:
    """The header that lets us in."""
    return {"authorization": f"Bearer {tokens.access}", "accept": JSON}


def tokens_of(response: Response, now: datetime) -> Tokens | Fault:
    """The tokens of an OAuth answer (RFC 6749, 5.1), or what went wrong."""
    document = document_of(response.body) or {}
    if not 200 <= response.status < 300:
        return _token_fault(response, document, now)
    access = text(document, "access_token")
    if not access:
        return Fault(Failing.UNREADABLE, "there is no access token in it")
    lasts_s = number(document, "expires_in")
    expires_at = now + timedelta(seconds=min(max(lasts_s if lasts_s is not None else _TOKEN_S, 0.0), 1e8))
    scopes = tuple(text(document, "scope").split())
    return Tokens(access, expires_at, text(document, "refresh_token"), scopes)


def _token_fault(response: Response, document: Mapping[str, object], now: datetime) -> Fault:
    word = text(document, "error")
    info = " ".join(filter(None, (word, text(document, "error_description")))) or f"HTTP {response.status}"
    if word in _NO_CONSENT:
        return Fault(Failing.REVOKED, info)
    if response.status in (400, 401, 403) and word:
        return Fault(Failing.REFUSED, info)  # our own id or secret is not known, or the request is not as it should be
    return passing_fault(response, info, now) or Fault(Failing.REFUSED, info)


def passing_fault(response: Response, info: str, now: datetime) -> Fault | None:
    """What every cloud means by too many calls, by a failure of its own and by no answer; ``None`` for the rest."""
    if response.status == 0:
        return Fault(Failing.UNREACHABLE, info, now + _WAIT_DEFAULT)
    if response.status == 429:
        return Fault(Failing.RATE_LIMITED, info, retry_at(response, now) or now + _WAIT_DEFAULT)
    if response.status >= 500:
        return Fault(Failing.UPSTREAM, info, retry_at(response, now) or now + _WAIT_DEFAULT)
    return None


def retry_at(response: Response, now: datetime) -> datetime | None:
    """When to ask again, by ``Retry-After`` in seconds or as a date, or by ``RateLimit-Reset``; at most 31 days on."""
    for name in ("retry-after", "ratelimit-reset", "x-ratelimit-reset"):
        found = _waited(response.header(name).strip(), now)
        if found is not None:
            return min(max(found, now), now + _WAIT_MAX)
    return None


def _waited(value: str, now: datetime) -> datetime | None:
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _dated(value)
    if not seconds >= 0:
        return None
    if seconds > now.timestamp() / 2:  # counted from 1970
        seconds -= now.timestamp()
    return now + timedelta(seconds=min(seconds, _WAIT_MAX.total_seconds()))


def _dated(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def signature(secret: str, body: bytes, method: str = "sha256") -> str:
    """HMAC of a body in hexadecimal."""
    return hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()


def is_signed(secret: str, body: bytes, given: str, method: str = "sha256") -> bool:
    """Whether a signature fits a body, compared in constant time; ``given`` may name the method before a ``=``."""
    named, _, digest = given.strip().rpartition("=")
    if named and named.casefold() != method:
        return False
    return hmac.compare_digest(signature(secret, body, method).encode(), digest.casefold().encode())
