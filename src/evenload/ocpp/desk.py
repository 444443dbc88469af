"""The CSMS side of one station, without sockets or clock: its messages in, domain events out; commands in, calls out.

After every method: make the calls that ``to_call`` gives, and tell ``sent`` what became of each.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from evenload.base.errors import InputError
from evenload.domain.station import Registration, StationId
from evenload.domain.station_commands import (
    ChangePassword,
    Command,
    CommandSettled,
    GetCompositeSchedule,
    SetFallback,
    SetProfile,
    Settlement,
)
from evenload.domain.station_events import StationEvent, StationLost
from evenload.ocpp import profiles
from evenload.ocpp.composite import Profile
from evenload.ocpp.dossier import Dossier
from evenload.ocpp.events import Answered, Called, CallFailure, CallRefusal, Failed, Refused
from evenload.ocpp.outcome import NOT_REGISTERED, NOT_SUPPORTED, Outcome, Reply, Request
from evenload.ocpp.profiles import Abilities, Placement
from evenload.ocpp.wire import Wire

_SENT_KEPT_MAX: Final = 128
_PAST_END_S: Final = 600
_CANNOT: Final = frozenset({"NotSupported", "NotImplemented"})
_ORDER: Final = list(Settlement)


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a version does: its functional blocks, by the messages and commands each is for.

    ``taken`` by action: a call of the station's. ``ordered`` by type: a command, as requests; raises ``InputError``
    where it cannot be said. ``answered`` by type: an answer to a call of ours. ``placed`` and ``composite``: a profile
    to set, and the question what schedule an EVSE follows for so many seconds. ``set_up``: what to ask and set once.
    """

    subprotocol: str
    taken: Mapping[str, Callable[[Dossier, Any, datetime], Outcome]]
    ordered: Mapping[type[Command], Callable[[Dossier, Any, datetime], tuple[Wire, ...]]]
    answered: Mapping[type[Wire], Callable[[Dossier, Request, Any, datetime], Reply]]
    placed: Callable[[Placement], Wire]
    composite: Callable[[Dossier, int, int], Wire]
    set_up: Callable[[Dossier, datetime], tuple[Request, ...]]


@dataclass(slots=True)
class _Waiting:
    """A command whose requests are not all answered."""

    left: int
    replies: list[Reply] = field(default_factory=list)


