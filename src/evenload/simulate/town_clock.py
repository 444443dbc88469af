"""The clock of a virtual town: faster than the wall's, never set back, slower when the town cannot keep up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from evenload.base.errors import InputError

SPEED_MAX: Final = 100_000.0
_EVERY_S: Final = 0.2
_LESS: Final = 0.8
_MORE: Final = 1.1


class TownClock:
    """``speed`` virtual seconds pass in a second of ``wall`` (seconds, never set back), from ``epoch`` on.

    With speed 0 it stands still. A new speed holds from the moment it is set; time does not jump.
    """

    def __init__(self, epoch: datetime, wall: Callable[[], float], speed: float = 1.0) -> None:
        self.epoch = epoch
        self.wall = wall
        self._speed = _checked(speed)
        self._wall_s = wall()
        self._seconds = 0.0

    @property
    def speed(self) -> float:
        """Virtual seconds a second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        checked = _checked(speed)
        self._seconds, self._wall_s = self.seconds(), self.wall()
        self._speed = checked

    def seconds(self) -> float:
        """Virtual seconds since ``epoch``."""
        return self._seconds + max(0.0, self.wall() - self._wall_s) * self._speed

    def instant(self) -> datetime:
        """Virtual time."""
        return self.epoch + timedelta(seconds=self.seconds())


def _checked(speed: float) -> float:
    if not 0 <= speed <= SPEED_MAX:
        raise InputError(f"a speed of {speed:g} cannot be: it is from 0 to {SPEED_MAX:g} virtual seconds a second")
    return speed


class Pace:
    """Keeps a clock as fast as wanted while nothing lags, and slows it when something does.

    ``heed`` is told how many virtual seconds the town is behind, as often as anybody likes. Beyond ``lag_s_max`` the
    clock slows, down to the wall's own pace; below half of that it speeds up again. So nothing is dropped: it only
    takes longer. A lag told in virtual seconds shrinks by itself when the clock slows.
    """

    def __init__(self, clock: TownClock, speed_wanted: float, lag_s_max: float = 60.0) -> None:
        self._clock = clock
        self._wanted = _checked(speed_wanted)
        self._lag_s_max = lag_s_max
        self._heeded_at = clock.wall()
        self._lag_s = 0.0
        self.lag_s_worst = 0.0
        clock.speed = speed_wanted

    @property
    def wanted(self) -> float:
        """The speed to go at when nothing lags; setting it begins there."""
        return self._wanted

    @wanted.setter
    def wanted(self, speed: float) -> None:
        self._wanted = _checked(speed)
        self._clock.speed = self._wanted

    @property
    def is_slowed(self) -> bool:
        """Whether the clock goes slower than wanted."""
        return self._clock.speed < self._wanted

    def heed(self, lag_s: float) -> None:
        """Go slower or faster, by how far behind the town is: by the worst of what is told in a fifth of a second."""
        self.lag_s_worst = max(self.lag_s_worst, lag_s)
        self._lag_s = max(self._lag_s, lag_s)
        if self._clock.wall() < self._heeded_at + _EVERY_S:
            return
        self._heeded_at = self._clock.wall()
        lag_s, self._lag_s = self._lag_s, 0.0
        speed = self._clock.speed
        if lag_s > self._lag_s_max:
            self._clock.speed = max(min(1.0, self._wanted), speed * _LESS)
        elif lag_s < self._lag_s_max / 2 and speed < self._wanted:
            self._clock.speed = min(self._wanted, speed * _MORE)
