"""`evenload doctor`: what it prints and how it exits."""

import json
from pathlib import Path

import pytest

from evenload.cli.main import main

pytestmark = pytest.mark.requirement("R116")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"PORT": "0", "API_PORT": "0", "CONNECTIONS_MAX": "10", "METRICS_TOKEN": "0badc0de"}.items():
        monkeypatch.setenv(f"EVENLOAD_{name}", value)


def test_settings_are_told_with_their_sources_and_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "evenload.toml"
    file.write_text("port = 1\nsample_s = 30\n")
    assert main(["doctor", "--settings", str(file), "--database", "d.db", "--json"]) == 0
    printed = capsys.readouterr().out
    told = json.loads(printed)
    assert told["settings"]["port"] == {"value": "0", "from": "EVENLOAD_PORT"}
    assert told["settings"]["sample_s"] == {"value": "30", "from": f"file {file}"}
    assert told["settings"]["database"] == {"value": str(tmp_path / "d.db"), "from": "command line"}
    assert told["settings"]["heartbeat_s"] == {"value": "300", "from": "default"}
    assert told["settings"]["metrics_token"] == {"value": "(hidden)", "from": "EVENLOAD_METRICS_TOKEN"}
    assert told["settings"]["oidc_client_secret"]["value"] == ""
    assert "0badc0de" not in printed
    assert {one["grade"] for one in told["checks"]} <= {"ok", "warn"}


def test_what_fails_is_said_with_what_to_do_and_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = tmp_path / "evenload.secret"
    secret.write_bytes(b"s" * 32)
    secret.chmod(0o666)
    assert main(["doctor"]) == 3
    printed = capsys.readouterr().out
    assert "fail  secret_file: others may use" in printed
    assert "chmod 600" in printed
    assert "0badc0de" not in printed


def test_settings_that_cannot_be_are_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVENLOAD_PLAN_QUANTILE", "0.42")
    assert main(["doctor", "--json"]) == 3
    (check,) = json.loads(capsys.readouterr().out)["checks"]
    assert (check["name"], check["grade"]) == ("settings", "fail")
    assert "plan_quantile" in check["text"]
