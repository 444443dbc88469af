"""A clock that is never set back, nor far ahead at once: plans, limits and meters would contradict each other."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

_log = logging.getLogger("evenload.app.clock")

_NOTICED: Final = timedelta(seconds=2)
_FAR: Final = timedelta(hours=1)
_DOUBTED_S: Final = 120.0
"""A wall clock that is suddenly far ahead and stays there so long is believed: who slept, or was set right, does."""


class SteadyClock:
    """A wall clock; where that is set back, time goes on from where it was until the wall is there again. So it does
    for a while where that jumps far ahead: an error that is put right soon would leave this ahead for as long.

    For any thread. ``seconds`` is a clock that nobody can set.
    """

    def __init__(self, wall: Callable[[], datetime], seconds: Callable[[], float]) -> None:
        self._wall = wall
        self._seconds = seconds
        self._lock = Lock()
        self._last = wall()
        self._last_s = seconds()
        self._ahead = timedelta()
        self._doubted_s: float | None = None

    def __call__(self) -> datetime:
        """This instant, never before one that was given already."""
        with self._lock:
            told, seconds = self._wall(), self._seconds()
            expected = self._last + timedelta(seconds=max(seconds - self._last_s, 0.0))
            if self._is_doubted(told - expected, seconds):
                told = expected
            behind = expected - told
            if behind > _NOTICED and not self.is_ahead:
                _log.error(
                    "event=clock_set_back seconds=%.1f; time goes on as if it had not been", behind.total_seconds()
                )
            self._ahead = behind if behind > _NOTICED else timedelta()
            self._last = expected if self._ahead else max(told, self._last)
            self._last_s = seconds
            return self._last

    def _is_doubted(self, jump: timedelta, seconds: float) -> bool:
        """Whether the wall clock is far ahead only since just now."""
        if jump <= _FAR:
            self._doubted_s = None
            return False
        if self._doubted_s is None:
            self._doubted_s = seconds
            _log.error("event=clock_far_ahead seconds=%.1f; it is believed in %.0f s", jump.total_seconds(), _DOUBTED_S)
        if seconds - self._doubted_s < _DOUBTED_S:
            return True
        self._doubted_s = None
        return False

    @property
    def is_ahead(self) -> bool:
        """Whether the wall clock was set back and is not there again."""
        return bool(self._ahead)

    @property
    def ahead_s(self) -> float:
        """How far this is ahead of a wall clock that was set back, 0 where it was not."""
        return self._ahead.total_seconds()
