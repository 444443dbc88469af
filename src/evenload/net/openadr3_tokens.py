"""Bearer tokens of OpenADR 3: signed, so that they hold over a restart and no table of them is needed."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from typing import Final

import msgspec

_PURPOSE: Final = b"evenload openadr3 token"
_LENGTH_MAX: Final = 4096


class TokenBody(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: whose it is, what for, until when (seconds since 1970)."""

    client_id: str
    scopes: tuple[str, ...]
    expires_at_s: int


class Tokens:
    """Makes and reads tokens; ``secret`` is the server's."""

    def __init__(self, secret: bytes, lifetime: timedelta = timedelta(hours=1)) -> None:
        self._key = hmac.digest(secret, _PURPOSE, "sha256")
        self.lifetime = lifetime
        self._reader = msgspec.json.Decoder(TokenBody)

    def made(self, client_id: str, scopes: tuple[str, ...], now: datetime) -> str:
        """A token from now on."""
        body = msgspec.json.encode(TokenBody(client_id, scopes, int((now + self.lifetime).timestamp())))
        return urlsafe_b64encode(self._signature(body) + body).decode()

    def read(self, token: str, now: datetime) -> TokenBody | None:
        """What a token says; ``None`` where it is none of ours, or over."""
        if len(token) > _LENGTH_MAX:
            return None
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except (Base64Error, UnicodeEncodeError, ValueError):
            return None
        if not hmac.compare_digest(raw[:32], self._signature(raw[32:])):
            return None
        told = self._reader.decode(raw[32:])
        return told if told.expires_at_s > now.timestamp() else None

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")


def secret_hash(secret: str) -> str:
    """What is kept of a client's secret: these are long and drawn at random, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def secret_fits(secret: str, kept: str) -> bool:
    """Whether a secret is the one of a hash, in a time that does not tell how far it fits."""
    return hmac.compare_digest(secret_hash(secret), kept)
