"""`evenload plan` as a person meets it: from files to a plan and its summary, and a sentence for everything wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pa_parquet
import pytest

from evenload.base.errors import InvariantError
from evenload.cli import main, plan_inputs
from evenload.cli import plan as plan_command
from evenload.schedule.planner import Planned, Wishes, plan_for
from evenload.schedule.problem import Problem
from evenload.schedule.solver.objective import Objective
from evenload.schedule.solver.optimum import Settings

FILES = {
    "sessions": "session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max\n"
    "ann,T1,2025-01-13T18:00:00Z,2025-01-13T22:00:00Z,8,4\n"
    "bo,T1,2025-01-13T18:30:00Z,2025-01-13T21:15:00Z,5,4\n",
    "grid": "node,parent,kind,limit_kw\nF,,feeder,\nT1,F,transformer,6\n",
    "load": "node,timestamp,load_kw\nT1,2025-01-13T18:00:00Z,1\nT1,2025-01-13T20:00:00Z,2\n",
    "signal": "timestamp,price_per_kwh,currency,carbon_g_per_kwh\n"
    "2025-01-13T18:00:00Z,0.30,EUR,100\n2025-01-13T20:00:00Z,0.10,EUR,300\n",
}
SIGNAL_HEADER = "timestamp,price_per_kwh,currency,carbon_g_per_kwh,node\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with the four files."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *options: str, **instead: str) -> tuple[int, str, str]:
    """Plan the night of ``FILES``; ``instead`` names other files, blank to leave one out."""
    named = {name: f"{name}.csv" for name in FILES} | {"out": "plan.csv"} | instead
    words = [word for name, file in named.items() if file for word in (f"--{name}", file)]
    code = main(["plan", *words, *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def summary(file: str = "summary.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    return found


@pytest.mark.requirement("R38", "R40")
def test_a_night_is_planned_at_least_cost(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    found = summary()
    # bo: 1.25 h at 4 kW = 5 kWh are possible from 20:00 on, ann 8; T1 leaves 4 kW there: 8 kWh at 0.10, 5 at 0.30
    assert found["cost"] == pytest.approx(8 * 0.10 + 5 * 0.30, rel=1e-3)
    assert (found["status"], found["unserved"], found["horizon"]["steps"]) == ("optimal", [], 16)
    assert found["carbon_kg"] == pytest.approx((8 * 300 + 5 * 100) / 1000, rel=1e-3)
    for words in ("2 sessions, 16 steps of 15 min", "optimal", "2.30 EUR", "nothing of 13.0 kWh", "T1", "summary.json"):
        assert words in out


def test_a_plan_can_be_parquet_and_its_summary_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = run(capsys, "--summary", "found.json", out="plan.parquet")
    assert code == 0
    rows = pa_parquet.read_table("plan.parquet").to_pydict()
    assert sum(rows["power_kw"]) * 0.25 == pytest.approx(13)
    assert min(rows["power_kw"]) > 0
    assert summary("found.json")["energy_kwh_needed"] == 13
    assert not Path("summary.json").exists()


@pytest.mark.requirement("R40")
def test_without_a_load_file_there_is_no_base_load(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, load="")[0] == 0
    # from 20:00 on T1 leaves 6 kW for both until 21:15, then ann takes 4 alone: 7.5 + 3 kWh at 0.10
    assert summary()["cost"] == pytest.approx(10.5 * 0.10 + 2.5 * 0.30, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "steps", "counts"),
    [
        ((), 16, {"planned": 2, "outside_horizon": 0, "cut_at_horizon": 0}),
        (("--step-minutes", "5"), 48, {"planned": 2, "outside_horizon": 0, "cut_at_horizon": 0}),
        (("--end", "2025-01-13T21:15:00Z"), 13, {"planned": 2, "outside_horizon": 0, "cut_at_horizon": 1}),
        (("--start", "2025-01-13T22:15:00+01:00"), 3, {"planned": 1, "outside_horizon": 1, "cut_at_horizon": 1}),
        (
            ("--start", "2025-01-13T18:30Z", "--end", "2025-01-13T19:00Z"), 2,
            {"planned": 2, "outside_horizon": 0, "cut_at_horizon": 2},
        ),
    ],
)  # fmt: skip
def test_the_horizon_is_the_signals_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], steps: int, counts: dict[str, int]
) -> None:
    code, out, _ = run(capsys, *options)
    assert code == 0
    assert summary()["horizon"]["steps"] == steps
    assert summary()["sessions"] == counts
    assert ("wholly outside the horizon" in out) == (counts["outside_horizon"] > 0)
    assert ("at an end of the horizon" in out) == (counts["cut_at_horizon"] > 0)


@pytest.mark.parametrize("sessions", [0, 1])
def test_few_sessions_or_none_are_a_plan_too(capsys: pytest.CaptureFixture[str], folder: Path, sessions: int) -> None:
    (folder / "sessions.csv").write_text("\n".join(FILES["sessions"].splitlines()[: 1 + sessions]) + "\n")
    code, _, _ = run(capsys)
    assert code == 0
    assert (summary()["sessions"]["planned"], summary()["energy_kwh_needed"]) == (sessions, 8 * sessions)
    assert summary()["peak_kw"] >= 2
    assert len(Path("plan.csv").read_text().splitlines()) > sessions


def test_what_a_circuit_cannot_carry_is_said(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "limits.csv").write_text("node,timestamp,limit_kw\nT1,2025-01-13T18:00:00Z,1.5\n")
    code, out, _ = run(capsys, limits="limits.csv")
    assert code == 0
    found = summary()
    # 0.5 kW for two hours, then base load of 2 kW alone is 0.5 kW over in each of 8 steps
    assert found["energy_kwh_unserved"] == pytest.approx(12)
    assert {(row["reason"], row["node"]) for row in found["unserved"]} == {("circuit_limit", "T1")}
    assert [row["excess_kw"] for row in found["overloads"]] == [0.5] * 8
    assert "12.0 of 13.0 kWh (circuit_limit 12.0)" in out
    assert "base load alone is above the limit of 1 circuit\n" in out
    assert "serves" in out
    assert "2.00 kWh" in out  # for the two hours in which base load leaves room


def test_a_device_out_of_reach_is_load_beside_the_plan(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    header, ann, bo = FILES["sessions"].splitlines()
    (folder / "sessions.csv").write_text(f"{header},link\n{ann},offline\n{bo},\n")
    code, out, _ = run(capsys)
    assert code == 0
    assert "ann cannot be told anything: it is not connected; 4 kW are kept free for it" in summary()["notes"][0]
    assert "cannot be told anything" in out


def test_bad_rows_are_set_aside_when_asked(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    with (folder / "sessions.csv").open("a") as file:
        file.write("cy,T1,2025-01-13T18:00:00Z,2025-01-13T17:00:00Z,8,4\n")
    assert run(capsys)[0] == 2
    assert not Path("plan.csv").exists()
    code, _, err = run(capsys, "--skip-bad-rows")
    assert code == 0
    assert "1 bad rows set aside in sessions.csv.rejected.csv" in err
    assert summary()["sessions"]["planned"] == 2


def test_local_time_is_that_of_the_top_of_the_grid(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "grid.csv").write_text(
        "node,parent,kind,limit_kw,timezone\nF,,feeder,,Europe/Oslo\nT1,F,transformer,6,\n"
    )
    code, out, _ = run(capsys)
    assert code == 0
    assert "from 2025-01-13T19:00:00+01:00" in out
    files = plan_inputs.Files(
        *(Path(f"{name}.csv") for name in ("sessions", "grid", "signal")),
        plan_inputs.LoadAsked(),
        None,
        None,
        None,
        plan_inputs.Departures(),
        False,
    )
    read = plan_inputs.read_inputs(files, plan_inputs.Span("", "", 60), Objective.PRICE, 0.0)
    assert read.problem.minute_of_day.tolist() == [19 * 60, 20 * 60, 21 * 60, 22 * 60]


def test_a_plan_that_breaks_a_promise_is_never_told_as_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reckless(problem: Problem, wishes: Wishes, settings: Settings) -> Planned:
        planned = plan_for(problem, wishes, settings)
        return replace(planned, fitted=replace(planned.fitted, power_kw=problem.cap_kw))

    monkeypatch.setattr(plan_command, "plan_for", reckless)
    code, _, err = run(capsys)
    assert code == InvariantError.exit_code
    assert "circuit_kw=4.0" in err  # 2 x 4 kW and 2 kW of base load on 6 kW
    assert not Path("summary.json").exists()
    assert not Path("plan.csv").exists()


def changed(file: str, old: str, new: str) -> tuple[str, str]:
    """A file's name and its text with one thing changed."""
    assert old in FILES[file]
    return file, FILES[file].replace(old, new)


