"""Guessing is made slow: who failed has to wait, longer each time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

WAIT_S_MIN: Final = 1.0
WAIT_S_MAX: Final = 300.0


@dataclass(slots=True)
class _Failures:
    count: int
    free_at: float


class Throttle:
    """Who failed, and how long it waits: 1 s after the first failure, twice as long after each further one, 300 s at
    most. Forgotten once it passed, once it kept still for as long again as it had to wait at most, or where more than
    ``kept_max`` others failed since. ``seconds`` is a clock that never goes back.
    """

    def __init__(self, seconds: Callable[[], float], kept_max: int = 10_000) -> None:
        self._seconds = seconds
        self._kept_max = kept_max
        self._kept: OrderedDict[Hashable, _Failures] = OrderedDict()

    def waits_s(self, who: Hashable) -> float:
        """How long it still has to wait, 0.0 where it may try."""
        found = self._kept.get(who)
        return max(0.0, found.free_at - self._seconds()) if found else 0.0

    def failed(self, who: Hashable) -> float:
        """Note a failure; the seconds to wait now."""
        now, before = self._seconds(), self._kept.pop(who, None)
        recent = before is not None and now - before.free_at < WAIT_S_MAX
        count = before.count + 1 if before and recent else 1
        wait_s = min(WAIT_S_MIN * 2.0 ** min(count - 1, 30), WAIT_S_MAX)
        self._kept[who] = _Failures(count, now + wait_s)
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
        return wait_s

    def passed(self, who: Hashable) -> None:
        """Forget its failures."""
        self._kept.pop(who, None)
