"""`evenload driver`: every command once, and what a user may type wrong."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evenload.app.clock import utc_now
from evenload.cli.main import main
from evenload.service.drivers.links import link_scope
from evenload.service.live_rows import DeviceRow, SessionRow, SignalRow, SiteRow
from evenload.store.sql.store import opened


class Terminal:
    """Runs commands on one database."""

    def __init__(self, capsys: pytest.CaptureFixture[str], database: Path) -> None:
        self.capsys, self.database = capsys, database

    def __call__(self, *words: str) -> str:
        code = main(["driver", *words, "--database", str(self.database)])
        told = self.capsys.readouterr()
        assert (code, told.err) == (0, "")
        return told.out

    def fails(self, *words: str) -> str:
        code = main(["driver", *words, "--database", str(self.database)])
        told = self.capsys.readouterr()
        assert (code, told.out) == (2, "")
        return told.err.strip().removeprefix("evenload: ")


@pytest.fixture
def driver(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    made = Terminal(capsys, tmp_path / "kept.db")
    made("add", "ann", "--vehicle", "leaf", "--battery-kwh", "45", "--currency", "eur")
    return made


def plugged_in(driver: Terminal) -> datetime:
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    with opened(driver.database) as store, store.writing() as unit:
        unit.sites.put([SiteRow("home", "yard", timezone="Europe/Oslo", energy_kwh_usual=11.0)])
        unit.devices.put([DeviceRow("home", "d1", "yard", "CP1", power_kw_max=11.0)])
        unit.sessions.put(
            [
                SessionRow(
                    "home",
                    "S",
                    "d1",
                    "yard",
                    now - timedelta(hours=1),
                    now + timedelta(hours=30),
                    11.0,
                    vehicle_id="leaf",
                )
            ]
        )
        unit.signals.put(
            [SignalRow("home", "", now + timedelta(hours=i - 4), 3600.0, 0.2, None, "EUR", 90.0) for i in range(40)]
        )
    return now


def test_drivers_are_added_listed_and_removed(driver: Terminal) -> None:
    assert "ann     leaf      -     en        EUR" in driver("list")
    assert json.loads(driver("list", "--json"))["vehicles"] == ["leaf"]
    assert driver("remove", "ann") == "ann is forgotten.\n"
    assert driver("list") == "No drivers yet.\n"


def test_wishes(driver: Terminal) -> None:
    assert driver("wish", "ann").startswith("ann wishes for nothing in particular")
    told = driver("wish", "ann", "--ready-by", "mon-thu=07:00,fri=06:15", "--target", "80%", "--minimum", "30%")
    assert told == "leaf: mon-thu=07:00,fri=06:15, 80 %, at least 30 %\n"
    assert driver("wish", "ann", "--target", "30kWh") == "leaf: mon-thu=07:00,fri=06:15, 30 kWh, at least 30 %\n"
    assert driver("wish", "ann", "--minimum", "none") == "leaf: mon-thu=07:00,fri=06:15, 30 kWh\n"
    row = json.loads(driver("wish", "ann", "--undo", "--json"))
    assert (row["soc_minimum"], row["energy_kwh"], row["ready_by"]["fri"], row["made_by"]) == (
        0.3,
        30.0,
        "06:15",
        "cli",
    )
    assert len(driver("wish", "ann", "--past").splitlines()) == 4
    assert driver("wish", "ann", "--ready-by", "none") == "leaf: 30 kWh, at least 30 %\n"


def test_choices_and_undoing_them(driver: Terminal) -> None:
    plugged_in(driver)
    assert "no more than the minimum until" in driver("skip", "ann", "--reason", "on foot")
    assert "undo that first" in driver.fails("boost", "ann")
    assert driver("skip", "ann", "--undo") == "The skipped night of ann is taken back.\n"
    assert driver("boost", "ann") == "ann's leaf: goes first, within the limits, until it is unplugged.\n"
    assert driver("opt-out", "ann") == "ann's leaf: charges at once until it is unplugged.\n"
    year = utc_now().year + 1
    assert driver("vacation", "ann", "--from", f"{year}-01-04", "--until", f"{year}-01-25") == (
        f"ann is away from {year}-01-04 00:00 until {year}-01-26 00:00; the car keeps its minimum.\n"
    )
    rows = [line.split() for line in driver("choices", "ann").splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [
        ("vacation", "come"), ("opt_out", "holds"), ("boost", "holds"), ("skip", "undone"),
    ]  # fmt: skip
    assert [json.loads(one)["kind"] for one in driver("choices", "ann", "--json").splitlines()][-1] == "skip"


def test_what_drivers_are_told(driver: Terminal) -> None:
    assert driver("why", "ann") == "leaf: Your car is not plugged in, as far as we know.\n"
    assert driver("forecast", "ann").startswith("No car of ann is plugged in")
    plugged_in(driver)
    assert (
        driver("why", "ann") == "leaf: Your charger is not connected to us; it goes on as it likes until it is back.\n"
    )
    assert json.loads(driver("why", "ann", "--json"))["code"] == "link_lost"
    driver("boost", "ann")
    assert driver("forecast", "ann").startswith("leaf: Your car will have charged 11 kWh by ")
    assert json.loads(driver("forecast", "ann", "--json"))["is_met"] is True
    told = driver("quote", "ann").splitlines()
    assert told[0] == "leaf: 11.0 kWh still missing; estimates:"
    assert "2.20 EUR" in told[3]
    assert told[-1].startswith("Not known: no plan holds this car yet")
    assert json.loads(driver("quote", "ann", "--json"))["cost_at_once_estimate"] == pytest.approx(2.2)


def test_history_says_what_is_not_known(driver: Terminal) -> None:
    now = plugged_in(driver)
    assert driver("suggestions", "ann").startswith("Nothing to suggest to ann")
    with opened(driver.database) as store, store.writing() as unit:
        row = unit.sessions.find("home", "S")
        assert row is not None
        unit.sessions.put([replace(row, energy_kwh_delivered=5.0, unplugged_at=now)])
    told = driver("history", "ann", "--by", "day")
    assert f"{now.astimezone(UTC) - timedelta(hours=1):%Y-%m-%d}  5.0  -" in told
    assert "Not known: when 5.0 kWh flowed is not known" in told
    assert json.loads(driver("history", "ann", "--json"))["energy_kwh_untimed"] == 5.0


def test_a_link_is_shown_once_listed_and_taken_back(driver: Terminal) -> None:
    found = re.search(r"shown this once:  (evd_(\w+)_\w+)", driver("link", "ann", "--days", "7"))
    assert found
    with opened(driver.database) as store:
        assert link_scope(store, found[1], utc_now()).driver_id == "ann"
    assert found[2] in driver("link", "ann", "--list")
    assert found[1] not in driver("link", "ann", "--list")
    assert driver("link", "ann", "--revoke", found[2]) == f"The link {found[2]} is worth nothing any more.\n"
    assert found[1].rpartition("_")[2] not in driver.database.read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("why anne", "there is no driver 'anne'. Did you mean 'ann'?"),
        ("boost ann", "no vehicle of ann is plugged in now"),
        ("quote ann", "no vehicle of ann is plugged in now"),
        ("wish ann --target 180%", "--target '180%' is more than the whole battery: 100% at most"),
        ("wish ann --target lots", "--target 'lots' is neither a share such as 80% nor an energy such as 30kWh"),
        ("wish ann --ready-by funday=07:00",
         "'funday' names no days such as mon, sat-sun or mon-fri. Did you mean 'sun'?"),
        ("wish ann --ready-by 25:00", "the time of mon-sun '25:00' is not a time of day such as 07:00"),
        ("wish ann --undo", "nothing was wished for 'leaf' yet: there is nothing to undo"),
        ("wish ann --undo --target 50%", "--undo takes the last change back: leave out what to change"),
        ("opt-out ann --event peak-1", "there is no event 'peak-1': give its window instead, or neither for this stay"),
        ("opt-out ann --from 2026-01-01", "--from needs --until: when does it end?"),
        ("vacation ann", "say until when: --until 2026-07-25"),
        ("vacation ann --until soon", "--until 'soon' is not a day or time such as 2026-07-04, 2026-07-04T08:00 or "
         "2026-07-04T08:00+02:00"),
        ("vacation ann --until 2020-01-01", "the vacation would be over already: it ends at 2020-01-02T00:00:00+00:00"),
        ("add bob --vehicle leaf", "vehicle 'leaf' is of driver 'ann'"),
        ("add bob --vehicle laef", "there is no vehicle 'laef'. Did you mean 'leaf'?"),
        ("add bob --vehicle x --vehicle y --battery-kwh 30",
         "--battery-kwh and --token are of one vehicle: give exactly one --vehicle with them"),
        ("add bob --user bob@example.org",
         "there is no account 'bob@example.org': add it with `evenload user add bob@example.org --role driver`"),
        ("add bob,smith",
         "'bob,smith' is no id: 1 to 64 letters, digits and _.:@+=*|~-, the first a letter, a digit or _"),
        ("add bob --currency euros", "'EUROS' is no currency by its three capital letters, such as EUR"),
        ("skip ann --vehicle van", "driver 'ann' has no vehicle 'van'. There are: leaf"),
        ("skip ann --undo", "driver 'ann' has no skipped night that could be undone"),
        ("suggestions ann --accept leaf.fri.0640", "there is no suggestion 'leaf.fri.0640' for 'ann' now."),
        ("suggestions ann --accept a --dismiss b", "accept or dismiss: one at a time"),
        ("link ann --revoke nope", "driver 'ann' has no link 'nope'"),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_told_in_one_sentence(driver: Terminal, words: str, message: str) -> None:
    assert driver.fails(*words.split()) == message
