"""The guard: between plans it keeps a site below its limit, from its meter alone and without the optimiser.

Pure: a reading, what every device is told and draws, and the caps so far in; new caps out. Caps go down at once and by
rank, and come up slowly, so that a load that swings does not make every car swing with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Final

from evenload.domain.station_limits import Limits, LimitStep

_NOTHING_KW: Final = 0.01


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
    the room every ``rise``, and only where more than ``slack_kw`` is free. What was told is given ``settle`` to work.

    What cars draw may be known too late. So what is still over a limit after a first try is shed twice over, and where
    even that was not enough ``desperate`` after the limit was crossed, nobody may draw anything.
    A meter is believed for ``silence``, and a number that never changes though cars do for ``frozen``.
    """

    margin_kw: float = 0.5
    slack_kw: float = 1.5
    rise_share: float = 0.5
    rise: timedelta = timedelta(seconds=15)
    settle: timedelta = timedelta(seconds=3)
    desperate: timedelta = timedelta(seconds=6)
    silence: timedelta = timedelta(seconds=10)
    frozen: timedelta = timedelta(minutes=2)
    plausible_times_limit: float = 10.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """A device with a car: what it draws (kW), what its plan allows it now, the least it charges at, and its rank.

    Higher ranks are capped later. ``needs_minimum``: it has not had its minimum energy yet. One that is not
    ``reachable`` draws what it will: nothing is shed there.
    """

    device_id: str
    power_kw: float
    allowed_kw: float
    least_kw: float
    fallback_kw: float
    rank: int = 0
    needs_minimum: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Metered:
    """What a site's meter told: power from the grid (kW) and when."""

    at: datetime
    power_kw: float


@dataclass(frozen=True, slots=True)
class Guarded:
    """The state of the guard at a site: caps in force (kW), since when, and what it sees.

    ``tries`` counts how often something was shed since the limit was crossed at ``over_since``.
    """

    caps: Mapping[str, float] = field(default_factory=dict)
    changed_at: datetime | None = None
    sight: Sight = Sight.CLEAR
    metered: Metered | None = None
    same_since: datetime | None = None
    drawn_then_kw: float = 0.0
    over_since: datetime | None = None
    tries: int = 0


def judge(
    limit_kw: float, metered: Metered | None, drawing: Sequence[Drawing], before: Guarded, now: datetime,
    policy: GuardPolicy,
) -> Guarded:  # fmt: skip
    """What devices are capped to now. A blind guard caps all to their fallbacks, which fit together by allotment."""
    state = _looked(limit_kw, metered, drawing, before, now, policy)
    here = {one.device_id for one in drawing}
    state = replace(state, caps={name: kw for name, kw in state.caps.items() if name in here})
    if limit_kw == inf:
        return replace(state, caps={}, over_since=None, tries=0)
    seen = state.metered
    if state.sight is not Sight.CLEAR or seen is None:
        caps = {one.device_id: min(one.fallback_kw, one.allowed_kw) for one in drawing}
        return state if caps == state.caps else replace(state, caps=caps, changed_at=now)
    over = seen.power_kw > limit_kw
    state = replace(state, over_since=(state.over_since or now) if over else None, tries=state.tries if over else 0)
    room_kw = limit_kw - policy.margin_kw - seen.power_kw
    settling = state.changed_at is not None and seen.at < state.changed_at + policy.settle
    if room_kw < -policy.margin_kw / 2 and not settling:
        caps = _lowered(state.caps, drawing, _to_shed(-room_kw, state, now, policy))
        return replace(state, caps=caps, changed_at=now, tries=state.tries + 1)
    resting = state.changed_at is not None and now < state.changed_at + policy.rise
    if state.caps and room_kw > policy.slack_kw and not resting:
        return replace(state, caps=_raised(state.caps, drawing, room_kw * policy.rise_share), changed_at=now)
    return state


def _to_shed(over_kw: float, state: Guarded, now: datetime, policy: GuardPolicy) -> float:
    """How much to shed (kW), by how often that was tried in vain."""
    if state.over_since is not None and now - state.over_since >= policy.desperate:
        return inf
    return over_kw * (2 if state.tries else 1)


