"""Events inside the plan: what each asks becomes caps, limits or prices of the problem, by its place in the order.

    minimum energy > limits of circuits > mandatory event > energy by departure > voluntary event > money

    kind                        mandatory                             voluntary
    pause                       no power but for the minimum          power costs more than any money
    limit                       the circuit's limit is lowered where  going above costs more than any money
                                all below it are asked, else a limit
                                over the members
    increase, preparatory       power up to what is asked earns more than any money, be it mandatory or not: an event
                                that asks for more never takes anybody's energy

What ranks above money and below energy is a price (``event_limits.above_money``). Energy beyond needs comes after all
of it (``event_absorb``). Source: DESIGN section 5; requirements R13, R14, R19, R21, R22, R119.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isnan

import numpy as np

from evenload.base.units import FloatArray, TextArray
from evenload.domain.event import Event, EventKind
from evenload.schedule.events.limits import GroupLimit, above_money, repriced, with_limits
from evenload.schedule.events.members import Asked, OptOuts, Piece, asked_of, settled
from evenload.schedule.problem import Problem
from evenload.schedule.solver.aside import set_aside


@dataclass(frozen=True, slots=True)
class Heeded:
    """A problem with events in it.

    ``problem`` is what is solved and audited; its prices and caps are not those of ``plain``, the problem as it was,
    by which money is counted and plans are explained. Limits across from ``first_limit`` on are those of events.
    ``notes`` say which events ask nobody or gave way.
    """

    plain: Problem
    problem: Problem
    asked: tuple[Asked, ...]
    notes: tuple[str, ...]
    first_limit: int
    above_money_per_kwh: float


def heed(
    problem: Problem,
    events: Sequence[Event],
    group_of_session: TextArray | None = None,
    opt_outs: OptOuts | None = None,
) -> Heeded:
    """Put events into a problem; ``group_of_session`` (S,) is blank for a session of no group.

    Whatever events ask, a plan exists: what cannot be given stays unserved, and says so. Raises ``CircuitError`` for an
    event at a circuit that is not in the grid, ``InputError`` for opt-outs of an event there is not.
    """
    every, notes = asked_of(problem, events, group_of_session, opt_outs or {})
    asked, given_way = settled(every, problem.horizon)
    price = above_money(problem)
    changed, limits = _paused(problem, asked), list[GroupLimit]()
    for one in asked:
        for piece in one.pieces:
            if one.event.kind.asks_for_more:
                changed = repriced(
                    changed, piece.session, piece.step, -price, -price / _least_round_trip(problem, piece)
                )
                limits += _target(one.event, piece, price, problem)
            elif one.event.kind is EventKind.LIMIT:
                if one.event.mandatory and _all_of_circuit(problem, one.event, piece):
                    changed = _lowered(changed, one.event, piece)
                else:
                    over = inf if one.event.mandatory else price
                    limits.append(_over_members(one.event, piece, over, problem))
            elif not one.event.mandatory:
                changed = repriced(changed, piece.session, piece.step, price, -price)
    first = 0 if problem.across is None else problem.across.name.size
    return Heeded(problem, with_limits(changed, limits), tuple(asked), (*notes, *given_way), first, price)


def _paused(problem: Problem, asked: Sequence[Asked]) -> Problem:
    """The problem without power in mandatory pauses, but for the minimum that is given there."""
    pauses = [one for one in asked if one.event.kind is EventKind.PAUSE and one.event.mandatory]
    if not pauses:
        return problem
    cap_kw, minimum_kw = problem.cap_kw.copy(), set_aside(problem).minimum_kw
    for one in pauses:
        slots = one.slots(problem)
        cap_kw[slots] = np.minimum(cap_kw[slots], minimum_kw[slots])
    return replace(problem, cap_kw=cap_kw)


def _all_of_circuit(problem: Problem, event: Event, piece: Piece) -> bool:
    """Whether a piece holds every session at or below the event's circuit that is plugged in at the time, and the
    circuit could carry the event's power as a limit of its own: not where generation there is more than that.
    """
    if (problem.base_load_kw[_node(problem, event), piece.step] + event.power_kw < 0).any():
        return False
    under = problem.tree.below(_node(problem, event))[problem.node]
    ends = problem.first_step + np.diff(problem.offset)
    under &= (problem.first_step <= piece.step[-1]) & (ends > piece.step[0])
    under[piece.session] = False
    return not under.any()


def _node(problem: Problem, event: Event) -> int:
    return problem.tree.index[event.node] if event.node else 0


def _lowered(problem: Problem, event: Event, piece: Piece) -> Problem:
    """The problem with the circuit's limit at base load and the event's power; the limit it had is for the minimum."""
    shape = problem.base_load_kw.shape
    had_kw = np.broadcast_to(problem.limit_kw, shape)
    emergency_kw = had_kw if problem.emergency_limit_kw is None else np.broadcast_to(problem.emergency_limit_kw, shape)
    node, limit_kw = _node(problem, event), had_kw.copy()
    asked_kw = problem.base_load_kw[node, piece.step] + event.power_kw
    limit_kw[node, piece.step] = np.minimum(limit_kw[node, piece.step], asked_kw)
    return replace(problem, limit_kw=limit_kw, emergency_limit_kw=emergency_kw)


def _over_members(event: Event, piece: Piece, over_per_kwh: float, problem: Problem) -> GroupLimit:
    limit_kw = _in_steps(problem, piece, event.power_kw)
    return GroupLimit(f"event {event.event_id}", piece.session, limit_kw, over_per_kwh)


def _target(event: Event, piece: Piece, price: float, problem: Problem) -> list[GroupLimit]:
    """Above the power asked for, an event for more earns nothing more."""
    if isnan(event.power_kw):
        return []
    return [_over_members(event, piece, price, problem)]


def _least_round_trip(problem: Problem, piece: Piece) -> float:
    """The worst of the members' batteries: giving back must lose what charging it again earns, or they would cycle."""
    if problem.batteries is None:
        return 1.0
    giving = problem.batteries.discharge_kw_max[piece.session] > 0
    return float(problem.batteries.round_trip[piece.session][giving].min(initial=1.0))


def _in_steps(problem: Problem, piece: Piece, power_kw: float) -> FloatArray:
    limit_kw = np.full(problem.horizon.steps, inf)
    limit_kw[piece.step] = power_kw
    return limit_kw
