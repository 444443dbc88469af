"""The optimiser: least cost inside every circuit's limit, with a proof of how close it is.

Energy first: no plan with less unserved energy exists (an augmenting-path search proves it). Then money: the plan's
cost is compared with a lower bound that holds for every plan. Both are in the ``Certificate``.

The method: an augmented Lagrangian over the circuit tree (Hestenes 1969, Powell 1969) whose blocks are single sessions,
each solved exactly (valley filling; Gan, Topcu, Low 2013); the Lagrangian dual as bound; an exact finish.
``docs/explanation/optimiser.md`` has the mathematics.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray, IntArray
from evenload.domain.circuit import CircuitTree
from evenload.domain.plan import Plan
from evenload.schedule.problem import Problem

_SMOOTHING: Final = 5e-4
"""Full power costs this share of the price spread more than none: ties are split evenly, and sweeps converge."""

_REFUSAL: Final = 100.0
"""Energy that would cost this many times the price spread above the dearest step waits for the exchange search."""

_SOFTER_ABOVE: Final = 0.5
_SOFTER_EACH_SWEEP: Final = 0.9
_SOFTENED_SWEEPS: Final = 20
_SWEEPS_FIRST: Final = 6
_SWEEPS_BETWEEN: Final = 2
_FINISH_FIRST: Final = 14
_FINISH_GROWTH: Final = 1.3
_SCARCITY_CHARGED_MAX: Final = 3
_STATES_MAX: Final = 200_000


@dataclass(frozen=True, slots=True)
class Settings:
    """When to stop: at a relative gap, or after so many sweeps."""

    gap: float = 1e-3
    sweeps_max: int = 300

    def __post_init__(self) -> None:
        if not 0 < self.gap < 1:
            raise InputError(f"gap must be between 0 and 1, such as 0.001, not {self.gap}")
        if self.sweeps_max < 1:
            raise InputError(f"sweeps_max must be 1 or more, not {self.sweeps_max}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is proved about a plan. Money in the currency of the prices, gap relative to ``max(|bound|, 1 % of what
    charging at once would cost)``.

    ``unserved_is_least``: no plan inside the limits serves more energy; False only where the search for one was cut
    short. ``bound``: no plan that leaves as little unserved costs less. ``violation_kw_max``: worst excess of flow over
    what base load leaves of a limit.
    """

    objective: float
    bound: float
    gap: float
    energy_kwh_needed: float
    energy_kwh_unserved: float
    unserved_is_least: bool
    violation_kw_max: float
    sweeps: int


@dataclass(frozen=True, slots=True)
class Solution:
    """A plan with its proof. ``shadow_price`` (N, T) is what one kW more of a limit saves, currency per kW of one step
    (0, for not known, where base load leaves nothing);
    ``unserved_kwh`` (S,) and ``marginal_per_kwh`` (S,), the price of one kWh more for each session.
    """

    plan: Plan
    certificate: Certificate
    shadow_price: FloatArray
    unserved_kwh: FloatArray
    marginal_per_kwh: FloatArray


def solve(problem: Problem, settings: Settings | None = None) -> Solution:
    """Least-cost charging of a problem whose windows end when cars leave, all of them known (a planning problem).

    Prices may be negative; base load above a limit leaves no room there. Raises nothing for needs that do not fit: they
    come back as unserved.
    """
    chosen = settings or Settings()
    run = _Run(problem)
    best: _Finished | None = None
    finish_at = _FINISH_FIRST
    while True:
        for _ in range(_SWEEPS_BETWEEN if run.swept else _SWEEPS_FIRST):
            run.sweep()
        improved = run.improve_bound()
        moving = improved > 0.5 * chosen.gap * run.scale_of_gap(run.dual)
        if moving and run.swept < min(finish_at, chosen.sweeps_max):
            continue
        best = run.finish(best)
        finish_at = int(_FINISH_GROWTH * run.swept)
        bound = run.dual - run.refusal * float(best.lack.sum())
        gap = max((best.cost - bound) / run.scale_of_gap(bound), 0.0)
        if gap <= chosen.gap or run.swept >= chosen.sweeps_max:
            return run.solution(best, bound, gap)


