from dataclasses import replace
from types import ModuleType

from evenload.report.sections.robustness import base_load_figures, case_table


def test_all_base_loads_share_one_axis(fake: ModuleType) -> None:
    made = base_load_figures(fake.results())
    assert [figure.heading for figure in made] == ["Base load: suburban", "Base load: all-electric", "Base load: low"]
    assert len({figure.chart.body.split("<g")[0] for figure in made}) == 1


def test_the_table_has_means_over_seeds(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=2, strategies=("unmanaged", "valley")))
    runs = study.runs.copy()
    runs.loc[runs["strategy"] == "valley", "transformers_over"] = runs.loc[runs["strategy"] == "valley", "seed"]
    table = case_table(replace(study, runs=runs))
    assert len(table) == 6
    assert all(row.cells[1][0] == "0.5" for row in table)
