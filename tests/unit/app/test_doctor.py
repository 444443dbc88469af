"""The doctor: every check once well and once ill."""

import os
import shutil
import socket
import time
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from evenload.app import doctor
from evenload.app.doctor import Grade, examine
from evenload.app.settings import Settings
from evenload.domain.station import StationId
from evenload.service.rows import StationRow
from evenload.store.sql.store import opened

pytestmark = pytest.mark.requirement("R116")
NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
BEGAN_S = time.monotonic()
Usage = namedtuple("Usage", "total used free")


def clock() -> datetime:
    """Runs evenly."""
    return NOW + timedelta(seconds=time.monotonic() - BEGAN_S)


def settings(folder: Path, **more: Any) -> Settings:
    return Settings(**{
        "database": folder / "evenload.db", "secret_file": folder / "secret", "port": 0, "api_port": 0,
        "connections_max": 10, **more,
    })  # fmt: skip


def found(chosen: Settings, name: str, environment: dict[str, str] | None = None) -> list[tuple[Grade, str]]:
    findings = list(examine(chosen, environment or {}, clock))
    return [(one.grade, one.text) for one in findings if one.name == name]


def grade(chosen: Settings, name: str) -> Grade:
    (one,) = found(chosen, name)
    return one[0]


def certificate(folder: Path, begins: datetime, ends: datetime) -> tuple[Path, Path]:
    """One that is valid from then to then, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(begins).not_valid_after(ends).sign(key, hashes.SHA256())
    )  # fmt: skip
    shown, kept = folder / "chain.pem", folder / "key.pem"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    kept.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return shown, kept


def test_a_fresh_folder_has_nothing_wrong_with_it_and_stays_empty(tmp_path: Path) -> None:
    findings = list(examine(settings(tmp_path), {}, clock))
    assert [one for one in findings if one.grade is Grade.FAIL] == []
    assert not list(tmp_path.iterdir())


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ((told, text),) = found(settings(tmp_path, port=port), "port")
        assert told is Grade.FAIL
        assert str(port) in text
        with socket.socket(socket.AF_UNIX) as tap:  # of the server that runs with this database
            tap.bind(str(tmp_path / "evenload.db.tap"))
            tap.listen()
            assert grade(settings(tmp_path, port=port), "port") is Grade.OK


@pytest.mark.parametrize(
    ("days", "expected"), [((-1, 100), Grade.OK), ((-1, 10), Grade.WARN), ((-9, -1), Grade.FAIL), ((1, 9), Grade.FAIL)]
)
def test_a_certificate_has_its_time(tmp_path: Path, days: tuple[int, int], expected: Grade) -> None:
    shown, key = certificate(tmp_path, *(clock() + timedelta(days=one) for one in days))
    assert grade(settings(tmp_path, tls_certificate=shown, tls_key=key), "tls") is expected


def test_a_key_belongs_to_its_certificate(tmp_path: Path) -> None:
    shown, _ = certificate(tmp_path, NOW, NOW + timedelta(days=3650))
    other = tmp_path / "other.pem"
    trustme.CA().issue_cert("localhost").private_key_pem.write_to_path(str(other))
    ((told, text),) = found(settings(tmp_path, tls_certificate=shown, tls_key=other), "tls")
    assert told is Grade.FAIL
    assert "does not belong" in text


def test_who_listens_everywhere_should_encrypt(tmp_path: Path) -> None:
    assert grade(settings(tmp_path, host="0.0.0.0"), "tls") is Grade.WARN  # noqa: S104
    assert found(settings(tmp_path), "tls") == []


def test_databases(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with opened(chosen.store) as store:
        assert grade(chosen, "database") is Grade.OK
        assert grade(chosen, "access") is Grade.WARN
        with store.writing() as unit:
            unit.stations.put([StationRow(StationId("other", "A"))])
        ((told, text),) = found(chosen, "tenants")
        assert told is Grade.WARN
        assert "other" in text
        with store.writing() as unit:
            unit.stations.saw({StationId("other", "A"): clock() + timedelta(hours=1)})
        assert {one for one, _ in found(chosen, "clock")} == {Grade.OK, Grade.FAIL}
        with store.writing_connection() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
        assert grade(chosen, "database") is Grade.WARN
        with store.writing_connection() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        assert grade(chosen, "database") is Grade.FAIL
    no_database = tmp_path / "evenload.txt"
    no_database.write_text("no database" * 100)
    ((told, text),) = found(settings(tmp_path, database=no_database), "database")
    assert told is Grade.FAIL
    assert "file is not a database" in text


def test_looking_does_not_bring_a_database_up(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    with opened(chosen.store) as store, store.writing_connection() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")
    for _ in range(2):
        assert grade(chosen, "database") is Grade.WARN


def test_a_database_somebody_else_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evenload.store.sql.sqlite._PRAGMAS", ("busy_timeout=50",))
    chosen = settings(tmp_path)
    with opened(chosen.store) as store, store.writing_connection():
        ((told, text),) = found(chosen, "database")
    assert told is Grade.FAIL
    assert "locked" in text


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "nowhere")
    assert [grade(chosen, name) for name in ("database", "secret_file", "disk")] == [Grade.FAIL] * 3


def test_a_secret_others_may_read(tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    chosen.secret_file.write_bytes(b"s" * 32)
    chosen.secret_file.chmod(0o644)
    ((told, text),) = found(chosen, "secret_file")
    assert (told, "644" in text) == (Grade.FAIL, True)
    chosen.secret_file.chmod(0o600)
    assert grade(chosen, "secret_file") is Grade.OK


@pytest.mark.parametrize(("free", "expected"), [(1 << 20, Grade.FAIL), (1 << 30, Grade.WARN), (1 << 40, Grade.OK)])
def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, expected: Grade) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 41, 0, free))
    assert grade(settings(tmp_path), "disk") is expected


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    told = iter([NOW, NOW, NOW, NOW - timedelta(seconds=30)])
    clocks = [one for one in examine(settings(tmp_path), {}, lambda: next(told)) if one.name == "clock"]
    assert [one.grade for one in clocks] == [Grade.WARN]


def test_more_connections_than_open_files(tmp_path: Path) -> None:
    assert grade(settings(tmp_path, connections_max=10_000_000), "open files") is Grade.WARN
    assert grade(settings(tmp_path), "open files") is Grade.OK


def test_compiled_code_needs_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert grade(settings(tmp_path), "compiled code") is Grade.OK
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert doctor._kernels().grade is Grade.WARN


def test_a_variable_that_is_misspelt(tmp_path: Path) -> None:
    ((told, text),) = found(settings(tmp_path), "environment", {"EVENLOAD_PROT": "1", "EVENLOAD_PORT": "1", "X": "1"})
    assert told is Grade.WARN
    assert "EVENLOAD_PROT" in text


def test_addresses_that_do_not_answer(tmp_path: Path) -> None:
    issuer = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "evenload"}
    assert grade(settings(tmp_path, **issuer), "oidc_issuer") is Grade.FAIL
    site = {"role": "site", "upstream": "http://127.0.0.1:9", "upstream_key": "k"}
    assert grade(settings(tmp_path, **site), "upstream") is Grade.WARN
    assert found(settings(tmp_path), "oidc_issuer") == found(settings(tmp_path), "upstream") == []
