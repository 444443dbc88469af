"""run.py leaves the environment of another checkout alone."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def environment_of(folder: Path, checkout: Path) -> Path:
    told = folder / "lib/python3.11/site-packages/evenload-0.1.0.dist-info/direct_url.json"
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps({"url": checkout.as_uri(), "dir_info": {"editable": True}}))
    return folder


def loaded(monkeypatch: pytest.MonkeyPatch, venv: Path) -> dict[str, Any]:
    monkeypatch.setenv("EVENLOAD_VENV", str(venv))
    return runpy.run_path(str(ROOT / "run.py"))


def test_an_environment_of_another_checkout_is_refused_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    venv = environment_of(tmp_path / "venv", tmp_path / "an other")
    before = sorted(venv.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        loaded(monkeypatch, venv)["set_up"]("runtime")
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert f"is the environment of {tmp_path / 'an other'}, not of {ROOT}" in said
    assert "EVENLOAD_VENV" in said
    assert sorted(venv.rglob("*")) == before


def test_an_environment_of_this_checkout_or_of_none_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = loaded(monkeypatch, environment_of(tmp_path / "venv", ROOT))
    assert run["installed_from"]() == ROOT
    (tmp_path / "venv" / ".evenload-installed").write_text(run["fingerprint"]("runtime"))
    run["set_up"]("runtime")  # nothing is to be done
    assert loaded(monkeypatch, tmp_path / "none")["installed_from"]() is None
