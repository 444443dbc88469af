"""`evenload db`: what a person types and reads."""

import re
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from evenload.app.clock import utc_now
from evenload.cli import main
from evenload.domain.station import StationId
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.files.specs import READINGS
from evenload.files.table import read_table
from evenload.service.rows import ReadingRow
from evenload.store.sql.store import opened

pytestmark = pytest.mark.requirement("R106")

NOW = utc_now()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.db"
    monkeypatch.setenv("EVENLOAD_DATABASE", str(file))
    monkeypatch.delenv("EVENLOAD_DATABASE_URL", raising=False)
    readings = [Reading(at=NOW - timedelta(hours=n), kind=ReadingKind.INSTANT, power_kw=1.5) for n in range(120)]
    with opened(file) as store, store.writing() as unit:
        unit.readings.put([ReadingRow(StationId("home", "CP1"), 1, one) for one in readings])
    return file


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["db", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def test_info_pack_and_prune(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert re.search(r"^readings +120$", said(capsys, "info"), re.MULTILINE)
    packed = said(capsys, "pack")
    assert "readings of 3 days packed" in packed or "readings of 4 days packed" in packed
    told = said(capsys, "info")
    assert "3 days of EVSEs packed" in told or "4 days of EVSEs packed" in told
    assert "Add --yes to do it." in said(capsys, "prune", "--readings", "1")
    assert said(capsys, "info") == told
    assert "3 rows forgotten" in (gone := said(capsys, "prune", "--readings", "1", "--yes")) or "4 rows" in gone
    assert str(database) in said(capsys, "info")


def test_check_tells_what_differs(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "as it should be" in said(capsys, "check")
    with sqlite3.connect(database) as connection:
        connection.execute("DROP INDEX limits_by_end")
    assert "limits_by_end" in said(capsys, "check", code=1)
    assert "is at revision" in said(capsys, "upgrade")


def test_export(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.parquet"
    said(capsys, "pack")
    assert f"{out}: 119 readings of tenant 'home'" in said(
        capsys, "export", "--out", str(out), "--end", (NOW - timedelta(minutes=1)).isoformat()
    )
    assert len(read_table(out, READINGS)) == 119
    assert "must end in .parquet" in said(capsys, "export", "--out", "x.csv", code=2)
    assert "an interval must end after it starts" in said(
        capsys, "export", "--out", str(out), "--start", "2026-01-02T00:00:00Z", "--end", "2026-01-01T00:00:00Z", code=2
    )
    assert database.exists()


def test_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("EVENLOAD_DATABASE", str(tmp_path / "none.db"))
    assert "there is no database" in said(capsys, "info", code=2)
    monkeypatch.delenv("EVENLOAD_DATABASE")
    monkeypatch.setenv("EVENLOAD_DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d")
    told = said(capsys, "info", code=3)
    assert "postgresql://u:***@127.0.0.1:1/d cannot be used" in told
    assert "secret" not in told


@pytest.mark.usefixtures("database")
def test_prune_keeps_what_the_settings_of_the_server_say(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    day = f"{NOW - timedelta(days=2):%Y-%m-%d}"
    assert f"plans before {day}" in said(capsys, "prune")
    monkeypatch.setenv("EVENLOAD_PLANS_HOURS", "0")
    monkeypatch.setenv("EVENLOAD_EVENTS_DAYS", "2")
    told = said(capsys, "prune", "--readings", "0")
    assert f"events before {day}" in told
    assert "readings never" in told
    assert "plans never" in told
