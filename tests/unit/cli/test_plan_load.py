"""`evenload plan` with load at a quantile, cars nobody manages, shortages from night to night, and sites."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenload.cli import main
from evenload.domain.history import History
from evenload.files.history import write_history

FILES = {
    "sessions": "session_id,node,plugged_at,departs_at,energy_kwh,power_kw_max,user_id\n"
    "s1,T1,2025-01-13T18:00:00+01:00,2025-01-13T22:00:00+01:00,10,4,ann\n"
    "s2,T1,2025-01-13T18:00:00+01:00,2025-01-13T22:00:00+01:00,10,4,bo\n"
    "s3,T2,2025-01-13T18:00:00+01:00,2025-01-13T22:00:00+01:00,4,4,cy\n",
    "grid": "node,parent,kind,limit_kw,timezone\nsystem,,system,,Europe/Oslo\n"
    "T1,system,transformer,5,\nT2,system,transformer,5,\n",
    "load": "node,timestamp,load_kw,load_kw_p10,load_kw_p50,load_kw_p90\n"
    "T1,2025-01-13T18:00:00+01:00,1,0.5,1,2\nT1,2025-01-13T20:00:00+01:00,1,0.5,1,2\n",
    "signal": "timestamp,price_per_kwh,export_price_per_kwh,currency\n"
    "2025-01-13T18:00:00+01:00,0.30,0.05,EUR\n2025-01-13T20:00:00+01:00,0.10,0.05,EUR\n",
}
WEEKS = 4


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with four files and a history of cars."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    plugged = np.datetime64("2024-12-02T17:00", "s") + np.arange(7 * WEEKS + 1) * np.timedelta64(1, "D")
    write_history(
        Path("past.csv"),
        History.of(
            session_id=np.array([f"p{i}" for i in range(plugged.size)]),
            plugged_at=plugged,
            unplugged_at=plugged + np.timedelta64(12, "h"),
            energy_kwh_metered=np.full(plugged.size, 2.0),
            power_kw_max=np.full(plugged.size, 2.0),
            user_id=np.full(plugged.size, "dee"),
        ),
    )  # every day from 18:00 to 19:00 in Oslo at 2 kW
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *options: str, **instead: str) -> tuple[int, str, str]:
    named = {name: f"{name}.csv" for name in FILES} | {"out": "plan.csv"} | instead
    code = main(["plan", *[word for name, file in named.items() if file for word in (f"--{name}", file)], *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def summary() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("summary.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.requirement("R40")
def test_load_at_a_quantile_leaves_less_to_cars(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert "the load file has quantiles; load_kw is used (--load-quantile chooses one)" in out
    assert summary()["energy_kwh_unserved"] == pytest.approx(20 - 4 * 4)
    assert run(capsys, "--load-quantile", "0.9")[0] == 0
    assert summary()["energy_kwh_unserved"] == pytest.approx(20 - 4 * 3)
    assert run(capsys, "--load-quantile", "0.1")[0] == 0
    assert summary()["energy_kwh_unserved"] == pytest.approx(20 - 4 * 4.5)


@pytest.mark.requirement("R40")
@pytest.mark.parametrize(
    ("asked", "peak_kw"),
    [
        ("{history: past.csv, cars: {T1: 1, T2: 2}}", 6.0),
        ("{history: past.csv, homes: {T1: 10, T2: 20}, share: 0.1}", 6.0),
        ("{history: past.csv, homes: {T1: 10, T2: 20}, share: 0.1, quantile: 0.9}", 10.0),
    ],
)
def test_cars_nobody_manages_are_load(
    capsys: pytest.CaptureFixture[str], folder: Path, asked: str, peak_kw: float
) -> None:
    (folder / "problem.yaml").write_text(f"unmanaged_cars: {asked}\n")
    code, out, err = run(capsys, load="", problem="problem.yaml")
    assert (code, err) == (0, "")
    # a car draws 2 kW for the first hour; of 30 homes with one in ten each, five or fewer have a car in 9 of 10 cases
    assert f"load of 3 unmanaged cars is added: up to {peak_kw:.1f} kW at the top, {peak_kw:.1f} kWh" in out
    assert summary()["circuits"][0]["node"] == "T1"
    assert summary()["energy_kwh_unserved"] == pytest.approx(max(20 - 4 * 5 + (4 if "quantile" in asked else 2), 0))


def test_a_packaged_population_or_history_stands_for_a_file(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    for source in ("preset: residential-2020", "dataset: residential-norway"):
        (folder / "problem.yaml").write_text(f"unmanaged_cars: {{{source}, cars: {{T1: 2}}}}\n")
        code, out, _ = run(capsys, load="", problem="problem.yaml")
        assert code == 0
        assert "load of 2 unmanaged cars is added: up to" in out


@pytest.mark.requirement("R43")
def test_who_was_short_yesterday_goes_less_short_today(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, out, _ = run(capsys, "--shortages", "short.csv")
    assert code == 0
    assert "Shortages: short.csv (begun), 2 drivers left short by circuits" in out
    written = (folder / "short.csv").read_text()
    assert run(capsys, "--shortages", "short.csv")[0] == 0  # the same night again changes nothing
    assert (folder / "short.csv").read_text() == written
    for name in FILES:
        text = (folder / f"{name}.csv").read_text().replace("2025-01-13", "2025-01-14").replace("s3,T2", "s3,T1")
        (folder / f"{name}.csv").write_text(text)
    code, out, _ = run(capsys, "--shortages", "short.csv")
    assert code == 0
    assert "an earlier shortage counts for 2 of 3 sessions" in out
    assert "Shortages: short.csv, 3 drivers left short by circuits" in out
    lacks = {row["session_id"]: row["energy_kwh"] for row in summary()["unserved"]}
    # a fifth of the need lacked yesterday, half of that forgotten in 14 days: 20 hours later it counts 0.192
    share = 0.2 * 0.5 ** (20 / 24 / 14)
    assert lacks["s1"] == pytest.approx(lacks["s2"], rel=1e-4)
    assert (lacks["s3"] / 4) / (lacks["s1"] / 10) == pytest.approx(1 + share, rel=1e-4)


@pytest.mark.requirement("R94", "R100")
def test_the_summary_tells_of_sites(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "load.csv").write_text(
        "node,timestamp,load_kw\nT1,2025-01-13T18:00:00+01:00,-2\nT1,2025-01-13T20:00:00+01:00,-2\n"
    )
    (folder / "problem.yaml").write_text(
        "sites:\n  - node: T1\n    behind_meter: true\n    demand_charges: [{per_kw: 1.0, peak_kw_so_far: 2}]\n"
        "    storage: [{name: box, capacity_kwh: 5, level_kwh: 1, charge_kw_max: 1}]\n"
    )
    code, out, _ = run(capsys, problem="problem.yaml")
    assert code == 0
    (site,) = summary()["sites"]
    assert site["node"] == "T1"
    assert site["energy_kwh_own"] == pytest.approx(8.0)
    assert site["energy_kwh_bought"] == pytest.approx(12.0, abs=0.01)
    assert (site["charges"][0]["paid_kw"], site["charges"][0]["blocks"]) == (2.0, None)
    assert site["charges"][0]["billed_kw"] == pytest.approx(3.0, abs=0.01)
    assert site["storage"][0]["level_kwh_end"] == pytest.approx(1.0)
    assert "T1: peak 3.0 kW; demand charge 3.0 kW (2.0 kW paid before), 1.00 EUR more; 8.0 kWh of its own" in out
    # T1 buys 12 kWh at prices that its even load meets, 6 at 0.30 and 6 at 0.10; T2 its 4 at 0.10; export earns nothing
    assert summary()["cost"] == pytest.approx(1.8 + 0.6 + 0.4, abs=0.01)


WRONG = [
    (["--load-quantile", "90"], "", "--load-quantile 90: give a probability between 0 and 1, such as 0.9"),
    (["--load-quantile", "0.95"], "", "load.csv: quantile = 0.95: give one between 0.1 and 0.9"),
    (["--shortages", "short.txt"], "", "short.txt: the name of a shortages file ends in .csv, .csv.gz or .parquet"),
    (["--shortages", "load.csv"], "", "load.csv is both read and written; give the output another name"),
    (["--shortages", "plan.csv"], "", "--out and --shortages are both plan.csv; give one of them another name"),
    ([], "unmanaged_cars: {cars: {T1: 2}}", "give one of history, dataset and preset: what such cars do"),
    ([], "unmanaged_cars: {preset: public, homes: {T1: 2}}", "share is of homes: give both, such as homes: {T1: 12}"),
    ([], "unmanaged_cars: {preset: public}", "give cars (by circuit), or homes (by circuit) with a share of them"),
    ([], "unmanaged_cars: {preset: pub, cars: {T1: 2}}", "problem.yaml: there is no population preset 'pub'"),
    ([], "unmanaged_cars: {preset: public, cars: {T9: 2}}", "problem.yaml: node 'T9' is not in the grid"),
    ([], "unmanaged_cars: {history: no.csv, cars: {T1: 2}}", "problem.yaml: no.csv does not exist"),
    ([], "unmanaged_cars: {preset: public, cars: {T1: 2.5}}", "T1 = 2.5: should be a whole number"),
    ([], "fatigue_half_life_days: 0", "fatigue_half_life_days = 0: should be greater than 0"),
]


@pytest.mark.parametrize(("options", "problem", "words"), WRONG)
def test_what_cannot_be_is_refused_with_what_to_do(
    capsys: pytest.CaptureFixture[str], folder: Path, options: list[str], problem: str, words: str
) -> None:
    (folder / "problem.yaml").write_text(problem)
    code, _, err = run(capsys, *options, problem="problem.yaml")
    assert code == 2
    assert words in " ".join(err.split())
    assert not (folder / "plan.csv").exists()


def test_what_an_option_needs_is_asked_for(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert "--load-quantile needs --load" in run(capsys, "--load-quantile", "0.9", load="")[2]
    text = (folder / "sessions.csv").read_text()
    (folder / "sessions.csv").write_text("\n".join(row.rpartition(",")[0] for row in text.splitlines()) + "\n")
    assert (
        "sessions.csv: no session has a user_id, by which --shortages knows" in run(capsys, "--shortages", "s.csv")[2]
    )
    (folder / "problem.yaml").write_text("sites: [{node: T1, behind_meter: true}]\n")
    (folder / "signal.csv").write_text(FILES["signal"].replace("0.05", ""))
    code, _, err = run(capsys, problem="problem.yaml")
    assert code == 2
    assert "signal.csv: site 'T1' is behind_meter, so the signal needs export_price_per_kwh" in err
