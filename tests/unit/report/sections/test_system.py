from dataclasses import replace
from types import ModuleType

import numpy as np
import pandas as pd

from evenload.report.sections.circuits import worst_table
from evenload.report.sections.system import feeder_load, system_load, transformer_load


def test_every_case_has_its_own_pictures_the_reference_first(fake: ModuleType) -> None:
    made = system_load(fake.results())
    assert len(made) == 6
    assert (made[0].base_load, made[0].behaviour) == ("suburban", "actual")
    assert all([figure.heading for figure in case.figures] == ["Mean day", "Worst day, 2019-01-15"] for case in made)


def test_transformer_pictures_follow_the_table(fake: ModuleType) -> None:
    study = fake.results()
    assert [figure.heading for figure in transformer_load(study)] == [row.node for row in worst_table(study)][:4]
    assert feeder_load(study) == []


def test_only_a_feeder_without_a_limit_that_is_the_whole_system_is_not_shown(fake: ModuleType) -> None:
    study = fake.results(fake.Size(seeds=1))
    system = study.profiles[study.profiles["kind"] == "system"].assign(kind="feeder", limit_kw=np.inf)
    part = system.assign(node="F2", ev_kw=system["ev_kw"] / 2)
    circuits = [system.assign(node="F1"), part, system.assign(node="F3", limit_kw=2500.0)]
    made = feeder_load(replace(study, profiles=pd.concat([study.profiles, *circuits], ignore_index=True)))
    assert [figure.heading for figure in made] == ["F3", "F2"]
    assert [figure.chart.body.count('class="limit"') for figure in made] == [1, 0]
    assert ">limit 2,500\u00a0kW<" in made[0].chart.body.replace("2,500 kW", "2,500\u00a0kW")
