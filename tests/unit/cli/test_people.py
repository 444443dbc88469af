"""`evenload people` and `evenload message` as somebody types them."""

import json
from pathlib import Path

import pytest

from evenload.cli.main import main
from evenload.store.sql.store import opened

FIELDS = ("--field", "vehicle=Leaf", "--field", "by=2099-01-02T07:00:00+01:00", "--field", "sentence=40 kWh by then.")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENLOAD_NOTIFY_FILE", "out.jsonl")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    told = capsys.readouterr()
    return code, told.out, told.err


def add(capsys: pytest.CaptureFixture[str], *more: str) -> None:
    words = ("people", "add", "d-1", "--name", "Ann Example", "--email", "ann@example.org", "--quiet", "", *more)
    assert run(capsys, *words)[0] == 0


def test_somebody_is_kept_told_and_forgotten(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    add(capsys)
    assert "ann@" not in run(capsys, "people", "list")[1]
    assert "ann@example.org" in run(capsys, "people", "list", "--show-contacts")[1]
    assert run(capsys, "people", "consent", "d-1", "messages", "--text-version", "2026-03", "--days", "365")[0] == 0
    assert "messages  yes" in run(capsys, "people", "consent", "d-1")[1]
    assert "Queued for d-1" in run(capsys, "message", "send", "ready", "d-1", *FIELDS, "--key", "k")[1]
    assert "a message of this key already" in run(capsys, "message", "send", "ready", "d-1", *FIELDS, "--key", "k")[1]
    code, out, _ = run(capsys, "message", "deliver")
    assert (code, "1 sent, 0 failed" in out, "written to out.jsonl" in out) == (0, True, True)
    assert json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))["to"] == ["a***@example.org"]
    assert " sent " in run(capsys, "message", "log")[1]
    assert run(capsys, "people", "export", "d-1", "-o", "ann.json")[0] == 0
    assert json.loads((folder / "ann.json").read_text(encoding="utf-8"))["identity"]["name"] == "Ann Example"
    assert (folder / "ann.json").stat().st_mode & 0o077 == 0
    assert '"name": "Ann Example"' in run(capsys, "people", "export", "d-1", "--show-contacts")[1]
    assert "Add --yes to do it" in run(capsys, "people", "erase", "d-1")[1]
    assert "Nobody can tell" in run(capsys, "people", "erase", "d-1", "--yes")[1]
    assert run(capsys, "people", "list")[1] == "Nobody yet.\n"
    assert run(capsys, "audit", "verify")[0] == 0
    (folder / "ann.json").unlink()
    for file in folder.iterdir():
        assert b"ann@example.org" not in file.read_bytes(), file
        assert b"Ann Example" not in file.read_bytes(), file


def test_a_pseudonym_is_drawn_and_a_consent_taken_back(capsys: pytest.CaptureFixture[str], folder: Path) -> None:  # noqa: ARG001
    assert run(capsys, "people", "add", "--phone", "+4712345678")[1].startswith("d-")
    run(capsys, "people", "consent", "d-1", "control", "--text-version", "1")
    assert "does not agree to control any more" in run(capsys, "people", "consent", "d-1", "control", "--revoke")[1]
    assert "control  no" in run(capsys, "people", "consent", "d-1")[1]


def test_texts_and_a_study_of_nobody(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert "not_ready" in run(capsys, "message", "templates")[1]
    assert "fields: vehicle (text), by (instant)" in run(capsys, "message", "templates", "not_ready")[1]
    run(capsys, "db", "upgrade")
    assert run(capsys, "people", "study-export", "--out", "st")[1] == "st: 0 sessions in 0 groups\n"
    assert json.loads((folder / "st" / "study.json").read_text(encoding="utf-8"))["sessions_published"] == 0


@pytest.mark.usefixtures("folder")
def test_a_service_is_tried(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "email to m***@example.org: not sent" in run(capsys, "message", "test", "email", "me@example.org")[1]
    monkeypatch.setenv("EVENLOAD_NOTIFY_SMS_URL", "json://127.0.0.1:9/{address}")
    code, _, err = run(capsys, "message", "test", "sms", "+4712345678")
    assert (code, "+4***78 did not go" in err, "12345" in err) == (4, True, False)
    assert run(capsys, "message", "test", "email", "me@example.org")[::2] == (
        2, "evenload: nothing is set up to send email: set EVENLOAD_NOTIFY_EMAIL_URL\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("people", "add", "ann@example.org"), "choose a pseudonym that tells nobody who"),
        (("people", "add", "d-2", "--email", "x"), "is not one such as ann@example.org"),
        (("people", "add", "d-2", "--timezone", "Oslo"), "Oslo"),
        (("people", "consent", "d-1", "mesages"), "mesages"),
        (("people", "consent", "d-1", "messages"), "version of the text"),
        (
            ("people", "consent", "d-1", "messages", "--text-version", "1", "--given", "2099-01-01T00:00:00Z"),
            "is ahead",
        ),
        (("people", "consent", "d-1", "--revoke"), "needs a purpose"),
        (("people", "consent", "d-1", "research", "--revoke"), "no consent to research"),
        (("people", "export", "d-2"), "nothing is kept of a person 'd-2'"),
        (("people", "erase", "d-2", "--yes"), "nothing is kept of a person 'd-2'"),
        (
            (
                "people",
                "study-export",
                "--out",
                "x",
                "--start",
                "2026-03-02T00:00:00Z",
                "--end",
                "2026-03-01T00:00:00Z",
            ),
            "",
        ),
        (("people", "study-export", "--out", "full"), "is there already"),
        (("message", "send", "redy", "d-1"), "redy"),
        (("message", "send", "ready", "d-1", "--field", "by"), "is not a name and a value"),
        (("message", "send", "ready", "d-1", "--field", "by=soon"), "ready"),
        (("message", "templates", "--language", "xx"), "There are: en"),
        (("message", "test", "fax", "1"), "fax"),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_sentence(
    capsys: pytest.CaptureFixture[str], folder: Path, words: tuple[str, ...], why: str
) -> None:
    add(capsys)
    (folder / "full").mkdir()
    (folder / "full" / "groups.csv").touch()
    code, _, err = run(capsys, *words)
    assert code == 2
    assert err.startswith("evenload: ")
    assert why in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_another_secret_or_none_is_told(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    add(capsys)
    secret = folder / "evenload.secret"
    secret.write_bytes(b"x" * 32)
    code, _, err = run(capsys, "people", "list")
    assert (code, "sealed with another secret" in err) == (2, True)
    secret.unlink()
    code, _, err = run(capsys, "people", "list")
    assert (code, "EVENLOAD_SECRET_FILE" in err, secret.exists()) == (2, True, False)


def test_people_can_be_kept_at_a_place_of_their_own(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "apart").mkdir()
    monkeypatch.setenv("EVENLOAD_PEOPLE_DATABASE_URL", "apart/who.db")
    add(capsys, "--database", "main.db")
    assert (folder / "apart" / "who.db").exists()
    assert not (folder / "main.people.db").exists()
    with opened(folder / "main.db") as store, store.reading() as unit:
        assert unit.audit.last("home", 1)[0].subject == "d-1"
