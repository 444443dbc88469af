"""The guard: between plans it keeps a site below its limit, from its meter alone and without the optimiser.

Pure: a reading, what every device is told and draws, and the caps so far in; new caps out. Caps go down at once and by
rank, and come up slowly, so that a load that swings does not make every car swing with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Any, Final

from evenload.domain.station_limits import Limits, LimitStep
from evenload.service.guard_caps import Drawing, blind, is_off, lowered, made_way, raised, served_first

_TOLD_LATE: Final = 2.5
"""A mean is told when its time is over, and some time after; it is believed until the next but one is due."""


class Sight(StrEnum):
    """Whether the guard can see what flows, and why not."""

    CLEAR = "clear"
    SILENT = "silent"
    FROZEN = "frozen"
    IMPLAUSIBLE = "implausible"

    @property
    def sentence(self) -> str:
        """The state in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Sight.CLEAR: "the site's meter is read",
    Sight.SILENT: "the site's meter has told nothing for too long",
    Sight.FROZEN: "the site's meter tells the same number for too long, although cars draw more or less than before",
    Sight.IMPLAUSIBLE: "the site's meter tells what cannot be: it may count in W where kW is meant",
}


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """How the guard acts. ``margin_kw`` is aimed to be free below a limit; caps are raised by at most ``rise_share`` of
    what was free throughout a ``rise``. A car that is off begins where its least was free throughout ``calm``. Room of
    no more than ``slack_kw`` is given as a whole, but only when caps have stood for ``patience``; so long is also
    waited for a car that may begin and draws nothing yet. What was told is ``followed`` that soon, and is given
    ``settle`` to show at the meter.

    What cars draw may be known too late. So what is still over a limit after a first try is shed twice over, and where
    even that was not enough ``desperate`` after the limit was crossed, nobody may draw anything.
    A meter is believed for ``silence``, and a number that never changes though cars do for ``frozen``.
    """

    margin_kw: float = 0.5
    slack_kw: float = 1.5
    rise_share: float = 0.5
    rise: timedelta = timedelta(seconds=15)
    calm: timedelta = timedelta(seconds=40)
    patience: timedelta = timedelta(minutes=1)
    followed: timedelta = timedelta(seconds=2)
    settle: timedelta = timedelta(seconds=3)
    desperate: timedelta = timedelta(seconds=6)
    silence: timedelta = timedelta(seconds=10)
    frozen: timedelta = timedelta(minutes=2)
    plausible_times_limit: float = 10.0

    def slower(self, times: float) -> "GuardPolicy":
        """The same with every time so many times as long: for a guard that looks that much more seldom."""
        longer: dict[str, Any] = {
            one.name: times * span for one in fields(self) if isinstance(span := getattr(self, one.name), timedelta)
        }
        return replace(self, **longer)


