"""Who may do what at a virtual cloud: one application, drivers' consents, codes and tokens as OAuth 2 has them."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from evenload.simulate.clouds.asgi import Answer, Asked

_CODE_LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token lets in: one driver's cars, or (``user_id`` ``""``) all that consented to the application."""

    user_id: str
    scopes: frozenset[str]
    expires_at: datetime


class Accounts:
    """Consents and tokens. ``lasts`` is how long an access token does; refresh tokens work once."""

    def __init__(
        self, client_id: str, client_secret: str, rng: np.random.Generator, lasts: timedelta = timedelta(hours=1)
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.consents: dict[str, frozenset[str]] = {}
        self.withdrawn: set[str] = set()
        self._rng = rng
        self._lasts = lasts
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._refresh: dict[str, Grant] = {}

    def consent(self, user_id: str, scopes: frozenset[str], now: datetime) -> str:
        """A driver lets the application in; the code it gets."""
        self.consents[user_id] = scopes
        self.withdrawn.discard(user_id)
        code = self._secret()
        self._codes[code] = Grant(user_id, scopes, now + _CODE_LASTS)
        return code

    def withdraw(self, user_id: str) -> None:
        """A driver, or the application for him, takes it back; every token of his is void."""
        self.consents.pop(user_id, None)
        self.withdrawn.add(user_id)
        for tokens in (self._access, self._refresh):
            for token in [one for one, grant in tokens.items() if grant.user_id == user_id]:
                del tokens[token]

    def void_access_tokens(self) -> None:
        """Every access token is void at once, as when a cloud loses its sessions; consents and refreshing stay."""
        self._access.clear()

    def grant_of(self, asked: Asked, now: datetime) -> Grant | None:
        """What the bearer token of a request lets in, ``None`` for nothing."""
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        grant = self._access.get(token) if scheme.lower() == "bearer" else None
        return grant if grant and grant.expires_at > now else None

    def token(self, asked: Asked, now: datetime) -> Answer:
        """Answer a token endpoint: ``authorization_code``, ``refresh_token`` or ``client_credentials``."""
        form = asked.form()
        if not self._is_client(asked, form):
            return Answer(401, {"error": "invalid_client", "error_description": "unknown client"})
        match form.get("grant_type"):
            case "client_credentials":
                return self._issued(Grant("", frozenset(), now + self._lasts), refreshes=False)
            case "authorization_code":
                return self._renewed(self._codes.pop(str(form.get("code")), None), now, "invalid_auth_code")
            case "refresh_token":
                return self._renewed(self._refresh.pop(str(form.get("refresh_token")), None), now, "login_required")
        return Answer(400, {"error": "unsupported_grant_type"})

    def _renewed(self, grant: Grant | None, now: datetime, error: str) -> Answer:
        if grant is None or grant.expires_at <= now or grant.user_id in self.withdrawn:
            status = 401 if error == "login_required" else 400
            return Answer(status, {"error": error, "error_description": "not known, used, or expired"})
        return self._issued(replace(grant, expires_at=now + self._lasts), refreshes=True)

    def _issued(self, grant: Grant, *, refreshes: bool) -> Answer:
        access = self._secret()
        self._access[access] = grant
        body: dict[str, Any] = {
            "access_token": access, "token_type": "Bearer", "expires_in": int(self._lasts.total_seconds()),
        }  # fmt: skip
        if refreshes:
            body["refresh_token"] = self._secret()
            self._refresh[body["refresh_token"]] = replace(grant, expires_at=grant.expires_at + timedelta(days=90))
        return Answer(200, body)

    def _is_client(self, asked: Asked, form: Mapping[str, Any]) -> bool:
        """By HTTP basic authentication or in the form, as both are in use."""
        scheme, _, told = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                who, _, secret = b64decode(told).decode().partition(":")
            except (NotBase64, UnicodeDecodeError):
                return False
            return (who, secret) == (self.client_id, self.client_secret)
        secret = form.get("client_secret", self.client_secret if form.get("grant_type") == "refresh_token" else "")
        return (form.get("client_id"), secret) == (self.client_id, self.client_secret)

    def _secret(self) -> str:
        return self._rng.bytes(16).hex()
