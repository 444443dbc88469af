import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitTree
from evenload.domain.plan import Plan
from evenload.domain.session import Sessions
from evenload.domain.signal import Signal
from evenload.files.plan_summary import (
    Asked,
    PlannedSessions,
    PlanSummary,
    Seconds,
    summary_of,
    write_plan_summary,
)
from evenload.schedule.from_sessions import problem_from
from evenload.schedule.planner import plan_for
from evenload.schedule.problem import Problem
from evenload.schedule.problem_parts import Batteries, CircuitTerms, Tariffs
from evenload.schedule.solver.objective import Objective
from evenload.schedule.solver.optimum import Certificate, Solution
from evenload.schedule.solver.warmth import Warmth
from evenload.schedule.why.summary import Outcome

HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 30, 2)
SIGNAL = Signal(HORIZON, np.array([0.2, 0.4]), "EUR", np.array([100.0, 300.0]), "average")
ASKED = Asked(Objective.PRICE, 0.01, PlannedSessions(planned=1, outside_horizon=2, cut_at_horizon=0), ("a note",))


def problem_of(tree: CircuitTree) -> Problem:
    """One car on site S that wants 15 kWh at the connector, above a base load that is too much for T2."""
    sessions = Sessions.of(
        session_id=np.array(["s1"]), node=np.array(["S"]), energy_kwh=np.array([13.5]), efficiency=np.array([0.9]),
        plugged_at=HORIZON.starts()[:1], departs_at=HORIZON.starts()[1:] + np.timedelta64(30, "m"),
        power_kw_max=np.array([40.0]),
    )  # fmt: skip
    base_kw = tree.sum_up(np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 35.0], [20.0, 36.0]]))
    return problem_from(
        sessions, tree, HORIZON, base_kw, tree.limit_kw[:, None], SIGNAL.price_per_kwh, np.zeros(2, dtype=np.int64)
    )


def summarised(
    tree: CircuitTree, *, signal: Signal = SIGNAL, asked: Asked = ASKED, gap: float = 0.005, bound: float = 1.9,
    least: bool = True,
) -> PlanSummary:  # fmt: skip
    """The car gets 20 kW and 4 kW."""
    return summary_of_powers(problem_of(tree), [20.0, 4.0], [0.0, 0.0], signal, asked, gap, bound, least)


def summary_of_powers(
    problem: Problem, powers: list[float], minimum: list[float], signal: Signal = SIGNAL, asked: Asked = ASKED,
    gap: float = 0.005, bound: float = 1.9, least: bool = True,
) -> PlanSummary:  # fmt: skip
    power_kw, minimum_kw = np.array(powers), np.array(minimum)
    certificate = Certificate(
        objective=2.8, bound=bound, gap=gap, energy_kwh_needed=15.0, energy_kwh_unserved=3.0,
        energy_kwh_unserved_bound=2.9, energy_kwh_minimum_unserved=0.5, unserved_is_least=least, rounding_loss=0.01,
        violation_kw_max=0.0, sweeps=6,
    )  # fmt: skip
    shadow_price = np.zeros((4, 2))
    shadow_price[problem.tree.index["S"]] = 0.1, 0.3
    solution = Solution(
        Plan(HORIZON, problem.session_id, problem.first_step, problem.offset, power_kw), certificate, shadow_price,
        shadow_price > 0.2, np.array([3.0]), np.array([0.4]), minimum_kw,
        Warmth(shadow_price, 1.0, np.zeros(1), power_kw),
    )  # fmt: skip
    outcome = Outcome.of(problem, power_kw, minimum_kw)
    planned = plan_for(problem)
    planned = replace(planned, solution=solution, fitted=replace(planned.fitted, power_kw=power_kw))
    return summary_of(outcome, planned, signal, asked, Seconds(1.5, 2.5), "9.9")


def test_the_summary_is_what_the_plan_does(tree: CircuitTree) -> None:
    found = summarised(tree)
    assert (found.evenload, found.status, found.gap_asked, found.notes) == ("9.9", "optimal", 0.01, ["a note"])
    assert found.cost == pytest.approx(10 * 0.2 + 2 * 0.4)
    assert found.carbon_kg == pytest.approx((10 * 100 + 2 * 300) / 1000)
    assert (found.energy_kwh_needed, found.energy_kwh_unserved) == pytest.approx((15.0, 3.0))
    assert found.peak_kw == pytest.approx(75.0)
    assert (found.seconds, found.seconds_total) == (1.5, 2.5)
    assert [(row.session_id, round(row.energy_kwh, 9), row.reason.value, row.node) for row in found.unserved] == [
        ("s1", 3.0, "circuit_limit", "S")
    ]
    assert [(row.node, row.timestamp.hour, row.timestamp.minute, row.excess_kw) for row in found.overloads] == [
        ("T2", 12, 30, 10.0)
    ]
    assert (found.horizon.steps, found.horizon.step_minutes, found.horizon.timezone) == (2, 30, "UTC")
    first = found.circuits[0]
    assert (first.node, first.kind, first.limit_kw_min, first.peak_kw) == ("S", "site", 40.0, 40.0)
    assert (first.loading_max_at, first.value_per_kw) == (HORIZON.start, pytest.approx(0.4))
    assert first.shadow_price_per_kwh_max == pytest.approx(0.6)
    assert first.scarcity_kwh_per_kw == 0.5
    assert (found.energy_kwh_unserved_bound, found.energy_kwh_minimum_unserved, found.rounding_loss) == (2.9, 0.5, 0.01)
    assert (found.residuals.energy_kwh_unserved, found.residuals.circuit_kw) == (pytest.approx(3.0), 0.0)
    assert (found.terms, found.discharged_kwh) == (None, 0.0)


