"""What only the server may read, sealed at rest (Fernet: AES-128-CBC with HMAC-SHA256) by a key of its secret."""

from base64 import urlsafe_b64encode
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES: Final = 32


class Seal:
    """Seals texts and opens them again. ``purpose`` keeps keys of one secret apart (HKDF, RFC 5869)."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._fernet = Fernet(urlsafe_b64encode(derived(secret, purpose)))

    def sealed(self, text: bytes) -> str:
        """A text as it may be kept; another each time."""
        return self._fernet.encrypt(text).decode()

    def opened(self, sealed: str) -> bytes | None:
        """What was sealed; ``None`` where it was not with this key, or was changed."""
        try:
            return self._fernet.decrypt(sealed.encode())
        except InvalidToken:
            return None


def derived(secret: bytes, purpose: str) -> bytes:
    """A key of a secret for one purpose."""
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(secret)
