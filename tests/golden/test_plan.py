"""Golden plans: tiny nights whose least cost was worked out by hand (each case's README.md has the calculation).

``expected.json`` holds ``runs``: the ``options`` given beside the case's files, what fields of the summary ``is``, the
rows of ``unserved`` (or their sum, where who goes without is of no matter) and ``overloads``, load of all cars in each
step ``ev_kw``, and fields of ``circuits``. Numbers agree within the gap that was asked for.
"""

import json
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from evenload.base.horizon import Horizon
from evenload.cli import main
from evenload.files.plan import read_plan
from evenload.simulate.schemas import schemas

CASES = Path(__file__).parent / "plan"
EXPECTED: dict[str, list[dict[str, Any]]] = {
    case.name: json.loads((case / "expected.json").read_text(encoding="utf-8"))["runs"] for case in CASES.iterdir()
}
RUNS = [(case, run) for case, runs in sorted(EXPECTED.items()) for run in range(len(runs))]


@dataclass(frozen=True)
class Made:
    """A plan that was made, beside what was expected of it."""

    expected: dict[str, Any]
    summary: dict[str, Any]
    ev_kw: list[float]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]}-{run[1]}")
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One run of one case."""
    case, number = request.param
    expected, out = EXPECTED[case][number], tmp_path_factory.mktemp(case)
    files = [word for name in ("sessions", "grid", "load", "signal") for word in (f"--{name}", f"{name}.csv")]
    with chdir(CASES / case), redirect_stdout(StringIO()):
        code = main(["plan", *files, *expected["options"], "--out", str(out / "plan.csv")])
    assert code == 0
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    steps = summary["horizon"]
    plan = read_plan(
        out / "plan.csv", Horizon(datetime.fromisoformat(steps["start"]), steps["step_minutes"], steps["steps"])
    )
    ev_kw = np.bincount(plan.slot_steps(), weights=plan.power_kw, minlength=steps["steps"])
    return Made(expected, summary, ev_kw.tolist())


def close(value: Any) -> Any:
    """The value, within the gap asked for where it is a number, or a mapping to numbers."""
    return pytest.approx(value, rel=1e-3, abs=1e-3) if isinstance(value, int | float | dict) else value


def test_every_case_says_how_its_numbers_were_worked_out() -> None:
    assert len(EXPECTED) >= 2
    for case in EXPECTED:
        assert "By hand" in (CASES / case / "README.md").read_text(encoding="utf-8")


@pytest.mark.requirement("R38", "R39", "R40")
def test_cost_and_energy_are_those_worked_out_by_hand(made: Made) -> None:
    for name, value in made.expected["is"].items():
        assert made.summary[name] == close(value), name
    assert made.ev_kw == pytest.approx(made.expected["ev_kw"], abs=1e-3)


@pytest.mark.requirement("R38", "R41")
def test_what_is_missing_has_the_reason_worked_out_by_hand(made: Made) -> None:
    rows = [[row["session_id"], row["energy_kwh"], row["reason"], row["node"]] for row in made.summary["unserved"]]
    if "unserved" in made.expected:
        assert rows == [[name, close(kwh), reason, node] for name, kwh, reason, node in made.expected["unserved"]]
        return
    wanted = made.expected["unserved_sum"]
    assert sum(kwh for _, kwh, _, _ in rows) == close(wanted["energy_kwh"])
    assert {(reason, node) for _, _, reason, node in rows} == {(wanted["reason"], wanted["node"])}


@pytest.mark.requirement("R39", "R42")
def test_circuits_fare_as_worked_out_by_hand(made: Made) -> None:
    circuits = {row["node"]: row for row in made.summary["circuits"]}
    for node, fields in made.expected["circuits"].items():
        for name, value in fields.items():
            assert circuits[node][name] == close(value), (node, name)
    overloads = [[row["node"], row["timestamp"], row["excess_kw"], row["cause"]] for row in made.summary["overloads"]]
    assert overloads == made.expected["overloads"]


def test_the_summary_is_as_its_published_schema_says(made: Made) -> None:
    jsonschema.validate(made.summary, schemas()["plan"])