@pytest.mark.parametrize(
    ("gap", "least", "status"), [(0.01, True, "optimal"), (0.011, True, "feasible"), (0.0, False, "feasible")]
)
def test_optimal_is_only_what_is_proved(tree: CircuitTree, gap: float, least: bool, status: str) -> None:
    assert summarised(tree, gap=gap, least=least).status == status


def test_numbers_that_are_not_finite_are_null(tree: CircuitTree, tmp_path: Path) -> None:
    without_carbon = Signal(HORIZON, SIGNAL.price_per_kwh, "")
    write_plan_summary(tmp_path / "s.json", summarised(tree, signal=without_carbon, gap=np.inf, bound=-np.inf))
    text = (tmp_path / "s.json").read_text(encoding="utf-8")
    written = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert (written["gap"], written["bound"], written["carbon_kg"]) == (None, None, None)
    jsonschema.validate(written, PlanSummary.model_json_schema(mode="serialization"))


def test_the_schema_refuses_what_is_no_summary(tree: CircuitTree) -> None:
    schema = PlanSummary.model_json_schema(mode="serialization")
    written = json.loads(summarised(tree).model_dump_json())
    jsonschema.validate(written, schema)
    for wrong in ({"status": "perfect"}, {"cost": "much"}, {"sessions": {"planned": 1}}, {"new": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(written | wrong, schema)


def test_the_carbon_objective_is_in_kilograms(tree: CircuitTree) -> None:
    carbon = summarised(tree, asked=ASKED._replace(objective=Objective.CARBON))
    assert (carbon.objective_kind, carbon.objective_unit) == (Objective.CARBON, "kg CO2")
    assert summarised(tree).objective_unit == "EUR"


def test_money_and_carbon_are_what_sessions_pay_and_emit(tree: CircuitTree) -> None:
    # 15 kWh in, 4 kWh back at 0.9 of what went in; wear 0.05 a kWh
    batteries = replace(
        Batteries.charging_only(1), discharge_kw_max=np.array([20.0]), round_trip=np.array([0.9]),
        down_kwh=np.array([9.0]), wear_per_kwh=np.array([0.05]),
    )  # fmt: skip
    terms = CircuitTerms(np.array([3]), np.array([0.01]), np.array([2.0]), np.array([25.0]))
    problem = replace(problem_of(tree), batteries=batteries, terms=terms)
    own = Tariffs(np.zeros(1, dtype=np.int64), np.array([[0.5, 0.6]]), np.array([[0.1, 0.3]]))
    emitted = Tariffs(own.of_session, np.array([[0.2, 0.4]]), np.array([[0.2, 0.4]]))
    found = summary_of_powers(problem, [30.0, -8.0], [0.0, 0.0], asked=ASKED._replace(money=own, carbon=emitted))
    assert found.cost == pytest.approx(15 * 0.5 - 4 * (0.3 - 0.05))
    assert found.carbon_kg == pytest.approx(15 * 0.2 - 4 * 0.4)
    assert found.discharged_kwh == 4.0
    # S: base 20, 36; with charging 50, 28. Peak 50 in place of 36; squares (2500 + 784 - 400 - 1296) / 2 h
    assert found.terms is not None
    assert (found.terms.peak, found.terms.smoothing) == pytest.approx((2.0 * 14, 0.01 * 794))
    plain = summary_of_powers(problem, [30.0, -8.0], [0.0, 0.0])
    assert plain.cost == pytest.approx(15 * 0.2 - 4 * (0.4 - 0.05))
    assert plain.carbon_kg == pytest.approx((15 * 100 - 4 * 300) / 1000)


def test_an_overload_names_its_cause(tree: CircuitTree) -> None:
    problem = replace(
        problem_of(tree), minimum_kwh=np.array([15.0]), emergency_limit_kw=np.array([[500.0], [60.0], [25.0], [45.0]])
    )
    found = summary_of_powers(problem, [23.0, 0.0], [23.0, 0.0])
    assert [(row.node, row.cause.value, row.excess_kw) for row in found.overloads] == [
        ("T2", "base", pytest.approx(10.0)), ("S", "minimum_energy", pytest.approx(3.0))
    ]  # fmt: skip
    assert found.residuals.minimum_kwh_unserved == pytest.approx(3.5)
