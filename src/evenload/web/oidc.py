"""Logins at an issuer (OpenID Connect Core 1.0): discovery, its keys, tokens, and the code flow with PKCE."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
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
    verifier: str


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
        """Where to send a browser for a login."""
        facts = await self._discovered()
        async with self._client(redirect_uri) as client:
            url, _ = client.create_authorization_url(
                facts["authorization_endpoint"], state=secrets.state, nonce=secrets.nonce, code_verifier=secrets.verifier
            )
        return str(url)

    async def finish(self, secrets: Secrets, redirect_uri: str, answer_url: str) -> Claims:
        """Who logged in, by what the browser came back with."""
        facts = await self._discovered()
        try:
            async with self._client(redirect_uri) as client:
                told = await client.fetch_token(
                    facts["token_endpoint"], authorization_response=answer_url, state=secrets.state,
                    code_verifier=secrets.verifier,
                )  # fmt: skip
        except (OAuthError, httpx.HTTPError, ValueError) as error:
            raise LoginError(Refusal.LOGIN, f"the login at {self._options.issuer} failed: {error}") from error
        return await self._claims(str(told.get("id_token", "")), self._options.client_id, nonce=secrets.nonce)

    def _client(self, redirect_uri: str) -> Any:  # noqa: ANN401 - Authlib is not typed
        return AsyncOAuth2Client(
            self._options.client_id, self._options.client_secret or None, scope=self._options.scopes,
            redirect_uri=redirect_uri, code_challenge_method="S256", timeout=_TIMEOUT_S, transport=self._transport,
            token_endpoint_auth_method="client_secret_basic" if self._options.client_secret else "none",
        )  # fmt: skip

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
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, transport=self._transport) as client:
                answer = await client.get(url)
                return answer.raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            _log.warning("event=issuer_unreachable %s: %s", url, error)
            raise LoginError(Refusal.LOGIN, f"the issuer {self._options.issuer} does not answer now") from error
