"""Passwords of stations: hashed at rest, verified once the slow way and then, while the process lives, the fast way.

A password that people chose is hashed with scrypt (RFC 7914). A key of at least 128 random bits needs no slow hash,
since it cannot be guessed: salted SHA-256 keeps a storm of reconnections affordable.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

KEY_BYTES_MIN: Final = 16
_KEY_BYTES_MAX: Final = 20
_COST, _BLOCK, _LANES = 2**14, 8, 1  # 16 MiB and some 40 ms
_MEMORY_BYTES_MAX: Final = 64 << 20


def hash_password(password: bytes, salt: bytes) -> str:
    """Hash a password that may be guessable; ``salt`` is 16 random bytes of its own."""
    digest = _scrypt(password, salt, _COST, _BLOCK, _LANES)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${_text(salt)}${_text(digest)}"


def hash_key(key: bytes, salt: bytes) -> str:
    """Hash a key drawn at random; ``ValueError`` where it is too short to be one."""
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"a key of {len(key)} bytes can be guessed; {KEY_BYTES_MIN} random ones at least")
    return f"sha256${_text(salt)}${_text(hashlib.sha256(salt + key).digest())}"


def verify(password: bytes, hashed: str) -> bool:
    """Whether ``password`` is the one that was hashed; an unreadable hash matches nothing."""
    scheme, *parts = hashed.split("$")
    try:
        if scheme == "scrypt" and len(parts) == 5:
            cost, block, lanes = (int(part) for part in parts[:3])
            salt, digest = (b64decode(part, validate=True) for part in parts[3:])
            return hmac.compare_digest(_scrypt(password, salt, cost, block, lanes), digest)
        if scheme == "sha256" and len(parts) == 2:
            salt, digest = (b64decode(part, validate=True) for part in parts)
            return any(hmac.compare_digest(hashlib.sha256(salt + one).digest(), digest) for one in _forms(password))
    except (ValueError, Base64Error):
        return False
    return False


def _forms(password: bytes) -> Iterator[bytes]:
    """A key as it came, and as it was drawn: some stations of 1.6 send the bytes that its hexadecimal digits stand for,
    as the specification has it (OCPP-J 1.6, section 6.2.2), some change their case."""
    yield password
    if KEY_BYTES_MIN <= len(password) <= _KEY_BYTES_MAX:
        yield password.hex().encode("ascii")
    elif password.isalnum():
        yield password.lower()


def is_slow(hashed: str) -> bool:
    """Whether verifying takes long enough to belong in a thread."""
    return hashed.startswith("scrypt$")


def _scrypt(password: bytes, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=lanes, maxmem=_MEMORY_BYTES_MAX, dklen=32)


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


class Verified:
    """Passwords verified in this process, as keyed digests: what the memory holds is worth nothing elsewhere.

    ``secret`` is 32 random bytes of this process. Another hash at rest (a changed password) forgets what was known.
    """

    def __init__(self, secret: bytes, kept_max: int = 50_000) -> None:
        self._secret = secret
        self._kept_max = kept_max
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def holds(self, password: bytes, hashed: str) -> bool:
        """Whether this very password was verified against this very hash."""
        known = self._kept.get(hashed)
        return known is not None and hmac.compare_digest(known, self._digest(password))

    def keep(self, password: bytes, hashed: str) -> None:
        """Remember a verified password."""
        self._kept[hashed] = self._digest(password)
        self._kept.move_to_end(hashed)
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)

    def _digest(self, password: bytes) -> bytes:
        return hashlib.blake2b(password, key=self._secret, digest_size=16).digest()
