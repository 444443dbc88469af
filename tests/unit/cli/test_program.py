"""`evenload program` as a person meets it."""

import json
from pathlib import Path

import pytest

from evenload.cli import main
from evenload.files.catalog import packaged_catalog
from evenload.program.missing import missing_terms

GOOD = """
program_id: evenings
version: 2
name: Evenings off
archetype: direct_load_control_evse
stage: demand_response
timezone: America/New_York
starts_on: 2026-06-01
supersedes: {program_id: evenings, version: 1}
eligibility:
  segments: [residential]
  devices: {approved: [{maker: Simens}, {maker: FLO}]}
consents: [{kind: control}]
arms: [{name: nothing, kind: control, share: 0.5}, {name: asked, kind: managed, share: 0.5}]
events:
  hours: [{start: 17:00, end: 21:00}]
  notice_minutes_min: 120
  limits: [{most: 1, per: day}]
unstated: [opt_out]
"""
FIRST = """
program_id: evenings
version: 1
name: Evenings cheap
archetype: behavioral_load_control
stage: time_of_use
eligibility: {segments: [residential]}
"""


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "evenings.yaml"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_check_says_what_it_is_and_what_is_open(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    code, out, _ = run(capsys, "program", "check", file)
    assert code == 0
    assert "evenings version 2, Evenings off: direct_load_control_evse, demand_response" in out
    assert "maker 'Simens' is not in the catalogue of 2021. Did you mean 'Siemens'?" in out
    assert "left open, and nothing assumed: opt_out" in out
    assert "FLO" not in out


@pytest.mark.slow
def test_check_accepts_every_document_of_the_catalogue(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    checked = 0
    for program in packaged_catalog().programs:
        if missing_terms(program):
            continue
        path = tmp_path / f"{program.id}.yaml"
        path.write_text(run(capsys, "catalog", "document", program.id)[1], encoding="utf-8")
        code, out, err = run(capsys, "program", "check", path)
        assert (code, err) == (0, ""), program.id
        assert f"{program.id} version 1" in out
        checked += 1
    assert checked >= 40


WHEN = ("--event", "2026-07-14T17:00:00-04:00", "--length", "2", "--notified", "2026-07-14T12:00:00-04:00")


def test_when_says_yes_with_what_is_left_open(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    assert run(capsys, "program", "when", file, *WHEN) == (0, "evenings version 2: the event may be called\n", "")


def test_when_says_no_with_each_rule(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    more = ("--called", "2026-07-14T10:00:00-04:00/1", "--mandatory")
    code, out, _ = run(capsys, "program", "when", file, *WHEN[:3], "5", *WHEN[4:], *more)
    assert code == 2
    assert out.splitlines() == [
        "evenings version 2: the event may not be called",
        "  mandatory: the program's events are voluntary, this one is mandatory",
        "  hours: 2026-07-14 21:00 local time is outside the hours 17:00-21:00",
        "  limit: there is 1 event on 2026-07-14, and at most 1 may be per day",
    ]
    code, out, _ = run(capsys, "program", "when", file, *WHEN, *more, "--json")
    told = json.loads(out)
    assert (code, told["may_be_called"]) == (2, False)
    assert [one["rule"] for one in told["refusals"]] == ["mandatory", "limit"]


def test_when_takes_a_time_zone_of_a_document_without_one(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    file.write_text(GOOD.replace("timezone: America/New_York\n", "").replace("[opt_out]", "[timezone]"))
    code, out, _ = run(capsys, "program", "when", file, *WHEN)
    assert code == 2
    assert "timezone: evenings version 2 does not say in which time zone" in out
    assert "left open by the document: timezone" in out
    assert run(capsys, "program", "when", file, *WHEN, "--timezone", "America/New_York")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--event", "2026-07-14T17:00", "--length", "2"), "has no offset from UTC"),
        (("--event", "2026-07-14T17:00-04:00", "--length", "0"), "not after its start"),
        (("--event", "2026-07-14T17:00-04:00", "--length", "1e15"), "is beyond the calendar"),
        ((*WHEN, "--called", "yesterday"), "--called 'yesterday' is no START/HOURS such as"),
        ((*WHEN, "--warning", "2026-07-14T17:00-04:00/-1"), "has to last more than 0"),
        ((*WHEN, "--timezone", "Europe/Oslo"), "says its time zone, America/New_York; leave out --timezone"),
        ((*WHEN, "--kind", "paus"), "'paus' is not one of"),
    ],
)
def test_what_cannot_be_asked_is_told(
    capsys: pytest.CaptureFixture[str], file: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = run(capsys, "program", "when", file, *arguments)
    assert code == 2
    assert words in err


@pytest.mark.requirement("R135")
def test_history_shows_from_when_to_when_each_document_was_in_force(
    capsys: pytest.CaptureFixture[str], file: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first.yaml"
    first.write_text(FIRST, encoding="utf-8")
    _, out, _ = run(capsys, "program", "history", first, file)
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["evenings", "version", "1", "time_of_use", "adopted", "2026-05-31"],
        ["evenings", "version", "2", "demand_response", "2026-06-01", "further", "notice"],
    ]
    code, _, err = run(capsys, "program", "history", file, first)
    assert code == 2
    assert "supersedes evenings version 1, which is not there" in err
