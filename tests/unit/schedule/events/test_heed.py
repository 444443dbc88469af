"""Events in the plan, worked by hand: steps of one hour from 18:00."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from evenload.base.units import FloatArray
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.event import Event, EventKind
from evenload.schedule.audit import audit
from evenload.schedule.events.heed import Heeded, heed
from evenload.schedule.events.limits import limit_of_slot
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Across, Batteries
from evenload.schedule.solver.optimum import Settings, Solution, solve

CIRCUITS = (
    Circuit("F", "", CircuitKind.FEEDER, 30.0),
    Circuit("T1", "F", CircuitKind.TRANSFORMER, 20.0),
    Circuit("T2", "F", CircuitKind.TRANSFORMER, 20.0),
)
CLOSE = Settings(gap=1e-6)


def event(name: str, first: float, last: float, kind: str = "pause", **more: Any) -> Event:
    """An event between two hours after 18:00."""
    start = datetime(2025, 1, 13, 18, tzinfo=UTC)
    return Event(name, EventKind(kind), start + timedelta(hours=first), start + timedelta(hours=last), **more)


@pytest.fixture
def evening(problem_of: Any, car: Any) -> Problem:
    """Two cars for four hours, the first at T1, the second at T2; dear from 20:00 on."""
    cars = (car(0, 4, 14.0, 7.0, node="T1"), car(0, 4, 14.0, 7.0, node="T2"))
    made: Problem = problem_of(*cars, steps=4, circuits=CIRCUITS, price=np.array([0.1, 0.1, 0.5, 0.5]))
    return made


def planned(heeded: Heeded) -> tuple[Solution, FloatArray]:
    """A plan that is kept to, and power by session and step where all are plugged in all the time."""
    solution = solve(heeded.problem, CLOSE)
    assert audit(heeded.problem, solution.plan.power_kw, solution.minimum_kw) == ()
    return solution, solution.plan.power_kw.reshape(heeded.problem.sessions, -1)


def test_without_events_the_problem_is_the_same(evening: Problem) -> None:
    heeded = heed(evening, [])
    assert heeded.problem is evening
    assert planned(heeded)[1] == pytest.approx(np.array([[7.0, 7.0, 0.0, 0.0]] * 2))


@pytest.mark.requirement("R13", "R19")
@pytest.mark.parametrize("mandatory", [True, False])
def test_a_pause_moves_charging_to_dearer_hours(evening: Problem, mandatory: bool) -> None:
    heeded = heed(evening, [event("e7", 0, 2, node="T1", mandatory=mandatory)])
    assert planned(heeded)[1] == pytest.approx(np.array([[0.0, 0.0, 7.0, 7.0], [7.0, 7.0, 0.0, 0.0]]))


@pytest.mark.requirement("R13")
def test_an_event_called_off_holds_until_then(evening: Problem) -> None:
    off = datetime(2025, 1, 13, 19, tzinfo=UTC)
    heeded = heed(evening, [event("e7", 0, 4, node="T1", mandatory=True, cancelled_at=off)])
    assert planned(heeded)[1][0].sum() == pytest.approx(14.0)
    assert planned(heeded)[1][0, :2] == pytest.approx([0.0, 7.0])


@pytest.mark.requirement("R22")
def test_a_car_leaves_a_voluntary_pause_for_its_need_and_a_mandatory_one_for_its_minimum_alone(
    evening: Problem,
) -> None:
    asking = replace(evening, minimum_kwh=np.array([2.0, 0.0]))
    voluntary, power = planned(heed(asking, [event("e7", 0, 3, node="T1")]))
    # 14 kWh are 2 hours; an hour is left after the event, 2 kWh are minimum, 5 more must be charged inside of it
    assert power[0].sum() == pytest.approx(14.0)
    assert power[0, 3] == pytest.approx(7.0)
    assert voluntary.certificate.energy_kwh_unserved == pytest.approx(0.0)
    mandatory, power = planned(heed(asking, [event("e7", 0, 3, node="T1", mandatory=True)]))
    assert power[0] == pytest.approx([2.0, 0.0, 0.0, 7.0])
    assert mandatory.certificate.energy_kwh_unserved == pytest.approx(5.0)
    assert mandatory.certificate.energy_kwh_minimum_unserved == 0.0


@pytest.mark.requirement("R21")
def test_who_opted_out_charges_as_without_the_event(evening: Problem) -> None:
    heeded = heed(evening, [event("e7", 0, 2, mandatory=True)], opt_outs={"e7": {"car1"}})
    assert planned(heeded)[1] == pytest.approx(np.array([[0.0, 0.0, 7.0, 7.0], [7.0, 7.0, 0.0, 0.0]]))


@pytest.mark.requirement("R14")
def test_a_mandatory_limit_of_all_below_a_circuit_is_the_circuits(evening: Problem) -> None:
    loaded = replace(evening, base_load_kw=np.full((3, 4), 2.0))
    heeded = heed(loaded, [event("e7", 0, 2, "limit", power_kw=6.0, mandatory=True)])
    assert heeded.problem.across is None
    # all cars together 6 kW, whatever else flows there; the limit the circuit had is still there for minimum energy
    assert heeded.problem.limit_kw[0].tolist() == [8.0, 8.0, 30.0, 30.0]
    assert heeded.problem.emergency_limit_kw is not None
    assert heeded.problem.emergency_limit_kw[0].tolist() == [30.0] * 4
    _, power = planned(heeded)
    assert power.sum(axis=0)[:2] == pytest.approx([6.0, 6.0])
    assert power.sum() == pytest.approx(28.0)


def test_minimum_energy_goes_before_a_limit_at_a_circuit(evening: Problem) -> None:
    asking = replace(evening, minimum_kwh=np.array([7.0, 7.0]))
    _, power = planned(heed(asking, [event("e7", 0, 2, "limit", power_kw=6.0, mandatory=True)]))
    assert power.sum(axis=0)[:2] == pytest.approx([14.0, 6.0])


@pytest.mark.parametrize(
    ("asked", "opt_outs"),
    [
        (event("e7", 0, 2, "limit", power_kw=3.0, node="T1"), {}),  # voluntary: it has a price
        (event("e7", 0, 2, "limit", power_kw=3.0, mandatory=True), {"e7": ["car1"]}),
        (event("e7", 0, 2, "limit", power_kw=3.0, mandatory=True, group="homes"), {}),
    ],
)
def test_other_limits_are_over_their_members(evening: Problem, asked: Event, opt_outs: dict[str, list[str]]) -> None:
    heeded = heed(evening, [asked], np.array(["homes", "depot"]), opt_outs)
    across = heeded.problem.across
    assert across is not None
    assert across.name.tolist() == ["event e7"]
    assert across.session.tolist() == [0]
    assert across.limit_kw.tolist() == [[3.0, 3.0, np.inf, np.inf]]
    assert np.isinf(across.over_per_kwh).all() == asked.mandatory
    assert heeded.problem.limit_kw is evening.limit_kw
    assert heeded.first_limit == 0


def test_a_circuit_that_would_have_to_feed_in_gets_a_limit_over_its_members(evening: Problem) -> None:
    sunny = replace(evening, base_load_kw=np.full((3, 4), -9.0))
    heeded = heed(sunny, [event("e7", 0, 2, "limit", power_kw=3.0, mandatory=True)])
    assert heeded.problem.across is not None
    assert heeded.problem.limit_kw is sunny.limit_kw


@pytest.mark.parametrize("kind", ["increase", "preparatory"])
def test_an_event_for_more_moves_needs_into_its_window_whatever_they_cost_there(evening: Problem, kind: str) -> None:
    dear_first = replace(evening, price_per_kwh=np.array([0.5, 0.5, 0.1, 0.1]))
    asked = event("e7", 0, 2, kind) if kind == "increase" else event("e7", 2, 4, kind)
    heeded = heed(dear_first, [asked], opt_outs={"e7": ["car1"]})
    solution, power = planned(heeded)
    assert power == pytest.approx(np.array([[7.0, 7.0, 0.0, 0.0], [0.0, 0.0, 7.0, 7.0]]))
    assert heeded.plain.money(solution.plan.power_kw) == pytest.approx(14 * 0.5 + 14 * 0.1)


def test_prices_of_others_and_of_other_hours_stay(evening: Problem) -> None:
    heeded = heed(evening, [event("e7", 1, 2, node="T1")])
    prices = heeded.problem.import_price()[heeded.problem.tariff_of_session()]
    added = heeded.above_money_per_kwh
    assert prices == pytest.approx(np.array([[0.1, 0.1 + added, 0.5, 0.5], [0.1, 0.1, 0.5, 0.5]]))
    assert added == pytest.approx(3 * 0.4)


def test_a_paused_battery_gives_nothing_back(evening: Problem) -> None:
    size = evening.sessions
    full = np.full(size, np.inf)
    batteries = Batteries(np.full(size, 7.0), np.ones(size), np.full(size, 5.0), full, np.zeros(size), full, full)
    sold = replace(
        evening, energy_kwh=np.zeros(size), batteries=batteries, price_per_kwh=np.array([0.1, 0.9, 0.1, 0.1]),
        export_limit_kw=np.full((3, 1), 50.0),
    )  # fmt: skip
    for mandatory in (True, False):
        _, power = planned(heed(sold, [event("e7", 1, 2, node="T1", mandatory=mandatory)]))
        assert power[:, 1] == pytest.approx([0.0, -7.0], abs=1e-6)


def test_notes_say_who_gave_way_and_who_asks_nobody(evening: Problem) -> None:
    notes = heed(evening, [event("e1", 0, 2), event("e2", 0, 2, "increase"), event("e3", 9, 10)]).notes
    assert len(notes) == 2
    assert notes[0] == "event e3 asks nobody: it is outside the horizon"
    assert "e1 holds, being the one for less" in notes[1]


def test_limits_the_problem_has_stay_before_those_of_events(evening: Problem) -> None:
    phase = Across(
        np.array(["phase A of T1"]), np.full((1, 4), 9.0), np.full((1, 4), np.inf), np.array([0, 0]), np.array([0, 1]),
        np.array([1.0, 1 / 3]),
    )  # fmt: skip
    heeded = heed(replace(evening, across=phase), [event("e7", 0, 2, "limit", power_kw=3.0, node="T1")])
    across = heeded.problem.across
    assert across is not None
    assert heeded.first_limit == 1
    assert across.name.tolist() == ["phase A of T1", "event e7"]
    assert across.limit_kw.tolist() == [[9.0] * 4, [3.0, 3.0, np.inf, np.inf]]
    assert (across.limit.tolist(), across.session.tolist()) == ([0, 0, 1], [0, 1, 0])
    assert across.weight == pytest.approx([1.0, 1 / 3, 1.0])
    load = heeded.problem.across_kw(np.array([3.0, 0.0, 6.0, 0.0, 3.0, 6.0, 9.0, 0.0]))
    assert load == pytest.approx(np.array([[4.0, 2.0, 9.0, 0.0], [3.0, 0.0, 6.0, 0.0]]))
    held = limit_of_slot(heeded.problem, np.array([3.0, 0.0, 6.0, 0.0, 3.0, 6.0, 9.0, 0.0]))
    assert held.tolist() == [1, -1, 0, -1, -1, -1, 0, -1]
