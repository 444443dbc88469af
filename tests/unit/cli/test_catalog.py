"""`evenload catalog` as a person meets it."""

import json

import pytest

from evenload.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def ids(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines()[1:]]


def test_lists_are_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "catalog", "programs", "--state", "MI", "--archetype", "direct_load_control_telematics")
    assert (code, ids(out)) == (0, ["P29", "P30"])
    assert "incomplete: [incentives.demand_response.amount]" in out
    assert ids(run(capsys, "catalog", "programs", "--state", "MI", "--complete")[1]) == ["P05", "P06", "P07", "P30"]
    assert ids(run(capsys, "catalog", "programs", "--text", "grid savvy")[1]) == ["P26"]
    assert len(ids(run(capsys, "catalog", "makers", "--protocol", "openadr")[1])) == 9
    assert "E62" in ids(run(capsys, "catalog", "makers", "--level", "L1", "--unmanaged")[1])
    assert len(ids(run(capsys, "catalog", "networks", "--unmanaged")[1])) == 3
    assert run(capsys, "catalog", "makers", "--text", "zzz")[1] == "No maker has all of these.\n"


def test_json_is_one_whole_record_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "catalog", "programs", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert len(rows) == 71
    alabama = next(row for row in rows if row["id"] == "P36")
    assert (alabama["per_kwh_credit_usd"], alabama["rebate_usd_max"]) == (0.017155, None)
    assert alabama["incomplete"] == ["periods.hours"]
    _, out, _ = run(capsys, "catalog", "states", "--json")
    assert json.loads(out)["CA"] == 15
    _, out, _ = run(capsys, "catalog", "show", "n03", "--json")
    assert json.loads(out)["provider"] == "AutoGrid"


def test_show_leaves_out_what_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "catalog", "show", "P04")
    assert "Consumers Energy" in out
    assert "per_event_usd" not in out
    assert "incomplete: [incentives.rebate.amount]" in out
    assert "OCPP" in run(capsys, "catalog", "show", "E07")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("document", "P04"), "is incomplete: [incentives.rebate.amount]"),
        (("show", "P72"), "the catalogue has no 'P72'"),
        (("document", "E01"), "E01 is no program"),
        (("programs", "--incentive", "demand_respons"), "Did you mean 'demand_response'?"),
        (("networks", "--protocol", "OpenARD"), "Did you mean 'OpenADR'?"),
        (("program",), "No such command 'program'"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = run(capsys, "catalog", *arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize("command", ["programs", "makers", "networks", "show", "document", "states"])
def test_each_command_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, "catalog", command, "--help")
    assert code == 0
    assert f"Example:  evenload catalog {command}" in out
