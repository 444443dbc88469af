"""`evenload cable add-manager`: a secret is sealed with the server's own, and stays where it is not said again."""

from pathlib import Path

import pytest

from evenload.app.ems_door import EmsDoor
from evenload.app.ems_links import RestManager
from evenload.app.secret import secret_of
from evenload.cli.main import main
from evenload.service.cable_rows import EnergyManagerRow
from evenload.service.live_rows import SiteRow
from evenload.store.sql.store import opened

SECRET = "tell-nobody-0123"  # noqa: S105 - made up


def kept(database: Path) -> EnergyManagerRow:
    with opened(database) as store, store.reading() as unit:
        (row,) = unit.cables.energy_managers("home")
        return row


def test_a_secret_is_in_the_database_sealed_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    database, file = tmp_path / "kept.db", tmp_path / "evenload.secret"
    monkeypatch.setenv("EVENLOAD_SECRET_FILE", str(file))
    monkeypatch.setenv("EVENLOAD_MANAGER_SECRET", SECRET)
    with opened(database, make=True) as store, store.writing() as unit:
        unit.sites.put([SiteRow("home", "depot")])
    words = ["cable", "add-manager", "lot", "depot", "http://lot", "--power-kw-max", "90", "--fallback-kw", "9"]
    assert main([*words, "--database", str(database)]) == 0
    row = kept(database)
    assert isinstance(EmsDoor(secret_of(file)).line(row), RestManager)
    assert row.secret_sealed
    assert all(SECRET.encode() not in one.read_bytes() for one in tmp_path.iterdir())
    monkeypatch.delenv("EVENLOAD_MANAGER_SECRET")
    assert main([*words, "--cars", "4", "--database", str(database)]) == 0
    again = kept(database)
    assert (again.secret_sealed, again.cars_usual) == (row.secret_sealed, 4.0)
    capsys.readouterr()
    words[4] = "http://eve"
    assert main([*words, "--database", str(database)]) == 2
    assert "say its secret too" in capsys.readouterr().err
