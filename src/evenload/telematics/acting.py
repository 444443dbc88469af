"""Acts under way: made, sent, tried again, confirmed, failed, late or given up."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from evenload.domain.vehicle_state import Act, ActKind, ActReason, ActStatus, PlugState, VehicleState
from evenload.telematics.memory import DeskMemory, UnderWay
from evenload.telematics.port import ActOutcome
from evenload.telematics.terms import Terms
from evenload.telematics.wishing import Wisher, backoff

TRIES_MAX: Final = 4
WAKE_SUFFIX: Final = "-wake"
_WOKEN: Final = timedelta(seconds=30)
_AGAIN: Final = timedelta(seconds=30)
SEEN: Final = "seen by what the car does"
SLEEPS: Final = "it sleeps, and so does not charge"
_PERHAPS_DONE: Final = frozenset({ActReason.NO_ANSWER, ActReason.UPSTREAM, ActReason.UNREACHABLE})
_SWITCHES: Final = frozenset({ActKind.START, ActKind.STOP})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done: ``acts`` to send now, and ``ended``: acts that came to their end, and how."""

    acts: tuple[Act, ...] = ()
    ended: tuple[ActOutcome, ...] = ()

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.acts + other.acts, self.ended + other.ended)


_NOTHING: Final = Outcome()