def with_column(column: str, value: str) -> tuple[str, str]:
    """The sessions with one column more (or several, by commas), of which bo has a value."""
    header, ann, bo = FILES["sessions"].splitlines()
    return "sessions", f"{header},{column}\n{ann}{',' * (1 + column.count(','))}\n{bo},{value}\n"


WRONG_FILES = {
    "unknown node": (
        changed("sessions", "bo,T1", "bo,T2"),
        "sessions.csv: session 'bo' is at node 'T2', which is not in the grid.",
    ),
    "giving back for nothing known": (
        with_column("discharge_kw_max", "5"),
        "signal.csv: sessions may give power back (discharge_kw_max), so the signal needs export_price_per_kwh: the "
        "same as price_per_kwh under net metering, 0 where export is not paid",
    ),
    "need above the battery's room": (
        with_column("battery_kwh,soc_at_plug_in", "40,0.9"),
        "sessions.csv, line 3, energy_kwh = '5': is more than the battery has room for: battery_kwh 40 at "
        "soc_at_plug_in 0.9 takes battery_kwh x (1 - soc_at_plug_in); correct one of the three",
    ),
    "stepped": (
        with_column("control", "stepped"),
        "sessions.csv: session 'bo', control = stepped: voltage_v and phases left blank, so what one ampere is is not "
        "known; fill in volts and phases, or give power_kw_min for any power from there on",
    ),
    "minimum above the need": (
        with_column("energy_kwh_minimum", "6"),
        "sessions.csv, line 3, energy_kwh_minimum = '6': is more than energy_kwh 5; lower the one or raise the other",
    ),
    "state of charge in percent": (
        with_column("soc_at_plug_in", "80"),
        "sessions.csv, line 3, soc_at_plug_in = '80': 80 is outside 0 to 1; is it in percent?",
    ),
    "emergency below normal": (
        ("grid", "node,parent,kind,limit_kw,emergency_limit_kw\nF,,feeder,,\nT1,F,transformer,6,5\n"),
        "grid.csv, line 3, limit_kw = '6': is more than emergency_limit_kw 5; lower the one or raise the other",
    ),
    "export below 0": (
        ("grid", "node,parent,kind,limit_kw,export_limit_kw\nF,,feeder,,\nT1,F,transformer,6,-5\n"),
        "grid.csv, line 3, export_limit_kw = '-5': -5 is outside 0 to 100000000 kW; check its sign and unit",
    ),
    "departs first": (
        changed("sessions", "2025-01-13T21:15:00Z", "2025-01-13T18:30:00Z"),
        "sessions.csv, line 3, departs_at = '2025-01-13T18:30:00Z': is not after plugged_at 2025-01-13T18:30:00Z; are "
        "the two swapped, or the date of one wrong?",
    ),
    "same session twice": (
        changed("sessions", "bo,", "ann,"),
        "sessions.csv, line 3, session_id = 'ann': the same session_id as in line 2; keep one of the two rows",
    ),
    "no column": (
        changed("sessions", "power_kw_max", "power_kw"),
        "sessions.csv: a sessions file has no column 'power_kw'. Did you mean 'power_kw_min'?",
    ),
    "NaN": (
        changed("sessions", "22:00:00Z,8,4", "22:00:00Z,nan,4"),
        "sessions.csv, line 2, energy_kwh = 'nan': is not a finite number; leave the cell blank where nothing is known",
    ),
    "orphan": (
        changed("grid", "T1,F", "T1,G"),
        "grid.csv: circuit 'T1' hangs on 'G', which is not in the grid.",
    ),
    "load of nobody": (
        changed("load", "T1,2025-01-13T20", "T9,2025-01-13T20"),
        "load.csv: node 'T9' is not in the grid.",
    ),
    "load too short": (
        changed("load", "2025-01-13T20", "2025-01-13T19"),
        "load.csv: load_kw of T1 runs from 2025-01-13T18:00:00+00:00 to 2025-01-13T20:00:00+00:00; the horizon needs "
        "2025-01-13T18:00:00+00:00 to 2025-01-13T22:00:00+00:00",
    ),
    "no rows of prices": (
        ("signal", SIGNAL_HEADER),
        "signal.csv: the file has no rows, so it spans no time",
    ),
    "no price": (
        ("signal", f"{SIGNAL_HEADER}2025-01-13T18:00:00Z,,,100,\n"),
        "signal.csv: no row holds a price_per_kwh everywhere",
    ),
    "two currencies": (
        changed("signal", "0.10,EUR", "0.10,USD"),
        "signal.csv: currency is EUR and USD; one signal has one currency",
    ),
    "price only elsewhere": (
        ("signal", f"{SIGNAL_HEADER}2025-01-13T18:00:00Z,0.1,EUR,100,F2\n"),
        "signal.csv: node 'F2' is not in the grid. Did you mean 'F'?",
    ),
    "price of one node too short": (
        ("signal", f"{SIGNAL_HEADER}2025-01-13T18:00:00Z,0.1,EUR,100,\n2025-01-13T19:00:00Z,0.1,EUR,100,\n"
         "2025-01-13T18:00:00Z,0.2,EUR,100,T1\n"),
        "signal.csv: price_per_kwh of T1 runs from 2025-01-13T18:00:00+00:00 to 2025-01-13T19:00:00+00:00; the horizon "
        "needs 2025-01-13T18:00:00+00:00 to 2025-01-13T20:00:00+00:00",
    ),
    "export price with a gap": (
        ("signal", "timestamp,price_per_kwh,export_price_per_kwh\n2025-01-13T18:00:00Z,0.1,0.1\n"
         "2025-01-13T19:00:00Z,0.1,\n2025-01-13T20:00:00Z,0.1,0.1\n2025-01-13T21:00:00Z,0.1,0.1\n"
         "2025-01-13T22:00:00Z,0.1,0.1\n"),
        "signal.csv: export_price_per_kwh has a gap from 2025-01-13T18:00:00+00:00 to 2025-01-13T20:00:00+00:00; its "
        "values are 60 min apart elsewhere",
    ),
    "price in MWh": (
        changed("signal", "0.10,EUR", "100,EUR"),
        "signal.csv, line 3, price_per_kwh = '100': 100 is outside -10 to 10 per kWh; is it in currency per MWh?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wrong", "sentence"), WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_wrong_file_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path, wrong: tuple[str, str], sentence: str
) -> None:
    name, text = wrong
    (folder / f"{name}.csv").write_text(text)
    code, out, err = run(capsys)
    assert (code, out) == (2, "")
    assert err.strip() == f"evenload: {sentence}" or err.startswith(f"evenload: {sentence} It has: session_id")
    assert not Path("plan.csv").exists()


