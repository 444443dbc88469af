from dataclasses import replace
from types import ModuleType
from typing import Any

from evenload.report.sections.robustness import behaviour_tables, over_figures, peak_figures, verdict


def test_all_base_loads_share_one_axis_and_show_base_load_alone(fake: ModuleType) -> None:
    for made in (over_figures(fake.results()), peak_figures(fake.results())):
        headings = [figure.heading for figure in made]
        assert headings == ["Base load: suburban", "Base load: all-electric", "Base load: low"]
        assert len({figure.chart.body.split("<g")[0] for figure in made}) == 1
        assert all(">Base load alone<" in figure.chart.body for figure in made)


def two(fake: ModuleType, peaks: tuple[float, float], nights: tuple[float, float]) -> Any:
    """Unmanaged and valley with the same numbers in every case."""
    study = fake.results(fake.Size(seeds=2, strategies=("unmanaged", "valley"), penetrations=(0.5,)))
    valley = study.runs["strategy"] == "valley"
    runs = study.runs.assign(
        system_peak_kw=valley.map({False: peaks[0], True: peaks[1]}),
        transformer_days_over_share=valley.map({False: nights[0], True: nights[1]}),
        system_base_peak_kw=600.0,
        energy_kwh_needed=1000.0,
        energy_kwh_unserved=valley.map({False: 0.0, True: 5.0}) * (study.runs["behaviour"] == "declared"),
    )
    return replace(study, runs=runs)


def test_the_tables_have_every_base_load_and_behaviour(fake: ModuleType) -> None:
    actual, declared = behaviour_tables(two(fake, (831.0, 680.0), (0.0016, 0.0)))
    assert (actual.behaviour, declared.behaviour) == ("actual", "declared")
    assert actual.base_loads == ("suburban", "all-electric", "low")
    base, unmanaged, valley = (
        [tuple(words.replace("\u00a0", " ") for words in cell) for cell in row.cells] for row in declared.rows
    )
    assert base == [("600", "", "")] * 3
    assert unmanaged == [("831", "0.16 %", "0 %")] * 3
    assert valley == [("680", "0 %", "0.50 %")] * 3
    assert actual.rows[2].cells[0][2] == "0\u00a0%"


def test_the_verdict_counts_cases_and_names_the_price(fake: ModuleType) -> None:
    words = verdict(two(fake, (831.0, 680.0), (0.0016, 0.0))).replace("\u00a0", " ")
    assert words == (
        "Valley has the lowest system peak and no more transformer-nights over rating than any rival in all 6 cases. "
        "At most it leaves 0.50 % of the energy unserved (unmanaged 0 %)."
    )
    mixed = two(fake, (831.0, 680.0), (0.0016, 0.0))
    worse = (mixed.runs["strategy"] == "valley") & (mixed.runs["base_load"] == "low")
    peaks = mixed.runs["system_peak_kw"].where(~worse, 900.0)
    assert "in 4 of 6 cases, and no more" in verdict(replace(mixed, runs=mixed.runs.assign(system_peak_kw=peaks)))


def test_the_verdict_tells_of_no_energy_where_none_was_needed(fake: ModuleType) -> None:
    study = two(fake, (831.0, 680.0), (0.0016, 0.0))
    words = verdict(replace(study, runs=study.runs.assign(energy_kwh_needed=0.0, energy_kwh_unserved=0.0)))
    assert words.endswith("in all 6 cases.")
    some = study.runs["energy_kwh_needed"].where(study.runs["base_load"] != "suburban", 0.0)
    assert "leaves 0.50\u00a0% of" in verdict(replace(study, runs=study.runs.assign(energy_kwh_needed=some)))


def test_variants_are_no_rivals_and_a_lone_strategy_has_no_verdict(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged", "valley", "valley 2 h"), seeds=1))
    own = study.runs["strategy"]
    runs = study.runs.assign(system_peak_kw=own.map({"unmanaged": 9.0, "valley": 7.0, "valley 2 h": 6.0}))
    assert "lowest system peak" in verdict(replace(study, runs=runs)).split(" in ")[0]
    assert verdict(fake.results(fake.Size(strategies=("unmanaged",), seeds=1))) == ""


def test_what_knows_the_future_is_no_rival(fake: ModuleType) -> None:
    study = fake.results(fake.Size(strategies=("unmanaged", "valley", "hindsight"), seeds=1))
    peaks = study.runs["strategy"].map({"unmanaged": 900.0, "valley": 700.0, "hindsight": 600.0})
    runs = study.runs.assign(system_peak_kw=peaks, transformer_days_over_share=peaks / 1000)
    assert "Valley has the lowest system peak" in verdict(replace(study, runs=runs))
    assert "in all 6 cases" in verdict(replace(study, runs=runs))
    alone = fake.results(fake.Size(strategies=("valley", "hindsight"), seeds=1))
    assert verdict(alone) == ""
