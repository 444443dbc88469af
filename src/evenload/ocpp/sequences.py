"""Numbered events: which came, which came twice, which are missing."""

from collections.abc import Iterable, Sequence
from typing import Final

_MISSING_MAX: Final = 1000
_SEEN_MAX: Final = 256


class Sequences:
    """The numbers of the events of one transaction, as they come in.

    An event is told from a repeated one by its ``content`` as well: some stations do not count at all. ``highest`` is
    the last one taken before, ``None`` where nobody remembers: then the first to come is taken as it is.
    """

    def __init__(self, highest: int | None = -1) -> None:
        self.highest = highest
        self.missing: set[int] = set()
        self._seen: dict[tuple[int, int], None] = {}

    def repeated(self, number: int, content: Iterable[object]) -> bool:
        """Whether this very event came before; it is remembered."""
        key = (number, hash(tuple(content)))
        if key in self._seen:
            return True
        self._seen[key] = None
        while len(self._seen) > _SEEN_MAX:
            del self._seen[next(iter(self._seen))]
        return False

    def gap(self, number: int) -> Sequence[int]:
        """Take a number; those that are found missing with it, at most the last thousand."""
        self.missing.discard(number)
        if self.highest is None:
            self.highest = number
        if number <= self.highest:
            return ()
        found = range(max(self.highest + 1, number - _MISSING_MAX), number)
        self.highest = number
        self.missing.update(found)
        return found
