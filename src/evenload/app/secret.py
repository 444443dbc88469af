"""The server's own secret: made once, for its own user only."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from evenload.base.errors import InputError

_BYTES: Final = 32


def secret_of(file: Path) -> bytes:
    """The secret that signs cookies and seals contact data (mode 0600); made where there is none."""
    try:
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as made:
                made.write(secrets.token_bytes(_BYTES))
        secret = file.read_bytes()
    except OSError as error:
        raise InputError(f"the secret {file} cannot be read or made: {os.strerror(error.errno or 0)}") from error
    if len(secret) < _BYTES:
        raise InputError(f"the secret {file} is shorter than {_BYTES} bytes: remove it, and another is made")
    return secret