WRONG_OPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "gap of 0": (("--gap", "0"), "gap must be between 0 and 1, such as 0.001, not 0.0"),
    "gap of 2": (("--gap", "2"), "gap must be between 0 and 1, such as 0.001, not 2.0"),
    "no zone": (
        ("--start", "2025-01-13T18:00"),
        "--start: 2025-01-13T18:00:00 has no offset from UTC; write for example 2025-01-13T18:00:00+00:00",
    ),
    "no instant": (
        ("--end", "tomorrow"), "--end: 'tomorrow' is not an ISO 8601 timestamp such as 2020-01-06T17:00:00+01:00"
    ),
    "backwards": (
        ("--end", "2025-01-13T17:00Z"),
        "the horizon must end after it starts: 2025-01-13T18:00:00+00:00 to 2025-01-13T17:00:00+00:00",
    ),
    "7 min": (
        ("--step-minutes", "7"),
        "--step-minutes 7 does not divide an hour; use 1, 5, 10, 15, 30 or 60",
    ),
    "no step": (("--step-minutes", "0"), "--step-minutes 0 does not divide an hour; use 1, 5, 10, 15, 30 or 60"),
    "ragged start": (
        ("--start", "2025-01-13T18:05Z", "--end", "2025-01-13T19:05Z"),
        "a horizon of 15 min steps cannot start at 2025-01-13T18:05:00+00:00; start on a whole step of the hour",
    ),
    "beyond the prices": (
        ("--end", "2025-01-14T06:00Z"),
        "signal.csv: price_per_kwh runs from 2025-01-13T18:00:00+00:00 to 2025-01-13T22:00:00+00:00; the horizon needs "
        "2025-01-13T18:00:00+00:00 to 2025-01-14T06:00:00+00:00",
    ),
    "carbon price below 0": (
        ("--carbon-price-per-kg", "-1"), "a price of carbon is a number of 0 or more per kg, not -1"
    ),
    "carbon price is no number": (
        ("--carbon-price-per-kg", "nan"), "a price of carbon is a number of 0 or more per kg, not nan"
    ),
    "carbon twice": (
        ("--objective", "carbon", "--carbon-price-per-kg", "1"),
        "a price of carbon belongs to the objective price; the objective carbon looks at no money",
    ),
    "carbon price beside loads": (
        ("--objective", "peak", "--carbon-price-per-kg", "1"),
        "a price of carbon belongs to the objective price; the objective peak looks at loads first",
    ),
    "no problem file": (("--problem", "problm.yaml"), "problm.yaml does not exist"),
    "over the problem file": (
        ("--problem", "load.csv", "--summary", "load.csv"),
        "load.csv is both read and written; give the output another name",
    ),
    "unknown file type": (
        ("--out", "plan.xlsx"), "plan.xlsx: the name of a plan file ends in .csv, .csv.gz or .parquet"
    ),
    "no folder": (
        ("--out", "nowhere/plan.csv"), "nowhere/plan.csv cannot be written: there is no folder nowhere"
    ),
    "over an input": (
        ("--out", "sessions.csv"), "sessions.csv is both read and written; give the output another name"
    ),
    "summary over an input": (
        ("--summary", "grid.csv"), "grid.csv is both read and written; give the output another name"
    ),
    "summary over the plan": (
        ("--summary", "plan.csv"), "--out and --summary are both plan.csv; give one of them another name"
    ),
    "summary is a folder": (("--summary", "."), ". cannot be written: it is a folder"),
    "no such file": (("--grid", "gird.csv"), "gird.csv does not exist"),
    "not a table": (("--limits", "limits.txt"), "limits.txt: the name of a canonical file ends in .csv, .csv.gz or "
                    ".parquet"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "sentence"), WRONG_OPTIONS.values(), ids=WRONG_OPTIONS)