class Desk:
    """One station's desk. ``now`` is an instant in UTC. It outlives connections: what is wanted stays wanted."""

    def __init__(self, dossier: Dossier, blocks: Blocks) -> None:
        self.dossier = dossier
        self._blocks = blocks
        self._sent: OrderedDict[str, Request] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._verify_due: dict[int, datetime] = {}
        self._tried_with: dict[str, Abilities] = {}

    @property
    def station(self) -> StationId:
        """Whose desk it is."""
        return self.dossier.station

    def take(self, called: Called, now: datetime) -> Outcome:
        """Take a call of the station."""
        dossier, action = self.dossier, called.action
        if dossier.registration is not Registration.ACCEPTED and not self._may_come(action):
            return Outcome(NOT_REGISTERED)
        block = self._blocks.taken.get(action)
        if block is None:
            return Outcome(NOT_SUPPORTED)
        outcome = block(dossier, called.request, now)
        if dossier.registration is Registration.ACCEPTED and not dossier.is_set_up:
            dossier.is_set_up = True
            dossier.to_call += self._blocks.set_up(dossier, now)
            self._assert_limits(now)
        return outcome

    def _may_come(self, action: str) -> bool:
        """Whether a station that is not accepted may call this: it may boot, and do as it was asked."""
        return action == "BootNotification" or action in self.dossier.asked_for

    def order(self, command: Command, now: datetime) -> tuple[StationEvent, ...]:
        """Take a command; its calls come from ``to_call``. An event at once where it needs none or cannot be done."""
        if command.worthless_at is not None and command.worthless_at <= now:
            return (self._settled(command, Reply(Settlement.NO_ANSWER, "it came too late"), now),)
        try:
            if self.dossier.registration is Registration.REJECTED:
                raise InputError("the station is rejected: nothing is sent to it")
            requests = self._requests(command, now)
        except InputError as error:
            return (self._settled(command, Reply(Settlement.NOT_SUPPORTED, str(error)), now),)
        if not requests:
            return (self._settled(command, Reply(Settlement.UNCHANGED), now),)
        self._waiting[command.command_id] = _Waiting(len(requests))
        self.dossier.to_call += requests
        return ()

    def _requests(self, command: Command, now: datetime) -> tuple[Request, ...]:
        charging = self.dossier.charging
        if isinstance(command, SetProfile):
            placement = charging.place_plan(command, now)
            return (self._placing(placement, command),) if placement else ()
        if isinstance(command, SetFallback):
            return (self._placing(charging.place_fallback(command, now), command),)
        if isinstance(command, GetCompositeSchedule):
            message = self._blocks.composite(self.dossier, command.evse_id, command.duration_s)
            return (Request(message, command=command),)
        block = self._blocks.ordered.get(type(command))
        if block is None:
            raise InputError(f"{self._blocks.subprotocol} has no message for this")
        return tuple(Request(message, command=command) for message in block(self.dossier, command, now))

    def _placing(self, placement: Placement, command: Command | None = None) -> Request:
        return Request(self._blocks.placed(placement), command=command, placement=placement)

    def _assert_limits(self, now: datetime) -> None:
        """Say again what should hold at a station that has come back, and have it say what does."""
        charging = self.dossier.charging
        wanted: list[Command] = [*charging.fallbacks.values()]
        wanted += [plan for plan in charging.plans.values() if plan.limits.end > now]
        for command in wanted:
            try:
                self.dossier.to_call += self._requests(command, now)
            except InputError:
                continue  # it was told when the command came

    def to_call(self) -> tuple[Request, ...]:
        """Take the calls to make, in order."""
        if not self.dossier.to_call:
            return ()
        taken, self.dossier.to_call = tuple(self.dossier.to_call), []
        return taken

    def sent(self, request: Request, taken: str | CallRefusal, now: datetime) -> tuple[StationEvent, ...]:
        """What became of a call to make: its id, or why the connection did not take it."""
        if isinstance(taken, CallRefusal):
            self._closed(request)
            return self._finish(request, Reply(Settlement.NO_ANSWER, taken.sentence), now)
        self._sent[taken] = request
        while len(self._sent) > _SENT_KEPT_MAX:
            self._sent.popitem(last=False)
        return ()

    def settle(self, result: Answered | Refused | Failed, now: datetime) -> tuple[StationEvent, ...]:
        """Take what became of a call that was made."""
        request = self._sent.get(result.call_id)
        if request is None:
            return ()
        self._closed(request)
        if isinstance(result, Failed):
            if result.failure is not CallFailure.TIMED_OUT:  # else an answer may still come
                del self._sent[result.call_id]
            return self._finish(request, Reply(Settlement.NO_ANSWER, result.failure.sentence), now)
        del self._sent[result.call_id]
        if isinstance(result, Refused):
            settlement = Settlement.NOT_SUPPORTED if result.code in _CANNOT else Settlement.REJECTED
            reply = Reply(settlement, f"{result.code} {result.description}".strip())
        else:
            reply = self._blocks.answered[type(result.response)](self.dossier, request, result.response, now)
        return self._answered(request, reply, now, late=result.late)

    def _closed(self, request: Request) -> None:
        if request.placement:
            self.dossier.charging.settled(request.placement)

    def _answered(self, request: Request, reply: Reply, now: datetime, *, late: bool) -> tuple[StationEvent, ...]:
        if request.placement:
            if reply.settlement.good:
                self.dossier.charging.took(request.placement, now)
                self._tried_with.pop(request.command.command_id if request.command else "", None)
                self._verify(request.placement.profile, now)
            elif not reply.final and self._tries_again(request, now):
                return reply.events
        return reply.events if late else (*reply.events, *self._finish(request, reply, now))

    def _verify(self, given: Profile, now: datetime) -> None:
        """Have the station say what schedule it follows: after each fallback, and now and then after a plan.

        The question reaches past the end of the plan, where the fallback shows.
        """
        due = self._verify_due.get(given.evse_id, now)
        if given.valid_to is not None and now < due:
            return
        self._verify_due[given.evse_id] = now + timedelta(seconds=self.dossier.policy.verify_s)
        plan = self.dossier.charging.plans.get(given.evse_id)
        ends = [one for one in (given.valid_to, plan.limits.end if plan else None) if one is not None and one > now]
        duration_s = int((max(ends, default=now) - now).total_seconds()) + _PAST_END_S
        message = self._blocks.composite(self.dossier, given.evse_id, duration_s)
        self.dossier.to_call.append(Request(message, verifies=True))

    def _tries_again(self, request: Request, now: datetime) -> bool:
        """Say it in another way to a station that refused. What is supposed of it stays only if it then takes it."""
        charging, command = self.dossier.charging, request.command
        if request.placement is None or command is None:
            return False
        before = self._tried_with.setdefault(command.command_id, charging.abilities)
        supposed = profiles.next_try(charging.abilities, request.placement.profile)
        charging.abilities = supposed or before
        try:
            again = self._requests(command, now) if supposed else ()
        except InputError:  # the limits have ended meanwhile
            charging.abilities, again = before, ()
        if not again:
            del self._tried_with[command.command_id]
        self.dossier.to_call += again
        return bool(again)

    def _finish(self, request: Request, reply: Reply, now: datetime) -> tuple[StationEvent, ...]:
        """Count an answer; the command is settled with its last, by the worst of them."""
        command = request.command
        waiting = self._waiting.get(command.command_id) if command else None
        if command is None or waiting is None:
            return ()
        waiting.left -= 1
        waiting.replies.append(reply)
        if waiting.left > 0:
            return ()
        del self._waiting[command.command_id]
        return (self._settled(command, _together(waiting.replies), now),)

    def _settled(self, command: Command, reply: Reply, now: datetime) -> CommandSettled:
        info = reply.info
        if isinstance(command, ChangePassword) and command.password:
            info = info.replace(command.password, "(hidden)")  # a station may say again what it was told
        return self.dossier.event(
            CommandSettled,
            now,
            evse_id=command.evse_id,
            command_id=command.command_id,
            settlement=reply.settlement,
            info=info,
            value=reply.value,
        )

    def lost(self, now: datetime) -> tuple[StationEvent, ...]:
        """The connection ended, after every call was reported failed. What the station has must be asserted anew."""
        unsent = Reply(Settlement.NO_ANSWER, CallRefusal.CLOSED.sentence)
        events = [event for request in self.to_call() for event in self._finish(request, unsent, now)]
        self.dossier.is_set_up = False
        self.dossier.charging.restarted()
        return (*events, self.dossier.event(StationLost, now))


def _together(replies: list[Reply]) -> Reply:
    worst = max(replies, key=lambda one: _ORDER.index(one.settlement))
    values = [one.value for one in replies if one.value is not None]
    merged = {name: value for one in values if isinstance(one, dict) for name, value in one.items()}
    info = "; ".join(one.info for one in replies if one.info)
    return Reply(worst.settlement, info, merged or (values[-1] if values else None))
