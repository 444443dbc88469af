"""Own generation behind a meter: the sum of money is what the meter pays, netted by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import SiteTariff
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Tariffs
from evenload.schedule.sites.bill import bill_of
from evenload.schedule.sites.generation import MeteredSite, behind_meters, with_generation

FEEDER = Circuit("F", "", CircuitKind.FEEDER)


def above_cost(problem: Problem, power_kw: FloatArray) -> float:
    """What going above limits across costs, written down plainly."""
    across = problem.across
    if across is None:
        return 0.0
    flow = np.zeros(across.limit_kw.shape)
    for limit, member, weight in zip(across.limit, across.session, across.weight, strict=True):
        for k in range(int(problem.offset[member]), int(problem.offset[member + 1])):
            step = problem.first_step[member] + k - problem.offset[member]
            flow[limit, step] += weight * power_kw[k]
    above = np.maximum(flow - across.limit_kw, 0.0)
    return float((above * across.over_per_kwh).sum()) * problem.horizon.hours_per_step


def metered(problem_of: Any, car: Any, base: FloatArray, buys: FloatArray, earns: FloatArray, **more: Any) -> Problem:
    steps = base.size
    site = Circuit("S", "F", CircuitKind.SITE)
    cars = car(0, steps, 4.0, node="S"), car(0, steps, 4.0, node="S"), car(0, steps, 4.0, node="F")
    problem: Problem = problem_of(*cars, steps=steps, circuits=(FEEDER, site), base_kw=np.stack([base, base]))
    tariffs = Tariffs(np.array([0, 0, 0]), buys[None, :], earns[None, :])
    return replace(problem, tariffs=tariffs, export_limit_kw=np.full((2, 1), np.inf), **more)


def meter_pays(problem: Problem, power_kw: FloatArray, buys: FloatArray, earns: FloatArray) -> float:
    """The bill of the site, netted step by step."""
    net = problem.base_load_kw[1] + problem.ev_load_kw(power_kw)[1]
    return bill_of(SiteTariff(demand_minutes=60), problem.horizon, "UTC", net, buys, earns).total


numbers = st.lists(st.floats(0, 20), min_size=4, max_size=4).map(np.array)


@given(building=numbers, sun=numbers, first=numbers, second=numbers, seed=st.integers(0, 1000))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cars_pay_what_the_meter_does(
    problem_of: Any, car: Any, building: FloatArray, sun: FloatArray, first: FloatArray, second: FloatArray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    earns = rng.uniform(-0.05, 0.1, 4)
    buys = earns + rng.uniform(0, 0.3, 4)
    site = MeteredSite(1, "S", sun)
    bare = with_generation(metered(problem_of, car, building, buys, earns), [site])
    problem = behind_meters(bare, [site])
    power, nothing = np.concatenate([first, second, np.zeros(4)]), np.zeros(12)
    by_hand = meter_pays(bare, power, buys, earns) - meter_pays(bare, nothing, buys, earns)
    planned = problem.money(power) + above_cost(problem, power) - above_cost(problem, nothing)
    assert planned == pytest.approx(by_hand, abs=1e-9)


def test_other_sites_pay_as_before(problem_of: Any, car: Any) -> None:
    buys, earns = np.full(4, 0.3), np.full(4, 0.05)
    site = MeteredSite(1, "S", np.full(4, 9.0))
    problem = behind_meters(with_generation(metered(problem_of, car, np.zeros(4), buys, earns), [site]), [site])
    assert problem.tariff_of_session().tolist() == [1, 1, 0]
    assert problem.import_price()[problem.tariff_of_session()][:, 0].tolist() == [0.05, 0.05, 0.3]
    assert problem.across is not None
    assert problem.across.session.tolist() == [0, 1]
    assert problem.across.name.tolist() == ["own generation of S"]
    assert problem.base_load_kw.tolist() == [[-9.0] * 4, [-9.0] * 4]


@pytest.mark.parametrize(
    ("power_kw", "cost"),
    [
        (10.0, 0.0),  # 100 kW of sun, 20 may be exported: 80 are there for the taking
        (80.0, 0.0),
        (90.0, 10 * 0.05),  # from here on it is export that is given up
        (100.0, 20 * 0.05),
        (110.0, 20 * 0.05 + 10 * 0.3),
    ],
)
def test_generation_above_all_that_may_be_exported_costs_nobody_anything(
    problem_of: Any, car: Any, power_kw: float, cost: float
) -> None:
    buys, earns = np.full(4, 0.3), np.full(4, 0.05)
    bare = metered(problem_of, car, np.zeros(4), buys, earns)
    bare = replace(bare, export_limit_kw=np.full((2, 1), 20.0))
    site = MeteredSite(1, "S", np.full(4, 100.0))
    problem = behind_meters(with_generation(bare, [site]), [site])
    power = np.concatenate([np.full(4, power_kw), np.zeros(8)])
    assert problem.money(power) + above_cost(problem, power) == pytest.approx(4 * cost)


def test_limits_come_after_those_there_are(problem_of: Any, car: Any) -> None:
    buys, earns = np.full(4, 0.3), np.full(4, 0.05)
    own = Across(
        np.array(["event"]), np.ones((1, 4)), np.full((1, 4), np.inf), np.array([0]), np.array([2]), np.ones(1)
    )
    bare = metered(problem_of, car, np.full(4, -3.0), buys, earns, across=own)
    across = behind_meters(bare, [MeteredSite(1, "S", np.zeros(4))]).across
    assert across is not None
    assert across.name.tolist() == ["event", "own generation of S"]
    assert (across.limit.tolist(), across.session.tolist()) == ([0, 1, 1], [2, 0, 1])
    assert across.limit_kw.tolist() == [[1.0] * 4, [3.0] * 4]


def test_export_above_import_is_refused_with_the_step(problem_of: Any, car: Any) -> None:
    buys, earns = np.full(4, 0.3), np.array([0.1, 0.4, 0.4, 0.1])
    problem = metered(problem_of, car, np.zeros(4), buys, earns)
    with pytest.raises(InputError, match=r"S: export earns 0.4 and import costs 0.3 per kWh at .*T19:00.*\(2 such"):
        behind_meters(problem, [MeteredSite(1, "S", np.ones(4))])


@pytest.mark.parametrize("bad", [np.full(4, -1.0), np.full(3, 1.0), np.full(4, np.nan)])
def test_generation_that_cannot_be_is_refused(problem_of: Any, car: Any, bad: FloatArray) -> None:
    problem = metered(problem_of, car, np.zeros(4), np.ones(4), np.ones(4))
    with pytest.raises(InputError, match="S: generation needs one finite number of 0 kW or more a step"):
        with_generation(problem, [MeteredSite(1, "S", bad)])


@pytest.mark.parametrize("nodes", [(0, 1), (1, 0), (1, 1)])
def test_a_site_inside_a_site_is_refused(problem_of: Any, car: Any, nodes: tuple[int, int]) -> None:
    problem = metered(problem_of, car, np.zeros(4), np.ones(4), np.ones(4))
    with pytest.raises(InputError, match=r"behind the meter of|at the same circuit"):
        behind_meters(problem, [MeteredSite(n, f"site {k}", np.zeros(4)) for k, n in enumerate(nodes)])


def test_members_of_several_tariffs_are_refused(problem_of: Any, car: Any) -> None:
    problem = metered(problem_of, car, np.zeros(4), np.ones(4), np.ones(4))
    tariffs = Tariffs(np.array([0, 1, 0]), np.ones((2, 4)), np.ones((2, 4)))
    with pytest.raises(InputError, match="S: sessions behind one meter have 2 tariffs"):
        behind_meters(replace(problem, tariffs=tariffs), [MeteredSite(1, "S", np.zeros(4))])


def test_a_site_without_members_has_no_limit(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 1.0, node="F"), steps=4, circuits=(FEEDER, Circuit("S", "F", CircuitKind.SITE)))
    assert behind_meters(problem, [MeteredSite(1, "S", np.zeros(4))]).across is None
