"""Timer: charging only inside fixed hours of the local clock, as cars and wall boxes are set for time-of-use rates."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal

import numpy as np

from evenload.base.errors import InputError
from evenload.base.local_clock import parse_clock
from evenload.base.units import MINUTES_PER_DAY, MINUTES_PER_HOUR, BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.strategies.fill import amount_kw, fill_in_time_order, planned_slots


@dataclass(frozen=True, slots=True)
class Timer:
    """Full power inside ``[start, end)`` on the local clock (past midnight where ``end`` is the earlier), else nothing.

    ``spread_hours`` delays every session's start by its own random time, uniform from 0 to that many hours, which
    spreads the peak a common hour makes (requirement R7). Where the hours before the declared departure cannot deliver
    the need, ``too_short="charge_now"`` lets the driver override the timer and charge at once (requirement R46), and
    ``"wait"`` keeps to the hours and leaves the rest unserved.
    """

    start: str = "23:00"
    end: str = "07:00"
    spread_hours: float = 0.0
    too_short: Literal["charge_now", "wait"] = "charge_now"

    name: ClassVar[str] = "timer"
    shortfall: ClassVar[UnservedReason] = UnservedReason.OUTSIDE_HOURS

    def __post_init__(self) -> None:
        if self._window_minutes() == 0:
            raise InputError(
                f"a timer from {self.start} to {self.end} never charges; give it two different clock times"
            )
        window_hours = self._window_minutes() / MINUTES_PER_HOUR
        if not (isfinite(self.spread_hours) and 0 <= self.spread_hours < window_hours):
            raise InputError(
                f"spread_hours must be 0 or more and less than the {window_hours:g} h from {self.start} to {self.end}, "
                f"not {self.spread_hours}"
            )
        if self.too_short not in {"charge_now", "wait"}:
            raise InputError(f"too_short is charge_now or wait, not {self.too_short!r}")

    def power_kw(self, problem: Problem, rng: np.random.Generator) -> FloatArray:
        """Mean power of every slot, kW, shape (slots,)."""
        delay = rng.random(problem.sessions) * (self.spread_hours * MINUTES_PER_HOUR)
        lengths, planned = np.diff(problem.offset), planned_slots(problem)
        slots = np.maximum(lengths, planned)  # real and declared windows together
        session = np.repeat(np.arange(problem.sessions), slots)
        position = np.arange(session.size) - np.repeat(np.cumsum(slots) - slots, slots)
        share = self._share_of_step(problem, problem.first_step[session] + position, delay[session])
        open_kw = problem.power_kw_max[session] * share
        real = position < lengths[session]
        at_once = problem.opted_out | self._override(problem, open_kw, session, position, planned)
        allowed = np.minimum(open_kw[real], problem.cap_kw)
        return fill_in_time_order(problem, np.where(np.repeat(at_once, lengths), problem.cap_kw, allowed))

    def _override(
        self, problem: Problem, open_kw: FloatArray, session: IntArray, position: IntArray, planned: IntArray
    ) -> BoolArray:
        """Which drivers see at plug-in that the timer's hours will not do, shape (S,)."""
        if self.too_short == "wait":
            return np.zeros(problem.sessions, dtype=np.bool_)
        possible = np.where(position < planned[session], open_kw, 0.0)
        first = np.flatnonzero(position == 0)
        possible[first] = np.minimum(possible[first], problem.cap_kw[problem.offset[:-1]])
        within = np.bincount(session, weights=possible, minlength=problem.sessions)
        return np.asarray(within < amount_kw(problem) * (1 - 1e-9))

    def _window_minutes(self) -> int:
        start, end = parse_clock(self.start), parse_clock(self.end)
        return MINUTES_PER_DAY if (start, end) == (0, MINUTES_PER_DAY) else (end - start) % MINUTES_PER_DAY

    def _share_of_step(self, problem: Problem, step: IntArray, delay_minutes: FloatArray) -> FloatArray:
        """Share of each step inside the hours, the start delayed; the step the start falls in counts in part."""
        minutes = problem.horizon.step_minutes
        window = self._window_minutes() - delay_minutes
        since = (problem.minute_of_day[step] - parse_clock(self.start) - delay_minutes) % MINUTES_PER_DAY
        begun = np.clip(window - since, 0.0, minutes)
        begins = np.clip(np.minimum(since + minutes - MINUTES_PER_DAY, window), 0.0, minutes)
        return np.asarray((begun + begins) / minutes)
