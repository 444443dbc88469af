"""Logs: one line an entry, without secrets."""

import ast
import io
import json
import logging
from pathlib import Path

import pytest

import evenload
from evenload.app.log import set_up_logs, without_secrets

_log = logging.getLogger("evenload.test")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Basic Q1AxOjBiYWRjMGRl",
        '{"key":"AuthorizationKey","value":"Q1AxOjBiYWRjMGRl"}',
        "AuthorizationKey=Q1AxOjBiYWRjMGRl",
        "password: Q1AxOjBiYWRjMGRl",
        "BasicAuthPassword 'Q1AxOjBiYWRjMGRl'",
    ],
)
def test_secrets_are_hidden_and_the_rest_is_not(text: str) -> None:
    shown = without_secrets(f"station=home/CP1 {text} port=9000")
    assert "Q1AxOjBiYWRjMGRl" not in shown
    assert "(hidden)" in shown
    assert shown.startswith("station=home/CP1")
    assert shown.endswith("port=9000")


def test_lines_of_json_hold_what_was_logged_beside_the_text() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream)
    _log.info("station=%s came", "A", extra={"station": "A", "event": "came"})
    _log.debug("not shown")
    try:
        raise ValueError("password=0badc0de")
    except ValueError:
        _log.exception("broke")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["text"], first["station"], first["level"]) == ("station=A came", "A", "info")
    assert "ValueError" in second["traceback"]
    assert "0badc0de" not in stream.getvalue()


def test_lines_of_text_begin_with_the_time_in_utc() -> None:
    stream = io.StringIO()
    set_up_logs("debug", "text", stream)
    _log.debug("station=%s", "A")
    assert stream.getvalue().endswith("+00:00 debug   test station=A\n")


def test_what_a_line_says_has_keys_of_its_own_in_json() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream)
    _log.info("tenant=%s event=planned told=%d of %d gap=%.4f 100 %% sure why=%r", "home", 3, 7, 0.000123, "a b")
    _log.info("nothing=%s password=%s limit_kw=%.1f", "password=0badc0de", "0badc0de", float("inf"))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["text"] == "tenant=home event=planned told=3 of 7 gap=0.0001 100 % sure why='a b'"
    assert {name: first[name] for name in ("tenant", "event", "told", "gap", "why")} == {
        "tenant": "home", "event": "planned", "told": 3, "gap": 0.000123, "why": "a b",
    }  # fmt: skip
    assert (second["nothing"], second["password"], second["limit_kw"]) == ("password=(hidden)", "(hidden)", "inf")
    assert "0badc0de" not in stream.getvalue()


def test_a_line_cannot_pass_for_another() -> None:
    stream = io.StringIO()
    set_up_logs("info", "json", stream)
    _log.info("event=refused level=%s text=%s request=%r", "x", "forged", "GET /\nevent=let_in")
    told = json.loads(stream.getvalue())
    assert (told["event"], told["level"], told["request"]) == ("refused", "info", "GET /\nevent=let_in")
    assert told["text"].startswith("event=refused")


def test_every_line_of_evenload_names_its_event() -> None:
    levels = {"info", "warning", "error", "exception", "critical", "log"}
    nameless = []
    for file in Path(evenload.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if ast.unparse(node.func.value) == "_log" and node.func.attr in levels:
                said = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                if not any("event=" in str(one) for one in said):
                    nameless.append(f"{file.name}:{node.lineno}")
    assert nameless == []
