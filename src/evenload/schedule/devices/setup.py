"""Sessions as devices in the order of a run of the optimiser."""

from typing import TYPE_CHECKING, Final

import numpy as np

from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.schedule.devices.levels import Levels
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries
from evenload.schedule.solver.setup import Setup

if TYPE_CHECKING:
    from evenload.schedule.kernels.devices import Told
    from evenload.schedule.kernels.network import Fleet, Network

TURNS: Final = 5
"""Orders of ``in_turn`` besides the usual one."""

_NEAR: Final = 8
_NEAR_MOST: Final = 16


def told_of(setup: Setup, problem: Problem, levels: Levels, chosen: BoolArray, told_kw: FloatArray) -> "Told":
    """Chosen sessions (S,) of a problem laid out; ``told_kw`` (K,) is where their levels are written to."""
    from evenload.schedule.kernels import devices  # noqa: PLC0415 - compiled code loads when it is first needed

    row = np.flatnonzero(chosen[setup.order])
    at = setup.order[row]
    batteries = problem.batteries or Batteries.charging_only(problem.sessions)
    first, last = np.searchsorted(row, _near(setup.net, setup.fleet.leaf[row], row.size))
    hours = problem.horizon.hours_per_step
    return devices.Told(
        row, levels.least_kw[at], levels.step_kw[at], levels.most_kw[at], levels.dwell_steps[at],
        levels.commands_max[at], batteries.knee_kwh[at] / hours, batteries.full_kwh[at] / hours,
        first, np.minimum(last, first + _NEAR_MOST), np.zeros(row.size, dtype=np.bool_), told_kw,
    )  # fmt: skip


def in_turn(fleet: "Fleet", told: "Told", turn: int) -> IntArray:
    """Devices in the order of the tree, and at each circuit by one of several sizes, the largest first.

    ``turn`` 0 is the usual one: who has least time to spare. From 1 to ``TURNS`` are others worth a try: the largest
    need, who came first, who came last, who leaves last, the smallest need.
    """
    running = np.concatenate([[0.0], np.cumsum(fleet.cap_kw)])
    most = running[fleet.begin + fleet.slots] - running[fleet.begin]
    first = fleet.first_step.astype(np.float64)
    sizes = (fleet.need / np.maximum(most, 1e-9), fleet.need, -first, first, first + fleet.slots, -fleet.need)
    return np.lexsort((-sizes[turn][told.row], fleet.leaf[told.row]))


def _near(net: "Network", leaf: IntArray, devices: int) -> tuple[IntArray, IntArray]:
    """Rows of sessions near those at ``leaf``: below the lowest circuit above that has a few."""
    top = leaf.copy()
    while True:
        few = (net.last_row[top] - net.first_row[top] < min(_NEAR, devices)) & (net.parent[top] >= 0)
        if not few.any():
            return net.first_row[top], net.last_row[top]
        top = np.where(few, net.parent[top], top)
