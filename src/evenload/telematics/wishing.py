"""What a car should be told next, if anything: from limits to a start, a stop or amperes, within what is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, inf
from typing import Final

from evenload.domain.vehicle_state import ActKind, PlugState, VehicleState
from evenload.telematics.memory import DeskMemory, Stay
from evenload.telematics.terms import Terms

NO_LIMIT_KW: Final = 1e6
"""What a limit that is none is kept as: JSON knows nothing infinite."""

_NEAR: Final = 0.03
_AMPERE_SLACK: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Wish:
    """What a car should do: charge or not, and with how many amperes of each phase where that can be told."""

    is_on: bool
    current_a: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to tell a car."""

    kind: ActKind
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Wisher:
    """Compares what is wanted with what the car does, as far as is known."""

    memory: DeskMemory
    terms: Terms

    def wish(self, now: datetime) -> Wish | None:
        """What limits ask of the car now. Without one it may do as it likes, and is let go where held back."""
        limits, able = self.memory.wanted, self.terms.capabilities
        if limits is not None and now < limits.steps[0].start:
            return None
        limit_kw = inf if limits is None else limits.at(now)
        if limit_kw >= NO_LIMIT_KW and not self._is_held_back():
            return None
        if not able.can_set_amps:
            return Wish(limit_kw >= self.terms.power_kw_max * (1 - _NEAR))
        if limit_kw >= NO_LIMIT_KW:
            return Wish(is_on=True, current_a=able.current_a_max)
        current_a = float(floor(min(able.current_a(limit_kw), able.current_a_max) + _AMPERE_SLACK))
        if current_a >= able.current_a_min:
            return Wish(is_on=True, current_a=current_a)
        if able.can_start_stop:
            return Wish(is_on=False)
        return Wish(is_on=True, current_a=able.current_a_min)  # as little as it can be told

    def step(self, now: datetime) -> Step | None:
        """The next thing to tell the car, ``None`` where there is nothing or it has to wait."""
        state, stay = self.memory.state, self.memory.stay
        if state is None or stay is None or self.memory.is_opted_out or self.memory.is_withdrawn:
            return None
        wish = self.wish(now)
        if wish is None or not state.plug.is_plugged or state.plug is PlugState.FAULT or self._waits(now):
            return None
        found = self._towards(wish, state, now)
        return found if found is not None and self._leaves_enough(found, stay) else None

    def _towards(self, wish: Wish, state: VehicleState, now: datetime) -> Step | None:
        able, is_on = self.terms.capabilities, self._is_on(state)
        if not wish.is_on and is_on and able.can_start_stop and not self._could_be_woken(now):
            wish = Wish(is_on=True, current_a=able.current_a_min if able.can_set_amps else None)
        if not wish.is_on:
            return Step(ActKind.STOP) if is_on and able.can_start_stop else None
        if wish.current_a is not None:
            held_a = able.current_a_max if self.memory.obeyed.current_a is None else self.memory.obeyed.current_a
            lower = wish.current_a < held_a
            if lower or (wish.current_a > held_a and (is_on or not able.can_start_stop)):
                return Step(ActKind.SET_AMPS, wish.current_a)
        is_full = state.plug is PlugState.COMPLETE
        return Step(ActKind.START) if able.can_start_stop and not is_on and not is_full else None

    def _could_be_woken(self, now: datetime) -> bool:
        """Whether a car that sleeps once it is stopped could be started again. Else it stays on, with as little as it
        can be told: a car that is not ready is worse.
        """
        return not self.terms.capabilities.can_wake or self.memory.wakes.left(self.terms.wakes, now) >= 1

    def _is_on(self, state: VehicleState) -> bool:
        """Whether the car charges, or was told to after it was last seen."""
        obeyed = self.memory.obeyed
        told_at = obeyed.is_on_at
        if obeyed.is_on is not None and told_at is not None and state.at <= told_at + self.terms.reaction:
            return obeyed.is_on
        return state.plug is PlugState.CHARGING

    def _is_held_back(self) -> bool:
        obeyed = self.memory.obeyed
        lowered = obeyed.current_a is not None and obeyed.current_a < self.terms.capabilities.current_a_max
        return obeyed.is_on is False or lowered

    def _waits(self, now: datetime) -> bool:
        not_before, last = self.memory.not_before, self.memory.commanded_at
        if not_before is not None and now < not_before:
            return True
        return last is not None and now < last + self.terms.dwell

    def _leaves_enough(self, step: Step, stay: Stay) -> bool:
        """Whether commands are left for this one and for letting the car go again, where it holds the car back. What
        lets a car go is told whatever was told before: none is left standing for good.
        """
        most = self.terms.commands_max
        return most is None or (most > 0 and (not self._holds_back(step) or stay.commands + 2 <= most))

    def _holds_back(self, step: Step) -> bool:
        if step.kind is ActKind.SET_AMPS and step.value is not None:
            return step.value < self.terms.capabilities.current_a_max
        return step.kind is ActKind.STOP


def backoff(failures: int) -> timedelta:
    """How long to leave a car alone after so many acts in a row came to nothing: from 5 minutes to 4 hours."""
    return timedelta(minutes=min(5 * 2 ** max(failures - 1, 0), 240))
