"""Plans behind a meter beside a linear program with columns for import and export of the site."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import DemandCharge, SiteTariff
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.reference.highs import least_cost
from evenload.schedule.reference.highs_program import Program
from evenload.schedule.sites.bill import bill_of
from evenload.schedule.sites.generation import MeteredSite, behind_meters, with_generation
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.sites.terms import Site, terms_of
from evenload.schedule.solver.optimum import Settings, solve

STEPS = 24


def draw(
    problem_of: Any, car: Any, rng: np.random.Generator, cars: int, stored: bool
) -> tuple[Problem, FloatArray, FloatArray]:
    hours = np.arange(STEPS) / 2 + 7
    sun = 30 * np.clip(np.sin((hours - 6) / 13 * np.pi), 0, None) * rng.uniform(0.3, 1, STEPS)
    made = [
        car(int(rng.integers(0, 10)), int(rng.integers(6, 14)), float(rng.uniform(2, 15)), 7.4) for _ in range(cars)
    ]
    buys, earns = rng.uniform(0.15, 0.4, STEPS), np.full(STEPS, 0.08)
    site = Circuit("S", "", CircuitKind.SITE, 60.0)
    problem: Problem = problem_of(
        *made, steps=STEPS, step_minutes=30, circuits=(site,), base_kw=5 + 8 * rng.random((1, STEPS))
    )
    tariffs = Tariffs(np.zeros(cars, dtype=np.int64), buys[None, :], earns[None, :])
    problem = replace(problem, tariffs=tariffs, export_limit_kw=np.array([[40.0]]))
    metered = [MeteredSite(0, "depot", sun)]
    if stored:
        problem = with_storage(problem, [Storage("storage", 0, 20.0, 10.0, 8.0, 8.0, 0.95, 0.95, wear_per_kwh=0.01)])
    problem = behind_meters(with_generation(problem, metered), metered)
    tariff = SiteTariff((DemandCharge("demand charge", 1.5),), demand_minutes=30)
    return terms_of([Site(0, "depot", tariff, peak_kw_so_far=(4.0,))], problem.horizon).on(problem), buys, earns


def least_bill(problem: Problem, buys: FloatArray, earns: FloatArray) -> float:
    """Import, export, peak and wear of the site at the least, written down from the meter (HiGHS)."""
    program, hours = Program(), problem.horizon.hours_per_step
    session, step, batteries = problem.slot_sessions(), problem.slot_steps(), problem.batteries
    give_most = np.zeros(session.size) if batteries is None else batteries.discharge_kw_max[session]
    wear = 0.0 if batteries is None else batteries.wear_per_kwh[session]
    charge = program.columns(0.0, problem.cap_kw)
    give = program.columns(0.0, give_most, cost=wear * hours)
    for i in range(problem.sessions):
        slots = np.arange(problem.offset[i], problem.offset[i + 1])
        trip = 1.0 if batteries is None else float(batteries.round_trip[i])
        program.row(
            (charge[slots], hours),
            (give[slots], -hours / trip),
            least=problem.energy_kwh[i],
            most=problem.energy_kwh[i],
        )
        if batteries is not None and batteries.discharge_kw_max[i] > 0:
            for k in range(1, slots.size + 1):
                program.row((charge[slots[:k]], hours), (give[slots[:k]], -hours / trip),
                            least=-batteries.down_kwh[i], most=batteries.up_kwh[i])  # fmt: skip
    peak = program.columns(4.0, np.inf, cost=1.5)
    for t in range(problem.horizon.steps):
        bought = program.columns(0.0, problem.limit_kw[0, 0], cost=buys[t] * hours)
        sold = program.columns(0.0, 40.0, cost=-earns[t] * hours)
        base = float(problem.base_load_kw[0, t])
        program.row(
            (bought, 1.0), (sold, -1.0), (charge[step == t], -1.0), (give[step == t], 1.0), least=base, most=base
        )
        program.row((peak, 1.0), (bought, -1.0), least=0.0)
    return program.objective(program.least_cost()) - 4.0 * 1.5


@given(seed=st.integers(0, 10_000), stored=st.booleans(), cars=st.integers(5, 20))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plans_cost_what_the_meter_least_pays(problem_of: Any, car: Any, seed: int, stored: bool, cars: int) -> None:
    problem, buys, earns = draw(problem_of, car, np.random.default_rng(seed), cars, stored)
    best = least_bill(problem, buys, earns)
    tariff = SiteTariff((DemandCharge("demand charge", 1.5),), demand_minutes=30)

    def total(power: FloatArray) -> float:
        net = problem.base_load_kw[0] + problem.ev_load_kw(power)[0]
        worn = float(np.maximum(-power, 0).sum()) * 0.01 * problem.horizon.hours_per_step
        bill = bill_of(tariff, problem.horizon, "UTC", net, buys, earns, peak_kw_so_far=[4.0])
        return bill.total + worn - 4.0 * 1.5

    reference, found = least_cost(problem), solve(problem, Settings(gap=1e-4))
    before = total(np.zeros(problem.cap_kw.size))
    assert reference.objective + before == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.certificate.bound + before <= best + 1e-5 * abs(best)
    assert found.certificate.objective + before == pytest.approx(total(found.plan.power_kw), rel=1e-9)
    assert found.certificate.energy_kwh_unserved < 1e-6
    assert total(found.plan.power_kw) <= best + 0.005 * max(abs(best), 1.0)
