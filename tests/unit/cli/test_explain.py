from pathlib import Path

import pytest
import typer

from evenload.base.errors import InputError
from evenload.cli.explain import explain

ROWS = """session_id,start,end,power_kw_mean,reason,node,sentence
bo,2025-01-13T18:00:00Z,2025-01-13T19:00:00Z,4,full_power,,"charges at full power; ready by 20:00, at departure"
ann,2025-01-13T20:00:00Z,2025-01-13T22:00:00Z,0,need_met,,"ready by 21:00, 2 h before departure"
ann,2025-01-13T18:00:00Z,2025-01-13T20:00:00Z,0,circuit_limit,F12,paused 19:00-21:00: feeder F12 at its limit
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "explanations.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_sessions_are_told_in_the_order_asked_for_and_in_order_of_time(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(file, ["ann", "bo"])
    assert capsys.readouterr().out.splitlines() == [
        "ann: paused 19:00-21:00: feeder F12 at its limit; ready by 21:00, 2 h before departure",
        "bo: charges at full power; ready by 20:00, at departure",
    ]


def test_a_session_that_is_not_there_is_refused_with_the_nearest(file: Path) -> None:
    with pytest.raises(InputError, match=r"explanations.csv: there is no session 'anne'. Did you mean 'ann'"):
        explain(file, ["anne"])


def test_a_bad_row_is_refused_with_its_place(file: Path) -> None:
    file.write_text(ROWS.replace("need_met", "because"), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 3, reason = 'because'"):
        explain(file, ["ann"])


def test_the_command_takes_a_file_and_sessions(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command()(explain)
    app(args=[str(file), "bo"], standalone_mode=False)
    assert capsys.readouterr().out.startswith("bo: charges")
