import json
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
from evenload.schedule.objective import Objective
from evenload.schedule.optimum import Certificate, Solution
from evenload.schedule.summary import Outcome

HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 30, 2)
SIGNAL = Signal(HORIZON, np.array([0.2, 0.4]), "EUR", np.array([100.0, 300.0]), "average")
ASKED = Asked(Objective.PRICE, 0.01, PlannedSessions(planned=1, outside_horizon=2, cut_at_horizon=0), ("a note",))


def summarised(
    tree: CircuitTree, *, signal: Signal = SIGNAL, asked: Asked = ASKED, gap: float = 0.005, bound: float = 1.9,
    least: bool = True,
) -> PlanSummary:  # fmt: skip
    """One car on site S, 20 kW and 4 kW where 15 kWh were wanted, above a base load that is too much for T2."""
    sessions = Sessions.of(
        session_id=np.array(["s1"]), node=np.array(["S"]), energy_kwh=np.array([13.5]), efficiency=np.array([0.9]),
        plugged_at=HORIZON.starts()[:1], departs_at=HORIZON.starts()[1:] + np.timedelta64(30, "m"),
        power_kw_max=np.array([40.0]),
    )  # fmt: skip
    base_kw = tree.sum_up(np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 35.0], [20.0, 36.0]]))
    problem = problem_from(
        sessions, tree, HORIZON, base_kw, tree.limit_kw[:, None], SIGNAL.price_per_kwh, np.zeros(2, dtype=np.int64)
    )
    power_kw = np.array([20.0, 4.0])
    certificate = Certificate(
        objective=2.8, bound=bound, gap=gap, energy_kwh_needed=15.0, energy_kwh_unserved=3.0, unserved_is_least=least,
        violation_kw_max=0.0, sweeps=6,
    )  # fmt: skip
    shadow_price = np.zeros((4, 2))
    shadow_price[tree.index["S"]] = 0.1, 0.3
    solution = Solution(
        Plan(HORIZON, problem.session_id, problem.first_step, problem.offset, power_kw), certificate, shadow_price,
        np.array([3.0]), np.array([0.4]),
    )  # fmt: skip
    return summary_of(Outcome.of(problem, power_kw), solution, signal, asked, Seconds(1.5, 2.5), "9.9")


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
