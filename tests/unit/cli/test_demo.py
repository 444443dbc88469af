"""`evenload demo`: what it refuses, says and returns; a town that lives is in tests/scenario/test_town_day.py."""

import json
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evenload.app.town import live
from evenload.app.town.beside import TownNow
from evenload.app.town.live import Opened, Told, TownReport, TownSettings
from evenload.base.instants import Interval
from evenload.cli import demo as command
from evenload.cli import main
from evenload.simulate.town_measures import DayFigures
from evenload.simulate.town_result import DayResult

NOON = datetime(2026, 1, 13, 11, tzinfo=UTC)
DAY = Interval(NOON, datetime(2026, 1, 14, 11, tzinfo=UTC))


def figures(peak_kw: float) -> DayFigures:
    return DayFigures(peak_kw, NOON, 30.0, 100.0, 9.5, 40.0, 12, 11, 1, 0, 0, ())


RESULT = DayResult(0, DAY, "Europe/Amsterdam", "EUR", 63.0, figures(61.0), figures(90.0))


@pytest.fixture
def lived(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[TownSettings]]:
    """Have a town live in no time; its settings."""

    def make(broken: tuple[str, ...] = (), *, interrupted: bool = False) -> list[TownSettings]:
        used: list[TownSettings] = []

        def live_town(settings: TownSettings, told: Told) -> TownReport:
            used.append(settings)
            told.ready(Opened("http://127.0.0.1:8123", "evl_key", 24, settings.folder / "town.db"))
            told.now(TownNow(NOON, "Europe/Amsterdam", 1, 200.0, 360.0, 12.0, 5))
            told.day(RESULT)
            return TownReport((RESULT,), broken, 300.0, 12.5, 80.0, interrupted)

        monkeypatch.setattr(live, "live_town", live_town)
        return used

    return make


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> tuple[int, str, str]:
    code = main(["demo", "--out", str(folder), *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--quick",), "go with --study"),
        (("--study", "--days", "2"), "--days is of the live town"),
        (("--study", "--json"), "--json is of the live town"),
        (("--json", "--days", "0"), "say how many with --days"),
        (("--stations", "3"), "a town has 12 to 2000 stations"),
        (("--speed", "0"), "--speed"),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = run(capsys, tmp_path, *arguments)
    assert code == 2
    assert words in err


def test_without_a_terminal_one_day_is_lived_and_shown(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any
) -> None:
    used = lived()
    code, out, _ = run(capsys, tmp_path / "new")
    assert code == 0
    assert (used[0].days, used[0].speed, used[0].api_port, used[0].shape.stations) == (1, 360.0, 0, 450)
    for words in (
        "Day 1, from 2026-01-13 12:00",
        "unmanaged",
        "managed by evenload",
        "11 of 12",
        "1 day lived in 80 s",
    ):
        assert words in out
    assert "http://127.0.0.1:8123/live#key=evl_key" in out  # who reads a log may open it too
    assert "cars plugged in: 5; at worst 12 s behind" in out


def test_headless_prints_results_only(capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any) -> None:
    lived()
    code, out, _ = run(capsys, tmp_path / "new", "--headless")
    assert code == 0
    assert "11 of 12" in out
    assert "http" not in out


def test_whoever_is_there_is_told_what_to_open_and_what_to_try(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = lived()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, _ = run(capsys, tmp_path, "--real-time", "--stations", "24", "--seed", "7", "--api-port", "8123")
    assert code == 0
    assert (used[0].days, used[0].speed, used[0].seed, used[0].api_port) == (0, 1.0, 7, 8123)
    assert "http://127.0.0.1:8123/live#key=evl_key" in out
    assert f"evenload ocpp stations --tenant town --database {tmp_path / 'town.db'}" in out
    body = out.split("/v1/limits -d '")[1].split("'")[0]
    assert json.loads(body)["node"] == "F1"
    assert "/boost" in out
    assert "/explanation" in out


def test_json_is_one_object_and_nothing_else(capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any) -> None:
    lived()
    code, out, _ = run(capsys, tmp_path, "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["broken"], told["interrupted"], told["lag_s_worst"]) == ([], False, 12.5)
    assert told["days"][0]["unmanaged"]["peak_kw"] == 90.0


def test_a_broken_invariant_is_told_and_returned(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any
) -> None:
    lived(("v1: no session is kept of it", "v2: too"))
    code, out, err = run(capsys, tmp_path)
    assert code == 1
    assert "v1: no session is kept of it\n  v2: too" in err
    assert "1 day lived" in out


def test_ctrl_c_tells_the_last_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path, lived: Any) -> None:
    lived(interrupted=True)
    code, out, _ = run(capsys, tmp_path)
    assert code == 130
    assert "Stopped at Tue 13 Jan 12:00; cars plugged in: 5" in out


def test_a_port_that_is_taken_is_not_insisted_on() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert command._free(port) == 0
    assert command._free(port) == port


def test_the_study_is_reached_by_its_own_option(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []
    monkeypatch.setattr(command, "run_and_report", lambda *given: ran.append(given))
    code, out, _ = run(capsys, tmp_path, "--study", "--quick", "--workers", "2")
    ((study, folder, _, workers, fresh),) = ran
    assert (code, study.seeds, folder, workers, fresh) == (0, 1, tmp_path, 2, False)
    assert "Open the report" in out