@dataclass(frozen=True, slots=True)
class Actor:
    """The acts of one car, one at a time."""

    memory: DeskMemory
    terms: Terms

    def act(self, now: datetime) -> Outcome:
        """Go on with the act under way, and begin the next where there is none."""
        done = self._go_on(self.memory.under_way, now) if self.memory.under_way else _NOTHING
        if self.memory.under_way is not None:
            return done
        return done + self._begin(now)

    def settle(self, told: ActOutcome, now: datetime) -> Outcome:
        """Take what became of an act. Of one that is not under way only what the car does now counts."""
        under_way = self.memory.under_way
        if told.act_id.endswith(WAKE_SUFFIX):
            return self._woke(told, now)
        if under_way is None or told.act_id != under_way.act.act_id:
            self._late(told, now)
            return _NOTHING
        if told.status is ActStatus.CONFIRMED:
            return self._confirmed(under_way, told, now)
        if told.status in (ActStatus.SENT, ActStatus.QUEUED):
            under_way.remote_act_id = told.remote_act_id or under_way.remote_act_id
            return _NOTHING
        return self._failed(under_way, told, now)

    def see(self, state: VehicleState, before: VehicleState | None) -> Outcome:
        """Take from a state that an act was carried out of which no answer told."""
        under_way, late = self.memory.under_way, self.memory.late
        if under_way is not None and _shows(under_way.act, state, before):
            self._took(under_way.act, under_way.act.made_at)
            self.memory.under_way = None
            return Outcome(ended=(ActOutcome(under_way.act.act_id, ActStatus.CONFIRMED, info=SEEN),))
        if under_way is None and late is not None and _shows(late, state, before):
            self._took(late, late.made_at)
            self.memory.late = None
        return _NOTHING

    def end(self, reason: ActReason, now: datetime) -> Outcome:
        """Give up the act under way."""
        under_way = self.memory.under_way
        return self._finish(under_way, ActStatus.GIVEN_UP, reason, "", now) if under_way else _NOTHING

    # one act

    def _begin(self, now: datetime) -> Outcome:
        memory, terms = self.memory, self.terms
        step = Wisher(memory, terms).step(now)
        if step is None or memory.stay is None:
            return _NOTHING
        if not memory.commands.spend(terms.commands, now):
            memory.not_before = memory.commands.next_at(terms.commands, now)
            return _NOTHING
        memory.acts_made += 1
        memory.stay.commands += 1
        memory.commanded_at = now
        act_id = f"{terms.car.vehicle_id}-{now:%Y%m%dT%H%M%S}-{memory.acts_made}"
        act = Act(act_id, terms.car, step.kind, now, self._deadline(now), step.value)
        memory.under_way = UnderWay(act)
        return Outcome(acts=(act,))

    def _deadline(self, now: datetime) -> datetime:
        """When the act is worthless: a while from now, or when another limit begins that it would get in the way of."""
        limits, latest = self.memory.wanted, now + self.terms.deadline
        if limits is None:
            return latest
        wisher = Wisher(self.memory, self.terms)
        changes = [at for at in (*(one.start for one in limits.steps), limits.end) if now < at < latest]
        return next((at for at in changes if wisher.wish(at) != wisher.wish(now)), latest)

    def _go_on(self, under_way: UnderWay, now: datetime) -> Outcome:
        if now >= under_way.act.deadline:
            waited = under_way.retry_at is None
            status, reason = (ActStatus.LATE, ActReason.NO_ANSWER) if waited else (ActStatus.GIVEN_UP, under_way.reason)
            return self._finish(under_way, status, reason, under_way.info, now)
        if under_way.retry_at is None or now < under_way.retry_at:
            return _NOTHING
        if not self._still_wanted(under_way.act, now):
            return self._finish(under_way, ActStatus.GIVEN_UP, ActReason.SUPERSEDED, "", now)
        if not self.memory.commands.spend(self.terms.commands, now):
            return self._finish(under_way, ActStatus.GIVEN_UP, ActReason.BUDGET_SPENT, "", now)
        under_way.retry_at, under_way.tries = None, under_way.tries + 1
        return Outcome(acts=(under_way.act,))

    def _still_wanted(self, act: Act, now: datetime) -> bool:
        wish = Wisher(self.memory, self.terms).wish(now)
        if wish is None or self.memory.is_opted_out or self.memory.stay is None:
            return False
        if act.kind is ActKind.SET_AMPS:
            return wish.current_a == act.value
        return wish.is_on is (act.kind is ActKind.START)

    # what became of it

    def _confirmed(self, under_way: UnderWay, told: ActOutcome, now: datetime) -> Outcome:
        memory, again = self.memory, self._is_told_again(under_way.act)
        self._took(under_way.act, now)
        memory.under_way = memory.late = None
        memory.failures = memory.failures + 1 if again else 0
        memory.not_before = now + backoff(memory.failures) if again else None
        return Outcome(ended=(told,))

    def _is_told_again(self, act: Act) -> bool:
        """Whether the car confirmed the same before, and did not keep to it."""
        return act.kind in _SWITCHES and self.memory.obeyed.is_on is (act.kind is ActKind.START)

    def _took(self, act: Act, now: datetime) -> None:
        obeyed = self.memory.obeyed
        if not self._is_told_again(act):
            obeyed.strikes, obeyed.is_marked = 0, False
        if act.kind in _SWITCHES:
            obeyed.is_on, obeyed.is_on_at = act.kind is ActKind.START, now
            obeyed.seen_stopped_at = self._stopped_since(act)
        elif act.kind is ActKind.SET_AMPS:
            obeyed.current_a, obeyed.current_at = act.value, now

    def _stopped_since(self, act: Act) -> datetime | None:
        """When a car was seen stopped that was told to: a car that tells changes only shows it before the answer."""
        state = self.memory.state
        is_seen = state is not None and state.plug in (PlugState.WAITING, PlugState.COMPLETE) and state.at > act.made_at
        return state.at if state is not None and is_seen and act.kind is ActKind.STOP else None

    def _late(self, told: ActOutcome, now: datetime) -> None:
        late = self.memory.late
        if late is not None and late.act_id == told.act_id and told.status is ActStatus.CONFIRMED:
            self._took(late, now)
            self.memory.late = None

    def _failed(self, under_way: UnderWay, told: ActOutcome, now: datetime) -> Outcome:
        retry_at = told.retry_at
        if told.needs_wake and under_way.act.kind is ActKind.STOP:  # what sleeps does not charge
            return self._confirmed(
                under_way,
                replace(told, status=ActStatus.CONFIRMED, reason=ActReason.UNNECESSARY, info=SLEEPS, fault=None),
                now,
            )
        if told.needs_wake:
            woken = self._wake(under_way, told, now)
            if woken is not None:
                return woken
            if not under_way.is_woken:  # trying again would only spend commands: it sleeps on
                return self._finish(under_way, ActStatus.FAILED, told.reason, told.info, now, told)
        if retry_at is None and told.fault is not None and told.fault.failing.is_passing:
            retry_at = now + _AGAIN
        hopeless = retry_at is None or under_way.tries >= TRIES_MAX or retry_at >= under_way.act.deadline
        if hopeless or retry_at is None:
            return self._finish(under_way, ActStatus.FAILED, told.reason, told.info, now, told)
        under_way.retry_at, under_way.reason, under_way.info = max(retry_at, now), told.reason, told.info
        return _NOTHING

    def _wake(self, under_way: UnderWay, told: ActOutcome, now: datetime) -> Outcome | None:
        """Wake the car for the act, once and within its budget; ``None`` where that cannot be."""
        able, act = self.terms.capabilities.can_wake, under_way.act
        if under_way.is_woken or not able or not self.memory.wakes.spend(self.terms.wakes, now):
            return None
        under_way.is_woken = True
        under_way.retry_at, under_way.reason, under_way.info = now + 2 * _WOKEN, told.reason, told.info
        return Outcome(acts=(replace(act, act_id=f"{act.act_id}{WAKE_SUFFIX}", kind=ActKind.WAKE, value=None),))

    def _woke(self, told: ActOutcome, now: datetime) -> Outcome:
        under_way = self.memory.under_way
        is_its = under_way is not None and told.act_id == f"{under_way.act.act_id}{WAKE_SUFFIX}"
        if is_its and under_way is not None and under_way.retry_at is not None and told.status is ActStatus.CONFIRMED:
            under_way.retry_at = now
        return Outcome(ended=(told,)) if told.status.is_final else _NOTHING

    def _finish(
        self, under_way: UnderWay, status: ActStatus, reason: ActReason, info: str, now: datetime,
        told: ActOutcome | None = None,
    ) -> Outcome:  # fmt: skip
        memory, act = self.memory, under_way.act
        memory.under_way = None
        memory.late = act if status is ActStatus.LATE or reason in _PERHAPS_DONE else None
        if reason is not ActReason.SUPERSEDED:
            memory.failures += 1
            again_at = now + backoff(memory.failures)
            memory.not_before = max(again_at, told.retry_at) if told and told.retry_at else again_at
        ended = ActOutcome(
            act.act_id, status, reason, info, under_way.remote_act_id, fault=told.fault if told else None
        )
        return Outcome(ended=(ended,))


def _shows(act: Act, state: VehicleState, before: VehicleState | None) -> bool:
    """Whether a car does what it was told, and did not when it was told it."""
    if before is None or state.at <= act.made_at:
        return False
    if act.kind is ActKind.START:
        return state.plug is PlugState.CHARGING and before.plug is not PlugState.CHARGING
    return act.kind is ActKind.STOP and state.plug is PlugState.WAITING and before.plug is PlugState.CHARGING