def _looked(
    limit_kw: float, metered: Metered | None, drawing: Sequence[Drawing], before: Guarded, now: datetime,
    policy: GuardPolicy,
) -> Guarded:  # fmt: skip
    """Whether what the meter told can be believed."""
    drawn_kw = sum(one.power_kw for one in drawing)
    latest = metered or before.metered
    if latest is None or now - latest.at > policy.silence:
        return replace(before, sight=Sight.SILENT)
    if limit_kw < inf and abs(latest.power_kw) > policy.plausible_times_limit * max(limit_kw, 1.0):
        return replace(before, sight=Sight.IMPLAUSIBLE)
    moved = before.metered is None or latest.power_kw != before.metered.power_kw
    same_since = now if moved or before.same_since is None else before.same_since
    then_kw = drawn_kw if moved else before.drawn_then_kw
    frozen = now - same_since > policy.frozen and abs(drawn_kw - then_kw) > 1.0
    sight = Sight.FROZEN if frozen else Sight.CLEAR
    return replace(before, sight=sight, metered=latest, same_since=same_since, drawn_then_kw=then_kw)


def _lowered(caps: Mapping[str, float], drawing: Sequence[Drawing], shed_kw: float) -> dict[str, float]:
    """Caps that shed so much of what is drawn: first down to the least each charges at, then to nothing; in both the
    lowest rank first, and those that still need their minimum last.
    """
    order = sorted(drawing, key=lambda one: (one.needs_minimum, one.rank, -one.power_kw, one.device_id))
    drawn = {one.device_id: min(one.power_kw, caps.get(one.device_id, inf)) for one in drawing}
    for floor_of in (lambda one: one.least_kw, lambda _one: 0.0):
        for one in order:
            if shed_kw <= _NOTHING_KW:
                break
            spare_kw = drawn[one.device_id] - floor_of(one)
            if spare_kw <= _NOTHING_KW or not one.reachable:
                continue
            given_kw = min(spare_kw, shed_kw) if floor_of(one) > 0 else spare_kw
            drawn[one.device_id] -= given_kw
            shed_kw -= given_kw
    enough = shed_kw <= _NOTHING_KW
    return {one.device_id: _held(one, drawn[one.device_id], caps.get(one.device_id, inf), enough) for one in drawing}


def _held(one: Drawing, left_kw: float, cap_kw: float, enough: bool) -> float:
    """The cap of a device that is left so much: who draws less than it may would take what others gave up.

    One that draws nothing, and gave up nothing, may begin as long as there is ``enough`` for that.
    """
    gave_up = left_kw < one.power_kw - _NOTHING_KW
    may_begin = enough and not gave_up and one.power_kw < one.least_kw <= one.allowed_kw
    held_kw = min(one.least_kw if may_begin else max(left_kw, 0.0), cap_kw)
    return held_kw if held_kw >= one.least_kw else 0.0


def _raised(caps: Mapping[str, float], drawing: Sequence[Drawing], room_kw: float) -> dict[str, float]:
    """Caps with so much more room, those that need their minimum and the highest ranks first; one that is at what its
    plan allows is no cap any more.
    """
    raised: dict[str, float] = {}
    for one in sorted(drawing, key=lambda one: (not one.needs_minimum, -one.rank, one.device_id)):
        cap_kw = caps.get(one.device_id)
        if cap_kw is None:
            continue
        step_kw = min(max(one.allowed_kw - cap_kw, 0.0), room_kw)
        stays_off = cap_kw + step_kw < one.least_kw <= one.allowed_kw
        if stays_off or not one.reachable:
            raised[one.device_id] = cap_kw
            continue
        room_kw -= step_kw
        if cap_kw + step_kw < one.allowed_kw - _NOTHING_KW:
            raised[one.device_id] = cap_kw + step_kw
    return raised


def capped(limits: Limits, cap_kw: float, now: datetime, until: datetime) -> Limits:
    """Limits of a plan below a cap from now until then; the plan alone afterwards."""
    instants = sorted({now, until, *(one.start for one in limits.steps if one.start > now)})
    steps: list[LimitStep] = []
    for instant in instants:
        if instant < limits.end:
            plan_kw = limits.at(instant)
            steps.append(LimitStep(instant, min(plan_kw, cap_kw) if instant < until else plan_kw))
    return Limits(tuple(steps), limits.end)
