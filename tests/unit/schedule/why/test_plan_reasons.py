"""Reasons that circuits and prices do not show: own generation, devices, and drivers who may leave early."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evenload.domain.circuit import Circuit, CircuitKind
from evenload.schedule.planner import Planned, Wishes, plan_for
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Devices, Tariffs
from evenload.schedule.risk.departures import DepartureRisk
from evenload.schedule.risk.robust import Caution
from evenload.schedule.sites.generation import MeteredSite, behind_meters
from evenload.schedule.why.explain import explain
from evenload.schedule.why.plan_reasons import held_by
from evenload.schedule.why.spans import sentences_of
from evenload.schedule.why.step_reasons import REASONS
from evenload.schedule.why.summary import Outcome

D = Circuit("D", "", CircuitKind.SITE, 50.0)


def told(planned: Planned) -> tuple[list[str], list[str]]:
    """The reason of every slot, and the sentence of every session."""
    outcome, found = Outcome.of(planned.problem, planned.power_kw, planned.fitted.minimum_kw), planned.solution
    why = explain(outcome, found.shadow_price, found.scarcity, found.marginal_per_kwh, held_by(planned))
    return [REASONS[code].value for code in why.reason.tolist()], sentences_of(why, np.arange(planned.problem.sessions))


def metered(problem_of: Any, *cars: Any) -> Problem:
    """Sun leaves 3 kW in the second and third hour; bought power costs 0.30 and then 0.20, export earns 0.05."""
    base = np.array([[4.0, -3.0, -3.0, 5.0, 5.0]])
    problem = problem_of(*cars, steps=5, circuits=(D,), base_kw=base)
    buys, earns = np.array([[0.3, 0.3, 0.3, 0.2, 0.2]]), np.full((1, 5), 0.05)
    problem = replace(
        problem, tariffs=Tariffs(np.zeros(len(cars), dtype=np.int64), buys, earns), export_limit_kw=np.full((1, 5), 9.0)
    )
    return behind_meters(problem, [MeteredSite(0, "D", np.zeros(5))])


@pytest.mark.requirement("R30", "R100")
def test_a_car_waits_for_own_generation_and_charges_from_it(problem_of: Any, car: Any) -> None:
    planned = plan_for(metered(problem_of, car(0, 5, 5.0, 7.0)))
    reasons, (sentence,) = told(planned)
    assert planned.power_kw[[0, 3, 4]] == pytest.approx([0, 0, 0], abs=1e-3)
    assert reasons == ["waiting_generation", "own_generation", "own_generation", "need_met", "need_met"]
    assert sentence.startswith(
        "waits 18:00-19:00 for own generation of D; charges 19:00-21:00 from own generation of D; ready by 21:00"
    )


def test_a_car_that_must_buy_as_well_does_not_charge_because_of_the_sun(problem_of: Any, car: Any) -> None:
    # 6 kWh of sun, 14 at 0.20, and 2 more have to be bought at 0.30: at that price it charges with or without sun
    reasons, _ = told(plan_for(metered(problem_of, car(0, 5, 22.0, 7.0))))
    assert "own_generation" not in reasons
    # one that buys at 0.20 takes the sun because it is cheaper, and does not wait for it
    reasons, (sentence,) = told(plan_for(metered(problem_of, car(1, 4, 10.0, 7.0))))
    assert reasons[:2] == ["own_generation"] * 2
    assert "limit" not in sentence


def coarse(problem_of: Any, *cars: Any, base: float = 0.0, price: Any = None, **columns: Any) -> Planned:
    circuit = Circuit("T", "", CircuitKind.TRANSFORMER, 9.0)
    problem = problem_of(*cars, steps=4, circuits=(circuit,), base_kw=np.full((1, 4), base), price=price)
    size = len(cars)
    parts = {"control": np.full(size, "on_off"), "power_kw_min": np.zeros(size), "fallback_kw": np.full(size, np.nan),
             "priority": np.zeros(size, dtype=np.int64)} | columns  # fmt: skip
    return plan_for(replace(problem, devices=Devices(**parts)))


@pytest.mark.requirement("R30", "R106")
def test_a_device_that_is_never_told_anything_says_so(problem_of: Any, car: Any) -> None:
    planned = coarse(problem_of, car(0, 4, 8.0, 4.0), price=np.array([4.0, 3.0, 2.0, 1.0]), commands_max=np.array([0]))
    reasons, (sentence,) = told(planned)
    assert reasons == ["untold", "untold", "need_met", "need_met"]
    assert sentence.startswith("charges 18:00-20:00: its device is never told anything; ready by 20:00")


def test_a_driver_who_opted_out_is_not_a_device_that_is_never_told(problem_of: Any, car: Any) -> None:
    planned = coarse(problem_of, car(0, 4, 8.0, 4.0, opted_out=True), commands_max=np.array([0]))
    assert told(planned)[0][:2] == ["opted_out"] * 2


@pytest.mark.requirement("R30", "R106")
def test_a_device_that_cannot_go_low_enough_says_so(problem_of: Any, car: Any) -> None:
    # 2 kW are left at 1.0, less than the 4 kW it knows; it charges at full power when it is dearer
    base = np.array([[7.0, 7.0, 0.0, 0.0]])
    circuit = Circuit("T", "", CircuitKind.TRANSFORMER, 9.0)
    problem = problem_of(
        car(0, 4, 8.0, 4.0), steps=4, circuits=(circuit,), base_kw=base, price=np.array([1.0, 1.0, 2.0, 2.0])
    )
    devices = Devices(np.array(["on_off"]), np.zeros(1), np.full(1, np.nan), np.zeros(1, dtype=np.int64))
    planned = plan_for(replace(problem, devices=devices))
    assert planned.solution.plan.power_kw[:2] == pytest.approx([2.0, 2.0], abs=1e-6)
    reasons, (sentence,) = told(planned)
    assert reasons == ["least_level", "least_level", "full_power", "full_power"]
    assert "waits 18:00-20:00: its device cannot go as low as it could be given" in sentence


@pytest.mark.requirement("R30", "R106")
def test_a_power_between_two_steps_of_a_device_is_a_whole_step(problem_of: Any, car: Any) -> None:
    # 4.5 kW are left in the cheap hour, of which steps of 1 kW leave 4
    planned = coarse(
        problem_of, car(0, 4, 6.0, 7.0), base=4.5, price=np.array([1.0, 3.0, 3.0, 3.0]),
        control=np.array(["stepped"]), power_kw_min=np.array([2.0]), step_kw=np.array([1.0]),
    )  # fmt: skip
    assert planned.power_kw[0] == pytest.approx(4.0)
    reasons, (sentence,) = told(planned)
    assert reasons[0] == "whole_step"
    assert sentence.startswith("charges 18:00-20:00 at a whole step of its device")


@pytest.mark.requirement("R30", "R106")
@pytest.mark.parametrize(
    ("columns", "word", "said"),
    [
        ({"commands_max": np.array([1])}, "commands", "as told before: no command to spare"),
        ({"dwell_steps": np.array([2])}, "dwell", "as told before, which stands for its least time"),
    ],
)
def test_what_was_told_before_stands(problem_of: Any, car: Any, columns: dict[str, Any], word: str, said: str) -> None:
    # cheap, dear, cheap: with no command to spare, or before its time is over, a device goes on through the dear hour
    problem = problem_of(car(0, 3, 12.0, 7.0), steps=3, price=np.array([1.0, 5.0, 1.1]))
    devices = Devices(np.array(["continuous"]), np.zeros(1), np.full(1, np.nan), np.zeros(1, dtype=np.int64), **columns)
    planned = plan_for(replace(problem, devices=devices))
    assert planned.solution.plan.power_kw == pytest.approx([7.0, 0.0, 5.0])
    assert planned.power_kw == pytest.approx([7.0, 5.0, 0.0])
    reasons, (sentence,) = told(planned)
    assert reasons == ["full_power", word, "need_met"]
    assert f"charges 19:00-20:00 {said}; ready by 20:00" in sentence


RISK = DepartureRisk((0.0,), (0.0, 60.0, 120.0), ((0.4, 0.7, 1.0),))


@pytest.mark.requirement("R30", "R40")
def test_charging_early_in_case_says_so_and_charging_early_by_price_does_not(problem_of: Any, car: Any) -> None:
    problem = problem_of(car(0, 4, 7.0, 7.0), steps=4, price=np.array([0.30, 0.25, 0.28, 0.20]))
    trusting, careful = plan_for(problem), plan_for(problem, Wishes(caution=Caution(RISK, value_per_kwh=1.0)))
    assert trusting.power_kw == pytest.approx([0, 0, 0, 7])
    assert told(trusting)[0][3] == "full_power"
    assert careful.power_kw == pytest.approx([0, 7, 0, 0])
    reasons, (sentence,) = told(careful)
    assert reasons == ["waiting_cheaper", "early_in_case", "need_met", "need_met"]
    assert "charges 19:00-20:00 early, in case the driver leaves early; ready by 20:00" in sentence
    cheap_first = replace(problem, price_per_kwh=np.array([0.20, 0.25, 0.28, 0.30]))
    assert told(plan_for(cheap_first, Wishes(caution=Caution(RISK, value_per_kwh=1.0))))[0][0] == "full_power"
