"""Whole studies: the same numbers from one process or two, resumed or not, and results that are all there."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

import evenload
from evenload.base.errors import InputError
from evenload.report.results import CIRCUITS, HOSTING, RUNS, StudyResults
from evenload.simulate.output import summary, write_results
from evenload.simulate.schemas import schemas
from evenload.simulate.study import run_study
from evenload.simulate.study_file import Study

HERE = Path()


@pytest.fixture(scope="module")
def results(small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> StudyResults:
    return run_study(small_study, tmp_path_factory.mktemp("study"), folder=HERE, workers=1)


def test_every_run_is_there_with_the_promised_columns(results: StudyResults) -> None:
    assert list(results.runs.columns) == list(RUNS)
    assert list(results.circuits.columns) == list(CIRCUITS)
    assert list(results.hosting.columns) == list(HOSTING)
    assert len(results.runs) == 3 * 2 * 2 * 2 * 2
    assert not results.runs.duplicated(["strategy", "seed", "penetration", "base_load", "behaviour"]).any()


@pytest.mark.requirement("R140")
def test_energy_balances_in_every_run(results: StudyResults) -> None:
    runs = results.runs
    balance = runs["energy_kwh_delivered"] + runs["energy_kwh_unserved"]
    assert np.allclose(balance, runs["energy_kwh_needed"])
    reasons = runs.filter(like="unserved_kwh_").sum(axis=1)
    assert np.allclose(reasons, runs["energy_kwh_unserved"])


@pytest.mark.slow
def test_two_processes_give_the_same_numbers(results: StudyResults, small_study: Study, tmp_path: Path) -> None:
    other = run_study(small_study, tmp_path, folder=HERE, workers=2)
    for name in ("runs", "circuits", "profiles", "heat", "closeup", "hosting"):
        pd.testing.assert_frame_equal(getattr(results, name), getattr(other, name))


@pytest.mark.slow
def test_an_interrupted_study_goes_on_where_it_stopped(
    results: StudyResults, small_study: Study, tmp_path: Path
) -> None:
    told: list[int] = []

    def interrupt(done: int, _: int) -> None:
        told.append(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(small_study, tmp_path, folder=HERE, workers=1, progress=interrupt)
    told.clear()
    again = run_study(small_study, tmp_path, folder=HERE, workers=1, progress=lambda done, _: told.append(done))
    assert told[0] == 3
    pd.testing.assert_frame_equal(again.runs, results.runs)


def test_parts_of_another_study_are_not_taken_for_ours(small_study: Study, tmp_path: Path) -> None:
    smaller = small_study.model_copy(
        update={"seeds": 1, "penetrations": [0.5], "behaviours": {"actual": small_study.behaviours["actual"]}}
    )
    run_study(smaller, tmp_path, folder=HERE, workers=1)
    told: list[int] = []
    later = smaller.model_copy(update={"timer_clock": "22:00"})
    run_study(later, tmp_path, folder=HERE, workers=1, progress=lambda done, _: told.append(done))
    assert told[0] == 0


def test_results_on_disk_are_whole_and_match_their_schema(results: StudyResults, tmp_path: Path) -> None:
    report = write_results(results, tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    jsonschema.validate(summary, schemas()["summary"])
    assert "<svg" in report.read_text(encoding="utf-8")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "runs.parquet"), results.runs)
    assert {path.name for path in (tmp_path / "tables").iterdir()} >= {"runs.csv", "circuits.csv", "hosting.csv"}
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_the_same_study_writes_the_same_bytes(results: StudyResults, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write_results(results, folder)
    for path in sorted(one.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


def test_hindsight_stands_beside_what_could_be_known_and_the_summary_says_what_that_costs(small_study: Study) -> None:
    cases = {"penetrations": [1.0], "seeds": 1, "strategies": ["valley", "optimised", "hindsight"]}
    found = evenload.study(small_study.model_dump() | cases)
    runs = found.runs.set_index("strategy")[["base_load", "behaviour", "cost", "energy_kwh_unserved"]]
    best, own = runs.loc["hindsight"], runs.loc["optimised"]
    for name in ("valley", "optimised"):
        assert (runs.loc[name, "energy_kwh_unserved"].to_numpy() >= best["energy_kwh_unserved"].to_numpy() - 1e-6).all()
    served = np.isclose(own["energy_kwh_unserved"], best["energy_kwh_unserved"])
    assert served.any()
    assert (own["cost"].to_numpy()[served] >= 0.999 * best["cost"].to_numpy()[served]).all()
    summed = summary(found)
    jsonschema.validate(summed, schemas()["summary"])
    more = {(row["base_load"], row["behaviour"]): row["cost"] for row in summed["value_of_information"]}
    cases_run = zip(own["base_load"], own["behaviour"], own["cost"].to_numpy() - best["cost"].to_numpy(), strict=True)
    assert more == pytest.approx({(base_load, behaviour): cost for base_load, behaviour, cost in cases_run})


def test_a_folder_that_is_a_file_is_refused(small_study: Study, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(InputError, match="is a file; name a folder"):
        run_study(small_study, taken, folder=HERE, workers=1)


def test_the_notebook_door_takes_plain_data(small_study: Study) -> None:
    plain = small_study.model_dump(mode="json") | {"seeds": 1, "penetrations": [1.0], "strategies": ["unmanaged"]}
    plain["behaviours"] = {"actual": {}}
    found = evenload.study(plain)
    assert found.runs["strategy"].unique().tolist() == ["unmanaged"]
    assert found.comparisons == ()


def test_results_that_cannot_be_kept_are_refused_before_computing(small_study: Study) -> None:
    told: list[int] = []
    with pytest.raises(InputError, match="results cannot be written to /proc/nowhere"):
        run_study(
            small_study, Path("/proc/nowhere"), folder=HERE, workers=1, progress=lambda done, _: told.append(done)
        )
    assert told == []


def test_files_of_others_are_never_removed(small_study: Study, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="holds files that are not of a study"):
        run_study(small_study, tmp_path, folder=HERE, workers=1, fresh=True)
    assert (tmp_path / "parts" / "thesis.txt").read_text() == "precious"