def test_a_wrong_option_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], sentence: str
) -> None:
    code, out, err = run(capsys, *options)
    assert (code, out, err.strip()) == (2, "", f"evenload: {sentence}")
    assert not Path("plan.csv").exists()
    assert Path("sessions.csv").read_text() == FILES["sessions"]


TWO_WAY = (
    "session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max,discharge_kw_max,battery_kwh,soc_at_plug_in\n"
    "bo,T1,2025-01-13T18:00:00Z,2025-01-13T22:00:00Z,8,4,4,40,0.5\n"
)
EXPORT = "timestamp,price_per_kwh,export_price_per_kwh\n2025-01-13T18:00:00Z,0.3,0.2\n2025-01-13T20:00:00Z,0.1,0.1\n"
WRONG_PROBLEMS = {
    "giving back from what": (
        TWO_WAY.replace(",40,0.5", ",,0.5"), "",
        "sessions.csv: session 'bo', discharge_kw_max = 4.0: battery_kwh is blank, so how much it can give back is not "
        "known; fill in it, or leave discharge_kw_max blank",
    ),
    "node of the problem file": (
        TWO_WAY, "circuits: [{node: T11, peak_per_kw: 1}]\n",
        "problem.yaml: node 'T11' is not in the grid. Did you mean 'T1'?",
    ),
    "key of a later version": (
        TWO_WAY, "storage: {}\n",
        "problem.yaml: storage is not a key of a problem file. It is one of sites. There are: circuits, wear_per_kwh, "
        "taper, ramps, outages, sites, unmanaged_cars, fatigue_half_life_days, phases_unknown",
    ),
    "wear below 0": (
        TWO_WAY, "wear_per_kwh: -0.05\n", "problem.yaml: wear_per_kwh = -0.05: should be greater than or equal to 0"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sessions", "problem", "sentence"), WRONG_PROBLEMS.values(), ids=WRONG_PROBLEMS)
def test_a_wrong_problem_is_refused_with_a_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path, sessions: str, problem: str, sentence: str
) -> None:
    for name, text in (("sessions.csv", sessions), ("signal.csv", EXPORT), ("problem.yaml", problem)):
        (folder / name).write_text(text)
    code, out, err = run(capsys, problem="problem.yaml")
    assert (code, out, err.strip()) == (2, "", f"evenload: {sentence}")
    assert not Path("plan.csv").exists()


@pytest.mark.parametrize("objective", ["carbon", "peak", "balanced"])
def test_money_of_a_problem_file_belongs_to_the_objective_price(
    capsys: pytest.CaptureFixture[str], folder: Path, objective: str
) -> None:
    (folder / "problem.yaml").write_text("circuits: [{node: F, peak_per_kw: 1}]\nwear_per_kwh: 0.05\n")
    code, _, err = run(capsys, "--objective", objective, problem="problem.yaml")
    assert (code, err) == (
        2,
        "evenload: problem.yaml: circuits and wear_per_kwh would be money, which belongs to the objective price; leave "
        f"it out of the problem file for --objective {objective}\n",
    )


@pytest.mark.parametrize("options", [("--objective", "carbon"), ("--carbon-price-per-kg", "0.1")])
def test_carbon_needs_a_signal_that_has_it(
    capsys: pytest.CaptureFixture[str], folder: Path, options: tuple[str, ...]
) -> None:
    (folder / "signal.csv").write_text("timestamp,price_per_kwh\n2025-01-13T18:00:00Z,0.3\n2025-01-13T20:00:00Z,0.1\n")
    code, _, err = run(capsys, *options)
    assert (code, err) == (2, "evenload: signal.csv: the signal has no carbon_g_per_kwh, which this objective needs\n")
    assert run(capsys)[0] == 0
    assert (summary()["carbon_kg"], summary()["currency"]) == (None, "")


def test_the_same_files_give_the_same_plan(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, out="one.csv")
    run(capsys, out="two.csv")
    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()


def test_the_plan_stays_inside_windows_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, out="plan.parquet")
    rows = pa_parquet.read_table("plan.parquet").to_pydict()
    by_step: dict[Any, float] = {}
    for name, instant, kw in zip(rows["session_id"], rows["timestamp"], rows["power_kw"], strict=True):
        clock = instant.strftime("%H:%M")
        assert kw <= 4 + 1e-9
        assert name == "ann" or "18:30" <= clock < "21:15"
        by_step[clock] = by_step.get(clock, 0.0) + kw
    for clock, kw in by_step.items():
        assert kw <= (5 if clock < "20:00" else 4) * (1 + 1e-6)
    assert np.sum(list(by_step.values())) * 0.25 == pytest.approx(13)