@dataclass(frozen=True, slots=True)
class _Finished:
    """A plan inside all limits, in the order of the run: kW of slots, what sessions lack (kW summed over slots), its
    cost, whether less unserved was proved impossible, and the worst excess over a limit (kW).
    """

    power_kw: FloatArray
    lack: FloatArray
    cost: float
    least: bool
    excess_kw: float


def _better(one: _Finished, other: _Finished) -> bool:
    """Less unserved first, then cheaper."""
    served = float(other.lack.sum() - one.lack.sum())
    return served > 1e-6 or (served > -1e-6 and one.cost < other.cost)


class _Run:
    """One run's arrays: sessions in order of the tree, circuits parents first, tolls and flows."""

    def __init__(self, problem: Problem) -> None:
        from evenload.schedule import kernels  # noqa: PLC0415 - compiled code loads when it is first needed

        self.kernels, self.problem = kernels, problem
        self.hours = problem.horizon.hours_per_step
        place, size = preorder(problem.tree)
        rank = place[problem.node]
        self.order = np.lexsort((problem.first_step, rank))
        rank = rank[self.order]
        lengths = np.diff(problem.offset)[self.order]
        begin = np.concatenate([[0], np.cumsum(lengths)])
        self.slot = np.repeat(problem.offset[:-1][self.order] - begin[:-1], lengths) + np.arange(int(begin[-1]))
        self.price = problem.price_per_kwh * self.hours
        self.spread = _spread(self.price)
        self.refusal = float(self.price.max()) + _REFUSAL * self.spread
        self.fleet = kernels.Fleet(
            problem.first_step[self.order], begin[:-1], lengths, problem.node[self.order], problem.cap_kw[self.slot],
            problem.power_kw_max[self.order], (problem.energy_kwh / self.hours)[self.order],
            np.zeros(int(begin[-1])), np.full(problem.sessions, float(np.median(self.price))),
        )  # fmt: skip
        head = np.maximum(problem.limit_kw - problem.base_load_kw, 0.0)  # base load alone above a limit: no room
        self.net = kernels.Network(
            problem.tree.parent, np.searchsorted(rank, place), np.searchsorted(rank, place + size), head,
            np.zeros(head.shape), np.zeros(head.shape), _stiffness(problem.tree, head, self.spread),
        )  # fmt: skip
        self.tolls = np.zeros(head.shape)
        self.blocked = head <= 1e-9
        self.net.toll[self.blocked] = self.refusal  # no head at all: nobody is to count on it
        self.rounding = 1e-6 * max(1.0, float(problem.energy_kwh.sum())) * self.spread / self.hours
        self.scarcity_charged = 0
        self.swept = 0
        self.dual = -np.inf
        at_once_kwh = np.minimum(problem.energy_kwh, problem.delivered_kwh(problem.cap_kw)).sum()
        self.unmanaged = float(at_once_kwh * np.abs(problem.price_per_kwh).mean())

    def sweep(self) -> None:
        """One pass over all sessions and one step of the tolls."""
        self.kernels.sweep(self.fleet, self.net, self.price, self.refusal, _SMOOTHING * self.spread)
        self.kernels.raise_tolls(self.net)
        if self.swept < _SOFTENED_SWEEPS:
            self.net.stiffness[:] *= _SOFTER_EACH_SWEEP
        self.swept += 1

    def improve_bound(self) -> float:
        """Evaluate the dual at the current tolls, keep the best; returns by how much it rose."""
        value = float(self.kernels.dual_value(self.fleet, self.net, self.price, self.refusal))
        before = self.dual
        if value > before:
            self.dual = value
            self.tolls[:] = self.net.toll
        return max(value - before, 0.0)

    def scale_of_gap(self, bound: float) -> float:
        """What a gap is relative to."""
        return max(abs(bound), 0.01 * self.unmanaged, self.rounding)

    def finish(self, best: _Finished | None) -> _Finished:
        """A plan inside all limits from where the sweeps are, or ``best`` if that is better."""
        fleet = self.fleet._replace(power_kw=self.fleet.power_kw.copy())
        net = self.net._replace(flow_kw=np.zeros(self.net.flow_kw.shape), toll=self.tolls)
        self.kernels.clip(fleet, net)
        lack = self.kernels.lacking(fleet)
        self.kernels.top_up(fleet, net, self.price, lack)
        scarce = np.zeros(net.flow_kw.shape, dtype=np.bool_)
        least = bool(self.kernels.serve(fleet, net, lack, scarce, _STATES_MAX))
        self._charge_scarcity(scarce)
        self.kernels.polish(fleet, net, self.price)
        excess = float((net.flow_kw - net.head_kw).max(initial=0.0))
        cost = float(self.kernels.money(fleet, self.price))
        found = _Finished(fleet.power_kw, np.maximum(lack, 0.0), cost, least, max(excess, 0.0))
        if best is None or _better(found, best):
            return found
        return best

    def _charge_scarcity(self, scarce: BoolArray) -> None:
        """Raise tolls where energy stays unserved to what refusing it costs: sweeps would take long to get there."""
        if scarce.any() and self.scarcity_charged < _SCARCITY_CHARGED_MAX:
            self.scarcity_charged += 1
            dear = np.maximum(self.net.toll, self.refusal - self.price)
            self.net.toll[:] = np.where(scarce, dear, self.net.toll)

    def solution(self, best: _Finished, bound: float, gap: float) -> Solution:
        """Everything back in the order of the problem."""
        problem = self.problem
        power = np.empty(problem.cap_kw.size)
        power[self.slot] = best.power_kw
        unserved, marginal = np.empty(problem.sessions), np.empty(problem.sessions)
        unserved[self.order] = best.lack * self.hours
        marginal[self.order] = self.fleet.marginal / self.hours
        certificate = Certificate(
            objective=best.cost, bound=bound, gap=gap, energy_kwh_needed=float(problem.energy_kwh.sum()),
            energy_kwh_unserved=float(unserved.sum()), unserved_is_least=best.least, violation_kw_max=best.excess_kw,
            sweeps=self.swept,
        )  # fmt: skip
        plan = Plan(problem.horizon, problem.session_id, problem.first_step, problem.offset, power)
        return Solution(plan, certificate, np.where(self.blocked, 0.0, self.tolls), unserved, marginal)


