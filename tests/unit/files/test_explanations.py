import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.domain.circuit import CircuitTree
from evenload.domain.reason import StepReason
from evenload.domain.session import Sessions
from evenload.files.explanations import read_explanations, write_explanations
from evenload.schedule.from_sessions import problem_from
from evenload.schedule.why.explain import Explanations, explain
from evenload.schedule.why.summary import Outcome

HORIZON = Horizon(datetime(2020, 1, 6, 12, tzinfo=UTC), 30, 4)


@pytest.fixture
def found(tree: CircuitTree) -> Explanations:
    """s1 at S (40 kW) is held to 40 of 50 kW; s2 at T2 (25 kW) charges last, when it is cheapest."""
    sessions = Sessions.of(
        session_id=np.array(["s1", "s2"]), node=np.array(["S", "T2"]), energy_kwh=np.array([20.0, 10.0]),
        plugged_at=HORIZON.starts()[:2], departs_at=HORIZON.starts()[[2, 3]] + np.timedelta64(10, "m"),
        power_kw_max=np.array([50.0, 20.0]),
    )  # fmt: skip
    problem = problem_from(
        sessions, tree, HORIZON, np.zeros((4, 4)), tree.limit_kw[:, None], np.array([0.1, 0.2, 0.1, 0.3]),
        np.zeros(4, dtype=np.int64),
    )  # fmt: skip
    return explain(Outcome.of(problem, np.array([40.0, 0.0, 0.0, 0.0, 20.0, 0.0])), marginal_per_kwh=np.full(2, 0.15))


@pytest.mark.parametrize("name", ["e.csv", "e.parquet"])
def test_every_span_is_a_row_that_can_be_read_back(found: Explanations, tmp_path: Path, name: str) -> None:
    write_explanations(tmp_path / name, found)
    table = read_explanations(tmp_path / name)
    assert table["session_id"].tolist() == ["s1", "s1", "s2", "s2", "s2"]
    assert table["reason"].tolist() == ["circuit_limit", "need_met", "waiting_cheaper", "full_power", "need_met"]
    assert table["node"].tolist() == ["S", "", "", "", ""]
    assert table["power_kw_mean"].tolist() == [40.0, 0.0, 0.0, 20.0, 0.0]
    assert table["start"][[1, 4]].tolist() == [HORIZON.starts()[1], HORIZON.starts()[3]]
    assert table["end"][[1, 4]].tolist() == (HORIZON.starts()[[2, 3]] + np.timedelta64(10, "m")).tolist()
    assert table["sentence"].tolist() == [
        "slowed 12:00-12:30: site S at its limit",
        "ready by 12:30, 40 min before departure",
        "waits 12:30-13:00: other times are cheaper",
        "charges 13:00-13:30 at full power",
        "ready by 13:30, 10 min before departure",
    ]


def test_only_the_sessions_asked_for_are_written(found: Explanations, tmp_path: Path) -> None:
    write_explanations(tmp_path / "e.csv", found, np.array([1]))
    with (tmp_path / "e.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["session_id"] for row in rows} == {"s2"}
    assert rows[1] == {
        "session_id": "s2", "start": "2020-01-06T13:00:00+00:00", "end": "2020-01-06T13:30:00+00:00",
        "power_kw_mean": "20", "reason": "full_power", "node": "", "sentence": "charges 13:00-13:30 at full power",
    }  # fmt: skip


def test_the_documentation_lists_every_reason_in_its_order() -> None:
    page = Path(__file__).parents[3] / "docs" / "howto" / "why-this-power.md"
    rows = "\n".join(f"| `{reason}` | {reason.meaning} |" for reason in StepReason)
    assert rows in page.read_text(encoding="utf-8")
