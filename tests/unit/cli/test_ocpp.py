"""`evenload ocpp`: what a person types and reads."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from evenload.app.clock import utc_now
from evenload.cli import main
from evenload.domain.station import ConnectorStatus, Registration, StationDetails, StationId, Token
from evenload.domain.station_commands import ClearProfile, SetFallback, SetProfile
from evenload.domain.station_events import (
    MeterSampled,
    StationBooted,
    StatusChanged,
    TransactionEnded,
    TransactionStarted,
)
from evenload.domain.station_readings import Reading, ReadingKind
from evenload.net.password import verify
from evenload.service import admission, orders
from evenload.service.observe import observe
from evenload.service.rows import StationRow
from evenload.store.sql.store import opened

A = StationId("home", "Garage-1")
NOW = utc_now()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.db"
    monkeypatch.setenv("EVENLOAD_DATABASE", str(file))
    told: dict[str, Any] = {"station": A, "at": NOW, "received_at": NOW, "evse_id": 1}
    reading = Reading(at=NOW, kind=ReadingKind.INSTANT, power_kw=7.36)
    with opened(file) as store:
        admission.note(store, A, "10.0.0.9:1", NOW)
        observe(store, [
            StationBooted(**told, details=StationDetails("Wallbox", "Copper"), registration=Registration.ACCEPTED),
            StatusChanged(**told, connector_id=1, status=ConnectorStatus.CHARGING),
            TransactionStarted(**told, transaction_id="17", token=Token("CARD7")),
            MeterSampled(**told, readings=(reading,), transaction_id="17"),
            TransactionEnded(**told, transaction_id="17", energy_kwh=3.25, reason="Local"),
        ])  # fmt: skip
    return file


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["ocpp", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def row(database: Path, station: StationId = A) -> StationRow:
    with opened(database) as store, store.reading() as unit:
        found = unit.stations.find(station)
    assert found is not None
    return found


@pytest.mark.usefixtures("database")
def test_lists(capsys: pytest.CaptureFixture[str]) -> None:
    listed = said(capsys, "stations")
    for word in ("Garage-1", "held (from 10.0.0.9:1)", "Wallbox Copper", "1:charging", "ocpp approve Garage-1"):
        assert word in listed
    listed = said(capsys, "transactions")
    for word in ("Garage-1", "17", "CARD7", "3.250", "Local"):
        assert word in listed
    assert "No transactions yet" in said(capsys, "transactions", "--open")
    for listed in (said(capsys, "readings"), said(capsys, "readings", "Garage-1")):
        assert "7.36" in listed
    assert "TransactionEnded" in said(capsys, "tail")
    assert "has no station 'other'" in said(capsys, "tail", "--station", "other", code=2)


@pytest.mark.parametrize(
    "command",
    ["ocpp stations", "ocpp transactions", "ocpp readings", "ocpp orders", "ocpp tail", "audit list", "audit verify",
     "user list", "key list"],
)  # fmt: skip
@pytest.mark.usefixtures("database")
def test_a_tenant_that_there_is_not_is_said_to_be_none(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--tenant", "hom"]) == 2
    told = capsys.readouterr().err
    assert "there is no tenant 'hom' in" in told
    assert "Did you mean 'home'?" in told


@pytest.mark.usefixtures("database")
def test_frames_of_a_station_that_there_is_not_are_not_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Did you mean 'Garage-1'?" in said(capsys, "frames", "--station", "Garage9", code=2)


@pytest.mark.usefixtures("database")
def test_what_is_no_digest_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "verify", "--digest", "abc"]) == 2
    assert "'abc' is no digest" in capsys.readouterr().err


def test_a_station_is_approved_with_a_password_that_is_shown_once(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = said(capsys, "approve", "Garage-1", "--new-password")
    password = printed.partition("this once:  ")[2].split()[0]
    found = row(database)
    assert (found.approved, found.profile, len(password)) == (True, 1, 40)
    assert verify(password.encode(), found.password_hash)
    assert password.encode() not in database.read_bytes()
    assert "connected" in said(capsys, "stations")


def test_a_password_may_come_from_a_file_or_standard_input(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    said(capsys, "add", "B", "--password-from", str(tmp_path / "password"), "--profile", "2")
    found = row(database, StationId("home", "B"))
    assert found.profile == 2
    assert verify(b"correct horse", found.password_hash)
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple"))
    said(capsys, "approve", "B", "--password-from", "-")
    assert verify(b"battery staple", row(database, StationId("home", "B")).password_hash)


def test_limits_are_ordered(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Ordered" in said(capsys, "set-limit", "Garage-1", "--kw", "4.2", "--no-wait")
    said(capsys, "set-limit", "Garage-1", "--kw", "7.4", "--evse", "1", "--minutes", "90", "--no-wait")
    said(capsys, "set-limit", "Garage-1", "--evse", "2", "--clear", "--no-wait")
    with opened(database) as store:
        fallback, plan, clear = (orders.command_of(one) for one in orders.to_give(store, 0, NOW))
    assert isinstance(fallback, SetFallback)
    assert isinstance(plan, SetProfile)
    assert isinstance(clear, ClearProfile)
    assert (fallback.evse_id, fallback.power_kw) == (0, 4.2)
    assert plan.limits.end - plan.limits.steps[0].start == timedelta(minutes=90)
    assert plan.limits.steps[0].power_kw == 7.4
    assert "waits" in said(capsys, "orders")


def test_tokens(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "may charge" in said(capsys, "token", "CARD7", "--until", "2030-01-01T00:00:00+01:00")
    assert "is blocked" in said(capsys, "token", "card8", "--block")
    with opened(database) as store, store.reading() as unit:
        assert [one.token.text for one in unit.tokens.of("home")] == ["CARD7", "card8"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("approve", "garage1"), "has no station 'garage1'. Did you mean 'Garage-1'?"),
        (("add", "Garage-1"), "is there already"),
        (("add", "X", "--profile", "1"), "security profile 1 needs a password"),
        (("add", "X", "--new-password", "--password-from", "x"), "exclude each other"),
        (("add", "X", "--password-from", "/none"), "the password cannot be read from /none"),
        (("set-limit", "Garage-1"), "say --kw KW for a limit or --clear"),
        (("set-limit", "Garage-1", "--kw", "3", "--clear"), "say --kw KW for a limit or --clear"),
        (("set-limit", "Garage-1", "--clear", "--minutes", "5"), "leave out --minutes"),
        (("set-limit", "Garage-1", "--kw", "-3"), "Invalid value for '--kw'"),
        (("set-limit", "B", "--kw", "3"), "has no station 'B'"),
        (("readings", "B"), "has no station 'B'"),
        (("stations", "--database", "none.db"), "there is no database none.db; `evenload serve` makes it"),
        (("token", "X", "--until", "2030-01-01"), "has no offset"),
    ],
)
def test_wrong_words_get_a_sentence(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    assert words in said(capsys, *arguments, code=2)


def test_serve_says_what_is_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["serve", "--ocpp", "--tls-key", "a.pem", "--database", str(tmp_path / "a.db")]) == 2
    assert "go together" in capsys.readouterr().err
    assert not (tmp_path / "a.db").exists()
