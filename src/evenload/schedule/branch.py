"""Planning one branch of the tree again: what changes at one car is settled below one feeder, in milliseconds.

Everybody outside the branch keeps their power. What they leave of the limits above is the branch's own limit, and what
those limits charge by their tolls is added to its prices, so that the branch takes scarce room no cheaper than others.
The whole tree is planned again on the next tick.
"""

from dataclasses import dataclass, replace

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.plan import Plan
from evenload.schedule.changes import take
from evenload.schedule.optimum import Settings, Solution, solve
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.warmth import find


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
    Sessions that are not in ``standing`` and not below ``node`` stay without power. Raises as ``optimum.solve`` does.
    """
    top = int(problem.tree.find([node])[0])
    below = _below(problem.tree, top)
    inside = np.isin(problem.node, below)
    power_kw = _standing_kw(problem, standing)
    power_kw[np.repeat(inside, np.diff(problem.offset))] = 0.0
    room_kw, give_kw, toll = _above(problem, power_kw, shadow_price, top)
    part = _part(problem, np.flatnonzero(inside), below, room_kw, give_kw, toll)
    solution = solve(part, settings, previous)
    power_kw[np.repeat(inside, np.diff(problem.offset))] = solution.plan.power_kw
    plan = Plan(problem.horizon, problem.session_id, problem.first_step, problem.offset, power_kw)
    return Replanned(plan, solution)


def _below(tree: CircuitTree, top: int) -> IntArray:
    """A node and all below it, parents first."""
    found = np.zeros(len(tree), dtype=np.bool_)
    found[top] = True
    for n in range(top + 1, len(tree)):
        found[n] |= found[tree.parent[n]] and tree.parent[n] >= 0
    return np.flatnonzero(found)


def _standing_kw(problem: Problem, standing: Plan) -> FloatArray:
    """Powers (K,) of the last plan in the arrangement of the problem, 0 for sessions it does not know."""
    same = find(problem.session_id, standing.session_id)
    power_kw = np.zeros(problem.cap_kw.size)
    if not standing.power_kw.size or not problem.sessions:
        return power_kw
    lengths = np.diff(problem.offset)
    slot = np.repeat(standing.offset[same] - standing.first_step[same], lengths) + problem.slot_steps()
    known = np.repeat(same, lengths)
    there = (known >= 0) & (slot >= standing.offset[known]) & (slot < standing.offset[known + 1])
    return np.where(there, standing.power_kw[np.where(there, slot, 0)], 0.0)


def _above(
    problem: Problem, others_kw: FloatArray, shadow_price: FloatArray, top: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What others leave of the limits above a node, up and down (T,), kW, and what these limits charge a kWh (T,)."""
    steps = problem.horizon.steps
    load = problem.base_load_kw + problem.ev_load_kw(others_kw)
    room_kw, give_kw, toll = np.full(steps, np.inf), np.full(steps, np.inf), np.zeros(steps)
    export = 0.0 if problem.export_limit_kw is None else problem.export_limit_kw
    export = np.broadcast_to(export, load.shape)
    limit = np.broadcast_to(problem.limit_kw, load.shape)
    for n in problem.tree.path(top)[1:]:
        room_kw = np.minimum(room_kw, np.maximum(limit[n] - load[n], 0.0))
        give_kw = np.minimum(give_kw, np.maximum(load[n] + export[n], 0.0))
        toll += shadow_price[n] / problem.horizon.hours_per_step
    return room_kw, give_kw, toll


def _part(
    problem: Problem, sessions: IntArray, nodes: IntArray, room_kw: FloatArray, give_kw: FloatArray, toll: FloatArray
) -> Problem:
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
    most, least = np.minimum(limit[0] - base[0], room_kw), np.minimum(export[0] + base[0], give_kw)
    base[0] = np.minimum(base[0], give_kw)  # so that an export limit of 0 or more can say what is left below
    limit[0], export[0] = base[0] + most, least - base[0]
    where = np.zeros(len(problem.tree), dtype=np.int64)
    where[nodes] = place
    emergency, chosen = problem.emergency_limit_kw, take(problem, sessions)
    tariffs = Tariffs(chosen.tariff_of_session(), chosen.import_price() + toll, chosen.export_price() + toll)
    return replace(
        chosen,
        node=where[chosen.node],
        tree=tree,
        base_load_kw=base,
        limit_kw=limit,
        emergency_limit_kw=None if emergency is None else np.broadcast_to(emergency, shape)[nodes][back],
        export_limit_kw=export,
        tariffs=tariffs,
        price_per_kwh=problem.price_per_kwh + toll,
        terms=None,
    )
