"""What is given before anything is planned: full power to cars that have opted out, then minimum energy at once."""

from dataclasses import dataclass, replace

import numpy as np

from evenload.base.units import FloatArray
from evenload.schedule.problem import Problem
from evenload.schedule.solver.minimum import give_minimum, rest_of


@dataclass(frozen=True, slots=True)
class Aside:
    """Power already decided (K,), the minimum's part of it (K,), and the problem that is left, for which all of it is
    base load.
    """

    given_kw: FloatArray
    minimum_kw: FloatArray
    rest: Problem


def set_aside(problem: Problem) -> Aside:
    """Split a problem into what is given at once and what is left to plan."""
    if not problem.opted_out.any() and (problem.minimum_kwh is None or not problem.minimum_kwh.any()):
        nothing = np.zeros(problem.cap_kw.size)
        return Aside(nothing, nothing, problem)
    at_once, left = np.zeros(problem.cap_kw.size), problem
    if problem.opted_out.any():
        at_once = _opted_out_kw(problem)
        left = _without(problem, at_once)
    minimum = give_minimum(left)
    rest = _kept(rest_of(left, minimum), minimum.power_kw)
    return Aside(at_once + minimum.power_kw, minimum.power_kw, rest)


def _opted_out_kw(problem: Problem) -> FloatArray:
    """Full power from plug-in until the need is met, for those that have opted out; limits do not hold it back."""
    whole = np.where(problem.opted_out, problem.energy_kwh, 0.0)
    unlimited = np.full((len(problem.tree), 1), np.inf)
    free = replace(problem, minimum_kwh=whole, limit_kw=unlimited, emergency_limit_kw=None, across=None)
    return give_minimum(free).power_kw


def _kept(rest: Problem, minimum_kw: FloatArray) -> Problem:
    """The rest without slots in which a battery that gives back gets its minimum: there it must not give any back."""
    if rest.batteries is None or not minimum_kw.any():
        return rest
    gives = (rest.batteries.discharge_kw_max > 0)[rest.slot_sessions()]
    return replace(rest, cap_kw=np.where(gives & (minimum_kw > 0), 0.0, rest.cap_kw))


def _without(problem: Problem, power_kw: FloatArray) -> Problem:
    """The problem of the others."""
    out, minimum = problem.opted_out, problem.minimum_kwh
    return replace(
        problem,
        base_load_kw=problem.base_load_kw + problem.ev_load_kw(power_kw),
        across=problem.across_beside(power_kw),
        cap_kw=np.where(out[problem.slot_sessions()], 0.0, problem.cap_kw),
        energy_kwh=np.where(out, 0.0, problem.energy_kwh),
        minimum_kwh=None if minimum is None else np.where(out, 0.0, minimum),
        opted_out=np.zeros_like(out),
    )
