"""Golden cases: tiny studies whose results were worked out by hand (each case's README.md has the calculation).

``expected.json`` holds ``checks``: a frame of ``tables/``, ``where`` (column: value, or ``{"from", "to"}``), how many
``rows`` that finds (1), and what every one ``is``, is ``at_least`` or ``at_most``, or which ``columns`` are the
``same_as`` in another row. A column may be an expression. ``wrong`` lists edits of the case's files, and what it
``says`` to each (null: any sentence).
"""

import json
import shutil
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenload.cli import main

CASES = Path(__file__).parent / "cases"
TOLERANCE = 1e-9
EXPECTED: dict[str, dict[str, Any]] = {
    case.name: json.loads((case / "expected.json").read_text(encoding="utf-8")) for case in sorted(CASES.iterdir())
}


@dataclass(frozen=True)
class Finished:
    """A study that has run, or was refused: exit code, what it said on standard error, and where results are."""

    exit_code: int
    said: str
    out: Path

    def frame(self, name: str, where: dict[str, Any]) -> pd.DataFrame:
        """The rows of a table that ``where`` asks for."""
        frame = pd.read_csv(self.out / "tables" / f"{name}.csv")
        for column, wanted in where.items():
            values = frame[column]
            frame = frame[
                values.between(wanted["from"], wanted["to"]) if isinstance(wanted, dict) else values == wanted
            ]
        return frame


Finish = Callable[[str], Finished]


def simulate(folder: Path) -> Finished:
    """Run ``evenload simulate study.yaml --out out`` inside ``folder``."""
    said = StringIO()
    with chdir(folder), redirect_stdout(StringIO()), redirect_stderr(said):
        code = main(["simulate", "study.yaml", "--out", "out", "--workers", "1"])
    progress = "simulating "
    lines = [line for line in said.getvalue().splitlines() if not line.startswith(progress)]
    return Finished(code, "\n".join(lines).strip(), folder / "out")


@pytest.fixture(scope="module")
def finish(tmp_path_factory: pytest.TempPathFactory) -> Finish:
    """Runs a case once, however many checks look at it."""
    done: dict[str, Finished] = {}

    def run(case: str) -> Finished:
        if case not in done:
            done[case] = simulate(Path(shutil.copytree(CASES / case, tmp_path_factory.mktemp(case) / case)))
        return done[case]

    return run


def _checks() -> list[Any]:
    return [
        pytest.param(case, check, id=f"{case}-{i}")
        for case, expected in EXPECTED.items()
        for i, check in enumerate(expected["checks"])
    ]


def _wrong() -> list[Any]:
    return [
        pytest.param(case, wrong, id=wrong["name"])
        for case, expected in EXPECTED.items()
        for wrong in expected.get("wrong", [])
    ]


@pytest.mark.parametrize("case", EXPECTED)
def test_a_case_says_how_its_numbers_were_worked_out(case: str) -> None:
    assert "By hand" in (CASES / case / "README.md").read_text(encoding="utf-8")
    assert EXPECTED[case]["checks"]


@pytest.mark.requirement("R7", "R30", "R38", "R39", "R40", "R42", "R43", "R46", "R140")
@pytest.mark.parametrize(("case", "check"), _checks())
def test_a_study_finds_what_was_worked_out_by_hand(finish: Finish, case: str, check: dict[str, Any]) -> None:
    finished = finish(case)
    assert finished.exit_code == 0, finished.said
    rows = finished.frame(check["frame"], check["where"])
    assert len(rows) == check.get("rows", 1)
    for column, value in check.get("is", {}).items():
        exact = value if isinstance(value, str) else pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE)
        assert np.asarray(rows.eval(column)).tolist() == [exact] * len(rows), column
    for column, least in check.get("at_least", {}).items():
        assert (rows.eval(column) >= least).all(), column
    for column, most in check.get("at_most", {}).items():
        assert (rows.eval(column) <= most).all(), column
    if "same_as" in check:
        other = finished.frame(check["frame"], check["same_as"])
        for column in check["columns"]:
            assert rows[column].item() == pytest.approx(other[column].item(), rel=TOLERANCE, abs=TOLERANCE), column


def refused(tmp_path: Path, case: str, wrong: dict[str, Any]) -> Finished:
    """Run a copy of the case with the one edit ``wrong`` describes."""
    folder = Path(shutil.copytree(CASES / case, tmp_path / case))
    file = folder / wrong["file"]
    text = file.read_text(encoding="utf-8")
    assert wrong["old"] in text
    file.write_text(text.replace(wrong["old"], wrong["new"]), encoding="utf-8")
    return simulate(folder)


@pytest.mark.parametrize(("case", "wrong"), _wrong())
def test_a_wrong_input_is_refused_with_a_sentence(tmp_path: Path, case: str, wrong: dict[str, Any]) -> None:
    finished = refused(tmp_path, case, wrong)
    assert finished.exit_code == 2
    if wrong["says"] is not None:
        assert finished.said == f"evenload: {wrong['says']}"


@pytest.mark.parametrize(("case", "wrong"), _wrong())
def test_a_refused_study_leaves_nothing_behind(tmp_path: Path, case: str, wrong: dict[str, Any]) -> None:
    finished = refused(tmp_path, case, wrong)
    assert [path for path in finished.out.rglob("*") if path.is_file()] == []


def test_data_that_changed_are_not_answered_with_old_results(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(CASES / "hosting-none", tmp_path / "case"))
    assert simulate(folder).exit_code == 0
    history = folder / "history.csv"
    history.write_text(history.read_text(encoding="utf-8").replace(",10,5", ",7.5,5"), encoding="utf-8")
    once = simulate(folder).frame("runs", {"penetration": 1})
    assert once["energy_kwh_needed"].item() == pytest.approx(2 * 7.5)
