"""What came of events: what each asked, and what a plan or a measurement gives of it, against charging without it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evenload.base.errors import ColumnsError
from evenload.base.units import FloatArray, IntArray
from evenload.domain.event import EventKind
from evenload.schedule.events.heed import Heeded
from evenload.schedule.events.members import Asked, steps_of
from evenload.schedule.problem import Problem


@dataclass(frozen=True, slots=True)
class Delivered:
    """One event, in the steps it holds (q,). Changes are kW in the direction it asks for: less, or more, charging.

    ``baseline_kw`` and ``power_kw`` are of its members together, without and with it; ``requested_kw`` is the change it
    asks for, ``delivered_kw`` the change there is (negative where the opposite happened). ``members`` counts sessions
    that heed it in any step, ``opted_out`` those that do not want to.
    """

    event_id: str
    kind: EventKind
    step: IntArray
    baseline_kw: FloatArray
    requested_kw: FloatArray
    power_kw: FloatArray
    delivered_kw: FloatArray
    members: int
    opted_out: int


def delivered(heeded: Heeded, power_kw: FloatArray, baseline_kw: FloatArray) -> tuple[Delivered, ...]:
    """Compare powers (K,) with those of charging without the events (K,), event by event.

    With a plan's powers it is the forecast of a response, with measured ones the response. Raises ``ColumnsError`` for
    powers of another shape.
    """
    for kw in (power_kw, baseline_kw):
        if kw.shape != heeded.plain.cap_kw.shape:
            raise ColumnsError(f"a plan of {heeded.plain.cap_kw.shape[0]} slots has powers of shape {kw.shape}")
    return tuple(_delivered(heeded.plain, one, power_kw, baseline_kw) for one in heeded.asked)


def _delivered(problem: Problem, one: Asked, power_kw: FloatArray, baseline_kw: FloatArray) -> Delivered:
    step = np.sort(np.concatenate([piece.step for piece in one.pieces]))
    without, there = _members_kw(problem, one, baseline_kw)[step], _members_kw(problem, one, power_kw)[step]
    most = _members_kw(problem, one, problem.cap_kw)[step]
    wanted = _wanted_kw(one, most)
    sign = 1.0 if one.event.kind.asks_for_more else -1.0
    members = np.unique(np.concatenate([piece.session for piece in one.pieces])).size
    return Delivered(
        one.event.event_id, one.event.kind, step, without, np.maximum(sign * (wanted - without), 0.0), there,
        sign * (there - without), members, one.opted_out,
    )  # fmt: skip


def _wanted_kw(one: Asked, most_kw: FloatArray) -> FloatArray:
    """The power an event would have its members at; where it says none, nothing for less and all for more."""
    if one.event.kind is EventKind.PAUSE:
        return np.zeros(most_kw.size)
    return np.minimum(np.nan_to_num(one.event.power_kw, nan=np.inf), most_kw)


def _members_kw(problem: Problem, one: Asked, power_kw: FloatArray) -> FloatArray:
    """Power of the members together in every step of the horizon, 0 in steps in which the event does not hold."""
    total = np.zeros(problem.horizon.steps)
    for session, step in one.pieces:
        slots, steps = problem.slots_of(session)[0], steps_of(problem, session)
        load = np.bincount(steps, weights=power_kw[slots], minlength=total.size)
        total[step] = load[step]
    return total


def event_of_slot(heeded: Heeded, for_more: bool) -> IntArray:
    """Index in ``heeded.asked`` of the event that asks less, or more, of each slot (K,): the first by rank, -1 none."""
    chosen = np.full(heeded.plain.cap_kw.size, -1)
    for place, slots in _in_rank(heeded, for_more):
        free = slots[chosen[slots] < 0]
        chosen[free] = place
    return chosen


def _in_rank(heeded: Heeded, for_more: bool) -> Iterator[tuple[int, IntArray]]:
    asked = [(place, one) for place, one in enumerate(heeded.asked) if one.event.kind.asks_for_more == for_more]
    for place, one in sorted(asked, key=lambda each: not each[1].event.mandatory):
        yield place, one.slots(heeded.plain)
