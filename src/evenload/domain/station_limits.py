"""Limits at stations: how much an EVSE or a station may draw over time, what cars ask for, who does not obey."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf

from evenload.base.errors import InputError
from evenload.base.instants import Interval


@dataclass(frozen=True, slots=True)
class LimitStep:
    """A limit (kW, ``inf`` for none) that holds from ``start`` until the next step."""

    start: datetime
    power_kw: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits over time, at least one, in order; they end with ``end``."""

    steps: tuple[LimitStep, ...]
    end: datetime

    def __post_init__(self) -> None:
        starts = [step.start for step in self.steps]
        if not starts or any(a >= b for a, b in zip(starts, [*starts[1:], self.end], strict=True)):
            raise InputError("limits need at least one step, each later than the one before, and an end after them")
        if not all(step.power_kw >= 0 for step in self.steps):
            raise InputError("a limit must be 0 kW or more")

    @classmethod
    def constant(cls, power_kw: float, window: Interval) -> "Limits":
        """One limit over a window."""
        return cls((LimitStep(window.start, power_kw),), window.end)

    def at(self, instant: datetime) -> float:
        """The limit in force (kW), ``inf`` outside."""
        begun = [step.power_kw for step in self.steps if step.start <= instant]
        return begun[-1] if begun and instant < self.end else inf

    def within(self, window: Interval) -> Sequence[LimitStep]:
        """The steps inside a window, the one in force at its start cut to it."""
        later = [step for step in self.steps if window.start < step.start < window.end]
        first = self.at(window.start)
        return later if first == inf else [LimitStep(window.start, first), *later]


class LimitSource(StrEnum):
    """Who set a limit that a station reports."""

    ENERGY_MANAGEMENT = "energy_management"
    GRID_OPERATOR = "grid_operator"
    OPERATOR = "operator"
    OTHER = "other"


class Disobedience(StrEnum):
    """How it was found that a station does not keep the limits it took."""

    METER = "meter"
    COMPOSITE = "composite"

    @property
    def sentence(self) -> str:
        """The finding in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Disobedience.METER: "more power was metered than the limits in force allow",
    Disobedience.COMPOSITE: "the schedule the station says it follows is not the one it was given",
}
