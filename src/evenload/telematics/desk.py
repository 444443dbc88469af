"""The desk of one car, without sockets or clock: its states in, events of a station out; limits in, acts out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.station_events import StationEvent, StationLost
from evenload.domain.station_limits import Limits
from evenload.domain.vehicle_state import Act, ActReason, CarId, PlugState, VehicleState
from evenload.telematics.acting import Actor, Outcome
from evenload.telematics.memory import DeskMemory, UnderWay
from evenload.telematics.obeying import Judge
from evenload.telematics.polling import Situation
from evenload.telematics.port import ActOutcome
from evenload.telematics.sanity import completed, doubted_plug, judged
from evenload.telematics.stay import Tale, Teller
from evenload.telematics.terms import Terms
from evenload.telematics.wishing import NO_LIMIT_KW

_SHOWS_WITHIN: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one call: ``events`` of the station, ``acts`` to carry out now, and acts that have ``ended``."""

    events: tuple[StationEvent, ...] = ()
    acts: tuple[Act, ...] = ()
    ended: tuple[ActOutcome, ...] = ()


class CarDesk:
    """One car's desk. ``now`` is an instant in UTC, and not before that of the call before."""

    def __init__(self, terms: Terms, memory: DeskMemory | None = None) -> None:
        self.terms = terms
        self.memory = memory or DeskMemory()

    @property
    def car(self) -> CarId:
        """Whose desk it is."""
        return self.terms.car

    @property
    def state(self) -> VehicleState | None:
        """The last state, as far as it was believed; ``None`` before the first."""
        return self.memory.state

    @property
    def under_way(self) -> UnderWay | None:
        """The act that is not ended yet."""
        return self.memory.under_way

    def receive(self, state: VehicleState) -> Turn:
        """Take a state. The same state again, and one older than the last, change nothing."""
        memory, before, now = self.memory, self.memory.state, state.received_at
        if before is not None and (state.at < before.at or _is_same(state, memory.told)):
            return Turn()
        memory.told = state
        memory.tells_place = memory.tells_place or state.is_home is not None
        tells_place = memory.tells_place or not self.terms.assumes_home
        state = doubted_plug(completed(state, before, tells_place=tells_place), memory)
        state, findings = judged(state, memory, self.terms)
        events: list[StationEvent] = []
        if memory.is_lost and not memory.is_withdrawn:
            memory.is_lost = False
            events.append(Teller(self.terms).booted(now))
        tale = Tale(memory, self.terms, state, events)
        findings += tale.tell()
        tale.found(findings)
        texts = dict.fromkeys([*state.problems, *(one.text for one in findings)])
        memory.state = replace(state, problems=tuple(texts))
        events += Judge(memory, self.terms).judge(state, before)
        seen = Actor(memory, self.terms).see(state, before)
        return self._turn(events, seen + self._acted(now))

    def want(self, limits: Limits | None, now: datetime) -> Turn:
        """Keep the car to limits from now on; ``None`` for no wish: it is let go, and told nothing after."""
        self.memory.wanted = limits and _finite(limits)
        return self._turn([], self._acted(now))

    def tick(self, now: datetime) -> Turn:
        """Let time go on: call it every few seconds while an act is under way, else at ``next_tick_at``."""
        events = [self._lost(now)] if self._is_out_of_reach(now) else []
        return self._turn(events, self._acted(now))

    def settle(self, outcome: ActOutcome, now: datetime) -> Turn:
        """Take what became of an act that was sent."""
        fault = outcome.fault
        if fault is not None and fault.failing.stops_polling:
            return self.withdraw(now, fault.failing.reason)
        actor = Actor(self.memory, self.terms)
        return self._turn([], actor.settle(outcome, now) + actor.act(now))

    def withdraw(self, now: datetime, reason: ActReason = ActReason.REVOKED) -> Turn:
        """Consent is gone: nothing is asked of the car any more, and its act under way is given up."""
        events = [] if self.memory.is_lost else [self._lost(now)]
        self.memory.is_withdrawn = True
        return self._turn(events, Actor(self.memory, self.terms).end(reason, now))

    def connect_again(self) -> None:
        """Consent was given anew."""
        self.memory.is_withdrawn = False

    def manage_again(self, now: datetime) -> Turn:
        """The driver is back in after having taken the charging in hand."""
        obeyed = self.memory.obeyed
        if self.memory.is_opted_out:  # that it charges now shows nothing any more
            obeyed.is_on, obeyed.is_on_at, obeyed.seen_stopped_at = None, None, None
        self.memory.is_opted_out = False
        return self._turn([], self._acted(now))

    def is_stale(self, now: datetime) -> bool:
        """Whether the last state is too old to be relied on."""
        state = self.memory.state
        return state is None or state.age(now) > self.terms.stale_after

    def next_tick_at(self, now: datetime) -> datetime:
        """When ``tick`` has something to do, if nothing comes before that."""
        memory, terms = self.memory, self.terms
        found = [now + timedelta(minutes=15)]
        if memory.under_way is not None:
            found += [memory.under_way.act.deadline, memory.under_way.retry_at or memory.under_way.act.deadline]
        if memory.wanted is not None:
            found += [one.start for one in memory.wanted.steps] + [memory.wanted.end]
        if memory.commanded_at is not None:
            found.append(memory.commanded_at + terms.dwell)
        if memory.not_before is not None:
            found.append(memory.not_before)
        return min((at for at in found if at > now), default=now)

    def situation(self, now: datetime) -> Situation:
        """What makes the car worth reading."""
        memory, state = self.memory, self.memory.state
        if memory.is_withdrawn:
            return Situation.OUT
        if state is None or state.plug is PlugState.UNKNOWN or state.is_partial:
            return Situation.NEW
        if memory.stay is None:
            return Situation.ASLEEP if state.is_asleep else Situation.ELSEWHERE
        told_at = max(filter(None, (memory.obeyed.is_on_at, memory.obeyed.current_at)), default=None)
        has_to_show = told_at is not None and state.at <= told_at + self.terms.reaction
        if memory.under_way is not None or (has_to_show and told_at is not None and now < told_at + _SHOWS_WITHIN):
            return Situation.COMMANDED
        if state.plug is PlugState.CHARGING:
            return Situation.CHARGING
        return Situation.ASLEEP if state.is_asleep else Situation.WAITING

    def commands_left(self) -> int | None:
        """How often the car may still be told something in this stay, ``None`` for no limit."""
        most, stay = self.terms.commands_max, self.memory.stay
        return None if most is None else max(most - (stay.commands if stay else 0), 0)

    def wakes_left(self, now: datetime) -> float:
        """How often the car may still be woken now."""
        return self.memory.wakes.left(self.terms.wakes, now)

    def encoded(self) -> bytes:
        """All that has to survive a restart, as JSON; ``DeskMemory.decoded`` reads it."""
        return self.memory.encoded()

    def _acted(self, now: datetime) -> Outcome:
        actor, memory = Actor(self.memory, self.terms), self.memory
        if memory.under_way is None:
            return actor.act(now)
        if memory.is_opted_out:
            return actor.end(ActReason.OPTED_OUT, now)
        if memory.stay is None:
            is_away = memory.state is not None and memory.state.plug.is_plugged
            return actor.end(ActReason.AWAY if is_away else ActReason.NOT_PLUGGED, now)
        return actor.act(now)

    def _is_out_of_reach(self, now: datetime) -> bool:
        memory, terms = self.memory, self.terms
        if memory.is_lost or memory.state is None:
            return False
        after = terms.lost_after if memory.stay is not None else terms.lost_after_unplugged
        return memory.state.age(now) > after

    def _lost(self, now: datetime) -> StationLost:
        self.memory.is_lost = True
        return StationLost(station=self.car.station, at=now, received_at=now)

    def _turn(self, events: Sequence[StationEvent], outcome: Outcome) -> Turn:
        return Turn(tuple(events), outcome.acts, outcome.ended)


def _is_same(state: VehicleState, told: VehicleState | None) -> bool:
    return told is not None and replace(state, received_at=told.received_at) == told


def _finite(limits: Limits) -> Limits:
    steps = (replace(one, power_kw=min(one.power_kw, NO_LIMIT_KW)) for one in limits.steps)
    return Limits(tuple(steps), limits.end)
