from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.reason import StepReason
from evenload.schedule.problem_parts import Batteries, CircuitTerms, Tariffs
from evenload.schedule.solver.optimum import solve
from evenload.schedule.why.explain import Explanations, explain
from evenload.schedule.why.step_reasons import CODE, REASONS
from evenload.schedule.why.summary import Outcome
from evenload.testing import rich_problem

FEEDER = (
    Circuit("F", "", CircuitKind.FEEDER, 10.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 6.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER),
)
PRICE = np.array([0.3, 0.2, 0.1, 0.2, 0.4])


def words(found: Explanations) -> list[str]:
    return [REASONS[code].value for code in found.reason.tolist()]


def minutes(found: Explanations, session: int, array: Any) -> float:
    """Minutes from the start of the horizon."""
    start = np.datetime64(found.outcome.problem.horizon.start.replace(tzinfo=None), "s")
    return float((array[session] - start) / np.timedelta64(1, "m"))


def test_a_car_alone_waits_for_its_cheapest_hours_and_is_ready(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 5, 10.0, 7.0, last_share=0.5), steps=5, price=PRICE, circuits=FEEDER)
    found = explain(Outcome.of(problem, np.array([0.0, 3.0, 7.0, 0.0, 0.0])))
    assert words(found) == ["waiting_cheaper", "cheap_share", "full_power", "need_met", "need_met"]
    assert minutes(found, 0, found.ready_at()) == 180
    assert minutes(found, 0, found.departs_at) == 270  # half of the last hour
    assert found.slack_minutes().tolist() == [90.0]
    assert minutes(found, 0, found.latest_start) == pytest.approx(270 - 600 / 7, abs=1 / 60)
    assert found.more_possible.tolist() == [True]


@pytest.mark.requirement("R40")
def test_a_car_below_what_it_would_draw_names_the_circuit(problem_of: Any, car: Any) -> None:
    # car0 on T1 draws at 0.30 though 0.10 is cheaper: T1 is full there; car1 on T2 takes what F has left
    problem = problem_of(
        car(0, 3, 10.0, 7.0, node="T1"), car(2, 3, 8.0, 7.0, node="T2"), steps=5, price=PRICE, circuits=FEEDER
    )
    outcome = Outcome.of(problem, np.array([1.0, 3.0, 6.0, 4.0, 4.0, 0.0]))
    names = problem.tree.index
    found = explain(outcome)
    assert words(found)[:3] == ["cheap_share", "cheap_share", "circuit_limit"]
    assert words(found)[3:] == ["circuit_limit", "cheap_share", "need_met"]
    assert found.limiting[names["T1"], 2] == names["T1"]  # F and T1 are full alike: the lowest
    assert found.limiting[names["T2"], 2] == names["F"]
    assert found.limiting[names["T1"], 1] == -1
    toll = np.zeros((3, 5))
    toll[names["F"], 2] = 0.1
    assert explain(outcome, shadow_price=toll).limiting[names["T1"], 2] == names["F"]  # the dearer of two


def test_the_price_of_one_kwh_more_says_what_a_car_would_draw(problem_of: Any, car: Any) -> None:
    # two cars share T1 at one price; to have one kWh more they would pay more: so it is the limit that holds them
    problem = problem_of(car(0, 1, 3.0, 7.0, node="T1"), car(0, 1, 3.0, 7.0, node="T1"), steps=5, circuits=FEEDER)
    outcome = Outcome.of(problem, np.array([3.0, 3.0]))
    assert words(explain(outcome)) == ["cheap_share"] * 2
    found = explain(outcome, marginal_per_kwh=np.array([1.5, 1.0]))
    assert words(found) == ["circuit_limit", "cheap_share"]
    assert found.marginal_per_kwh.tolist() == [1.5, 1.0]


