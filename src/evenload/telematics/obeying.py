"""Whether a car does as it was told, and whether it is the car or its driver that does not want to.

A car that was told to stop, was seen stopped, and charges again, was started by somebody: its driver, in the maker's
app. That is opting out. A car that never stopped although it confirmed does not obey.
"""

from dataclasses import dataclass
from typing import Final

from evenload.domain.station_events import DisobedienceFound, DriverOverrode, StationEvent
from evenload.domain.station_limits import Disobedience
from evenload.domain.vehicle_state import PlugState, VehicleState
from evenload.telematics.memory import DeskMemory, Obeyed
from evenload.telematics.stay import Teller
from evenload.telematics.terms import Terms

STRIKES: Final = 2
_OVER: Final = 0.08
_OVER_KW: Final = 0.4
"""How much above a limit is still obeying: cars tell whole kilowatts and whole amperes."""

_STOPPED: Final = frozenset({PlugState.WAITING, PlugState.COMPLETE})


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds states against what the car confirmed."""

    memory: DeskMemory
    terms: Terms

    def judge(self, state: VehicleState, before: VehicleState | None) -> list[StationEvent]:
        """What a state of a stay at home shows; ``before`` is the state before it."""
        memory, obeyed = self.memory, self.memory.obeyed
        if memory.stay is None or memory.is_opted_out:
            return []
        if state.is_overridden:
            return self._overrode(state, "the car's cloud says so")
        if obeyed.is_on is False and obeyed.is_on_at is not None:
            asked_at = min(obeyed.is_on_at, memory.commanded_at or obeyed.is_on_at)  # it may stop before it says so
            return self._should_stand(state, before, obeyed) if state.at >= asked_at else []
        if obeyed.current_a is not None and state.plug is PlugState.CHARGING:
            limit_kw = self.terms.capabilities.power_kw(obeyed.current_a)
            since = obeyed.current_at
            if since is not None and state.at > since + self.terms.reaction and state.power_kw is not None:
                return self._held_against(state, limit_kw, state.power_kw)
        return []

    def _should_stand(self, state: VehicleState, before: VehicleState | None, obeyed: Obeyed) -> list[StationEvent]:
        if state.plug in _STOPPED:
            obeyed.seen_stopped_at, obeyed.strikes, obeyed.is_marked = state.at, 0, False
            return []
        if state.plug is not PlugState.CHARGING or obeyed.is_on_at is None:
            return []
        if obeyed.seen_stopped_at is not None and not self._timer_started(state, before):
            return self._overrode(state, "it was stopped, and charges again")
        if state.at <= obeyed.is_on_at + self.terms.reaction:
            return []
        power_kw = self.terms.power_kw_max if state.power_kw is None else state.power_kw
        return self._held_against(state, 0.0, power_kw)

    def _timer_started(self, state: VehicleState, before: VehicleState | None) -> bool:
        """Whether the car's own timer went off between two states: nobody meant to opt out by that."""
        timers = [one.timer_start for one in (before, state) if one is not None and one.timer_start is not None]
        return before is not None and any(before.at <= timer <= state.at for timer in timers)

    def _held_against(self, state: VehicleState, limit_kw: float, found_kw: float) -> list[StationEvent]:
        obeyed = self.memory.obeyed
        if found_kw <= limit_kw * (1 + _OVER) + _OVER_KW:
            obeyed.strikes, obeyed.is_marked = 0, False
            return []
        obeyed.strikes += 1
        if obeyed.strikes < STRIKES or obeyed.is_marked:
            return []
        obeyed.is_marked = True
        found = Teller(self.terms).event(
            DisobedienceFound, state.at, state.received_at, how=Disobedience.METER, limit_kw=limit_kw,
            found_kw=found_kw, transaction_id=self._transaction_id(),
        )  # fmt: skip
        return [found]

    def _overrode(self, state: VehicleState, info: str) -> list[StationEvent]:
        self.memory.is_opted_out = True
        told = Teller(self.terms).event(
            DriverOverrode, state.at, state.received_at, transaction_id=self._transaction_id(), info=info
        )
        return [told]

    def _transaction_id(self) -> str:
        return self.memory.stay.transaction_id if self.memory.stay else ""
