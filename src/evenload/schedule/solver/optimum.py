"""The optimiser: least cost inside every circuit's limit, with a proof of how close it is.

Levels are solved in order. What is owed at once comes first (``aside``): opted-out cars and minimum energy. Then
energy: no plan with less unserved exists (for charging an augmenting-path search proves it, with batteries that give
back a dual bound says how far it can be off). Then money: energy, wear and what circuits' terms add, compared with a
lower bound that holds for every plan. All of it is in the ``Certificate``.

The method: an augmented Lagrangian over the circuit tree (Hestenes 1969, Powell 1969) whose blocks are single sessions,
each solved exactly (valley filling; Gan, Topcu, Low 2013; bands of batteries: van der Klauw, Gerards, Hurink 2017); the
Lagrangian dual as bound; an exact finish. ``docs/explanation/optimiser.md`` has the mathematics.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenload.base.errors import InputError
from evenload.base.units import BoolArray, FloatArray
from evenload.domain.plan import Plan
from evenload.schedule.problem import Problem
from evenload.schedule.solver.aside import Aside, set_aside
from evenload.schedule.solver.refusals import refuse_devices
from evenload.schedule.solver.run import Finished, Run
from evenload.schedule.solver.taper import keep_taper, tapers
from evenload.schedule.solver.warmth import Warmth

_SWEEPS_FIRST: Final = 6
_SWEEPS_BETWEEN: Final = 2
_FINISH_FIRST: Final = 14
_CHANGED_LITTLE: Final = 0.005
_FINISH_GROWTH: Final = 1.3


@dataclass(frozen=True, slots=True)
class Settings:
    """When to stop: at a relative gap, or after so many sweeps; and on how many threads at most (0 = all cores), which
    changes no number. ``thorough``: where sessions are few, devices try more than what tolls say is worth it.
    """

    gap: float = 1e-3
    sweeps_max: int = 300
    threads: int = 0
    thorough: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.gap < 1:
            raise InputError(f"gap must be between 0 and 1, such as 0.001, not {self.gap}")
        if self.sweeps_max < 1:
            raise InputError(f"sweeps_max must be 1 or more, not {self.sweeps_max}")
        if self.threads < 0:
            raise InputError(f"threads must be 0 (all cores) or more, not {self.threads}")


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is proved about a plan. Money in the currency of the prices, gap relative to ``max(|bound|, 1 % of what
    charging at once would cost)``.

    ``energy_kwh_unserved_bound``: no plan leaves less unserved; ``unserved_is_least``: the plan leaves no more.
    ``bound``: no plan that leaves as little unserved costs less, taper and the rule against charging and giving back at
    once relaxed; ``rounding_loss``: what keeping to the taper adds to the objective. ``violation_kw_max``: worst flow
    outside what base load leaves of a limit.
    """

    objective: float
    bound: float
    gap: float
    energy_kwh_needed: float
    energy_kwh_unserved: float
    energy_kwh_unserved_bound: float
    energy_kwh_minimum_unserved: float
    unserved_is_least: bool
    rounding_loss: float
    violation_kw_max: float
    sweeps: int


@dataclass(frozen=True, slots=True)
class Solution:
    """A plan with its proof, and what a later run can start from.

    ``shadow_price`` (N, T) is what one kW more of a limit saves of money, currency per kW of one step (negative at a
    limit on export: what a kW more of that earns; 0, for not known, where nothing can pass). Where ``scarcity`` (N, T)
    is set, one kW more serves what is not served now, which comes before money: the shadow price there is 0.
    ``unserved_kwh`` (S,); ``marginal_per_kwh`` (S,), the price of one kWh more for each session; ``minimum_kw`` (K,),
    the part of the powers that is minimum energy. ``across_price`` (L, T) is the shadow price of the problem's limits
    across the tree, far above all prices where energy goes unserved for it; None without such limits.
    """

    plan: Plan
    certificate: Certificate
    shadow_price: FloatArray
    scarcity: BoolArray
    unserved_kwh: FloatArray
    marginal_per_kwh: FloatArray
    minimum_kw: FloatArray
    warmth: Warmth
    across_price: FloatArray | None = None


def solve(problem: Problem, settings: Settings | None = None, previous: Solution | None = None) -> Solution:
    """Least-cost charging of a problem whose windows end when cars leave, all of them known (a planning problem).

    Prices may be negative; base load above a limit leaves no room there. ``previous``, a solution of a similar problem
    (same tree, sessions come and gone, time moved on), makes it faster and changes nothing else. Raises ``InputError``
    for devices that are not continuous, nothing for needs that do not fit: they come back as unserved.
    """
    refuse_devices(problem)
    chosen = settings or Settings()
    aside = set_aside(problem)
    earlier = None if previous is None else (previous.plan, previous.warmth)
    run = Run(aside.rest, chosen.gap, chosen.threads, earlier)
    search = _Search(problem, aside, run)
    with run.parts.working():
        best, bound = search.converge(chosen)
        relaxed = best
        if tapers(problem):
            best = keep_taper(run, best, problem, aside.given_kw)
    return search.solution(best, bound - run.prices.refusal * (best.lack.sum() - relaxed.lack.sum()), relaxed)


