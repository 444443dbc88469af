"""The command line as a person meets it: help, exit codes, sentences."""

import gzip
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

import evenload
from evenload.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in ("demo", "simulate", "plan", "example", "population", "schema", "files"):
        assert command in out
    code, out, _ = run(capsys, "--version")
    assert (code, out.strip()) == (0, f"evenload {evenload.__version__}")


@pytest.mark.parametrize("command", ["simulate", "plan", "population", "files check", "files import", "files convert"])
def test_every_command_with_arguments_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert "Example:" in out


def test_an_example_can_be_printed_and_run_through_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    code, text, _ = run(capsys, "example")
    assert code == 0
    assert yaml.safe_load(text)["title"]
    code, out, _ = run(capsys, "schema", "study")
    jsonschema.Draft202012Validator.check_schema(json.loads(out))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("simulate", "none.yaml"), "there is no study file none.yaml"),
        (("simulate",), "Missing argument"),
        (("simulat",), "No such command 'simulat'"),
        (("example", "norwegian-wint"), "Did you mean 'norwegian-winter'?"),
        (("schema", "sumary"), "Did you mean 'summary'?"),
        (("files", "check", "session", "x.csv"), "Did you mean 'sessions'?"),
        (("files", "check", "sessions", "none.csv"), "none.csv"),
        (("files", "import", "norwey", "x.csv", "--out", "y.csv"), "Did you mean 'norway'?"),
        (("files", "import", "norway", "x.csv", "--out", "y.csv", "--repair-dates"), "is for the layout chargeplace"),
        (
            ("population", "residental-2020", "--cars", 5, "--start", "2020-01-01T00:00Z", "--end", "2020-01-02T00:00Z",
             "--out", "x.csv"),
            "Did you mean 'residential-2020'?",
        ),
        (
            ("population", "public", "--cars", 5, "--start", "2020-01-01", "--end", "2020-01-02T00:00Z", "-o", "x.csv"),
            "has no offset from UTC",
        ),
    ],
)  # fmt: skip
def test_wrong_words_get_a_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], words: str
) -> None:
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_a_population_is_written_and_can_be_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "week.csv"
    span = ("--start", "2025-01-06T00:00:00+01:00", "--end", "2025-01-13T00:00:00+01:00")
    code, said, _ = run(capsys, "population", "residential-2020", "--cars", 20, *span, "--out", out)
    assert code == 0
    assert "sessions of 20 cars" in said
    code, said, _ = run(capsys, "files", "check", "history", out)
    assert code == 0
    code, _, _ = run(capsys, "files", "convert", "history", out, tmp_path / "week.parquet")
    assert code == 0
    assert (tmp_path / "week.parquet").exists()


def test_bad_rows_stop_a_check_or_are_set_aside(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "grid.csv"
    file.write_text("node,parent,kind,limit_kw\ns,,system,\nt1,s,transformer,50\nt2,s,transformer,-1\n")
    code, _, err = run(capsys, "files", "check", "grid", file)
    assert code == 2
    assert "grid.csv, line 4, limit_kw = '-1'" in err
    code, out, err = run(capsys, "files", "check", "grid", file, "--skip-bad-rows")
    assert (code, "2 good rows" in out) == (0, True)
    assert "1 bad rows set aside" in err
    assert (tmp_path / "grid.csv.rejected.csv").exists()


def test_an_orphan_in_a_grid_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "grid.csv"
    file.write_text("node,parent,kind,limit_kw\ns,,system,\nt1,feeder,transformer,50\n")
    code, _, err = run(capsys, "files", "check", "grid", file)
    assert code == 2
    assert "t1" in err
    assert "feeder" in err


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.json"])
def test_a_publishers_file_is_imported_with_its_reasons(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    columns = ["location", "user_id", "session_id", "plugin_time", "plugout_time", "connection_time", "energy_session"]
    good = ["ASK", "ASK_1", "ASK_9", "2019-09-04 16:51:00", "2019-09-05 07:00:00", "14,15", "7,5"]
    bad = ["ASK", "ASK_1", "ASK_10", "2019-09-06 16:51:00", "", "", "7,5"]
    csv_text = "\n".join(";".join(row) for row in (columns, good, bad)) + "\n"
    file = tmp_path / name
    if name.endswith(".json"):
        records = [dict(zip(columns, row, strict=True)) for row in (good, bad)]
        records[1]["plugout_time"] = None  # type: ignore[assignment]
        file.write_text(json.dumps(records).replace("14,15", "14.15").replace("7,5", "7.5"))
    else:
        file.write_bytes(gzip.compress(csv_text.encode()) if name.endswith(".gz") else csv_text.encode())
    code, out, err = run(capsys, "files", "import", "norway", file, "--out", tmp_path / "history.csv")
    assert code == 0
    assert "1 accepted" in out
    assert "1 missing_unplug" in out
    assert "line 3" in err


def test_data_sets_are_listed_with_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "files", "data")
    assert code == 0
    assert "residential" in out
    assert "CC-BY-4.0" in out


@pytest.mark.requirement("R139", "R140")
def test_a_small_study_from_file_to_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    study = {
        "title": "Four nights",
        "span": {"start": "2020-01-10T12:00:00+01:00", "end": "2020-01-14T12:00:00+01:00", "timezone": "Europe/Oslo"},
        "cars": {"source": "preset", "preset": "residential-2020"},
        "grid": {"source": "generated", "transformers": 2},
        "signal": {"price": {"dataset": "day-ahead-nl", "match": "month_weekday"}},
        "strategies": ["unmanaged", "valley"],
    }
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(study))
    code, out, _ = run(capsys, "simulate", file, "--out", tmp_path / "out", "--workers", 1)
    assert code == 0
    assert "Four nights" in out
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "--port", "x"), "Invalid value for '--port': must be a whole number. See `evenload serve --help`."),
        (("demo", "--days", "-1"), "Invalid value for '--days': must be 0 or more. See `evenload demo --help`."),
        (
            ("key", "add", "x", "--role", "z"),
            "'z' is not one of 'driver', 'viewer', 'driver_agent', 'operator', 'admin'.",
        ),
        (("key", "add", "x", "--role", "z"), "See `evenload key add --help`."),
        (("srve",), "Did you mean 'serve', 'driver'? See `evenload --help`."),
        (("serve", "--settings", "list.yaml"), "holds no settings: write each on a line, as `name: value`"),
        (("serve", "--tenant", "a/b"), "the tenant 'a/b' cannot be part of a path"),
    ],
)
def test_what_was_typed_wrong_is_said_in_plain_words_with_the_help_that_helps(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...],
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.yaml").write_text("- a\n- b\n")
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert said in err


def test_help_calls_the_command_by_its_name_however_it_was_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "demo", "--help")[1].startswith("Usage: evenload demo [OPTIONS]")
