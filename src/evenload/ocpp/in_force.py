"""Limits in force over a window, looked up for every meter value: computed once, kept until something changes."""

from dataclasses import dataclass
from datetime import datetime

from evenload.base.instants import Interval
from evenload.ocpp.composite import Step


@dataclass(frozen=True, slots=True)
class InForce:
    """The limits of an EVSE over a window, in the station's unit, for a vehicle that draws on so many phases."""

    window: Interval
    phases: int
    steps: tuple[Step, ...]

    def covers(self, start: datetime, end: datetime, phases: int) -> bool:
        """Whether it tells of all instants from ``start`` to ``end``."""
        return phases == self.phases and self.window.start <= start and end < self.window.end

    def highest(self, start: datetime, end: datetime) -> float:
        """The highest limit from ``start`` to ``end``."""
        begin_s = (start - self.window.start).total_seconds()
        end_s = (end - self.window.start).total_seconds()
        before = [step for step in self.steps if step.start_s <= begin_s][-1:]
        return max(step.limit for step in [*before, *(one for one in self.steps if begin_s < one.start_s <= end_s)])


@dataclass(frozen=True, slots=True)
class Change:
    """A profile took effect at ``at``; before it the limit was ``before_kw``."""

    at: datetime
    before_kw: float
