"""Planning one branch of the tree again: what changes at one car is settled below one feeder, in milliseconds.

Everybody outside the branch keeps their power. What they leave of the limits above is the branch's own limit, and what
those limits charge by their tolls is added to its prices, so that the branch takes scarce room no cheaper than others.
Of limits across the tree the branch gets what others leave. The whole tree is planned again on the next tick.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.plan import Plan
from evenload.schedule.changes import take
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.solver.optimum import Settings, Solution, solve
from evenload.schedule.solver.warmth import carried_kw, find


@dataclass(frozen=True, slots=True)
class Replanned:
    """A plan of the whole problem of which one branch is new. ``branch`` is the solution of that branch alone: its
    certificate holds for everybody else's power as it is, its ``previous`` for the next change there.
    """

    plan: Plan
    branch: Solution


def replan_branch(
    problem: Problem,
    standing: Plan,
    shadow_price: FloatArray,
    node: str,
    settings: Settings | None = None,
    previous: Solution | None = None,
) -> Replanned:
    """Plan what is below ``node`` again, everybody else's power standing.

    ``problem`` holds the change already (``changes``); ``standing`` is the last plan, on the same horizon, and
    ``shadow_price`` (N, T) that of its solution; ``previous`` is the last solution of this branch, if there is one.
    Sessions that are not in ``standing`` and not below ``node`` stay without power. A car that opts out is not held
    back by limits above, and nobody outside makes room for it until the whole tree is planned again. Raises as
    ``optimum.solve`` does.
    """
    top = int(problem.tree.find([node])[0])
    below = np.flatnonzero(problem.tree.below(top))
    inside = np.isin(problem.node, below)
    slots_inside = np.repeat(inside, np.diff(problem.offset))
    power_kw = carried_kw(problem, standing, standing.power_kw, find(problem.session_id, standing.session_id))
    power_kw[slots_inside] = 0.0
    beside = replace(problem, across=problem.across_beside(power_kw))
    part = _part(beside, np.flatnonzero(inside), below, _above(problem, power_kw, shadow_price, top))
    solution = solve(part, settings, previous)
    power_kw[slots_inside] = solution.plan.power_kw
    plan = Plan(problem.horizon, problem.session_id, problem.first_step, problem.offset, power_kw)
    return Replanned(plan, solution)


class _Left(NamedTuple):
    """What others leave above a branch (T,), kW: of limits and of export limits; and what limits above charge a kWh."""

    room_kw: FloatArray
    give_kw: FloatArray
    toll: FloatArray


def _above(problem: Problem, others_kw: FloatArray, shadow_price: FloatArray, top: int) -> _Left:
    load = problem.base_load_kw + problem.ev_load_kw(others_kw)
    above = list(problem.tree.path(top)[1:])
    steps = problem.horizon.steps
    if not above:
        endless = np.full(steps, np.inf)
        return _Left(endless, endless, np.zeros(steps))
    limit = np.broadcast_to(problem.limit_kw, load.shape)[above]
    export = problem.export_limit_kw
    lowest = np.zeros(load.shape) if export is None else np.broadcast_to(export, load.shape)
    return _Left(
        np.maximum(limit - load[above], 0.0).min(axis=0),
        np.maximum(load[above] + lowest[above], 0.0).min(axis=0),
        shadow_price[above].sum(axis=0) / problem.horizon.hours_per_step,
    )


def _part(problem: Problem, sessions: IntArray, nodes: IntArray, left: _Left) -> Problem:
    """The problem of some sessions on some nodes, the first of which has no more than this room."""
    circuits = [problem.tree.circuits[n] for n in nodes.tolist()]
    tree = CircuitTree.of([replace(circuits[0], parent=""), *circuits[1:]])
    place = np.array([tree.index[circuit.node] for circuit in circuits])
    back = np.argsort(place)
    base = problem.base_load_kw[nodes][back]
    shape = problem.base_load_kw.shape
    limit = np.broadcast_to(problem.limit_kw, shape)[nodes][back]
    export = np.zeros(shape) if problem.export_limit_kw is None else np.broadcast_to(problem.export_limit_kw, shape)
    export = export[nodes][back]
    most, least = np.minimum(limit[0] - base[0], left.room_kw), np.minimum(export[0] + base[0], left.give_kw)
    base[0] = np.minimum(base[0], left.give_kw)  # so that an export limit of 0 or more can say what is left below
    limit[0], export[0] = base[0] + most, least - base[0]
    where = np.zeros(len(problem.tree), dtype=np.int64)
    where[nodes] = place
    emergency, chosen = problem.emergency_limit_kw, take(problem, sessions)
    emergency_kw = None if emergency is None else np.broadcast_to(emergency, shape)[nodes][back]
    if emergency_kw is not None:
        highest = np.minimum(emergency_kw[0], base[0] + left.room_kw)  # others stand, so normal limits hold above
        emergency_kw[0] = np.maximum(highest, limit[0])
    tariffs = Tariffs(chosen.tariff_of_session(), chosen.import_price() + left.toll, chosen.export_price() + left.toll)
    return replace(
        chosen,
        node=where[chosen.node],
        tree=tree,
        base_load_kw=base,
        limit_kw=limit,
        emergency_limit_kw=emergency_kw,
        export_limit_kw=export,
        tariffs=tariffs,
        price_per_kwh=problem.price_per_kwh + left.toll,
        terms=None,
    )
