"""Logins at an issuer (OpenID Connect Core 1.0): discovery, its keys, tokens, and the code flow with PKCE."""

import asyncio
import hashlib
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from evenload.service.refusals import LoginError, Refusal
from evenload.web.options import OidcOptions

_log = logging.getLogger("evenload.web.oidc")

_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_KEYS_KEPT_S: Final = 3600.0
_KEYS_AGAIN_S: Final = 10.0
_LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a token is about. ``email`` is one that the issuer verified, or ``""``."""

    issuer: str
    subject: str
    email: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one login is recognised by when it comes back."""

    state: str
    nonce: str
    verifier: str = field(repr=False)

    @property
    def challenge(self) -> str:
        """What shows the issuer later that the verifier was known now."""
        return urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Issuer:
    """One issuer, asked over HTTP. ``seconds`` is a clock that never goes back."""

    def __init__(
        self, options: OidcOptions, seconds: Callable[[], float], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._options = options
        self._seconds = seconds
        self._transport = transport
        self._facts: Mapping[str, Any] | None = None
        self._keys: KeySet | None = None
        self._keys_at = 0.0
        self._lock = asyncio.Lock()

    async def bearer(self, token: str) -> Claims:
        """Who an access token is about; ``LoginError`` where it is not good for this server."""
        return await self._claims(token, self._options.audience or self._options.client_id, nonce=None)

    async def begin(self, secrets: Secrets, redirect_uri: str) -> str:
        """Where to send a browser for a login (RFC 6749, 4.1.1, with PKCE of RFC 7636)."""
        facts = await self._discovered()
        asked = {
            "response_type": "code", "client_id": self._options.client_id, "scope": self._options.scopes,
            "redirect_uri": redirect_uri, "state": secrets.state, "nonce": secrets.nonce,
            "code_challenge": secrets.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return str(httpx.URL(facts["authorization_endpoint"]).copy_merge_params(asked))

    async def finish(self, secrets: Secrets, redirect_uri: str, answered: Mapping[str, str]) -> Claims:
        """Who logged in, by the query a browser came back with."""
        if answered.get("state") != secrets.state or not answered.get("code"):
            why = answered.get("error_description") or answered.get("error") or "it was not begun here"
            raise LoginError(Refusal.LOGIN, f"the login at {self._options.issuer} failed: {why}")
        facts = await self._discovered()
        asked = {
            "grant_type": "authorization_code", "code": answered["code"], "redirect_uri": redirect_uri,
            "client_id": self._options.client_id, "code_verifier": secrets.verifier,
        }  # fmt: skip
        password = self._options.client_secret
        auth = httpx.BasicAuth(quote_plus(self._options.client_id), quote_plus(password)) if password else None
        told = await self._json(httpx.Request("POST", facts["token_endpoint"], data=asked), auth)
        return await self._claims(str(told.get("id_token", "")), self._options.client_id, nonce=secrets.nonce)

    async def _claims(self, token: str, audience: str, nonce: str | None) -> Claims:
        told = await self._decoded(token)
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self._options.issuer}, "sub": {"essential": True},
            "aud": {"essential": True, "value": audience}, "exp": {"essential": True},
        }  # fmt: skip
        if nonce is not None:
            wanted["nonce"] = {"essential": True, "value": nonce}
        try:
            jwt.JWTClaimsRegistry(leeway=_LEEWAY_S, **wanted).validate(told)
        except JoseError as error:
            raise LoginError(Refusal.LOGIN, f"the token is not good for this server: {error}") from error
        email = str(told.get("email", "")) if told.get("email_verified") is True else ""
        return Claims(self._options.issuer, str(told["sub"]), email)

    async def _decoded(self, token: str) -> dict[str, Any]:
        for again in (False, True):  # a key that is not known may be new
            keys = await self._key_set(again=again)
            try:
                return jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            except (JoseError, ValueError) as error:
                if again:
                    raise LoginError(Refusal.LOGIN, "the token is not signed by a key of the issuer") from error
        raise AssertionError

    async def _key_set(self, *, again: bool) -> KeySet:
        async with self._lock:
            age = self._seconds() - self._keys_at
            if self._keys is None or age > _KEYS_KEPT_S or (again and age > _KEYS_AGAIN_S):
                facts = await self._found()
                self._keys = KeySet.import_key_set(await self._get(facts["jwks_uri"]))
                self._keys_at = self._seconds()
            return self._keys

    async def _discovered(self) -> Mapping[str, Any]:
        async with self._lock:
            return await self._found()

    async def _found(self) -> Mapping[str, Any]:
        if self._facts is None:
            facts = await self._get(f"{self._options.issuer.rstrip('/')}/.well-known/openid-configuration")
            if facts.get("issuer") != self._options.issuer:
                raise LoginError(Refusal.LOGIN, f"{self._options.issuer} calls itself {facts.get('issuer')!r}")
            self._facts = facts
        return self._facts

    async def _get(self, url: str) -> Any:  # noqa: ANN401 - JSON
        return await self._json(httpx.Request("GET", url))

    async def _json(self, request: httpx.Request, auth: httpx.Auth | None = None) -> Any:  # noqa: ANN401 - JSON
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, transport=self._transport) as client:
                answer = await client.send(request, auth=auth)
                return answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("event=issuer_refused %s: %s", request.url, error)
            raise LoginError(
                Refusal.LOGIN, f"the issuer {self._options.issuer} refuses, or cannot be reached"
            ) from error