class _Search:
    """From sweeps to a proof."""

    def __init__(self, problem: Problem, aside: Aside, run: Run) -> None:
        self.problem, self.aside, self.run = problem, aside, run
        at_once_kwh = np.minimum(problem.energy_kwh, problem.delivered_kwh(problem.cap_kw)).sum()
        self.unmanaged = float(at_once_kwh * np.abs(problem.price_per_kwh).mean())
        self.given = bool(aside.given_kw.any())
        self.before = 0.0
        if self.given:
            given = aside.given_kw
            self.before = problem.money(given) + problem.terms_cost(given) + problem.across_cost(given)

    def scale_of_gap(self, bound: float) -> float:
        """What a gap is relative to."""
        return max(abs(bound + self.before), 0.01 * self.unmanaged, self.run.rounding)

    def converge(self, chosen: Settings) -> tuple[Finished, float]:
        """Sweep until the best plan is within the gap of the bound, or as often as allowed."""
        run, best, finish_at = self.run, None, 0 if self.run.warm else _FINISH_FIRST
        first = _SWEEPS_FIRST if run.changed > _CHANGED_LITTLE else 1
        while True:
            for _ in range(_SWEEPS_BETWEEN if run.swept else first):
                run.sweep()
            improved = run.improve_bound(leap=best is not None)
            moving = improved > chosen.gap * self.scale_of_gap(run.dual)
            early = moving or (best is not None and run.stiffened.any())  # finishing takes long where there is scarcity
            if early and run.swept < min(finish_at, chosen.sweeps_max):
                continue
            best = run.finish(best)
            finish_at = int(_FINISH_GROWTH * run.swept) + 1
            bound = run.dual - run.prices.refusal * float(best.lack.sum())
            if self.gap(best.cost, bound) <= chosen.gap or run.swept >= chosen.sweeps_max:
                return best, bound

    def gap(self, cost: float, bound: float) -> float:
        """How far above the bound a cost is at most, relative."""
        return max((cost - bound) / self.scale_of_gap(bound), 0.0)

    def solution(self, best: Finished, bound: float, relaxed: Finished) -> Solution:
        """Everything back in the order of the problem."""
        problem, run, order = self.problem, self.run, self.run.setup.order
        unserved, marginal = np.empty(problem.sessions), np.empty(problem.sessions)
        unserved[order] = best.lack * run.hours
        marginal[order] = run.fleet.marginal
        power = run.in_problem_order(best.power_kw)
        floor_kwh = run.least_unserved(relaxed) * run.hours
        lacking_kwh, minimum_kwh = float(unserved.sum()), problem.minimum_kwh
        short_of_minimum = 0.0 if minimum_kwh is None else minimum_kwh - (problem.energy_kwh - unserved)
        certificate = Certificate(
            objective=float(best.cost + self.before), bound=float(bound + self.before),
            gap=float(self.gap(best.cost, bound)),
            energy_kwh_needed=float(problem.energy_kwh.sum()), energy_kwh_unserved=lacking_kwh,
            energy_kwh_unserved_bound=floor_kwh,
            energy_kwh_minimum_unserved=float(np.maximum(short_of_minimum, 0.0).sum()),
            unserved_is_least=lacking_kwh <= floor_kwh + 1e-6 * max(1.0, lacking_kwh),
            rounding_loss=max(float(best.cost - relaxed.cost), 0.0), violation_kw_max=best.excess_kw, sweeps=run.swept,
        )  # fmt: skip
        planned = problem.horizon, problem.session_id, problem.first_step, problem.offset
        return Solution(
            Plan(*planned, power + self.aside.given_kw if self.given else power), certificate,
            *self._values_of_room(best), unserved, marginal / run.hours, self.aside.minimum_kw,
            Warmth(run.tolls, run.softened, marginal, power),
            None if problem.across is None else run.tolls[run.groups.circuits :],
        )  # fmt: skip

    def _values_of_room(self, best: Finished) -> tuple[FloatArray, BoolArray]:
        """Money and scarcity of one kW more at each circuit and step."""
        run, at = self.run, self.run.setup.node_of
        tolls = np.where(run.setup.shut[at], 0.0, run.tolls[at])
        scarce = best.scarce[at] | (tolls > run.setup.dearer_than_money)
        return np.where(scarce, 0.0, tolls), scarce
