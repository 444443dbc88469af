import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.base.errors import InputError
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Tariffs
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.robust import Caution, cautious, expected_loss_kwh
from evenload.schedule.solver.optimum import Settings, solve
from evenload.schedule.strategies.optimised import Optimised
from evenload.testing import random_problem

DEAR_THEN_CHEAP = np.array([0.3, 0.1])
A_QUARTER_GOES_IN_THE_LAST_HOUR = DepartureRisk((0.0,), (0.0, 60.0), ((0.5, 1.0),))
"""On a straight line: at the middle of the last hour three in four are still there."""

OFTEN_EARLY = DepartureRisk(
    (0.0, 180.0), (0.0, 30.0, 60.0, 120.0, 240.0), ((0.5, 0.7, 0.9, 0.97, 1.0), (0.3, 0.5, 0.6, 0.8, 0.95))
)
EXACT = Settings(gap=1e-5, threads=1)
SEEDS = st.integers(0, 2**32 - 1)


def planned(problem: Problem, **weights: float) -> Any:
    return solve(cautious(problem, Caution(OFTEN_EARLY, **weights)), EXACT)


@pytest.mark.requirement("R30", "R31")
@pytest.mark.parametrize(("value", "first_hour_kw"), [(0.0, 0.0), (0.79, 0.0), (0.81, 7.4), (5.0, 7.4)])
def test_waiting_saves_20_cents_and_risks_a_quarter_of_a_kwh(
    problem_of: Any, car: Any, rng: Any, value: float, first_hour_kw: float
) -> None:
    """Worth it up to 0.20 / 0.25 = 0.80 per kWh, in one plan and in plans that move through time."""
    problem = problem_of(car(0, 2, 7.4), steps=2, price=DEAR_THEN_CHEAP)
    caution = Caution(A_QUARTER_GOES_IN_THE_LAST_HOUR, value_per_kwh=value)
    assert solve(cautious(problem, caution)).plan.power_kw[0] == pytest.approx(first_hour_kw, abs=0.01)
    rolling = Optimised(waiting_weight_per_hour=0.0, caution=caution)
    assert rolling.power_kw(problem, rng)[0] == pytest.approx(first_hour_kw, abs=0.01)


def test_who_is_still_there_is_less_of_a_risk(problem_of: Any, car: Any) -> None:
    """Half are gone at the declared departure, and a third of those still there 30 min before it go until then."""
    risk, problem = A_QUARTER_GOES_IN_THE_LAST_HOUR, problem_of(car(0, 1, 1.0), steps=1, step_minutes=30)
    later = cautious(problem, Caution(risk, value_per_kwh=1.0), np.array([8]))
    assert later.tariffs is not None
    assert later.tariffs.import_per_kwh[0] == pytest.approx([1.0 + (1 - 0.625 / 0.75)])


