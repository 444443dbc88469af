"""HiGHS on a tree of circuits in the form that suits it best, found by trying: what the optimiser has to beat.

Node loads are variables of their own (nested: a row has a node's cars and children, not every car below), only where a
car is below; costs are scaled by 1,000; dual simplex with Devex pricing, one thread. Steepest-edge pricing, which is
what HiGHS takes by itself, needs twice as long here, flat rows or prices as they come up to 40 times as long.
"""

import time
from dataclasses import dataclass

import highspy
import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.schedule.problem import Problem

COST_SCALE = 1000.0
DEVEX = 1
OPTIONS = {
    "output_flag": False,
    "solver": "simplex",
    "simplex_strategy": 1,
    "simplex_dual_edge_weight_strategy": DEVEX,
    "threads": 1,
}


@dataclass(frozen=True, slots=True)
class Optimum:
    """Money of the least-cost plan, and seconds to build the arrays and of ``run()`` alone."""

    objective: float
    build_s: float
    solve_s: float


def least_cost(problem: Problem) -> Optimum:
    """Columns: power of each slot, then load of each node and step; rows: each car's need, each load's balance."""
    begin = time.perf_counter()
    head = np.broadcast_to(np.maximum(problem.limit_kw - problem.base_load_kw, 0.0), problem.base_load_kw.shape)
    used = np.flatnonzero(problem.ev_load_kw(problem.cap_kw))
    need_kw = problem.energy_kwh / problem.horizon.hours_per_step
    money = problem.price_per_kwh[problem.slot_steps()] * problem.horizon.hours_per_step
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = problem.cap_kw.size + used.size, problem.sessions + used.size
    lp.col_cost_ = np.concatenate([COST_SCALE * money, np.zeros(used.size)])
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.concatenate([problem.cap_kw, head.ravel()[used]])
    lp.row_lower_ = lp.row_upper_ = np.concatenate([need_kw, np.zeros(used.size)])
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = _matrix(problem, used)
    highs = highspy.Highs()
    for option, value in OPTIONS.items():
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    built = time.perf_counter()
    highs.run()
    end = time.perf_counter()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"no optimum: {highs.modelStatusToString(highs.getModelStatus())}")
    return Optimum(highs.getInfo().objective_function_value / COST_SCALE, built - begin, end - built)


def _matrix(problem: Problem, used: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Column by column: a slot counts for its car and its node; a load leaves its own row for its parent's."""
    steps, slots, root_loads = problem.horizon.steps, problem.cap_kw.size, int((used < problem.horizon.steps).sum())
    row = np.full(len(problem.tree) * steps, -1)
    row[used] = problem.sessions + np.arange(used.size)
    car = problem.slot_sessions()
    of_slots = np.column_stack([car, row[problem.node[car] * steps + problem.slot_steps()]])
    below = used[root_loads:]
    of_loads = np.column_stack([row[below], row[problem.tree.parent[below // steps] * steps + below % steps]])
    lengths = np.full(slots + used.size, 2)
    lengths[slots : slots + root_loads] = 1
    index = np.concatenate([of_slots.ravel(), row[used[:root_loads]], of_loads.ravel()])
    value = np.concatenate([np.ones(2 * slots), -np.ones(root_loads), np.tile([-1.0, 1.0], below.size)])
    return np.concatenate([[0], np.cumsum(lengths)]), index, value
