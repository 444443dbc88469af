"""The slow hash of passwords: Argon2id with its library's costs (RFC 9106, second recommended option)."""

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher()


class Argon2:
    """A ``PasswordHash``."""

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._nobodys = hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """The hash of a password, its salt and costs within."""
        return self._hasher.hash(password)

    def verify(self, password: str, hashed: str) -> bool:
        """Whether it is the password that was hashed; an empty hash takes as long and matches nothing."""
        try:
            self._hasher.verify(hashed or self._nobodys, password)
            return bool(hashed)
        except (VerificationError, InvalidHashError):
            return False
