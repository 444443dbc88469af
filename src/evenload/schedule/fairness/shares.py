"""Fairness where energy is scarce: nobody lacks a larger share of the need than those who could spare some of it.

What sessions can be served is a flow from sessions through their slots and the circuits of each step to the grid, so
the vectors of energy served form a polymatroid (Megiddo 1974). Two things follow. The fair vector serves as much in
total as any: fairness costs no energy. And any plan that serves the most becomes fair by exchanges alone (Fujishige
1980): all who share full circuits are given the same level; where some want more than exchanges can bring them, those
within their reach are a group of their own with a higher level, the others one with a lower; and so on.

The level is the share of the need left unserved, times the weight. Priority comes first: a rank gives up nothing to a
lower one while it is short, and is levelled in itself. Source: DESIGN section 5; requirements R30, R40, R43.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.errors import ColumnsError, InputError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.fairness.across import below_circuits, left_kw, limits_as_tree, under_limits
from evenload.schedule.fairness.levels import LEAST_KW, Claims, Levelled, level_by_rank
from evenload.schedule.fairness.promises import at_limits, broken_slots, may_break
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across
from evenload.schedule.solver.aside import set_aside
from evenload.schedule.solver.optimum import Solution
from evenload.schedule.solver.setup import setup_of

_GAP: Final = 1e-3
_ROUNDS: Final = 8
_SHORT_KWH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class FairNeeds:
    """What each session is to be served, and a plan inside all limits that serves it.

    Sessions of a ``group`` were levelled with each other: each lacks ``level`` of its need over its weight, or all that
    is not minimum energy. ``circuit`` is the one that is full in most of the steps they share. ``unproved`` says in
    sentences why a fairer plan may exist; with none of them it does not.
    """

    needs_kwh: FloatArray  # (S,)
    power_kw: FloatArray  # (K,)
    group: IntArray  # (S,) index of a group, -1 = with nobody
    level: FloatArray  # (G,) unserved share of the need times weight
    circuit: IntArray  # (G,) index into the tree, -1 = it is a limit across the tree
    short_kwh: FloatArray  # (S,) what each needs more
    unproved: tuple[str, ...] = ()


def fair_needs(problem: Problem, solution: Solution, weight: FloatArray | None = None) -> FairNeeds:
    """What each session is served when the shortage of ``solution`` is shared as fairly as circuits allow.

    In total no less is served. Of the weighted unserved shares (``weight`` (S,) above 0, 1 where None) the worst is as
    small as can be, then the next, inside each rank of ``Devices.priority``; higher ranks come first. Minimum energy
    and opted-out cars keep what they have. Raises ``ColumnsError`` or ``InputError`` for weights that cannot be.
    """
    chosen = _checked(problem, weight)
    if not (solution.unserved_kwh > _SHORT_KWH).any():
        served, nobody = problem.energy_kwh - _unserved_kwh(problem, solution), np.full(problem.sessions, -1)
        none = np.zeros(problem.sessions)
        return FairNeeds(served, solution.plan.power_kw, nobody, np.zeros(0), np.zeros(0, dtype=np.int64), none)
    sharing = _Sharing(problem, solution, chosen)
    sharing.share(sharing.rest, at_limits(problem, solution.plan.power_kw, LEAST_KW))
    if problem.across is not None and under_limits(problem).size:
        sharing.share_limits(problem.across)
    return sharing.needs()


def _checked(problem: Problem, weight: FloatArray | None) -> FloatArray:
    if weight is None:
        return np.ones(problem.sessions)
    if weight.shape != (problem.sessions,):
        raise ColumnsError(f"weights have shape {weight.shape}, expected {(problem.sessions,)}")
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))
    if bad.size:
        who = str(problem.session_id[bad[0]])
        raise InputError(f"session {who!r}, weight = {weight[bad[0]]}: give a number above 0; 1 is usual")
    return weight


class _Sharing:
    """One solution's shortage, shared anew: first under circuits, then under limits across the tree."""

    def __init__(self, problem: Problem, solution: Solution, weight: FloatArray) -> None:
        self.problem, self.solution = problem, solution
        self.aside = set_aside(problem)
        self.rest, hours = self.aside.rest, problem.horizon.hours_per_step
        self.power_kw = solution.plan.power_kw - self.aside.given_kw
        self.fixed = _giving(problem, self.power_kw) | (self.rest.energy_kwh <= 0)
        need, devices = np.where(self.fixed, 0.0, self.rest.energy_kwh / hours), problem.devices
        size = np.maximum(problem.energy_kwh / weight / hours, LEAST_KW)
        rank = np.zeros(problem.sessions, dtype=np.int64) if devices is None else devices.priority
        self.claims = Claims(need, size, rank)
        self.lack = np.clip(solution.unserved_kwh / hours, 0.0, need)
        self.found = Levelled(self.lack, np.full(problem.sessions, -1))
        self.held_back = False

    def share(self, network: Problem, held: BoolArray) -> None:
        """Share under the circuits of ``network``; slots (K,) that are ``held`` take no more than before.

        Where a promise that it does not know of would be broken, more are held, and sharing begins anew.
        """
        for round_ in range(_ROUNDS + 1):
            found, power = self._levelled(network, held)
            broken = broken_slots(self.problem, self.rest, power, self.aside.given_kw) & ~held
            if not broken.any():
                break
            self.held_back = True
            held = held | broken | (may_break(self.problem) if round_ + 1 == _ROUNDS else False)
        self.power_kw, self.found = power, found

    def share_limits(self, across: Across) -> None:
        """Share under limits across the tree where no circuit is full."""
        full, groups = left_kw(self.rest, self.power_kw) <= LEAST_KW, len(self.found.level)
        limits = limits_as_tree(self.rest, across, self.power_kw, self.aside.given_kw)
        self.share(limits, below_circuits(self.rest, full))
        self.found.circuit[groups:] = [-1] * (len(self.found.level) - groups)

    def _levelled(self, network: Problem, held: BoolArray) -> tuple[Levelled, FloatArray]:
        """Who lacks what, and all powers (K,)."""
        setup = setup_of(replace(network, terms=None, across=None), _GAP)
        order = setup.order
        cap_kw = np.where(held, self.power_kw, network.cap_kw)
        fleet = setup.fleet._replace(
            battery=np.where(self.fixed, 0, -1)[order],
            cap_kw=np.maximum(cap_kw, self.power_kw)[setup.slot],
            power_kw=self.power_kw[setup.slot],
        )
        net = setup.limits._replace(flow_kw=network.ev_load_kw(self.power_kw))
        ordered = level_by_rank(fleet, net, self.claims.take(order), self.found.take(order))
        power = np.empty_like(self.power_kw)
        power[setup.slot] = fleet.power_kw
        return ordered.back(order), power

    def needs(self) -> FairNeeds:
        """What came of it."""
        unserved, hours = _unserved_kwh(self.problem, self.solution), self.problem.horizon.hours_per_step
        unserved = np.where(self.fixed, unserved, self.found.lack * hours)
        return FairNeeds(
            self.problem.energy_kwh - unserved, self.power_kw + self.aside.given_kw, self.found.group,
            np.array(self.found.level), np.array(self.found.circuit, dtype=np.int64), np.maximum(unserved, 0.0),
            self._unproved(),
        )  # fmt: skip

    def _unproved(self) -> tuple[str, ...]:
        giving = int((self.fixed & ~self.problem.opted_out & (self.rest.energy_kwh > 0)).sum())
        bound = np.isin(np.flatnonzero(self.lack > LEAST_KW), under_limits(self.problem)).any()
        reasons = {
            "the plan may not serve the most energy there is": not self.solution.certificate.unserved_is_least,
            f"what {giving:,} sessions that give back receive was not shared": giving > 0,
            "some of those short are under limits across circuits, where sharing is not exact": bound,
            "a taper or a limit stood in the way of sharing evenly": self.held_back,
        }
        return tuple(reason for reason, holds in reasons.items() if holds)


def _giving(problem: Problem, power_kw: FloatArray) -> BoolArray:
    """Sessions that keep their powers (K,): opted out, or a battery that gives something back."""
    fixed = problem.opted_out.copy()
    fixed[problem.slot_sessions()[power_kw < 0]] = True
    return fixed


def _unserved_kwh(problem: Problem, solution: Solution) -> FloatArray:
    """What a plan leaves unserved, (S,); of opted-out cars what full power does not bring them."""
    lack = np.maximum(problem.energy_kwh - problem.delivered_kwh(solution.plan.power_kw), 0.0)
    return np.where(problem.opted_out, lack, solution.unserved_kwh)
