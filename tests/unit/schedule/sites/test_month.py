"""A site led day by day beside the whole period at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import DemandCharge, SiteTariff
from evenload.schedule.problem import Problem
from evenload.schedule.sites.bill import SiteBill, bill_of
from evenload.schedule.sites.blocks import plan_sites
from evenload.schedule.sites.month import lead, needed_kw_by_day
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.sites.terms import Site
from evenload.schedule.solver.optimum import Settings, Solution, solve

TARIFF = SiteTariff((DemandCharge("demand charge", 10.0),), demand_minutes=60)
SITE = Site(0, "depot", TARIFF)


def exactly(problem: Problem) -> Solution:
    return solve(problem, Settings(gap=1e-5))


def bill(problem: Problem, power_kw: FloatArray) -> SiteBill:
    net = problem.base_load_kw[0] + problem.ev_load_kw(power_kw)[0]
    return bill_of(TARIFF, problem.horizon, "UTC", net, problem.price_per_kwh, problem.price_per_kwh)


@pytest.fixture
def days_of(problem_of: Callable[..., Any], car: Any) -> Callable[..., Problem]:
    """A car of 50 kW each day for six hours, with such needs; the fourth hour and on is dear."""

    def make(*needs: float) -> Problem:
        cars = [car(6 * d, 6, need, 50.0) for d, need in enumerate(needs)]
        price = np.tile([0.1, 0.1, 0.1, 0.9, 0.9, 0.9], len(needs))
        site = Circuit("S", "", CircuitKind.SITE, export_limit_kw=100.0)
        problem: Problem = problem_of(*cars, steps=6 * len(needs), price=price, circuits=(site,))
        return replace(problem, export_limit_kw=np.array([[100.0]]))

    return make


def six_hours(problem: Problem) -> Any:
    return np.arange(0, problem.horizon.steps + 1, 6)


def test_a_peak_is_paid_once(days_of: Callable[..., Problem]) -> None:
    """60 kWh need 10 kW over six hours; the second day's 90 kWh 15 kW; the third day may use those 15 kW for nothing.

    A kW less of peak costs 3 kWh moved, 2.40 a day: less than 10.
    """
    problem = days_of(60.0, 90.0, 60.0)
    led = lead(problem, [SITE], six_hours(problem), exactly)
    assert led.peak_kw["depot"].ravel() == pytest.approx([10.0, 15.0, 15.0], abs=1e-2)
    day = problem.ev_load_kw(led.power_kw)[0].reshape(3, 6)
    assert day[0] == pytest.approx([10.0] * 6, abs=1e-2)
    assert day[2, :3] == pytest.approx([15.0] * 3, abs=1e-2)
    assert day[2, 3:].sum() == pytest.approx(15.0, abs=1e-2)
    assert bill(problem, led.power_kw).charges[0].cost == pytest.approx(150.0, rel=1e-3)


def test_who_knows_that_later_days_need_it_does_not_save_on_the_first(days_of: Callable[..., Problem]) -> None:
    problem = days_of(60.0, 90.0, 60.0)
    days = six_hours(problem)
    needed = needed_kw_by_day(days_of(90.0, 90.0), [SITE], days[:3], exactly)["depot"]
    assert needed.ravel() == pytest.approx([15.0, 15.0], abs=1e-2)
    knowing = lead(problem, [replace(SITE, needed_kw=needed)], days, exactly).power_kw
    best = plan_sites(problem, [SITE], exactly).solution.plan.power_kw
    assert bill(problem, knowing).total == pytest.approx(bill(problem, best).total, rel=1e-3)
    alone = lead(problem, [SITE], days, exactly).power_kw
    assert bill(problem, alone).total > bill(problem, best).total + 15 * 0.8 * 0.9


def test_without_sites_price_alone_decides(days_of: Callable[..., Problem]) -> None:
    problem = days_of(60.0, 90.0)
    power = lead(problem, [], six_hours(problem), exactly).power_kw
    assert problem.money(power) == pytest.approx(150 * 0.1, rel=1e-4)


def test_storage_starts_each_day_as_it_started_the_first(days_of: Callable[..., Problem]) -> None:
    battery = Storage("storage", 0, 20.0, 10.0, 20.0, 20.0, efficiency=0.9)
    problem = with_storage(days_of(60.0, 90.0, 60.0), [battery])
    stays = problem.session_id == "storage"
    led = lead(problem, [], six_hours(problem), exactly, stays)  # by price: 20 kWh to and fro each day
    level = problem.level_kwh(led.power_kw)[-18:]
    assert level[[5, 11, 17]] == pytest.approx([0.0] * 3, abs=1e-6)
    assert level[[2, 8, 14]] == pytest.approx([10 / 0.9] * 3, abs=1e-3)
    assert problem.delivered_kwh(led.power_kw)[:3] == pytest.approx([60.0, 90.0, 60.0])


@pytest.mark.parametrize("seed", range(4))
def test_hindsight_is_never_dearer(problem_of: Any, car: Any, seed: int) -> None:
    """Random days with cars over midnight: every way serves all, and the whole period at once costs least."""
    rng = np.random.default_rng(seed)
    cars = [car(int(f), int(rng.integers(3, 9)), float(rng.uniform(2, 20)), 11.0) for f in rng.integers(0, 40, 15)]
    problem: Problem = problem_of(
        *cars, steps=48, price=rng.uniform(0.1, 0.5, 48), base_kw=5 * rng.random((1, 48))
    )  # fmt: skip
    days, site = np.arange(0, 49, 8), SITE
    needed = needed_kw_by_day(problem, [site], days, exactly)["depot"]
    ways = [lead(problem, sites, days, exactly).power_kw for sites in ([], [site], [replace(site, needed_kw=needed)])]
    best = plan_sites(problem, [site], exactly)
    for power in ways:
        assert problem.delivered_kwh(power) == pytest.approx(problem.energy_kwh, abs=1e-6)
        assert bill(problem, power).total >= bill(problem, best.solution.plan.power_kw).total * (1 - 1e-4)
