"""Outages that are known of: nothing flows below a circuit, and when it comes back other load is higher for a while.

After an outage everything that runs by itself wants to run at once (cold-load pickup; Ihara, Schweppe, Physically
based modeling of cold load pickup, IEEE Transactions on Power Apparatus and Systems, 1981): load starts at a multiple
of what it would be and comes down, here exponentially. Charging finds that less room.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite

import numpy as np

from evenload.base.errors import CircuitError, InputError, did_you_mean
from evenload.base.instants import as_utc, to_datetime64
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.circuit import CircuitTree
from evenload.schedule.problem import Problem


@dataclass(frozen=True, slots=True)
class Outage:
    """No power at or below ``node`` from ``start`` to ``end``.

    Other load comes back at ``pickup_factor`` times what it would be, and the excess falls to a third (1/e) every
    ``pickup_minutes``. Raises ``InputError``, naming the circuit, for an outage that cannot be.
    """

    node: str
    start: datetime
    end: datetime
    pickup_factor: float = 1.0
    pickup_minutes: float = 60.0

    def __post_init__(self) -> None:
        if as_utc(self.end) <= as_utc(self.start):
            raise InputError(
                f"outage at {self.node!r}: end {self.end.isoformat()} is not after start {self.start.isoformat()}"
            )
        if not (isfinite(self.pickup_factor) and self.pickup_factor >= 1):
            raise InputError(f"outage at {self.node!r}: pickup_factor = {self.pickup_factor} must be 1 or more")
        if not (isfinite(self.pickup_minutes) and self.pickup_minutes > 0):
            raise InputError(f"outage at {self.node!r}: pickup_minutes = {self.pickup_minutes} must be above 0")

    def steps(self, problem: Problem) -> range:
        """Steps the outage touches."""
        instants = np.array([to_datetime64(self.start), to_datetime64(self.end)])
        first, last = problem.horizon.position(instants).tolist()
        return range(max(int(np.floor(first)), 0), min(int(np.ceil(last)), problem.horizon.steps))


def with_outages(problem: Problem, outages: Sequence[Outage]) -> Problem:
    """The problem in which nothing flows in outages, and other load is picked up after them.

    Power is out in every step an outage touches, for minimum energy and for drivers who opted out as well.
    ``CircuitError`` for a circuit that is not in the grid.
    """
    if not outages:
        return problem
    cap_kw, share = problem.cap_kw.copy(), np.ones(problem.base_load_kw.shape)
    dark = np.zeros(share.shape, dtype=np.bool_)
    for outage in outages:
        under, steps = problem.tree.below(_node(problem.tree, outage)), outage.steps(problem)
        dark[under, steps.start : max(steps.stop, steps.start)] = True
        np.multiply(share, np.where(under[:, None], _pickup(outage, problem), 1.0), out=share)
    cap_kw[dark[problem.node[problem.slot_sessions()], problem.slot_steps()]] = 0.0
    return replace(problem, cap_kw=cap_kw, base_load_kw=_scaled(problem, share, dark))


def _node(tree: CircuitTree, outage: Outage) -> int:
    if outage.node not in tree.index:
        near = did_you_mean(outage.node, tree.index)
        raise CircuitError(f"an outage is at node {outage.node!r}, which is not in the grid.{near}")
    return tree.index[outage.node]


def _pickup(outage: Outage, problem: Problem) -> FloatArray:
    """What load is multiplied with, shape (T,): the mean of each step after the outage, 1 before."""
    horizon, share = problem.horizon, np.ones(problem.horizon.steps)
    stop = int(np.ceil(horizon.position(np.array([to_datetime64(outage.end)]))[0]))
    after = np.arange(max(stop, 0), horizon.steps)
    decay = horizon.step_minutes / outage.pickup_minutes
    mean = np.exp(-decay * (after - stop)) * (1.0 - np.exp(-decay)) / decay
    share[after] = 1.0 + (outage.pickup_factor - 1.0) * mean
    return share


def _scaled(problem: Problem, share: FloatArray, dark: BoolArray) -> FloatArray:
    """Load through each node where what is connected at it is scaled; generation is not, but goes dark as well."""
    direct, parent = problem.base_load_kw.copy(), problem.tree.parent
    for n in range(1, parent.size):
        direct[parent[n]] -= problem.base_load_kw[n]
    direct *= np.where(direct > 0, share, 1.0)
    direct[dark] = 0.0
    return problem.tree.sum_up(direct)
