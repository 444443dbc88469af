"""Energy a plan does not serve: who lacks it, why, and which circuit keeps it from them."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.devices.levels import levels_of
from evenload.schedule.paths import heaviest
from evenload.schedule.problem import Problem
from evenload.schedule.why.summary import RELATIVE, Outcome


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Energy not served, one row a session and reason; ``node`` is -1 where no circuit is responsible. ``coarse``: the
    circuit has room, of which its device could not be told to take more.
    """

    session: IntArray
    energy_kwh: FloatArray
    node: IntArray
    coarse: BoolArray

    def reason(self, row: int) -> UnservedReason:
        """Why."""
        if self.coarse[row]:
            return UnservedReason.TOO_COARSE
        return UnservedReason.CIRCUIT_LIMIT if self.node[row] >= 0 else UnservedReason.TOO_SHORT


def shortfalls(outcome: Outcome, scarcity: BoolArray | None = None) -> Shortfalls:
    """Who lacks what, and why: the time is too short where even full power throughout, as far as the battery takes it,
    would not be enough; what else is missing is due to the circuit that ``responsible`` names.
    """
    problem, lack = outcome.problem, outcome.unserved_kwh()
    lacking = np.flatnonzero(lack > 0)
    need, lack = problem.energy_kwh[lacking], lack[lacking]
    too_short = np.clip(need - most_kwh(problem, lacking), 0.0, lack)
    too_coarse = np.clip(untaken_kwh(outcome, lacking), 0.0, lack - too_short)
    held = lack - too_short - too_coarse
    noticed = RELATIVE * np.maximum(need, 1)
    parts = [np.flatnonzero(too_short > 0), *(np.flatnonzero(kwh > noticed) for kwh in (too_coarse, held))]
    session, kwh = np.concatenate([lacking[part] for part in parts]), (too_short, too_coarse, held)
    node = responsible(outcome, session[parts[0].size :], scarcity)
    node = np.concatenate([np.full(parts[0].size, -1), node])
    coarse = np.repeat([False, True, False], [part.size for part in parts])
    energy_kwh = np.concatenate([of[part] for of, part in zip(kwh, parts, strict=True)])
    order = np.argsort(session, kind="stable")
    return Shortfalls(session[order], energy_kwh[order], node[order], coarse[order])


def untaken_kwh(outcome: Outcome, sessions: IntArray) -> FloatArray:
    """Energy that room on the way of each session would hold beside everything else, and that it does not take since
    its device is not told any power between; 0 for devices that can be. Shape of sessions.
    """
    problem, found = outcome.problem, np.zeros(sessions.size)
    coarse = np.flatnonzero(levels_of(problem).coarse()[sessions])
    if not coarse.size:
        return found
    left_kw = np.maximum(problem.limit_kw - outcome.load_kw, 0.0)
    room_kw = -heaviest(problem.tree, -left_kw)[1]
    slots, which = problem.slots_of(sessions[coarse])
    room = np.minimum(room_kw[problem.node[sessions[coarse]][which], problem.slot_steps()[slots]],
                      problem.cap_kw[slots] - outcome.power_kw[slots])  # fmt: skip
    found[coarse] = np.bincount(which, weights=np.maximum(room, 0.0), minlength=coarse.size)
    return found * problem.horizon.hours_per_step


def most_kwh(problem: Problem, sessions: IntArray) -> FloatArray:
    """Level that full power throughout the window would reach, as far as the battery takes it; shape of sessions."""
    lengths = np.diff(problem.offset)[sessions]
    level, batteries = np.zeros(sessions.size), problem.batteries
    for k in range(int(lengths.max(initial=0))):
        on = lengths > k
        kw = np.zeros(sessions.size)
        kw[on] = problem.cap_kw[problem.offset[sessions[on]] + k]
        if batteries is not None:
            kw = np.minimum(kw, batteries.taper(problem.power_kw_max[sessions], level, sessions))
        level += kw * problem.horizon.hours_per_step
    return level


def responsible(outcome: Outcome, sessions: IntArray, scarcity: BoolArray | None = None) -> IntArray:
    """The circuit on each session's path that keeps energy from it longest in its window, the lowest of equals.

    Steps count in which one kW more there would serve one more kW (``scarcity``, (N, T)), and between circuits equal in
    that, or where it is not known, steps at the limit.
    """
    problem, steps = outcome.problem, outcome.problem.horizon.steps
    first = problem.first_step[sessions]
    last = first + np.diff(problem.offset)[sessions]
    weight = outcome.at_limit.astype(np.int64)
    if scarcity is not None:
        weight += scarcity * (steps + 1)
    so_far = np.pad(np.cumsum(weight, axis=1), ((0, 0), (1, 0)))
    here = problem.node[sessions]
    chosen, heaviest = here.copy(), np.full(sessions.size, -1)
    while (here >= 0).any():
        held = np.where(here >= 0, so_far[here, last] - so_far[here, first], -1)
        chosen, heaviest = np.where(held > heaviest, here, chosen), np.maximum(held, heaviest)
        here = np.where(here >= 0, problem.tree.parent[here], -1)
    return chosen
