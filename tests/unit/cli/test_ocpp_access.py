"""`evenload ocpp new-password`, `renew-certificate`, `revoke`, `remove`: what a person types and reads."""

from pathlib import Path

import pytest

from evenload.app.clock import utc_now
from evenload.cli import main
from evenload.domain.station import StationId
from evenload.domain.station_commands import ChangePassword, Disconnect, Trigger, Wanted
from evenload.domain.station_events import TransactionStarted
from evenload.net.password import verify
from evenload.service import admission, orders
from evenload.service.admission import Credentials
from evenload.service.observe import observe
from evenload.service.rows import StationRow
from evenload.store.sql.store import opened

pytestmark = pytest.mark.requirement("R79")

A = StationId("home", "Garage-1")
NOW = utc_now()


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "kept.db"
    monkeypatch.setenv("EVENLOAD_DATABASE", str(file))
    with opened(file) as store:
        admission.add(store, A, Credentials(1, "hash"), NOW)
        admission.add(store, StationId("home", "Cert"), Credentials(3), NOW)
        admission.note(store, StationId("home", "Held"), "10.0.0.9:1", NOW)
    return file


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(["ocpp", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


def row(database: Path, identity: str = "Garage-1") -> StationRow | None:
    with opened(database) as store, store.reading() as unit:
        return unit.stations.find(StationId("home", identity))


def test_a01_to_a02_and_16_a01_and_16_a02_another_password_and_certificate_are_ordered(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Ordered" in said(capsys, "new-password", "Garage-1", "--no-wait")
    assert "Ordered" in said(capsys, "renew-certificate", "Cert", "--no-wait")
    with opened(database) as store:
        password, trigger = (orders.command_of(one) for one in orders.to_give(store, 0, NOW))
    assert isinstance(password, ChangePassword)
    assert password.password == ""
    assert isinstance(trigger, Trigger)
    assert trigger.wanted is Wanted.CERTIFICATE
    assert "ChangePassword" in said(capsys, "orders")


@pytest.mark.usefixtures("database")
def test_a_station_that_is_away_gets_it_when_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "new-password", "Garage-1", "--wait", "0.5", code=4)
    assert "Garage-1 is not connected (never heard of). The order waits for it" in told


def test_a_station_is_revoked_shown_so_and_approved_again_as_it_was(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "may not come in any more" in said(capsys, "revoke", "Garage-1")
    listed = said(capsys, "stations")
    assert "Garage-1  revoked" in " ".join(listed.replace("\n", " ").split(" ")).replace("   ", "  ")
    assert "1 held. To let one in:  evenload ocpp approve Held" in listed
    with opened(database) as store:
        (leave,) = (orders.command_of(one) for one in orders.to_give(store, 0, NOW))
    assert isinstance(leave, Disconnect)
    assert "may come in" in said(capsys, "approve", "Garage-1")
    found = row(database)
    assert found is not None
    assert (found.approved, found.revoked_at, found.password_hash, found.profile) == (True, None, "hash", 1)


def test_a_station_is_removed_only_by_force_while_it_charges(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(database) as store:
        observe(store, [TransactionStarted(station=A, at=NOW, received_at=NOW, evse_id=1, transaction_id="17")])
    assert "--force" in said(capsys, "remove", "Garage-1", code=2)
    assert "1 of its transactions went on" in said(capsys, "remove", "Garage-1", "--force")
    assert row(database) is None
    assert "station removed" in said(capsys, "transactions")
    assert said(capsys, "remove", "Held").strip() == "Held is forgotten."


def test_a_certificate_may_bear_another_name(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "add", "B", "--certificate-name", "SN-00042")
    said(capsys, "approve", "Garage-1", "--certificate-name", "SN-1", "--new-password", "--profile", "2")
    added, changed = row(database, "B"), row(database)
    assert added is not None
    assert (added.profile, added.certificate_name) == (3, "SN-00042")
    assert changed is not None
    assert (changed.profile, changed.certificate_name) == (2, "SN-1")
    assert not verify(b"hash", changed.password_hash)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new-password", "garage1"), "has no station 'garage1'. Did you mean 'Garage-1'?"),
        (("new-password", "Held"), "Held is held and does not come in"),
        (("new-password", "Cert"), "comes in by its certificate: `evenload ocpp renew-certificate` it"),
        (("new-password", "Garage-1", "--tenant", "depot"), "tenant 'depot' has no station"),
        (("renew-certificate", "B"), "has no station 'B'"),
        (("renew-certificate", "Held"), "Held is held"),
        (("revoke", "B"), "has no station 'B'"),
        (("revoke",), "Missing argument 'IDENTITY'"),
        (("remove", "B", "--force"), "has no station 'B'"),
        (("remove", "Garage-1", "--database", "none.db"), "there is no database none.db"),
        (("add", "X", "--certificate-name", " "), "a certificate's common name has 1 to 64 characters"),
        (("approve", "Garage-1", "--certificate-name", "x" * 65), "has 1 to 64 characters"),
        (("approve", "Garage-1", "--profile", "2"), "security profile 2 needs a password"),
    ],
)
def test_wrong_words_get_a_sentence(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str) -> None:
    assert words in said(capsys, *arguments, code=2)


def test_twice_is_said(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert database.exists()
    said(capsys, "new-password", "Garage-1", "--no-wait")
    assert "is being given another password already" in said(capsys, "new-password", "Garage-1", code=2)
    said(capsys, "revoke", "Garage-1")
    assert "was revoked already" in said(capsys, "revoke", "Garage-1", code=2)
