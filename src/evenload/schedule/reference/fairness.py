"""What ``schedule.fairness`` computes, said plainly: linear programs one after another, solved by HiGHS.

The largest weighted unserved share is made as small as it can be; whoever cannot have less than that is fixed there;
the others go on. For charging without taper, giving back and limits across the tree.
"""

from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs_program import Program
from evenload.schedule.solver.aside import set_aside

_FIXED: Final = 1e-6
"""Who cannot have less than the level by more than this share of it is at the bottleneck."""

_SLACK: Final = 1e-7


def fair_unserved(problem: Problem, weight: FloatArray | None = None) -> FloatArray:
    """Energy each session is left without, kWh, shape (S,): as little as possible together, shared as fairly as can be.

    Raises ``MissingRequirementError`` without HiGHS.
    """
    return _Sequence(problem, np.ones(problem.sessions) if weight is None else weight).unserved()


class _Sequence:
    """The programs: columns are what each session lacks, between a least and a most that close in on the answer."""

    def __init__(self, problem: Problem, weight: FloatArray) -> None:
        aside = set_aside(problem)
        self.rest, self.weight = aside.rest, weight
        self.need, self.whole = aside.rest.energy_kwh, problem.energy_kwh
        self.opted_out_kwh = np.where(
            problem.opted_out, np.maximum(problem.energy_kwh - problem.delivered_kwh(aside.given_kw), 0.0), 0.0
        )
        devices = problem.devices
        self.rank = np.zeros(problem.sessions, dtype=np.int64) if devices is None else devices.priority
        self.most_of_rank = list[tuple[FloatArray, float]]()  # sessions, and what they may lack together

    def unserved(self) -> FloatArray:
        """As little as possible, from the highest rank down, then each rank made fair."""
        everybody = np.ones(self.need.size)
        self.most_of_rank.append((everybody, self._least(everybody, {})))
        ranks = np.unique(self.rank)[::-1].tolist()
        for rank in ranks:
            here = (self.rank == rank).astype(np.float64)
            self.most_of_rank.append((here, self._least(here, {})))
        fixed = dict[int, float]()
        for rank in ranks:
            self._make_fair(set(np.flatnonzero((self.rank == rank) & (self.need > 0)).tolist()), fixed)
        lack = np.zeros(self.need.size)
        lack[list(fixed)] = list(fixed.values())
        return lack + self.opted_out_kwh

    def _make_fair(self, rising: set[int], fixed: dict[int, float]) -> None:
        """Fix the sessions of one rank, those that lack most first."""
        size = self.whole / self.weight
        while rising:
            level = self._least_level(rising, fixed)
            most = {i: level * size[i] for i in rising}
            lowest = {i: self._least(np.eye(self.need.size)[i], fixed, most) for i in sorted(rising)}
            stuck = {i for i in rising if lowest[i] >= most[i] - _FIXED * (size[i] + 1)}
            if level * size[sorted(rising)].max() <= _FIXED:
                stuck = rising
            fixed |= {i: min(most[i], self.need[i]) for i in stuck}
            rising = rising - stuck

    def _least_level(self, rising: set[int], fixed: dict[int, float]) -> float:
        program, lack = self._program(fixed, {})
        level = program.columns(0.0, np.inf, cost=1.0)
        for i in rising:
            program.row((lack[i], 1.0), (level[0], -self.whole[i] / self.weight[i]), most=0.0)
        return float(program.least_cost()[level[0]])

    def _least(self, cost: FloatArray, fixed: dict[int, float], most: dict[int, float] | None = None) -> float:
        """The least ``cost`` of what sessions lack."""
        program, lack = self._program(fixed, most or {})
        weights = np.zeros(program.count)
        weights[lack] = cost
        return float(weights @ program.least(weights))

    def _program(self, fixed: dict[int, float], most: dict[int, float]) -> tuple[Program, IntArray]:
        """Powers inside caps and limits, what is lacking inside what is known of it."""
        rest, program = self.rest, Program()
        hours, session, step = rest.horizon.hours_per_step, rest.slot_sessions(), rest.slot_steps()
        power = program.columns(0.0, rest.cap_kw)
        highest = self.need.copy()
        for i, kwh in (fixed | most).items():
            highest[i] = min(kwh + _SLACK, self.need[i])
        lack = program.columns(0.0, highest)
        for i in range(rest.sessions):
            slots = power[rest.offset[i] : rest.offset[i + 1]]
            program.row((lack[i], 1.0), (slots, hours), least=self.need[i], most=self.need[i])
        head = np.maximum(rest.limit_kw - rest.base_load_kw, 0.0)
        for n, t in np.argwhere(np.isfinite(head)):
            under = np.array([n in rest.tree.path(int(node)) for node in rest.node], dtype=np.bool_)
            slots = np.flatnonzero(under[session] & (step == t))
            program.row((power[slots], 1.0), most=float(head[n, t]))
        for who, kwh in self.most_of_rank:
            program.row((lack, who), most=kwh + _SLACK)
        return program, lack
