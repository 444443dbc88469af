"""Whom events ask, and when: sessions and steps of a problem, opposite wishes settled."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.horizon import Horizon
from evenload.base.instants import to_datetime64
from evenload.base.units import BoolArray, IntArray, TextArray
from evenload.domain.event import Event
from evenload.schedule.problem import Problem

OptOuts = Mapping[str, Collection[str]]
"""Session ids of the drivers who opted out of an event, by its id."""


class Piece(NamedTuple):
    """Sessions (sorted indices) that an event asks in all of these steps (sorted)."""

    session: IntArray
    step: IntArray


@dataclass(frozen=True, slots=True)
class Asked:
    """An event as far as it holds in a problem. Pieces share no step; ``opted_out`` drivers are in none of them."""

    event: Event
    pieces: tuple[Piece, ...]
    opted_out: int

    def slots(self, problem: Problem) -> IntArray:
        """Slots of the problem in which it holds, sorted."""
        holds = np.zeros(problem.horizon.steps, dtype=np.bool_)
        found: list[IntArray] = []
        for session, step in self.pieces:
            holds[:] = False
            holds[step] = True
            theirs, _ = problem.slots_of(session)
            found.append(theirs[holds[steps_of(problem, session)]])
        return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *found]))


def steps_of(problem: Problem, session: IntArray) -> IntArray:
    """Steps of the slots of some sessions, one session after the other."""
    slots, row = problem.slots_of(session)
    return slots - (problem.offset[session] - problem.first_step[session])[row]


def asked_of(
    problem: Problem, events: Sequence[Event], group_of_session: TextArray | None, opt_outs: OptOuts
) -> tuple[list[Asked], list[str]]:
    """Each event with the sessions it asks, and notes on those that ask nobody.

    A step an event touches is its own as a whole. Drivers who opted out of it, or of managed charging, are not asked.
    ``CircuitError`` for a circuit that is not in the grid, ``InputError`` for opt-outs of an event there is not.
    """
    _refuse_unknown(events, opt_outs)
    asked, notes = [], []
    for event in events:
        step = _steps(event, problem.horizon)
        who = f"event {event.event_id!r}"
        theirs = addressed(problem, who, event.node, event.group, group_of_session) & _plugged_in(problem, step)
        out = theirs & (problem.opted_out | np.isin(problem.session_id, list(opt_outs.get(event.event_id, ()))))
        members = np.flatnonzero(theirs & ~out)
        if members.size:
            asked.append(Asked(event, (Piece(members, step),), int(out.sum())))
        else:
            notes.append(f"event {event.event_id} asks nobody: {_why_nobody(event, step, out)}")
    return asked, notes


def addressed(problem: Problem, who: str, node: str, group: str, group_of_session: TextArray | None) -> BoolArray:
    """Sessions at or below a circuit and of a group, where these are not blank, shape (S,).

    ``CircuitError``, led by ``who``, for a circuit that is not in the grid.
    """
    theirs = np.ones(problem.sessions, dtype=np.bool_)
    if node:
        if node not in problem.tree.index:
            near = did_you_mean(node, problem.tree.index)
            raise CircuitError(f"{who} is for node {node!r}, which is not in the grid.{near}")
        theirs &= problem.tree.below(problem.tree.index[node])[problem.node]
    if group:
        theirs &= False if group_of_session is None else group_of_session == group
    return theirs


def settled(asked: Sequence[Asked], horizon: Horizon) -> tuple[list[Asked], list[str]]:
    """Events without opposite wishes: whoever is asked for less and for more in a step heeds the one that ranks first.

    Mandatory ranks before voluntary, then what was notified later, then the one for less. Events of one direction all
    hold. Notes say who gave way.
    """
    held: list[Asked] = []
    notes: list[str] = []
    kept: dict[int, Asked] = {}
    for place, one in _by_rank(asked):
        pieces = one.pieces
        for other in held:
            if other.event.kind.asks_for_more != one.event.kind.asks_for_more:
                left, lost = _without(pieces, other.pieces)
                if lost:
                    notes.append(_gave_way(one.event, other.event, lost, horizon))
                pieces = left
        kept[place] = replace(one, pieces=pieces)
        held.append(kept[place])
    return [kept[place] for place in range(len(asked)) if kept[place].pieces], notes


def _refuse_unknown(events: Sequence[Event], opt_outs: OptOuts) -> None:
    known = {event.event_id for event in events}
    for name in opt_outs:
        if name not in known:
            raise InputError(f"opt-outs of event {name!r}, which is not among the events.{did_you_mean(name, known)}")


def _steps(event: Event, horizon: Horizon) -> IntArray:
    """Steps an event touches."""
    span = event.asks_between(horizon.start)
    if span is None:
        return np.zeros(0, dtype=np.int64)
    first, last = horizon.position(np.array([to_datetime64(instant) for instant in span])).tolist()
    return np.arange(int(np.floor(first)), min(int(np.ceil(last)), horizon.steps))


def _plugged_in(problem: Problem, step: IntArray) -> BoolArray:
    """Sessions with a slot in any of consecutive steps."""
    if not step.size:
        return np.zeros(problem.sessions, dtype=np.bool_)
    ends = problem.first_step + np.diff(problem.offset)
    return np.asarray((problem.first_step <= step[-1]) & (ends > step[0]))


def _why_nobody(event: Event, step: IntArray, out: BoolArray) -> str:
    if not step.size:
        cancelled = event.cancelled_at is not None and event.cancelled_at <= event.start
        return "it was called off before it began" if cancelled else "it is outside the horizon"
    if out.any():
        return f"all {int(out.sum()):,} drivers opted out"
    return "no session of its circuit and group is plugged in then"


def _by_rank(asked: Sequence[Asked]) -> list[tuple[int, Asked]]:
    """Events with their places, first those that hold where others cannot."""
    ranked: list[tuple[int, Asked]] = []
    for place, one in enumerate(asked):
        ahead = sum(not one.event.ranks_before(other.event) for _, other in ranked)
        ranked.insert(ahead, (place, one))
    return ranked


def _without(pieces: Sequence[Piece], others: Sequence[Piece]) -> tuple[tuple[Piece, ...], list[Piece]]:
    """Pieces less what others hold, and what was lost."""
    left, lost = list(pieces), []
    for other in others:
        uncut, left = left, []
        for piece in uncut:
            session, step = np.intersect1d(piece.session, other.session), np.intersect1d(piece.step, other.step)
            if session.size and step.size:
                lost.append(Piece(session, step))
                rest = Piece(np.setdiff1d(piece.session, session), step)
                left += [part for part in (Piece(piece.session, np.setdiff1d(piece.step, step)), rest) if _holds(part)]
            else:
                left.append(piece)
    return tuple(left), lost


def _holds(piece: Piece) -> bool:
    return bool(piece.session.size and piece.step.size)


def _gave_way(loser: Event, winner: Event, lost: Sequence[Piece], horizon: Horizon) -> str:
    count = np.unique(np.concatenate([piece.session for piece in lost])).size
    first, last = min(int(piece.step[0]) for piece in lost), max(int(piece.step[-1]) for piece in lost)
    starts = np.append(horizon.starts(), to_datetime64(horizon.end))
    return (
        f"events {winner.event_id} and {loser.event_id} ask opposite things of {count:,} "
        f"session{'s' * (count != 1)} between {starts[first]}Z and {starts[last + 1]}Z: {winner.event_id} holds, "
        f"{_why_first(winner, loser)}"
    )


def _why_first(winner: Event, loser: Event) -> str:
    if winner.mandatory != loser.mandatory:
        return "being mandatory"
    if winner.notified_at != loser.notified_at:
        return "being the later one"
    return "being the one for less" if winner.kind.asks_for_more != loser.kind.asks_for_more else "by its name"
