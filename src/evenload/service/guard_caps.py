"""Caps of a site's devices: who gives way, who is given, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

NOTHING_KW: Final = 0.01
"""So little is nothing."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A device with a car: what it draws (kW), what its plan allows it now, the least it charges at, and its rank.

    ``fallback_kw`` is 0 where none was chosen. Higher ranks are capped later. ``needs_minimum``: it has not had its
    minimum energy yet. One that is not ``reachable`` draws what it will: nothing is shed there.
    """

    device_id: str
    power_kw: float
    allowed_kw: float
    least_kw: float
    fallback_kw: float
    rank: int = 0
    needs_minimum: bool = False
    reachable: bool = True


def served_first(one: Drawing) -> tuple[bool, int, str]:
    """To sort by: who needs its minimum, then the highest ranks."""
    return not one.needs_minimum, -one.rank, one.device_id


def blind(limit_kw: float, drawing: Sequence[Drawing]) -> dict[str, float]:
    """Fallbacks, which fit together by allotment, below what the plan allows. One without any draws nothing, and where
    the limit that holds now is below them all, they are given as far as it goes.
    """
    caps: dict[str, float] = {}
    left_kw = limit_kw - sum(one.power_kw for one in drawing if not one.reachable)
    for one in sorted(drawing, key=served_first):
        wanted_kw = min(one.fallback_kw, one.allowed_kw)
        given_kw = min(wanted_kw, max(left_kw, 0.0)) if one.reachable else wanted_kw
        caps[one.device_id] = given_kw if given_kw >= min(one.least_kw, wanted_kw) else 0.0
        left_kw -= caps[one.device_id] if one.reachable else 0.0
    return caps


def is_off(one: Drawing, caps: Mapping[str, float]) -> bool:
    """Whether a cap alone keeps it from charging."""
    return one.reachable and caps.get(one.device_id, inf) < one.least_kw <= one.allowed_kw


def lowered(caps: Mapping[str, float], drawing: Sequence[Drawing], shed_kw: float) -> dict[str, float]:
    """Caps that shed so much of what is drawn: first down to the least each charges at, then to nothing; in both the
    lowest rank first, and those that still need their minimum last.
    """
    order = sorted(drawing, key=lambda one: (one.needs_minimum, one.rank, -one.power_kw, one.device_id))
    drawn = {one.device_id: min(one.power_kw, caps.get(one.device_id, inf)) for one in drawing}
    for floor_of in (lambda one: one.least_kw, lambda _one: 0.0):
        for one in order:
            if shed_kw <= NOTHING_KW:
                break
            spare_kw = drawn[one.device_id] - floor_of(one)
            if spare_kw <= NOTHING_KW or not one.reachable:
                continue
            given_kw = min(spare_kw, shed_kw) if floor_of(one) > 0 else spare_kw
            drawn[one.device_id] -= given_kw
            shed_kw -= given_kw
    enough = shed_kw <= NOTHING_KW
    return {one.device_id: _held(one, drawn[one.device_id], caps.get(one.device_id, inf), enough) for one in drawing}


def _held(one: Drawing, left_kw: float, cap_kw: float, enough: bool) -> float:
    """The cap of a device that is left so much: who draws less than it may would take what others gave up.

    One that draws nothing, and gave up nothing, may begin as long as there is ``enough`` for that.
    """
    gave_up = left_kw < one.power_kw - NOTHING_KW
    may_begin = enough and not gave_up and one.power_kw < one.least_kw <= one.allowed_kw
    held_kw = min(one.least_kw if may_begin else max(left_kw, 0.0), cap_kw)
    return held_kw if held_kw >= one.least_kw else 0.0


def made_way(caps: Mapping[str, float], drawing: Sequence[Drawing], lacking_kw: float) -> dict[str, float] | None:
    """Caps that free so much without anybody being cut off or going short of its minimum, where that can be."""
    others = [one for one in drawing if one.reachable and not one.needs_minimum]
    spare_kw = [min(one.power_kw, caps.get(one.device_id, inf)) - one.least_kw for one in others]
    if sum(max(kw, 0.0) for kw in spare_kw) < lacking_kw:
        return None
    return {**caps, **lowered(caps, others, lacking_kw)}


def raised(caps: Mapping[str, float], drawing: Sequence[Drawing], room_kw: float) -> dict[str, float]:
    """Caps with so much more room for who is on, those that need their minimum and the highest ranks first; one that is
    at what its plan allows is no cap any more.
    """
    if room_kw <= 0.0:
        return dict(caps)
    found: dict[str, float] = {}
    for one in sorted(drawing, key=served_first):
        cap_kw = caps.get(one.device_id)
        if cap_kw is None:
            continue
        if is_off(one, caps) or not one.reachable:
            found[one.device_id] = cap_kw
            continue
        step_kw = min(max(one.allowed_kw - cap_kw, 0.0), room_kw)
        room_kw -= step_kw
        if cap_kw + step_kw < one.allowed_kw - NOTHING_KW:
            found[one.device_id] = cap_kw + step_kw
    return found
