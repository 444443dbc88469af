from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from evenload.report.sections.headline import Tile, tiles


def study(fake: ModuleType, **columns: Any) -> Any:
    """Two seeds of two strategies; ``columns`` are lists over (unmanaged 0, unmanaged 1, valley 0, valley 1)."""
    size = fake.Size(
        strategies=("unmanaged", "valley"), seeds=2, penetrations=(0.5,), base_loads=("b",), behaviours=("a",)
    )
    made = fake.results(size, period="2019-11-03 to 2020-02-02, steps of 15 min, local time Europe/Oslo")
    return replace(made, runs=made.runs.assign(**columns))


def by_title(made: Any) -> dict[str, Tile]:
    return {tile.title: tile for tile in tiles(made)}


@pytest.mark.requirement("R140")
def test_means_and_spans_by_hand(fake: ModuleType) -> None:
    made = study(fake, system_peak_kw=[800.0, 900.0, 700.0, 700.0], system_base_peak_kw=[680.0, 680.0, 680.0, 680.0])
    peak = by_title(made)["System peak"]
    assert [(row.value, row.over_seeds) for row in peak.rows] == [("850", "800 to 900"), ("700", "")]
    assert [row.bar for row in peak.rows] == [1.0, round(700 / 850, 3)]
    assert peak.mark == 0.8
    assert "base load alone, 680" in peak.note


def test_nothing_unserved_has_no_bar_and_no_sign(fake: ModuleType) -> None:
    noise = by_title(study(fake, energy_kwh_unserved=[0.0, 1e-9, 0.0, 0.0]))["Energy unserved"]
    assert [row.value.replace("\u00a0", " ") for row in noise.rows] == ["0 %", "0 %"]
    assert all(row.over_seeds == "" for row in noise.rows)
    little = by_title(study(fake, energy_kwh_needed=1000.0, energy_kwh_unserved=[1.0, 1.0, 0.0, 0.0]))
    assert [row.bar for row in little["Energy unserved"].rows] == [0.02, 0.0]


def test_transformers_are_measured_against_all_of_them_and_base_load(fake: ModuleType) -> None:
    made = study(fake, transformers=30, transformers_over=[3, 3, 0, 0], transformers_over_base=0)
    over = by_title(made)["Transformers over rating"]
    assert (over.note, over.mark, over.rows[0].bar) == ("of 30; base load alone, 0", None, 0.1)
    made = study(fake, transformers=30, transformers_over=12, transformers_over_base=[9, 6, 9, 6])
    over = by_title(made)["Transformers over rating"]
    assert (over.note, over.mark) == ("of 30; the mark is base load alone, 7.5", 0.25)


def test_the_cost_reads_as_in_the_answer(fake: ModuleType) -> None:
    cost = by_title(study(fake, cost=[655.25, 655.75, 41.0, 40.0]))["Cost of charging"]
    assert [(row.value, row.over_seeds) for row in cost.rows] == [("656", "655 to 656"), ("40.50", "40.00 to 41.00")]


def test_the_cost_names_dates_and_nothing_else_of_the_period(fake: ModuleType) -> None:
    assert by_title(study(fake))["Cost of charging"].note == "USD, 2019-11-03 to 2020-02-02"
    assert "Cost of charging" not in by_title(replace(study(fake), currency=""))