def preorder(tree: CircuitTree) -> tuple[IntArray, IntArray]:
    """Depth-first place of every node and how many nodes its subtree has: what lies below a node is contiguous."""
    size = np.ones(len(tree), dtype=np.int64)
    for n in range(len(tree) - 1, 0, -1):
        size[tree.parent[n]] += size[n]
    place, free = np.zeros(len(tree), dtype=np.int64), np.ones(len(tree), dtype=np.int64)
    for n in range(1, len(tree)):
        above = tree.parent[n]
        place[n] = place[above] + free[above]
        free[above] += size[n]
    return place, size


def _spread(price: FloatArray) -> float:
    """Price difference between dearest and cheapest step, never quite 0."""
    return max(float(price.max() - price.min()), 1e-3 * float(np.abs(price).max()), 1e-6)


def _stiffness(tree: CircuitTree, head_kw: FloatArray, spread: float) -> FloatArray:
    """How fast tolls rise at each node, price per kW: the spread over the mean head, half of it each level up."""
    height = np.zeros(len(tree))
    for n in range(len(tree) - 1, 0, -1):
        height[tree.parent[n]] = max(height[tree.parent[n]], height[n] + 1)
    room = np.where(np.isfinite(head_kw), head_kw, 0.0).mean(axis=1)
    limited = np.isfinite(head_kw).any(axis=1)
    typical = np.maximum(room, 1.0)
    return np.where(limited, spread / typical * _SOFTER_ABOVE**height, 0.0)
