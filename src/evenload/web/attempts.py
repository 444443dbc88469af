"""How often somebody may try to log in."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

_KEPT_MAX: Final = 10_000


class Attempts:
    """Buckets of attempts, by who tries and by whom they try to be; each fills again at ``a_minute``.

    ``seconds`` is a clock that never goes back.
    """

    def __init__(self, a_minute: int, seconds: Callable[[], float]) -> None:
        self._a_minute = a_minute
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, *names: str) -> float:
        """Take one attempt of each name: 0, or in how many seconds there is one again."""
        with self._lock:
            now = self._seconds()
            filled = {name: self._filled(name, now) for name in names}
            wait = max((1 - left) * 60 / self._a_minute for left in filled.values())
            if wait <= 0:
                for name, left in filled.items():
                    self._left[name] = (left - 1, now)
                    self._left.move_to_end(name)
            while len(self._left) > _KEPT_MAX:
                self._left.popitem(last=False)
            return max(0.0, wait)

    def _filled(self, name: str, now: float) -> float:
        left, at = self._left.get(name, (float(self._a_minute), now))
        return min(float(self._a_minute), left + (now - at) * self._a_minute / 60)
