"""Ctrl-C in a terminal: at once, with a word, and nothing lost that was finished."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from evenload.cli import main
from evenload.simulate.examples import example_text


@pytest.mark.slow
def test_ctrl_c_stops_at_once_and_the_same_command_goes_on(tmp_path: Path) -> None:
    study = yaml.safe_load(example_text("one-street"))
    study |= {"seeds": 400, "strategies": ["unmanaged"], "penetrations": [1.0]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    command = [sys.executable, "-m", "evenload", "simulate", "study.yaml", "--workers", "2", "--out", "out"]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    parts = tmp_path / "out" / "parts"
    for _ in range(600):
        if len(list(parts.glob("seed*"))) >= 2:
            break
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "stopped; what is finished is kept" in said
    kept = {path.name for path in parts.glob("seed*")}
    assert 2 <= len(kept) < 400
    assert all(len(list((parts / name).glob("*.parquet"))) == 5 for name in kept)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["ocpp", "tail", "-f"], "evenload: stopped\n"), (["simulate", "x.yaml"], "the same command goes on from there")],
)
def test_only_who_ran_a_study_is_told_that_it_goes_on(
    arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["evenload.cli.main"], "app", interrupted)
    assert main(arguments) == 130
    assert words in capsys.readouterr().err