@dataclass(frozen=True, slots=True)
class Metered:
    """What a site's meter told: power from the grid (kW) and when; the mean of so long before, where it ``lasts``."""

    at: datetime
    power_kw: float
    lasts: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The state of the guard at a site: caps in force (kW), since when, and what it sees.

    ``tries`` counts how often something was shed since the limit was crossed at ``over_since``. ``recent`` is what
    flowed beside the cars whenever the meter showed the caps in force; ``begun`` is who was let begin, and when.
    """

    caps: Mapping[str, float] = field(default_factory=dict)
    changed_at: datetime | None = None
    sight: Sight = Sight.CLEAR
    metered: Metered | None = None
    same_since: datetime | None = None
    drawn_then_kw: float = 0.0
    over_since: datetime | None = None
    tries: int = 0
    recent: tuple[Metered, ...] = ()
    begun: Mapping[str, datetime] = field(default_factory=dict)


def judge(
    limit_kw: float, metered: Metered | None, drawing: Sequence[Drawing], before: Guarded, now: datetime,
    policy: GuardPolicy, rated_kw: float = 0.0,
) -> Guarded:  # fmt: skip
    """What devices are capped to now. ``rated_kw`` is what the connection is made for, whatever limit holds now."""
    made_for_kw = max(limit_kw, rated_kw, sum(one.allowed_kw for one in drawing), 1.0)
    state = _looked(policy.plausible_times_limit * made_for_kw, metered, drawing, before, now, policy)
    here = {one.device_id for one in drawing}
    state = replace(state, caps={name: kw for name, kw in state.caps.items() if name in here})
    if limit_kw == inf:
        return replace(state, caps={}, over_since=None, tries=0)
    seen = state.metered
    if state.sight is not Sight.CLEAR or seen is None:
        caps = blind(limit_kw, drawing)
        return state if caps == state.caps else replace(state, caps=caps, changed_at=now)
    over = seen.power_kw > limit_kw
    state = replace(state, over_since=(state.over_since or now) if over else None, tries=state.tries if over else 0)
    state = replace(state, recent=_recent(state, drawing, now, policy))
    room_kw = limit_kw - policy.margin_kw - seen.power_kw
    if room_kw < -policy.margin_kw / 2 and _shows(seen, state, policy):
        caps = lowered(state.caps, drawing, _to_shed(-room_kw, state, now, policy))
        return replace(state, caps=caps, changed_at=now, tries=state.tries + 1)
    resting = state.changed_at is not None and now < state.changed_at + policy.rise
    if not state.caps or resting or not _shows(seen, state, policy):
        return state
    drawn_kw = sum(one.power_kw for one in drawing) + _owed_kw(state, drawing, now, policy)
    return _risen(state, drawing, limit_kw - policy.margin_kw - drawn_kw, now, policy)


def _shows(one: Metered, state: Guarded, policy: GuardPolicy) -> bool:
    """Whether what was metered shows what was told last: a mean does where it began when that was followed."""
    return state.changed_at is None or one.at >= state.changed_at + max(policy.settle, policy.followed + one.lasts)


def _recent(state: Guarded, drawing: Sequence[Drawing], now: datetime, policy: GuardPolicy) -> tuple[Metered, ...]:
    """What flowed beside the cars of late; never nothing, once it was seen."""
    seen, last = state.metered, state.recent[-1:]
    kept = tuple(one for one in state.recent if now - one.at < policy.calm)
    if seen is None or not _shows(seen, state, policy) or (last and last[0].at >= seen.at):
        return kept or last
    return (*kept, Metered(seen.at, seen.power_kw - sum(one.power_kw for one in drawing)))


def _to_shed(over_kw: float, state: Guarded, now: datetime, policy: GuardPolicy) -> float:
    """How much to shed (kW), by how often that was tried in vain. Means of a longer time are late with the news."""
    patient = max(policy.desperate, 3 * state.metered.lasts) if state.metered else policy.desperate
    if state.over_since is not None and now - state.over_since >= patient:
        return inf
    return over_kw * (2 if state.tries else 1)


def _looked(
    plausible_kw: float, metered: Metered | None, drawing: Sequence[Drawing], before: Guarded, now: datetime,
    policy: GuardPolicy,
) -> Guarded:  # fmt: skip
    """Whether what the meter told can be believed."""
    drawn_kw = sum(one.power_kw for one in drawing)
    latest = metered or before.metered
    if latest is None or now - latest.at > max(policy.silence, _TOLD_LATE * latest.lasts):
        return replace(before, sight=Sight.SILENT)
    if abs(latest.power_kw) > plausible_kw:
        return replace(before, sight=Sight.IMPLAUSIBLE)
    moved = before.metered is None or latest.power_kw != before.metered.power_kw
    same_since = now if moved or before.same_since is None else before.same_since
    then_kw = drawn_kw if moved else before.drawn_then_kw
    frozen = now - same_since > policy.frozen and abs(drawn_kw - then_kw) > 1.0
    sight = Sight.FROZEN if frozen else Sight.CLEAR
    return replace(before, sight=sight, metered=latest, same_since=same_since, drawn_then_kw=then_kw)


def _owed_kw(state: Guarded, drawing: Sequence[Drawing], now: datetime, policy: GuardPolicy) -> float:
    """What those may still take that were let begin a while ago: cars need up to a minute to do so."""
    waited = {name for name, at in state.begun.items() if now < at + policy.patience}
    slow = [one for one in drawing if one.device_id in waited and one.power_kw < one.least_kw]
    return sum(min(state.caps.get(one.device_id, inf), one.allowed_kw) - one.power_kw for one in slow)


def _risen(
    state: Guarded, drawing: Sequence[Drawing], left_kw: float, now: datetime, policy: GuardPolicy
) -> Guarded:  # fmt: skip
    """More for cars, of which the building and what cars draw now take from ``left_kw``.

    Who is off begins, at its least and by rank: all that need their minimum and one other, and more as far as half of
    the room goes. Then who is on may draw more. Who needs its minimum and finds no room is made way for.
    """
    caps, begun = dict(state.caps), {name: at for name, at in state.begun.items() if now < at + policy.patience}
    calm_kw = left_kw - max(one.power_kw for one in state.recent)
    room_kw = left_kw - max(
        one.power_kw for one in state.recent if one is state.recent[-1] or now - one.at < policy.rise
    )
    extra_kw = policy.margin_kw / 4  # so much over is not shed again
    share = 1.0
    for one in sorted(drawing, key=served_first):
        if not is_off(one, caps):
            continue
        more_kw = max(one.least_kw - one.power_kw, 0.0)
        if more_kw > room_kw * (1.0 if one.needs_minimum else share) + extra_kw:
            fewer = made_way(caps, drawing, more_kw - room_kw) if one.needs_minimum else None
            if fewer is not None:
                return replace(state, caps=fewer, changed_at=now, begun=begun)
            continue
        if more_kw <= calm_kw + extra_kw:
            caps[one.device_id], begun[one.device_id] = one.least_kw, now
            share = policy.rise_share
        calm_kw -= more_kw
        room_kw -= more_kw  # it is kept for one that has to wait until it is calm
    caps = raised(caps, drawing, _given_kw(state, room_kw, now, policy))
    return state if caps == state.caps else replace(state, caps=caps, changed_at=now, begun=begun)


def _given_kw(state: Guarded, room_kw: float, now: datetime, policy: GuardPolicy) -> float:
    """How much of the room is given in one rise (kW)."""
    if room_kw > policy.slack_kw:
        return room_kw * policy.rise_share
    patient = state.changed_at is None or now >= state.changed_at + policy.patience
    return room_kw if patient and room_kw > policy.margin_kw else 0.0


def capped(limits: Limits, cap_kw: float, now: datetime, until: datetime) -> Limits:
    """Limits of a plan below a cap from now until then; the plan alone afterwards."""
    instants = sorted({now, until, *(one.start for one in limits.steps if one.start > now)})
    steps: list[LimitStep] = []
    for instant in instants:
        if instant < limits.end:
            plan_kw = limits.at(instant)
            steps.append(LimitStep(instant, min(plan_kw, cap_kw) if instant < until else plan_kw))
    return Limits(tuple(steps), limits.end)
