"""``/auth`` of OpenADR 3: where tokens are had, and tokens for client credentials (RFC 6749, section 4.4)."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from evenload.net.openadr3_tokens import Tokens, secret_fits, secret_hash
from evenload.net.throttle import Throttle
from evenload.openadr.v3.access import Claims
from evenload.openadr.v3.objects import ClientRow, OpenAdrObjects

_NOBODY: Final = secret_hash("")
_FIELD_MAX: Final = 4096
_PAIR = tuple[str, str]


class _Refused(Exception):  # noqa: N818 - becomes an answer, never leaves
    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.error = error


def token_answer(
    objects: OpenAdrObjects, tokens: Tokens, throttle: Throttle, form: bytes, authorization: str, address: str,
    now: datetime,
) -> tuple[int, bytes, Mapping[str, str]]:  # fmt: skip
    """The answer to a request for a token: status, body, headers. Who guesses has to wait, longer each time."""
    try:
        told, (client_id, secret) = _asked(form, authorization)
        who = (address, client_id)
        if wait_s := throttle.waits_s(who):
            headers = {"Retry-After": str(int(wait_s) + 1)}
            return 429, _problem(429, "invalid_client", "too many failed tries: wait"), headers
        client = _known(objects, client_id, secret)
        if client is None:
            throttle.failed(who)
            raise _Refused(401, "invalid_client", "there is no client of that id and secret")
        throttle.passed(who)
        scopes = _granted(client, told.get("scope", ""))
    except _Refused as refused:
        headers = {"WWW-Authenticate": "Basic"} if refused.status == HTTPStatus.UNAUTHORIZED else {}
        return refused.status, _problem(refused.status, refused.error, str(refused)), headers
    body = msgspec.json.encode({
        "access_token": tokens.made(client.client_id, scopes, now), "token_type": "Bearer",
        "expires_in": int(tokens.lifetime.total_seconds()), "scope": " ".join(scopes),
    })  # fmt: skip
    return 200, body, {"Cache-Control": "no-store"}


def claims_of(objects: OpenAdrObjects, tokens: Tokens, authorization: str, now: datetime) -> Claims | None:
    """Who a bearer token is of; ``None`` where it is none, or its client was revoked. What it lost since, it lost."""
    scheme, _, token = authorization.partition(" ")
    told = tokens.read(token.strip(), now) if scheme.lower() == "bearer" else None
    client = objects.client(told.client_id) if told is not None else None
    if told is None or client is None or client.revoked_at is not None:
        return None
    return Claims(client.tenant, client.client_id, frozenset(told.scopes) & frozenset(client.scopes))


def _asked(form: bytes, authorization: str) -> tuple[dict[str, str], _PAIR]:
    try:
        pairs = parse_qsl(form.decode("utf-8"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError as error:
        raise _Refused(400, "invalid_request", "the form is not understood") from error
    told = dict(pairs)
    if len(told) != len(pairs) or any(len(value) > _FIELD_MAX for value in told.values()):
        raise _Refused(400, "invalid_request", "a field is there twice, or too long")
    if told.get("grant_type") != "client_credentials":
        word = "unsupported_grant_type" if told.get("grant_type") else "invalid_request"
        raise _Refused(400, word, "grant_type must be client_credentials")
    return told, _credentials(told, authorization)


def _credentials(told: Mapping[str, str], authorization: str) -> _PAIR:
    if told.get("client_id") and told.get("client_secret"):
        return told["client_id"], told["client_secret"]
    scheme, _, encoded = authorization.partition(" ")
    try:
        user, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError) as error:
        raise _Refused(400, "invalid_request", "the credentials cannot be read") from error
    if scheme.lower() != "basic" or not colon:
        raise _Refused(400, "invalid_request", "client_id and client_secret are needed")
    return unquote_plus(user), unquote_plus(secret)


def _known(objects: OpenAdrObjects, client_id: str, secret: str) -> ClientRow | None:
    """The client of credentials; who is not known takes as long as who is."""
    client = objects.client(client_id)
    fits = secret_fits(secret, client.secret_hash if client is not None else _NOBODY)
    return client if client is not None and fits and client.revoked_at is None else None


def _granted(client: ClientRow, scope: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(scope.split()))
    if not set(asked) <= set(client.scopes):
        raise _Refused(400, "invalid_scope", f"the client may have: {' '.join(client.scopes)}")
    return asked or client.scopes


def _problem(status: int, error: str, detail: str) -> bytes:
    """A problem as the YAML has it, and an error as RFC 6749 has it, in one."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return msgspec.json.encode(told | {"error": error, "error_description": detail})