def test_a_car_that_lacks_energy_is_held_by_circuits_at_any_price(problem_of: Any, car: Any) -> None:
    base_kw = np.array([[0.0] * 5, [0.0, 0.0, 7.0, 0.0, 0.0], [0.0] * 5])
    problem = problem_of(car(0, 4, 24.0, 7.0, node="T1"), steps=5, price=PRICE, circuits=FEEDER, base_kw=base_kw)
    outcome = Outcome.of(problem, np.array([6.0, 6.0, 0.0, 6.0]))
    scarcity = np.zeros((3, 5), dtype=np.bool_)
    scarcity[1, [0, 1, 3]] = True
    found = explain(outcome, np.zeros((3, 5)), scarcity)
    assert words(found) == ["circuit_limit"] * 4  # step 2: base load alone leaves nothing
    assert np.isnat(found.ready_at()[0])
    assert np.isnan(found.slack_minutes()[0])
    assert found.more_possible.tolist() == [False]
    assert (found.shortfalls.energy_kwh.tolist(), found.shortfalls.node.tolist()) == ([6.0], [1])
    spare = scarcity.copy()
    spare[1, 0] = False  # others could move out of step 0
    assert explain(outcome, np.zeros((3, 5)), spare).more_possible.tolist() == [True]


def test_what_is_given_at_once_taken_back_or_refused_by_the_battery_says_so(problem_of: Any, car: Any) -> None:
    # minimum 3 kWh at 0.30; back 2 kW at 0.40 from step 4; taper from 3 kWh on: 6 kW x (9 - level) / 6
    problem = problem_of(car(0, 5, 6.0, 6.0), car(0, 5, 2.0, 6.0, opted_out=True), steps=5, price=PRICE)
    batteries = Batteries(
        discharge_kw_max=np.full(2, 2.0), round_trip=np.ones(2), down_kwh=np.full(2, 5.0), up_kwh=np.full(2, 20.0),
        wear_per_kwh=np.zeros(2), knee_kwh=np.array([3.0, np.inf]), full_kwh=np.array([9.0, np.inf]),
    )  # fmt: skip
    problem = replace(problem, batteries=batteries, minimum_kwh=np.array([3.0, 0.0]))
    power_kw, minimum_kw = np.array([3.0, 0.0, 5.0, 0.0, -2.0, 2.0, 0, 0, 0, 0]), np.zeros(10)
    minimum_kw[0] = 3.0
    found = explain(Outcome.of(problem, power_kw, minimum_kw))
    assert words(found)[:5] == ["minimum", "waiting_cheaper", "cheap_share", "need_met", "gives_back"]
    assert words(found)[5:] == ["opted_out", *["need_met"] * 4]
    assert minutes(found, 0, found.ready_at()) == 180
    tapering = Outcome.of(problem, np.array([3.0, 0.0, 6.0, 0.0, -2.0, 2.0, 0, 0, 0, 0]), minimum_kw)
    assert words(explain(tapering))[2] == "full_power"  # at 3 kWh all of it still flows
    later = Outcome.of(problem, np.array([0.0, 4.5, 4.5, 0.0, -3.0, 2.0, 0, 0, 0, 0]))
    assert words(explain(later))[1:3] == ["cheap_share", "taper"]  # at 4.5 kWh: 6 x 4.5 / 6


def test_a_peak_that_is_paid_for_holds_cars_below_it(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 12.0, 7.0, node="T2"), steps=5, price=PRICE, circuits=FEEDER)
    terms = CircuitTerms(np.array([0]), np.zeros(1), np.array([5.0]), np.array([-np.inf]))
    found = explain(Outcome.of(replace(problem, terms=terms), np.array([0.0, 4.0, 4.0, 4.0])))
    assert words(found) == ["waiting_cheaper", "cheap_share", "peak", "cheap_share"]
    assert found.peaking is not None
    assert found.peaking[2, 2] == 0
    higher = replace(terms, peak_kw_so_far=np.array([5.0]))  # 5 kW are paid for: 4 kW are below the peak
    assert (
        words(explain(Outcome.of(replace(problem, terms=higher), np.array([0.0, 4.0, 4.0, 4.0]))))[2] == "cheap_share"
    )


