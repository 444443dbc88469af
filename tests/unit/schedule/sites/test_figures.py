"""Figures of a site, and what it pays behind its meter: a day worked by hand."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.site_tariff import DemandCharge, SiteTariff, Subscription
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.sites.figures import SeenSite, money_of, site_figures
from evenload.schedule.sites.storage import Storage, with_storage
from evenload.schedule.sites.terms import Site

D = Circuit("D", "", CircuitKind.SITE, 50.0)
BASE = np.array([[4.0, -3.0, -9.0, -2.0, 5.0]])
BUYS, EARNS = np.array([0.3, 0.3, 0.3, 0.3, 0.2]), np.full(5, 0.05)
TARIFFS = Tariffs(np.zeros(1, dtype=np.int64), BUYS[None, :], EARNS[None, :])


def day(problem_of: Any, car: Any) -> Problem:
    problem: Problem = problem_of(car(0, 5, 12.0, 7.0), steps=5, circuits=(D,), base_kw=BASE)
    return replace(problem, export_limit_kw=np.full((1, 5), 5.0))


@pytest.mark.requirement("R94", "R100")
def test_a_metered_day_by_hand(problem_of: Any, car: Any) -> None:
    problem, power = day(problem_of, car), np.array([0.0, 3.0, 6.0, 0.0, 3.0])
    (found,) = site_figures(problem, power, (SeenSite("D", 0, is_metered=True),))
    # net: 4, 0, -3, -2, 8; without cars 4 kWh would be curtailed at 12, now nothing is
    assert (found.peak_kw, found.bought_kwh, found.fed_in_kwh, found.curtailed_kwh, found.own_kwh) == (8, 12, 5, 0, 9)
    # 3 kWh at 0.05 not fed in, then 6 kWh of which 4 could not be, then 3 kWh bought at 0.20
    assert money_of(problem, power, TARIFFS, (SeenSite("D", 0, is_metered=True),)) == pytest.approx(0.15 + 0.1 + 0.6)
    assert money_of(problem, power, TARIFFS, (SeenSite("D", 0),)) == pytest.approx(0.3 * 9 + 0.2 * 3)


@pytest.mark.requirement("R94")
def test_charges_say_what_is_paid_before_and_what_the_plan_adds(problem_of: Any, car: Any) -> None:
    problem, power = (
        day(problem_of, car),
        np.array([7.0, 0.0, 0.0, 0.0, 5.0]),
    )  # net 11 at the first step, 10 at the last
    tariff = SiteTariff((DemandCharge("demand", 2.0), Subscription(4.0, 3.0, 2.0)), demand_minutes=60)
    bill = Site(0, "D", tariff, "UTC", (8.0, 0.0), (0.0, 0.0))
    (found,) = site_figures(problem, power, (SeenSite("D", 0, bill),))
    demand, blocks = found.charges
    assert (demand.paid_kw, demand.peak_kw, demand.peak_step, demand.billed_kw) == (8.0, 11.0, 0, 11.0)
    assert demand.added_cost == pytest.approx(6.0)
    assert (demand.blocks, blocks.blocks) == (None, 3)
    assert blocks.added_cost == pytest.approx(9.0)  # 3 blocks of 4 kW; above 8 kW 3 kW cost 6
    ends = replace(bill, period_end=problem.horizon.start + timedelta(hours=2))
    (split,) = site_figures(problem, power, (SeenSite("D", 0, ends),))
    assert [(one.name, one.is_next_period, one.peak_kw) for one in split.charges] == [
        ("demand", False, 11.0), ("subscription", False, 11.0), ("demand", True, 10.0), ("subscription", True, 10.0),
    ]  # fmt: skip


def test_storage_says_what_went_in_and_out_and_what_it_holds(problem_of: Any, car: Any) -> None:
    box = Storage("box", 0, 10.0, 5.0, 3.0, 3.0, efficiency=0.9, discharge_efficiency=0.8)
    problem = with_storage(day(problem_of, car), [box])
    power = np.concatenate([np.zeros(5), [0.0, 2.0, 0.0, 0.0, -1.44]])
    (found,) = site_figures(problem, power, (SeenSite("D", 0, storages=(box,)),))
    (held,) = found.storages
    assert (held.charged_kwh, held.discharged_kwh) == (2.0, 1.44)
    assert held.level_kwh_start == 5.0
    assert held.level_kwh_end == pytest.approx(5.0 + 1.8 - 1.8)


@given(st.lists(st.floats(0, 7), min_size=5, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the fixtures only make functions
def test_energy_balances(problem_of: Any, car: Any, powers: list[float]) -> None:
    problem = day(problem_of, car)
    (found,) = site_figures(problem, np.array(powers), (SeenSite("D", 0, is_metered=True),))
    through = found.bought_kwh - found.fed_in_kwh - found.curtailed_kwh
    assert through == pytest.approx(BASE.sum() + sum(powers))
    assert found.own_kwh <= min(sum(powers), 14.0) + 1e-9
