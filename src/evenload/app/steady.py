"""A clock that is never set back: plans, limits and meters would contradict each other."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

_log = logging.getLogger("evenload.app.clock")

_NOTICED: Final = timedelta(seconds=2)


class SteadyClock:
    """A wall clock; where that is set back, time goes on from where it was until the wall is there again.

    For any thread. ``seconds`` is a clock that nobody can set.
    """

    def __init__(self, wall: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._wall = wall
        self._seconds = seconds
        self._lock = Lock()
        self._last = wall()
        self._last_s = seconds()
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """This instant, never before one that was given already."""
        with self._lock:
            told, seconds = self._wall(), self._seconds()
            expected = self._last + timedelta(seconds=max(seconds - self._last_s, 0.0))
            behind = expected - told
            if behind > _NOTICED and not self.is_ahead:
                _log.error(
                    "event=clock_set_back seconds=%.1f; time goes on as if it had not been", behind.total_seconds()
                )
            self._ahead = behind if behind > _NOTICED else timedelta()
            self._last = expected if self._ahead else max(told, self._last)
            self._last_s = seconds
            return self._last

    @property
    def is_ahead(self) -> bool:
        """Whether the wall clock was set back and is not there again."""
        return bool(self._ahead)

    @property
    def ahead_s(self) -> float:
        """How far this is ahead of a wall clock that was set back, 0 where it was not."""
        return self._ahead.total_seconds()