def test_smoothing_and_a_tariff_of_its_own_are_part_of_a_cars_price(problem_of: Any, car: Any) -> None:
    # on the tariff step 1 is dearest; smoothing adds 2 x 0.1 x 10 kW there, on top of base load
    base_kw = np.array([[0.0, 9.0, 0.0]] * 3)
    problem = problem_of(
        car(0, 3, 6.0, 7.0, node="T2"), steps=3, price=np.full(3, 1.0), base_kw=base_kw, circuits=FEEDER
    )
    powers = np.array([5.0, 1.0, 0.0])
    assert words(explain(Outcome.of(problem, powers))) == ["cheap_share", "cheap_share", "need_met"]
    tariffs = Tariffs(np.array([1]), np.array([[1.0] * 3, [1.0, 2.0, 1.0]]), np.zeros((2, 3)))
    full_f = Outcome.of(replace(problem, tariffs=tariffs), np.array([5.0, 1.0, 0.0]))
    assert words(explain(full_f))[1] == "cheap_share"  # 2.00 is the dearest it pays
    cheap = Tariffs(np.array([1]), np.array([[1.0] * 3, [2.0, 1.0, 1.0]]), np.zeros((2, 3)))
    assert words(explain(Outcome.of(replace(problem, tariffs=cheap), powers)))[1] == "circuit_limit"
    terms = CircuitTerms(np.array([0]), np.array([0.1]), np.zeros(1), np.full(1, -np.inf))
    smoothed = explain(Outcome.of(replace(problem, tariffs=cheap, terms=terms), powers))
    # prices are now 2 + 0.2 x 5 = 3 and 1 + 0.2 x 10 = 3: alike
    assert words(smoothed)[:2] == ["cheap_share", "cheap_share"]


def test_latest_start_counts_the_taper_and_is_none_where_time_is_too_short(problem_of: Any, car: Any) -> None:
    # knee at 4, full at 8 kWh, 8 kW: 0.5 h to 4 kWh, then 0.5 h x ln(4 / 2) to 6 kWh
    problem = problem_of(car(0, 3, 6.0, 8.0), car(0, 1, 9.0, 8.0), car(0, 3, 0.0, 8.0), steps=5)
    knee, full = np.array([4.0, np.inf, 4.0]), np.array([8.0, np.inf, 8.0])
    batteries = replace(Batteries.charging_only(3), knee_kwh=knee, full_kwh=full)
    found = explain(Outcome.of(replace(problem, batteries=batteries), np.zeros(7)))
    assert minutes(found, 0, found.latest_start) == pytest.approx(180 - 30 * (1 + np.log(2)), abs=1 / 60)
    assert np.isnat(found.latest_start[1])
    assert minutes(found, 2, found.latest_start) == 180
    assert found.ready_at()[2] == np.datetime64("2025-01-13T18:00:00")
    assert found.outcome.problem.horizon.start == datetime(2025, 1, 13, 18, tzinfo=UTC)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_reasons_agree_with_powers_and_circuits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = rich_problem(rng, peak=seed % 3 == 0, smoothing=seed % 3 == 1, minimum=seed % 2 == 0)
    solution = solve(problem)
    outcome = Outcome.of(problem, solution.plan.power_kw, solution.minimum_kw)
    found = explain(outcome, solution.shadow_price, solution.scarcity, solution.marginal_per_kwh)
    kw, cap = solution.plan.power_kw, problem.cap_kw
    cell = problem.node[problem.slot_sessions()], problem.slot_steps()

    def where(reason: StepReason) -> Any:
        return found.reason == CODE[reason]

    assert kw[where(StepReason.FULL_POWER)] == pytest.approx(cap[where(StepReason.FULL_POWER)], rel=1e-3)
    off = where(StepReason.WAITING_CHEAPER) | where(StepReason.NEED_MET)
    assert (np.abs(kw) <= 1e-3 * cap + 1e-12)[off].all()
    assert (kw[where(StepReason.GIVES_BACK)] < 0).all()
    partial = where(StepReason.CHEAP_SHARE) | where(StepReason.CIRCUIT_LIMIT) | where(StepReason.PEAK)
    assert (kw < cap)[partial].all()
    assert (solution.minimum_kw > 0)[where(StepReason.MINIMUM)].all()
    limiting = found.limiting[cell][where(StepReason.CIRCUIT_LIMIT)]
    steps = cell[1][where(StepReason.CIRCUIT_LIMIT)]
    assert outcome.at_limit[limiting, steps].all()
    on_path = [
        n in problem.tree.path(int(node))
        for n, node in zip(limiting.tolist(), cell[0][where(StepReason.CIRCUIT_LIMIT)].tolist(), strict=True)
    ]
    assert all(on_path)
    level = problem.level_kwh(kw)
    for i in np.flatnonzero(found.ready_slots >= 0).tolist():
        after = level[problem.offset[i] + max(int(found.ready_slots[i]), 1) - 1 : problem.offset[i + 1]]
        assert (after >= problem.energy_kwh[i] * (1 - 1e-3) - 1e-6).all()
    assert ((outcome.unserved_kwh() > 0) == (found.ready_slots < 0)).all()
