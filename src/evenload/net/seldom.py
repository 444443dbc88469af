"""What is said again only after a while: who dials each second for hours fills no log."""

from collections.abc import Callable, Hashable
from typing import Final

_EVERY_S: Final = 60.0
_KEPT_MAX: Final = 10_000


class Seldom:
    """Whether something is to be said again; ``seconds`` is a clock that never goes back."""

    def __init__(self, seconds: Callable[[], float], every_s: float = _EVERY_S, kept_max: int = _KEPT_MAX) -> None:
        self._seconds = seconds
        self._every_s = every_s
        self._kept_max = kept_max
        self._due_at: dict[Hashable, float] = {}

    def is_due(self, what: Hashable) -> bool:
        """Whether it was not said in the last ``every_s``; it is taken to be said now."""
        now = self._seconds()
        if now < self._due_at.get(what, now):
            return False
        if len(self._due_at) >= self._kept_max:
            self._due_at.clear()
        self._due_at[what] = now + self._every_s
        return True
