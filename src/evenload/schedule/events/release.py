"""Released in turns: after an event, an outage or a fall in price charging may rise by so much a step, not at once.

The level it rises from is that of a first plan in the step before; from there limits over the sessions go up in a
straight line until they hold nobody back. After mandatory events and outages they are hard: that is what a circuit can
pick up. After voluntary events going above costs what leaving these costs. Where prices fall it costs next to nothing:
smoothing ranks below money, but above charging earlier rather than later. Who goes first within the limits is left to
needs and prices, and those alike share. Source: DESIGN section 5; requirements R7, R20.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Final, NamedTuple

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import FloatArray, IntArray, TextArray
from evenload.schedule.events.heed import Heeded
from evenload.schedule.events.limits import GroupLimit, money_of_a_kwh, with_limits
from evenload.schedule.events.members import addressed, steps_of
from evenload.schedule.events.outages import Outage
from evenload.schedule.problem import Problem

_BELOW_MONEY: Final = 0.01
"""What rising faster where prices fall costs, in spreads of the prices: smaller differences in price are ties."""

_RISES_KW: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Ramp:
    """Charging of some sessions together may rise by ``kw_per_step`` a step when it is released."""

    name: str
    session: IntArray
    kw_per_step: float


class Release(NamedTuple):
    """The first step in which charging may rise again, why, and what rising too fast costs per kWh."""

    step: int
    why: str
    over_per_kwh: float


def ramp_of(
    problem: Problem, kw_per_step: float, node: str = "", group: str = "", group_of_session: TextArray | None = None
) -> Ramp:
    """A ramp over the sessions at or below a circuit and of a group, where these are not blank.

    ``CircuitError`` for a circuit that is not in the grid, ``InputError`` for a ramp that is not above 0.
    """
    name = " of ".join(word for word in (group and f"group {group}", node) if word) or "all sessions"
    if not (isfinite(kw_per_step) and kw_per_step > 0):
        raise InputError(
            f"ramp_kw_per_step = {kw_per_step} of {name} must be above 0; leave it out to let all charge at once"
        )
    theirs = addressed(problem, f"the ramp of {kw_per_step:g} kW a step", node, group, group_of_session)
    return Ramp(name, np.flatnonzero(theirs), kw_per_step)


def released(
    heeded: Heeded, ramps: Sequence[Ramp], power_kw: FloatArray, outages: Sequence[Outage] = ()
) -> tuple[Problem, tuple[str, ...]]:
    """The problem of ``heeded`` with limits on how fast charging rises, from the powers (K,) of its plan, and notes.

    Where that plan rises no faster than ramps allow, the problem comes back as it is.
    """
    limits: list[GroupLimit] = []
    notes: list[str] = []
    for ramp in ramps:
        load_kw = load_of(heeded.problem, ramp, power_kw)
        most_kw = load_of(heeded.problem, ramp, heeded.problem.cap_kw)
        lines: dict[tuple[str, float], FloatArray] = {}
        for release in releases_of(heeded, ramp, outages):
            limit_kw = _line(ramp, release.step, load_kw, most_kw)
            if (load_kw > limit_kw + _RISES_KW).any():
                same = release.why, release.over_per_kwh
                notes += [] if same in lines else [_note(heeded.problem, ramp, release)]
                lines[same] = np.minimum(lines.get(same, limit_kw), limit_kw)
        limits += [GroupLimit(f"{why} ({ramp.name})", ramp.session, kw, over) for (why, over), kw in lines.items()]
    return with_limits(heeded.problem, limits), tuple(notes)


def load_of(problem: Problem, ramp: Ramp, power_kw: FloatArray) -> FloatArray:
    """Charging of a ramp's sessions together in every step, kW, shape (T,), from powers (K,)."""
    slots = problem.slots_of(ramp.session)[0]
    return np.bincount(
        steps_of(problem, ramp.session), weights=power_kw[slots], minlength=problem.horizon.steps
    ).astype(np.float64)


def releases_of(heeded: Heeded, ramp: Ramp, outages: Sequence[Outage] = ()) -> list[Release]:
    """When a ramp's sessions are released, in order of time; of several in one step that which costs most."""
    dearest: dict[int, Release] = {}
    for release in (*_after_events(heeded, ramp), *_after_outages(heeded, ramp, outages), *_price_falls(heeded, ramp)):
        known = dearest.get(release.step)
        if 0 < release.step < heeded.problem.horizon.steps and (
            known is None or release.over_per_kwh > known.over_per_kwh
        ):
            dearest[release.step] = release
    return [dearest[step] for step in sorted(dearest)]


def _after_events(heeded: Heeded, ramp: Ramp) -> Iterator[Release]:
    for one in heeded.asked:
        steps = [piece.step for piece in one.pieces if np.intersect1d(piece.session, ramp.session).size]
        if steps and not one.event.kind.asks_for_more:
            over = inf if one.event.mandatory else heeded.above_money_per_kwh
            last = max(int(step[-1]) for step in steps)
            yield Release(last + 1, f"after event {one.event.event_id}", over)


def _after_outages(heeded: Heeded, ramp: Ramp, outages: Sequence[Outage]) -> Iterator[Release]:
    problem = heeded.problem
    for outage in outages:
        dark = problem.tree.below(problem.tree.index[outage.node])
        if dark[problem.node[ramp.session]].any():
            yield Release(outage.steps(problem).stop, f"after the outage at {outage.node}", inf)


def _price_falls(heeded: Heeded, ramp: Ramp) -> Iterator[Release]:
    """Steps in which the price of any of the sessions falls; events' prices are not prices."""
    plain = heeded.plain
    price = plain.import_price()[np.unique(plain.tariff_of_session()[ramp.session])]
    tie = _BELOW_MONEY * money_of_a_kwh(plain)
    for step in np.flatnonzero((np.diff(price, axis=1) < -tie).any(axis=0)).tolist():
        yield Release(step + 1, "after a fall in price", tie)


def _line(ramp: Ramp, step: int, load_kw: FloatArray, most_kw: FloatArray) -> FloatArray:
    """The limit (T,): from the level before the step up in a straight line, until it holds nobody back."""
    limit_kw = np.full(load_kw.size, inf)
    rising = max(float(load_kw[step - 1]), 0.0) + ramp.kw_per_step * np.arange(1, load_kw.size - step + 1)
    free = np.flatnonzero(rising >= most_kw[step:].max(initial=0.0))
    until = int(free[0]) if free.size else rising.size
    limit_kw[step : step + until] = rising[:until]
    return limit_kw


def _note(problem: Problem, ramp: Ramp, release: Release) -> str:
    return (
        f"{ramp.name}: charging rises by {ramp.kw_per_step:g} kW a step at most from "
        f"{problem.horizon.starts()[release.step]}Z, {release.why}"
    )
