"""`evenload cars` as somebody at a terminal uses it: what it shows, and what it says to what is wrong."""

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from evenload.app.clock import utc_now
from evenload.cli import main
from evenload.domain.circuit import Circuit, CircuitKind
from evenload.domain.vehicle_state import ActKind, ActReason, ActStatus, PlugState, Provider, SocBasis
from evenload.service.car_rows import CarActRow, CarLinkRow, CarStateRow, SourceRow
from evenload.service.live_rows import CircuitRow, SiteRow, VehicleRow
from evenload.store.sql.store import opened

pytestmark = pytest.mark.requirement("R91")
NOW = utc_now()
SMARTCAR = {"EVENLOAD_CARS_SMARTCAR_CLIENT_ID": "abc", "EVENLOAD_CARS_SMARTCAR_CLIENT_SECRET": "hidden"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    hour = timedelta(hours=1)
    with opened("evenload.db") as store, store.writing() as unit:
        unit.sites.put([SiteRow("home", "house", made_at=NOW)])
        unit.circuits.put([CircuitRow("home", Circuit("house", "", CircuitKind.SITE, 40.0))])
        unit.vehicles.put([VehicleRow("home", "leaf")])
        unit.cars.put_links(
            [CarLinkRow("home", "leaf", Provider.ENODE, "acc", "hash", "house", "car:leaf", "vin", "Nissan Leaf",
                        sealed="SEALED", granted_at=NOW - hour)]
        )  # fmt: skip
        unit.cars.put_states(
            [CarStateRow("home", "leaf", NOW - 3 * hour, NOW, PlugState.CHARGING, 0.42, 0.9, SocBasis.PERCENT,
                         power_kw=6.8, is_home=True, problems=("told in miles",))]
        )  # fmt: skip
        act = CarActRow("home", "a1", "leaf", ActKind.STOP, NOW - hour, NOW, status=ActStatus.CONFIRMED,
                        reason=ActReason.DONE, event_id="peak", ended_at=NOW)  # fmt: skip
        failed = CarActRow("home", "a2", "zoe", ActKind.STOP, NOW - hour, NOW, status=ActStatus.FAILED,
                           reason=ActReason.NO_ANSWER, info="NO_RESPONSE", event_id="peak", ended_at=NOW)  # fmt: skip
        unit.cars.put_acts([act, failed])
        unit.cars.put_sources([SourceRow("home", "leaf", "enode", NOW - hour, why="linked")])
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_links_states_acts_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cars", "links"]) == 0
    assert "leaf     enode  Nissan Leaf  house  granted" in capsys.readouterr().out
    assert main(["cars", "state", "leaf"]) == 0
    shown = capsys.readouterr().out
    assert "leaf by enode at house: the driver consented." in shown
    assert "charging, 42% full (percent), 6.8 kW, at home; measured 3 h ago" in shown
    assert "odd: told in miles" in shown
    assert "the car is out of reach" in shown
    assert main(["cars", "state"]) == 0
    assert "charging  42%" in capsys.readouterr().out
    assert main(["cars", "acts", "--event", "peak"]) == 0
    assert "2 acts for peak: 1 confirmed, 1 failed." in capsys.readouterr().out
    assert main(["cars", "source", "leaf", "--to", "obd", "--why", "a logger"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["source", "enode", "obd"]


@pytest.mark.usefixtures("folder")
def test_json_is_an_object_a_line_without_what_is_sealed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cars", "links", "--json"]) == 0
    (link,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (link["vehicle_id"], link["consent"]) == ("leaf", "granted")
    assert not {"sealed", "vin_hash", "external_hash", "account"} & set(link)
    assert main(["cars", "state", "leaf", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"]["soc"] == 0.42
    assert 3 * 3600 <= told["state"]["age_s"] < 4 * 3600
    assert main(["cars", "acts", "--json"]) == 0
    assert len([json.loads(line) for line in capsys.readouterr().out.splitlines()]) == 2


def test_consent_is_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SMARTCAR.items():
        monkeypatch.setenv(name, value)
    assert main(["cars", "link", "zoe", "--cloud", "smartcar", "--site", "house", "--home", "52.37,4.9"]) == 0
    shown = capsys.readouterr().out
    assert "https://connect.smartcar.com/oauth/authorize?" in shown
    assert "set public_url for drivers elsewhere" in shown
    state = shown.partition("state=")[2].partition("&")[0]
    assert len(state) == 64
    assert state.encode() not in (folder / "evenload.db").read_bytes()
    assert b"52.37" not in (folder / "evenload.db").read_bytes()
    assert stat.S_IMODE((folder / "evenload.secret").stat().st_mode) == 0o600


@pytest.mark.usefixtures("folder")
def test_a_link_is_revoked_without_its_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cars", "revoke", "leaf", "--why", "sold"]) == 0
    assert "leaf is not linked any more: nothing is asked of it." in capsys.readouterr().out
    assert main(["cars", "revoke", "leaf"]) == 0
    assert "had ended already" in capsys.readouterr().out
    assert main(["cars", "links"]) == 0
    assert "revoked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("link zoe --cloud tesla --site house", "tesla is not set up on this server: set cars_tesla_client_id"),
        ("link zoe --cloud smartcar --site hose", "there is no site 'hose'. Did you mean 'house'?"),
        ("link zoe --cloud smartcar --site house --tenant hom", "there is no tenant 'hom'"),
        ("link z/e --cloud smartcar --site house", "'z/e' cannot be linked: a linked vehicle's id has 1 to 44"),
        ("link zoe --cloud smart --site house", "'smart' is not one of 'smartcar'"),
        ("link zoe --cloud obd --site house", "a plug-in logger has no cloud to consent at"),
        ("link zoe --cloud smartcar --site house --home 52", "--home '52' is no place such as"),
        ("link zoe --cloud smartcar --site house --home 99,0", "--home '99,0' is nowhere"),
        ("link zoe --cloud smartcar", "Missing option '--site'"),
        ("revoke laef", "no car is linked as vehicle 'laef'. Did you mean 'leaf'?"),
        ("state laef", "no car is linked as vehicle 'laef'"),
        ("state leaf --tenant hom", "there is no tenant 'hom'"),
        ("acts --event none", "no car was asked anything for 'none'"),
        ("acts leaf --event peak", "say a vehicle or --event, not both"),
        ("source leaf --to odb", "there is no source 'odb'. Did you mean 'obd'?"),
        ("source laef", "there is no vehicle 'laef'. Did you mean 'leaf'?"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, given: str, words: str
) -> None:
    for name, value in SMARTCAR.items():
        monkeypatch.setenv(name, value)
    assert main(["cars", *given.split()]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""


@pytest.mark.usefixtures("folder")
def test_a_server_without_cloud_addresses_that_are_safe_is_not_started(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SMARTCAR.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("EVENLOAD_CARS_SMARTCAR_URL", "http://example.org")
    assert main(["cars", "link", "zoe", "--cloud", "smartcar", "--site", "house"]) == 2
    assert "is not an address such as https://cars.example.org" in capsys.readouterr().err