def test_energy_expected_to_be_lost_is_that_of_the_drivers_one_by_one(problem_of: Any, car: Any) -> None:
    """100 drivers: 50 leave as declared, 30 an hour early, 20 two hours early, and one imaginary one as declared."""
    early = np.array([0] * 50 + [60] * 30 + [120] * 20)
    plugged = np.full(100, np.datetime64("2025-01-13T18:00", "s"))
    declared = plugged + np.timedelta64(4, "h")
    risk = DepartureRisk.fit(declared, declared - early.astype("timedelta64[m]"), plugged)
    problem = problem_of(car(0, 4, 10.0), steps=4)
    power = np.array([1.0, 2.0, 3.0, 4.0])
    one_by_one = [power[4 - minutes // 60 :].sum() for minutes in early] + [0.0]
    assert expected_loss_kwh(problem, risk, power) == pytest.approx([np.mean(one_by_one)])


@given(seed=SEEDS, scarcity=st.sampled_from([0.0, 1.0, 2.0]), share=st.sampled_from([0.0, 0.5, 0.9]))
@settings(deadline=None, max_examples=30)
def test_what_is_feasible_stays_feasible(seed: int, scarcity: float, share: float) -> None:
    """Risk is in prices alone: as much energy is served, whatever it weighs."""
    problem = random_problem(np.random.default_rng(seed), sessions=10, scarcity=scarcity)
    plain, found = solve(problem, EXACT), planned(problem, share_there=share, value_per_kwh=1.0)
    assert found.certificate.energy_kwh_unserved == pytest.approx(plain.certificate.energy_kwh_unserved, abs=1e-5)
    assert np.isfinite(found.plan.power_kw).all()


@given(seed=SEEDS, values=st.lists(st.floats(0, 5), min_size=2, max_size=2).map(sorted))
@settings(deadline=None, max_examples=30)
def test_a_higher_value_loses_no_more_and_costs_no_less(seed: int, values: list[float]) -> None:
    """Both are what minimising cost + value x loss does, within what is left to the optimum."""
    problem = replace(random_problem(np.random.default_rng(seed), sessions=8), opted_out=np.zeros(8, dtype=np.bool_))
    plans = [planned(problem, value_per_kwh=value).plan.power_kw for value in values]
    cost = [problem.money(power) for power in plans]
    loss = [expected_loss_kwh(problem, OFTEN_EARLY, power).sum() for power in plans]
    slack = 1e-3 * (1.0 + problem.energy_kwh.sum() * (1.0 + values[1]))
    assert cost[1] >= cost[0] - slack
    assert (values[1] - values[0]) * (loss[1] - loss[0]) <= slack


@given(
    seed=SEEDS,
    shares=st.lists(st.sampled_from([0.5, 0.6, 0.8, 0.9, 0.99]), min_size=2, max_size=2, unique=True).map(sorted),
)
@settings(deadline=None, max_examples=30)
def test_a_higher_share_is_no_later_and_costs_no_less(seed: int, shares: list[float]) -> None:
    problem = replace(
        random_problem(np.random.default_rng(seed), sessions=12, scarcity=0.0), opted_out=np.zeros(12, dtype=np.bool_)
    )
    plans = [planned(problem, share_there=share).plan.power_kw for share in shares]
    kwh = max(problem.energy_kwh.sum(), 1.0)
    late = [float(power @ problem.slot_steps()) * 0.25 / kwh for power in plans]
    cost = [problem.money(power) for power in plans]
    assert late[1] <= late[0] + 0.05
    assert cost[1] >= cost[0] - 1e-3 * kwh


def test_done_by_the_time_a_share_is_there_where_power_allows_and_as_soon_as_can_be_where_not(
    problem_of: Any, car: Any
) -> None:
    """Nine in ten are there two hours before; cheap hours are the last two."""
    risk = DepartureRisk((0.0,), (0.0, 115.0, 120.0), ((0.5, 0.5, 0.9),))
    prices = np.array([0.4, 0.4, 0.1, 0.05])
    problem = problem_of(car(0, 4, 7.4), car(0, 4, 18.5), steps=4, price=prices)
    plan = solve(cautious(problem, Caution(risk, share_there=0.9)), EXACT).plan.power_kw.reshape(2, 4)
    assert plan[0, 2:].tolist() == pytest.approx([0.0, 0.0], abs=1e-3)
    assert plan[1].tolist() == pytest.approx([7.4, 7.4, 3.7, 0.0], abs=1e-3)
    bold = solve(cautious(problem, Caution(risk, share_there=0.5)), EXACT).plan.power_kw.reshape(2, 4)
    assert bold[0].tolist() == pytest.approx([0.0, 0.0, 0.0, 7.4], abs=1e-3)


def test_tariffs_stay_apart_and_alike_sessions_share_one(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 7.4), car(0, 4, 5.0), car(0, 4, 7.4), car(1, 3, 1.0), steps=4)
    own = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, 5.0]])
    problem = replace(problem, tariffs=Tariffs(np.array([0, 0, 1, 1]), own, own - 1.0))
    found = cautious(problem, Caution(OFTEN_EARLY, value_per_kwh=1.0)).tariffs
    assert found is not None
    assert found.import_per_kwh.shape == (3, 4)
    assert found.of_session[0] == found.of_session[1]
    assert len({int(one) for one in found.of_session[1:]}) == 3
    extra = found.import_per_kwh[found.of_session] - own[[0, 0, 1, 1]]
    assert (np.diff(extra, axis=1) >= 0).all()
    assert found.export_per_kwh[found.of_session] == pytest.approx(own[[0, 0, 1, 1]] - 1.0 + extra)


def test_nobody_and_nothing_known(problem_of: Any, car: Any, rng: Any) -> None:
    nobody = problem_of(steps=4)
    assert cautious(nobody, Caution(OFTEN_EARLY, 0.9, 1.0)) is nobody
    assert expected_loss_kwh(nobody, OFTEN_EARLY, np.zeros(0)).shape == (0,)
    problem = problem_of(car(0, 4, 7.4), car(1, 3, 9.0, declared=0), steps=4, price=np.array([0.3, 0.1, 0.2, 0.1]))
    trust = Optimised(caution=Caution(DepartureRisk(), 0.9, 1.0)).power_kw(problem, rng)
    assert trust.tolist() == pytest.approx(Optimised().power_kw(problem, rng).tolist(), abs=1e-3)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"share_there": 1.0}, "share_there must be 0 (off) or a share below 1, such as 0.9, not 1.0"),
        ({"share_there": float("nan")}, "share_there must be 0 (off) or a share below 1"),
        ({"value_per_kwh": -1.0}, "value_per_kwh must be a number of 0 or more, not -1.0"),
        ({"value_per_kwh": float("inf")}, "value_per_kwh must be a number of 0 or more, not inf"),
    ],
)
def test_weights_that_mean_nothing_are_refused(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)):
        Caution(OFTEN_EARLY, **wrong)
