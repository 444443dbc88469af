"""The table of peers says what happened: ratios, failures, and claims that are not kept."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(BENCH))
    names = ("site_peers", "site_instance", "peer_environment")
    yield importlib.import_module("site_peers")
    for name in names:
        sys.modules.pop(name, None)


def rows(table: ModuleType) -> list[Any]:
    """HiGHS, both evenloads and a peer that takes four times as long, all at the least cost of 100."""
    known = {"cost": 100.0, "unmet_kwh": 0.0, "excess_kw": 0.0}
    row = table.Row
    return [
        row(50, table.OPTIMUM, **known, solve_s=0.6, total_s=2.0),
        row(50, table.SOLVE, **known, gap=5e-5, solve_s=0.5, total_s=1.0),
        row(50, table.COMMAND, **known, gap=5e-5, solve_s=0.7, total_s=2.0),
        row(50, "FlexMeasures", "1.0", **known, solve_s=2.0, total_s=10.0, mb=500.0),
    ]


def test_ratios_are_over_solve_and_over_the_whole_command(table: ModuleType) -> None:
    made = rows(table)
    words = table.line(made[3], made).split()
    assert words[:3] == ["50", "FlexMeasures", "1.0"]
    assert words[-5:] == ["2.000", "4", "10.00", "5", "500"]


def test_a_failure_stands_in_its_row(table: ModuleType) -> None:
    made = [*rows(table), table.Row(50, "PyPSA", failure="stopped after 300 s")]
    assert table.line(made[4], made).endswith("stopped after 300 s")


def test_all_claims_kept(table: ModuleType) -> None:
    assert table.broken_claims(rows(table)) == []
    assert table.shortcomings(rows(table)) == []
    assert "least cost" in table.verdict([rows(table)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cost": 100.02}, "the optimum is 100.0000"),
        ({"unmet_kwh": 0.5}, "0.500 kWh unmet"),
        ({"excess_kw": 1.0}, "1.000 kW above the limit"),
        ({"cost": float("nan")}, "the optimum is"),
        ({"failure": "failed: no"}, "failed: no"),
    ],
)
@pytest.mark.parametrize("place", [1, 2])
def test_a_claim_that_is_not_kept_is_named(table: ModuleType, place: int, change: dict[str, Any], said: str) -> None:
    made = rows(table)
    made[place] = replace(made[place], **change)
    assert [said in fault for fault in table.broken_claims(made)] == [True]
    assert table.verdict([made]).startswith("50 cars, evenload")


def test_without_an_optimum_no_claim_is_kept(table: ModuleType) -> None:
    made = [table.Row(50, table.OPTIMUM, failure="failed"), *rows(table)[1:]]
    assert len(table.broken_claims(made)) == 2


def test_a_proof_that_falls_short_and_a_faster_tool_are_said(table: ModuleType) -> None:
    made = rows(table)
    made[0] = replace(made[0], solve_s=0.1)
    made[1] = replace(made[1], gap=0.002)
    assert table.shortcomings(made) == [
        "50 cars, evenload, solve(): proves 0.2000 %, asked for 0.01 %",
        "50 cars: HiGHS, the linear program decides faster than evenload, solve()",
    ]


def test_json_has_null_for_what_is_not_known(table: ModuleType) -> None:
    found = json.loads(table.as_json([[table.Row(50, "PyPSA", failure="failed")]]))
    assert found[0]["cost"] is None
    assert found[0]["failure"] == "failed"


def test_a_tool_that_takes_too_long_is_stopped(table: ModuleType) -> None:
    with pytest.raises(table.PeerError, match=r"stopped after 0.2 s"):
        table.bounded([sys.executable, "-c", "import time; time.sleep(30)"], 0.2)


def test_a_tool_that_fails_is_quoted(table: ModuleType) -> None:
    with pytest.raises(table.PeerError, match="failed: no such thing"):
        table.bounded([sys.executable, "-c", "raise SystemExit('first\\nno such thing')"], 30.0)


def test_an_impossible_plan_is_a_failure(table: ModuleType) -> None:
    site = table.SiteInstance.draw(3)
    made = table.measured(table.Row(3, "a peer"), site, site.plugged_in() * 1000.0)
    assert "above its most" in made.failure


@pytest.mark.slow
def test_the_whole_command_plans_the_files_at_the_published_least_cost(table: ModuleType, tmp_path: Path) -> None:
    site = table.SiteInstance.draw(50)
    site.write(tmp_path)
    made = table.commanded(site, tmp_path, 120.0)
    assert made.failure == ""
    assert made.cost == pytest.approx(206.70, abs=0.005 + 206.70 * table.GAP)
    assert made.unmet_kwh == pytest.approx(0.0, abs=1e-6)
    assert made.excess_kw == pytest.approx(0.0, abs=1e-6)


def test_every_contender_has_a_runner_and_its_environment_its_constraints(table: ModuleType) -> None:
    for contender in (*table.PEERS, *table.OURS, table.REFERENCE):
        assert (BENCH / "peers" / f"run_{contender.tool}.py").exists()
        if contender.environment:
            pinned = (BENCH / "peers" / f"{contender.environment}-constraints.txt").read_text()
            assert f"\n{contender.environment}==" in f"\n{pinned}"
