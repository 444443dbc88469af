"""The time grid of a problem: equal steps from a start. A step index means nothing without its ``Horizon``."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np

from evenload.base.errors import InstantError
from evenload.base.instants import InstantArray, as_utc, to_datetime64
from evenload.base.units import MINUTES_PER_HOUR, FloatArray

_STEPS_MAX = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Horizon:
    """``steps`` steps of ``step_minutes`` minutes from ``start`` (aware); step t begins t steps after ``start``."""

    start: datetime
    step_minutes: int
    steps: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", as_utc(self.start))
        if not 1 <= self.step_minutes <= MINUTES_PER_HOUR or MINUTES_PER_HOUR % self.step_minutes:
            raise InstantError(f"steps of {self.step_minutes} min do not divide an hour; use 1, 5, 10, 15, 30 or 60")
        if self.start.second or self.start.microsecond or self.start.minute % self.step_minutes:
            raise InstantError(
                f"a horizon of {self.step_minutes} min steps cannot start at {self.start.isoformat()}; "
                "start on a whole step of the hour"
            )
        if not 1 <= self.steps <= _STEPS_MAX:
            raise InstantError(f"a horizon has 1 to {_STEPS_MAX} steps, not {self.steps}")

    @classmethod
    def between(cls, start: datetime, end: datetime, step_minutes: int = 15) -> Self:
        """The horizon from ``start`` to ``end``, which must be a whole number of steps apart."""
        minutes = (as_utc(end) - as_utc(start)).total_seconds() / 60
        if step_minutes < 1:
            raise InstantError(f"a step of {step_minutes} min is no step; use 1, 5, 10, 15, 30 or 60")
        if minutes <= 0:
            raise InstantError(f"the horizon must end after it starts: {start.isoformat()} to {end.isoformat()}")
        if minutes % step_minutes:
            raise InstantError(
                f"{start.isoformat()} to {end.isoformat()} is not a whole number of {step_minutes} min steps"
            )
        return cls(start, step_minutes, int(minutes // step_minutes))

    @property
    def hours_per_step(self) -> float:
        """Length D of a step in hours."""
        return self.step_minutes / MINUTES_PER_HOUR

    @property
    def end(self) -> datetime:
        """The instant after the last step."""
        return self.start + timedelta(minutes=self.step_minutes * self.steps)

    def starts(self) -> InstantArray:
        """Start of every step, ``datetime64[s]`` in UTC, shape (steps,)."""
        first = to_datetime64(self.start)
        return first + np.arange(self.steps) * np.timedelta64(self.step_minutes * 60, "s")

    def position(self, instants: InstantArray) -> FloatArray:
        """Where instants fall, in steps from the start as a real number; unbounded (-0.5 is half a step before)."""
        seconds = (instants.astype("datetime64[s]") - to_datetime64(self.start)).astype(np.int64)
        return np.asarray(seconds / (60.0 * self.step_minutes), dtype=np.float64)
