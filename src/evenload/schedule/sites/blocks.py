"""Sites that buy load in blocks: a staircase, planned as a slope first, then block by block where that is cheaper.

Up to the edge of a block everything is paid, so the plan of the slope is tried again with the blocks next to its peak,
one fewer and one more, and the cheapest is kept. Each is a plan inside all limits, and the slope is never dearer than
the staircase: its bound holds for all of them. Source: DESIGN section 5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenload.base.units import FloatArray, IntArray
from evenload.domain.site_tariff import Subscription
from evenload.schedule.problem import Problem
from evenload.schedule.sites.terms import Site, SiteTerms, outlooks_in, terms_of
from evenload.schedule.solver.optimum import Solution

Solve = Callable[[Problem], Solution]

_SERVED_KWH: Final = 1e-6


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A plan and what it is expected to cost: ``objective`` of the solution with charges as they are, beyond what is
    paid already, and a ``bound`` below which no plan that serves as much comes.
    """

    solution: Solution
    problem: Problem  # with the terms it was solved with
    objective: float
    bound: float
    blocks: dict[str, int]  # of each site that may choose: how many its plan was made for; left out: by the slope


def plan_sites(problem: Problem, sites: Sequence[Site], solve: Solve) -> SitePlan:
    """Plan a problem (without terms of these sites) with the charges of its sites.

    Solves once, and up to three times more where a site may choose its blocks. Raises what ``solve`` and ``terms_of``
    raise.
    """
    planner = _Planner(problem, tuple(sites), solve)
    first = planner.plan({})
    fewer, more = planner.neighbours(first)
    if not fewer and not more:
        return first
    tried = [first, *(replace(planner.plan(blocks), bound=first.bound) for blocks in (fewer, more) if blocks)]
    if len(sites) > 1:
        mixed = planner.cheapest_each(tried)
        if mixed not in [each.blocks for each in tried]:
            tried.append(replace(planner.plan(mixed), bound=first.bound))
    return min(tried, key=_importance)


def _importance(plan: SitePlan) -> tuple[float, float]:
    """Energy before money; what is within rounding is the same energy."""
    unserved = plan.solution.certificate.energy_kwh_unserved
    return round(unserved / max(1.0, plan.solution.certificate.energy_kwh_needed) / _SERVED_KWH), plan.objective


@dataclass(frozen=True, slots=True)
class _Planner:
    problem: Problem
    sites: tuple[Site, ...]
    solve: Solve

    def plan(self, blocks: dict[str, int]) -> SitePlan:
        """Plan with so many blocks at the sites named, and the slope at the others."""
        horizon = self.problem.horizon
        terms = terms_of([_with_blocks(site, blocks.get(site.name)) for site in self.sites], horizon)
        problem = terms.on(self.problem)
        solution = self.solve(problem)
        base = self.problem.base_load_kw
        load = base + self.problem.ev_load_kw(solution.plan.power_kw)
        seen_of_base = _seen(terms, base)
        charges = sum(expected_charges(site, self.problem, load[site.node]) for site in self.sites)
        certificate = solution.certificate
        objective = certificate.objective - (_seen(terms, load) - seen_of_base) + charges
        return SitePlan(solution, problem, objective, certificate.bound + seen_of_base, blocks)

    def neighbours(self, plan: SitePlan) -> tuple[dict[str, int], dict[str, int]]:
        """Blocks below and above the peak of each site that may choose and has a new peak inside a block."""
        fewer, more = {}, {}
        load = self.problem.base_load_kw + self.problem.ev_load_kw(plan.solution.plan.power_kw)
        for site in self.sites:
            for charge, paid in zip(site.tariff.charges, site.paid_kw().tolist(), strict=True):
                if isinstance(charge, Subscription) and charge.blocks is None:
                    peak = float(site.tariff.demand_kw(self.problem.horizon, load[site.node]).max())
                    if peak > paid + 1e-6 and charge.relaxed_per_kw < charge.overage_per_kw:
                        below = int(peak / charge.block_kw * (1 + 1e-9))
                        fewer[site.name], more[site.name] = below, below + 1
        return fewer, more

    def cheapest_each(self, plans: Sequence[SitePlan]) -> dict[str, int]:
        """For each site the blocks of the plan in which it pays least itself."""
        costs = np.array([self._cost_of_each(plan) for plan in plans])
        best = costs.argmin(axis=0)
        chosen = {site.name: plans[int(k)].blocks.get(site.name) for site, k in zip(self.sites, best, strict=True)}
        return {name: blocks for name, blocks in chosen.items() if blocks is not None}

    def _cost_of_each(self, plan: SitePlan) -> FloatArray:
        """What each site pays: energy of its sessions and its charges, shape (sites,)."""
        problem, power = self.problem, plan.solution.plan.power_kw
        session, step = problem.slot_sessions(), problem.slot_steps()
        tariff = problem.tariff_of_session()[session]
        buys, earns = problem.import_price()[tariff, step], problem.export_price()[tariff, step]
        money = np.where(power > 0, power * buys, power * earns) * problem.horizon.hours_per_step
        site = site_of_session(problem, self.sites)[session]
        energy = np.bincount(site[site >= 0], weights=money[site >= 0], minlength=len(self.sites))
        load = problem.base_load_kw + problem.ev_load_kw(power)
        return np.asarray(energy + [expected_charges(each, problem, load[each.node]) for each in self.sites])


def expected_charges(site: Site, problem: Problem, load_kw: FloatArray) -> float:
    """What a site's charges are expected to be by the end of the period with load (T,), beyond what is paid already."""
    demand = site.tariff.demand_kw(problem.horizon, load_kw)
    total = 0.0
    for outlook, counted in outlooks_in(site, problem.horizon):
        levels = np.array([demand[counted].max(), outlook.paid_kw])
        reached, paid = outlook.expected_cost(levels)
        total += float(reached - paid)
    return total


def site_of_session(problem: Problem, sites: Sequence[Site]) -> IntArray:
    """Index of the site each session is at or below, -1 where it is at none, shape (S,)."""
    at = np.full(len(problem.tree), -1)
    at[[site.node for site in sites]] = np.arange(len(sites))
    for n in range(1, at.size):
        if at[n] < 0:
            at[n] = at[problem.tree.parent[n]]
    return np.asarray(at[problem.node])


def _with_blocks(site: Site, blocks: int | None) -> Site:
    if blocks is None:
        return site
    charges = tuple(
        replace(charge, blocks=blocks) if isinstance(charge, Subscription) and charge.blocks is None else charge
        for charge in site.tariff.charges
    )
    return replace(site, tariff=replace(site.tariff, charges=charges))


def _seen(terms: SiteTerms, load_kw: FloatArray) -> float:
    """What a plan's terms make of loads (N, T)."""
    loads = np.where(terms.counts, load_kw[terms.terms.node], -np.inf).max(axis=1, initial=-np.inf)
    return float((terms.terms.peak_per_kw * np.maximum(loads - terms.terms.peak_kw_so_far, 0.0)).sum())
