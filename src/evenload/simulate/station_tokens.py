"""The tokens a virtual station knows by itself: its local list, which decides while nobody can be asked."""

from collections.abc import Iterable
from datetime import datetime

Entry = tuple[str, bool | None, datetime | None]
"""A token, whether it may charge (``None``: forget it), and until when that holds."""


class LocalList:
    """By token, which is compared without case. ``version`` 0 stands for an empty list."""

    def __init__(self) -> None:
        self._version = 0
        self._known: dict[str, tuple[bool, datetime | None]] = {}

    @property
    def version(self) -> int:
        """The version of what is known."""
        return self._version if self._known else 0

    def replace(self, version: int, entries: Iterable[Entry]) -> None:
        """Know these and no others."""
        self._known.clear()
        self._change(version, entries)

    def update(self, version: int, entries: Iterable[Entry]) -> bool:
        """Change what is known; not to an older version. Parts of one list carry the same version."""
        if version < self._version:
            return False
        self._change(version, entries)
        return True

    def _change(self, version: int, entries: Iterable[Entry]) -> None:
        self._version = version
        for token, accepted, expires_at in entries:
            if accepted is None:
                self._known.pop(token.casefold(), None)
            else:
                self._known[token.casefold()] = (accepted, expires_at)

    def accepts(self, token: str, now: datetime) -> bool | None:
        """Whether a token may charge, ``None`` where the list does not say."""
        accepted, expires_at = self._known.get(token.casefold(), (None, None))
        return accepted and (expires_at is None or now < expires_at)
