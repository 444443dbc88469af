"""Blocks decided beside a mixed integer program of the whole, written down by itself."""

from typing import Any

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import DemandCharge, SiteTariff, Subscription
from evenload.schedule.problem import Problem
from evenload.schedule.reference.highs_program import Program
from evenload.schedule.sites.blocks import plan_sites
from evenload.schedule.sites.terms import Site
from evenload.schedule.solver.optimum import Settings, Solution, solve

STEPS = 32


def exactly(problem: Problem) -> Solution:
    return solve(problem, Settings(gap=1e-5))


def sites_problem(problem_of: Any, car: Any, rng: np.random.Generator, cars: int, sites: int) -> Problem:
    """Sites below one feeder, cars over a working day."""
    circuits = [Circuit("F", "", CircuitKind.FEEDER)]
    circuits += [Circuit(f"S{k}", "F", CircuitKind.SITE, 150.0) for k in range(sites)]
    made = []
    for i in range(cars):
        first, slots = int(rng.integers(0, 10)), int(rng.integers(10, 22))
        made.append(car(first, slots, float(rng.uniform(5, 0.7 * 11 * slots / 4)), 11.0, node=f"S{i % sites}"))
    base = np.vstack([np.full(STEPS, 4.0 * sites), np.full((sites, STEPS), 4.0)])
    problem: Problem = problem_of(
        *made, steps=STEPS, step_minutes=15, circuits=tuple(circuits), base_kw=base,
        price=0.15 + 0.2 * (np.arange(STEPS) // 12 == 1) + 0.01 * rng.random(STEPS),
    )  # fmt: skip
    return problem


def least_with_blocks(problem: Problem, subscription: Subscription, so_far: float) -> float:
    """Least money and blocks beyond what is paid, each site for itself, blocks as whole numbers (HiGHS)."""
    program, hours = Program(), problem.horizon.hours_per_step
    session, step = problem.slot_sessions(), problem.slot_steps()
    power = program.columns(0.0, problem.cap_kw, cost=problem.price_per_kwh[step] * hours)
    for i in range(problem.sessions):
        slots = np.arange(problem.offset[i], problem.offset[i + 1])
        program.row((power[slots], hours), least=problem.energy_kwh[i], most=problem.energy_kwh[i])
    paid = 0.0
    for n in range(1, len(problem.tree)):
        blocks = program.columns(0.0, 100.0, cost=subscription.per_block, whole=True)
        over = program.columns(0.0, np.inf, cost=subscription.overage_per_kw)
        reach = (blocks, subscription.block_kw), (over, 1.0)
        program.row(*reach, least=so_far)
        for t in range(problem.horizon.steps):
            here = power[(problem.node[session] == n) & (step == t)]
            program.row(*reach, (here, -1.0), least=problem.base_load_kw[n, t])
            program.row((here, 1.0), most=problem.limit_kw[n, 0] - problem.base_load_kw[n, t])
        paid += float(subscription.cost(so_far))
    return program.objective(program.least_cost()) - paid


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("sites", "cars", "so_far"), [(1, 8, 0.0), (1, 20, 12.0), (3, 30, 7.0)])
def test_blocks_are_those_of_the_whole_program(
    problem_of: Any, car: Any, seed: int, sites: int, cars: int, so_far: float
) -> None:
    problem = sites_problem(problem_of, car, np.random.default_rng(seed), cars, sites)
    subscription = Subscription(10.0, 20.0, 4.0)
    asked = [Site(1 + k, f"S{k}", SiteTariff((subscription,)), peak_kw_so_far=(so_far,)) for k in range(sites)]
    best = least_with_blocks(problem, subscription, so_far)
    found = plan_sites(problem, asked, exactly)
    assert found.solution.certificate.energy_kwh_unserved < 1e-6
    assert found.bound <= best * (1 + 1e-6)
    assert best * (1 - 1e-6) <= found.objective <= best * 1.005


def test_a_plan_fills_the_block_it_pays_for(problem_of: Any, car: Any) -> None:
    """Two cars need 20 kWh in 2 h: 10 kW on average. A block of 12 kW lets them use the cheap hour more."""
    problem = problem_of(
        car(0, 8, 10.0, 11.0), car(0, 8, 10.0, 11.0), steps=8, step_minutes=15,
        price=np.array([0.1] * 4 + [0.3] * 4), circuits=(Circuit("S", "", CircuitKind.SITE),),
    )  # fmt: skip
    site = Site(0, "S", SiteTariff((Subscription(12.0, 20.0, 5.0),)))
    plan = plan_sites(problem, [site], exactly)
    load = problem.ev_load_kw(plan.solution.plan.power_kw)[0]
    assert load[:4] == pytest.approx([12.0] * 4, abs=1e-3)
    assert (load[4:].mean(), load.max()) == (pytest.approx(8.0), pytest.approx(12.0, abs=1e-3))
    assert plan.objective == pytest.approx(12 * 0.1 + 8 * 0.3 + 20.0, rel=1e-4)
    assert plan.blocks == {"S": 1}


def test_a_demand_charge_needs_one_plan_only(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 8, 10.0, 11.0), steps=8, step_minutes=15)
    calls: list[Problem] = []

    def counting(asked: Problem) -> Solution:
        calls.append(asked)
        return exactly(asked)

    plan = plan_sites(problem, [Site(0, "T", SiteTariff((DemandCharge("demand", 10.0),)))], counting)
    assert len(calls) == 1
    assert plan.objective == pytest.approx(10.0 + 5 * 10.0, rel=1e-4)
    assert plan.bound == pytest.approx(plan.objective, rel=1e-3)
