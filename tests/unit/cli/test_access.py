import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evenload.cli.main import main
from evenload.service.access_rows import Role
from evenload.service.keys import key_scope
from evenload.store.sql.store import opened


def run(capsys: pytest.CaptureFixture[str], database: Path, *words: str) -> tuple[int, str, str]:
    code = main([*words, "--database", str(database)])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "kept.db"


def test_accounts_are_added_listed_disabled_and_given_passwords(
    capsys: pytest.CaptureFixture[str], database: Path, tmp_path: Path
) -> None:
    code, out, _ = run(capsys, database, "user", "add", "ann@example.org", "--role", "admin", "--name", "Ann")
    password = re.search(r"shown this once:  (\S+)", out)
    assert code == 0
    assert password
    file = tmp_path / "password"
    file.write_text("correct horse battery\n", encoding="utf-8")
    assert run(capsys, database, "user", "add", "bob@example.org", "--password-from", str(file))[0] == 0
    assert run(capsys, database, "user", "add", "eve@example.org", "--elsewhere")[0] == 0
    assert run(capsys, database, "user", "set-password", "BOB@example.org")[0] == 0
    assert run(capsys, database, "user", "disable", "bob@example.org")[0] == 0
    _, out, _ = run(capsys, database, "user", "list")
    rows = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert rows["ann@example.org"].split()[1:4] == ["Ann", "admin", "password"]
    assert " elsewhere " in rows["eve@example.org"]
    assert not rows["bob@example.org"].endswith("-")
    assert password[1] not in database.read_bytes().decode("latin-1")


def test_the_last_administrator_and_wrong_words_are_told(
    capsys: pytest.CaptureFixture[str], database: Path, tmp_path: Path
) -> None:
    run(capsys, database, "user", "add", "ann@example.org", "--role", "admin")
    assert run(capsys, database, "user", "disable", "ann@example.org")[::2] == (
        2, "evenload: ann@example.org is the last administrator: make another one first\n",
    )  # fmt: skip
    code, _, err = run(capsys, database, "user", "disable", "anne@example.org")
    assert (code, "Did you mean 'ann@example.org'?" in err) == (2, True)
    short = tmp_path / "short"
    short.write_text("short", encoding="utf-8")
    code, _, err = run(capsys, database, "user", "set-password", "ann@example.org", "--password-from", str(short))
    assert (code, "10 to 1024 characters" in err) == (2, True)


def test_a_key_is_shown_once_good_and_then_revoked(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    code, out, _ = run(capsys, database, "key", "add", "meter gateway", "--role", "operator", "--days", "30")
    text = re.search(r"evl_([a-z0-9]+)_[A-Za-z0-9]+", out)
    assert code == 0
    assert text
    with opened(database) as store:
        with store.reading() as unit:
            made_at = unit.users.keys_of("home")[0].made_at
        assert made_at is not None
        assert key_scope(store, text[0], made_at).role is Role.OPERATOR
    _, out, _ = run(capsys, database, "key", "list")
    assert "meter gateway  operator  cli" in out
    assert text[0] not in out
    assert run(capsys, database, "key", "revoke", text[1])[0] == 0
    assert " revoked " in run(capsys, database, "key", "list")[1]


def test_an_audit_log_is_verified_and_what_was_changed_is_found(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    run(capsys, database, "user", "add", "ann@example.org", "--role", "admin")
    run(capsys, database, "key", "add", "gateway")
    code, out, _ = run(capsys, database, "audit", "verify")
    digest = re.search(r"2 rows, all as they were written. Last digest: ([0-9a-f]{64})", out)
    assert code == 0
    assert digest
    assert run(capsys, database, "audit", "verify", "--digest", digest[1])[0] == 0
    assert "keys.add" in run(capsys, database, "audit", "list")[1]
    assert '"action": "users.add"' in run(capsys, database, "audit", "list", "--json")[1]
    code, _, err = run(capsys, database, "audit", "verify", "--digest", "0" * 64)
    assert (code, "rows were cut off" in err) == (1, True)
    with closing(sqlite3.connect(database)) as connection, connection:
        table = next(
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name.startswith("audit")
        )  # fmt: skip
        connection.execute(f"UPDATE {table} SET body = replace(body, 'admin', 'viewer')")  # noqa: S608
    code, _, err = run(capsys, database, "audit", "verify")
    assert (code, "is broken at row 1 (it is not what was written); 0 rows before it" in err) == (1, True)


def test_no_password_is_shown_that_does_not_hold(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    assert run(capsys, database, "user", "add", "ann@example.org")[0] == 0
    for words in (
        ("user", "add", "ann"),
        ("user", "add", "ann@example.org"),
        ("user", "set-password", "bob@example.org"),
        ("ocpp", "approve", "NOBODY", "--new-password"),
    ):
        code, out, err = run(capsys, database, *words)
        assert (code, out) == (2, "")
        assert err
