from dataclasses import replace
from types import ModuleType

import pytest

from evenload.report.sections.ledger import Cell, ledger


@pytest.mark.requirement("R140")
def test_means_and_spans_over_seeds_by_hand(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged", "valley"), seeds=2, base_loads=("b",), behaviours=("a",)))
    at = (study.runs["strategy"] == "valley") & (study.runs["penetration"] == study.reference.penetration)
    runs = study.runs.copy()
    runs.loc[at, "cost"] = [100.0, 300.0]
    runs.loc[at, "energy_kwh_delivered"] = [1000.0, 1000.0]
    runs.loc[at, "unserved_kwh_circuit_limit"] = [0.0, 5.0]
    runs.loc[at, "sessions_short"] = [3, 4]
    made = ledger(replace(study, runs=runs))
    cells = dict(zip([words for words, _ in made.columns], made.rows[1].cells, strict=True))
    assert cells["Cost"] == Cell("200", "100 to 300")
    assert cells["Cost per kWh"] == Cell("0.20", "0.10 to 0.30")
    assert cells["Circuit at its limit"] == Cell("2.50", "0 to 5.00")
    assert cells["Sessions left short"].mean == "3.5"


def test_reasons_that_never_occur_have_no_column(fake: ModuleType) -> None:
    made = ledger(fake.results(fake.Size(seeds=1)))
    words = [words for words, _ in made.columns]
    assert "Plugged in too briefly" in words
    assert "Outside allowed hours" not in words
    assert all(cell.span == "" for row in made.rows for cell in row.cells)


def test_without_price_the_ledger_says_so(fake: ModuleType) -> None:
    made = ledger(fake.results(fake.Size(seeds=1, currency="")))
    assert made.silent == ["no price, so no cost"]


def test_energy_no_strategy_could_deliver_is_shown_where_there_is_some(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    words = [words for words, _ in ledger(replace(study, runs=study.runs.assign(energy_kwh_lost=12.0))).columns]
    assert "Lost in skipped plug-ins" in words
    assert "Claimed beyond power × stay" not in words
