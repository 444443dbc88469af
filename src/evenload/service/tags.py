"""Tags of what is kept: who changes something can say which state of it was seen (RFC 9110, 13.1)."""

import hashlib
from typing import Any, Final

import msgspec

from evenload.service.refusals import StaleError

ANY: Final = "*"
"""Expects that there is something."""
NONE: Final = "-"
"""Expects that there is nothing yet."""


def tag_of(*rows: Any) -> str:  # noqa: ANN401 - any row
    """A short digest of rows: equal rows have equal tags."""
    text = msgspec.json.encode(rows, enc_hook=str, order="sorted")
    return hashlib.blake2b(text, digest_size=12).hexdigest()


def check(expected: str, *rows: Any) -> None:  # noqa: ANN401 - any row
    """``StaleError`` where something else was expected: a tag, ``ANY`` or ``NONE``; ``""`` expects nothing."""
    there = any(row is not None for row in rows)
    if expected == NONE and there:
        raise StaleError("there is one already")
    if expected in ("", NONE) or (there and expected in (ANY, tag_of(*rows))):
        return
    raise StaleError(
        "it was changed meanwhile: read it again and change what it is now"
        if there
        else "there is no such thing to change"
    )
