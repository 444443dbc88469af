"""Energy a plan does not serve: who lacks it, why, and which circuit keeps it from them."""

from dataclasses import dataclass

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.reason import UnservedReason
from evenload.schedule.problem import Problem
from evenload.schedule.why.summary import RELATIVE, Outcome


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Energy not served, one row a session and reason; ``node`` is -1 where no circuit is responsible."""

    session: IntArray
    energy_kwh: FloatArray
    node: IntArray

    def reason(self, row: int) -> UnservedReason:
        """Why."""
        return UnservedReason.CIRCUIT_LIMIT if self.node[row] >= 0 else UnservedReason.TOO_SHORT


def shortfalls(outcome: Outcome, scarcity: BoolArray | None = None) -> Shortfalls:
    """Who lacks what, and why: the time is too short where even full power throughout, as far as the battery takes it,
    would not be enough; what else is missing is due to the circuit that ``responsible`` names.
    """
    problem, lack = outcome.problem, outcome.unserved_kwh()
    lacking = np.flatnonzero(lack > 0)
    need, lack = problem.energy_kwh[lacking], lack[lacking]
    too_short = np.clip(need - most_kwh(problem, lacking), 0.0, lack)
    limited = lack - too_short
    short, held = np.flatnonzero(too_short > 0), np.flatnonzero(limited > RELATIVE * np.maximum(need, 1))
    session = np.concatenate([lacking[short], lacking[held]])
    node = np.concatenate([np.full(short.size, -1), responsible(outcome, lacking[held], scarcity)])
    order = np.argsort(session, kind="stable")
    energy_kwh = np.concatenate([too_short[short], limited[held]])
    return Shortfalls(session[order], energy_kwh[order], node[order])


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
